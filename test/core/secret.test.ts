import { inspect } from 'node:util'
import { expect, test } from 'vitest'
import { Secret, withoutSecrets } from '../../core/secret.ts'

const key = 'k3y-9f0a+b/c1d2'

test.for([
  ['as text', (secret: Secret) => String(secret)],
  ['as JSON', (secret: Secret) => JSON.stringify({ secret })],
  ['to the debugger', (secret: Secret) => inspect({ secret })],
])('a secret shows itself as [secret] %s', ([, show]) => {
  const shown = (show as (secret: Secret) => string)(new Secret(key))
  expect(shown).toContain('[secret]')
  expect(shown).not.toContain(key)
})

test('a known secret is taken out of any text, also when it is URL-encoded', () => {
  new Secret(key).reveal()
  const cleaned = withoutSecrets(`?key=${key}&again=${encodeURIComponent(key)}`)
  expect(cleaned).toBe('?key=[secret]&again=[secret]')
})

test.for([
  ['base64', (text: string) => Buffer.from(text).toString('base64')],
  ['base64 for URLs', (text: string) => Buffer.from(text).toString('base64url')],
  ['base64 of a text that it opens', (text: string) => Buffer.from(`${text}:x`).toString('base64')],
  ['JSON', (text: string) => JSON.stringify(text)],
] as const)('a known secret is taken out of a text that holds it as %s', ([, encode]) => {
  const odd = new Secret('pass"w\\örd\n0>?')
  const cleaned = withoutSecrets(`before ${encode(odd.reveal())} after`)
  expect(cleaned).toMatch(/^before "?\[secret\].{0,4} after$/)
})

test('the hint tells two keys apart by their last four characters only', () => {
  expect(new Secret(key).hint()).toBe('…c1d2')
})
