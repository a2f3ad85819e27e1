import { expect, test } from 'vitest'
import { Secret } from '../../../core/secret.ts'
import { retryAfterSeconds } from '../../../extract/fullbay/reply.ts'
import { fullbayToken } from '../../../extract/fullbay/token.ts'

test('the token is the SHA-1 of key, UTC date and address', () => {
  const token = fullbayToken(new Secret('KEY'), new Date('2025-01-02T12:00:00Z'), '203.0.113.7')
  expect(token.reveal()).toBe('14d2ec604e55e42b4f75dbfdbfc3bababb7153ed')
})

test.for([
  ['2025-01-01T23:59:59.999Z', '2025-01-02T00:00:00.000Z', false],
  ['2025-01-02T00:00:00.000Z', '2025-01-02T23:59:59.999Z', true],
] as const)('the tokens of %s and %s are equal: %s', ([a, b, equal]) => {
  const at = (instant: string) => fullbayToken(new Secret('KEY'), new Date(instant), '203.0.113.7').reveal()
  expect(at(a) === at(b)).toBe(equal)
})

const clock = { now: () => new Date('2026-11-21T06:00:00Z') }

test.for([
  ['5', 5],
  ['Sat, 21 Nov 2026 06:00:30 GMT', 30],
  ['Sat, 21 Nov 2026 05:00:00 GMT', 0],
  ['soon', undefined],
  [null, undefined],
] as const)('Retry-After "%s" means %s seconds', ([header, seconds]) => {
  expect(retryAfterSeconds(header, clock)).toBe(seconds)
})
