import { assert, constantFrom, integer, property } from 'fast-check'
import { expect, test } from 'vitest'
import { centsText, percentOf, priced, rounded } from '../../../sandbox/fullbay/amounts.ts'

test.for([
  { dividend: 15, divisor: 10, result: 2 },
  { dividend: 14, divisor: 10, result: 1 },
  { dividend: -15, divisor: 10, result: -2 },
  { dividend: -14, divisor: 10, result: -1 },
])('$dividend / $divisor is rounded to $result', ({ dividend, divisor, result }) => {
  expect(rounded(dividend, divisor)).toBe(result)
})

test('two pieces at $0.0375 are 8 cents, three are 11', () => {
  expect(priced(375, 2000)).toBe(8)
  expect(priced(375, 3000)).toBe(11)
})

test('8.625 % of $100.10 is $8.63', () => {
  expect(percentOf(8625, 10_010)).toBe(863)
})

test('a rounded quotient is never more than half a unit from the exact one', () => {
  assert(
    property(integer({ min: -1e12, max: 1e12 }), constantFrom(10, 100, 100_000), (dividend, divisor) => {
      expect(Math.abs(rounded(dividend, divisor) * divisor - dividend) * 2).toBeLessThanOrEqual(divisor)
    }),
  )
})

test.for([
  { cents: 123_450, separator: ',', text: '1,234.50' },
  { cents: 123_450, separator: '', text: '1234.50' },
  { cents: -5, separator: ',', text: '-0.05' },
  { cents: 100_000_000, separator: ',', text: '1,000,000.00' },
])('$cents cents are written $text', ({ cents, separator, text }) => {
  expect(centsText(cents, separator)).toBe(text)
})
