import { expect, test } from 'vitest'
import { checkDigit, drawVin } from '../../../sandbox/fullbay/vin.ts'
import { Random } from '../../../sandbox/random.ts'

test.for([
  { vin: '1M8GDM9AXKP042788', digit: 'X' }, // the worked example of the US regulation, 49 CFR 565.15
  { vin: '11111111111111111', digit: '1' },
])('the check digit of $vin is $digit', ({ vin, digit }) => {
  expect(checkDigit(vin)).toBe(digit)
})

test('a drawn VIN has 17 characters, the right check digit and the code of its year', () => {
  const random = new Random(7)
  for (let round = 0; round < 200; round += 1) {
    const vin = drawVin(random, '1FU', 2012)
    expect(vin).toMatch(/^1FU[A-HJ-NPR-Z0-9]{14}$/)
    expect(vin.charAt(8)).toBe(checkDigit(vin))
    expect(vin.charAt(9)).toBe('C')
  }
})
