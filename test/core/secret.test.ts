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

test('the hint tells two keys apart by their last four characters only', () => {
  expect(new Secret(key).hint()).toBe('…c1d2')
})
