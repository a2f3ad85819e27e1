import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  allocate,
  compare,
  type Decimal,
  decimalFromNumber,
  divide,
  formatFixed,
  formatTrimmed,
  multiply,
  parseDecimal,
  roundTo,
} from '../../core/decimal.ts'

const decimal = (text: string): Decimal => {
  const value = parseDecimal(text)
  if (value === null) throw new Error(`${text} is not a decimal`)
  return value
}
const decimals = (...texts: string[]) => texts.map(decimal)

describe('parsing', () => {
  test.for([
    ['0', '0'],
    ['-0', '0'],
    ['12', '12'],
    ['+12', '12'],
    ['450.01', '450.01'],
    ['-450.01', '-450.01'],
    ['.5', '0.5'],
    ['5.', '5'],
    ['007.50', '7.5'],
    ['1e3', '1000'],
    ['1.5E-3', '0.0015'],
    ['0.000000004', '0'],
    ['0.000000005', '0.00000001'],
    ['-0.000000005', '-0.00000001'],
    ['1.2527777777777778', '1.25277778'],
    ['999999999999999', '999999999999999'],
    ['123456789012345678.123456785', '123456789012345678.12345679'],
    ['123456789012345678901234567890', '123456789012345678901234567890'],
    [`${'0'.repeat(100)}7`, '7'],
    ['1e-400', '0'],
  ])('"%s" is %s', ([text, expected]) => {
    expect(formatTrimmed(decimal(text ?? ''))).toBe(expected)
  })

  test.for([
    '',
    ' ',
    '.',
    '-',
    '+',
    '1.2.3',
    '1-',
    '--1',
    '1 2',
    '1,000',
    '0x10',
    'NaN',
    'Infinity',
    'e3',
    '1e',
    '1e400',
    '٣',
  ])('"%s" is not a decimal', (text) => {
    expect(parseDecimal(text)).toBeNull()
  })

  test('a double is the decimal that it is written as', () => {
    expect(decimalFromNumber(0.1)).toBe(10_000_000n)
    expect(decimalFromNumber(1.005)).toBe(100_500_000n)
    expect(decimalFromNumber(-1.000000005)).toBe(-100_000_001n)
    expect(decimalFromNumber(-0)).toBe(0n)
    fc.assert(
      fc.property(fc.double({ noNaN: true, min: -1e20, max: 1e20 }), (value) => {
        expect(decimalFromNumber(value)).toBe(parseDecimal(String(value)))
      }),
    )
  })

  test.for([Number.NaN, Number.POSITIVE_INFINITY, 1e31])('%d has no decimal', (value) => {
    expect(decimalFromNumber(value)).toBeNull()
  })
})

describe('arithmetic', () => {
  test('the native operators add and subtract exactly', () => {
    expect(formatTrimmed(decimal('0.1') + decimal('0.2'))).toBe('0.3')
    expect(formatTrimmed(decimal('0.3') - decimal('0.4'))).toBe('-0.1')
  })

  test.for([
    ['0.0375', '3', 2, '0.11'],
    ['2.5', '1', 0, '3'],
    ['-2.5', '1', 0, '-3'],
    ['1.005', '1', 2, '1.01'],
    ['-1.005', '1', 2, '-1.01'],
    ['1.0049999', '1', 2, '1'],
    ['32.42', '-2', 2, '-64.84'],
    ['1000000000', '1000000000', 2, '1000000000000000000'],
  ] as const)('%s x %s to %i places is %s', ([a, b, places, expected]) => {
    expect(formatTrimmed(multiply(decimal(a), decimal(b), places))).toBe(expected)
  })

  test.for([
    ['1', '3', 4, '0.3333'],
    ['2', '3', 4, '0.6667'],
    ['-2', '3', 4, '-0.6667'],
    ['2', '-3', 4, '-0.6667'],
    ['0.5', '1', 0, '1'],
    ['23.58', '2', 4, '11.79'],
  ] as const)('%s / %s to %i places is %s', ([a, b, places, expected]) => {
    expect(formatTrimmed(divide(decimal(a), decimal(b), places))).toBe(expected)
  })

  test('dividing by zero throws', () => {
    expect(() => divide(decimal('1'), decimal('0'))).toThrow(RangeError)
  })

  test('rounding moves a number by half a unit at most, and not at all the second time', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(10n ** 24n), max: 10n ** 24n }), fc.nat(8), (value, places) => {
        const unit = 10n ** BigInt(8 - places)
        const rounded = roundTo(value, places)
        expect(rounded % unit).toBe(0n)
        const moved = rounded > value ? rounded - value : value - rounded
        expect(moved * 2n <= unit).toBe(true)
        expect(roundTo(rounded, places)).toBe(rounded)
        expect(roundTo(-value, places)).toBe(0n - rounded)
      }),
    )
  })

  test('comparing orders by value', () => {
    expect(decimals('2', '-1', '1.5').toSorted(compare).map(formatTrimmed)).toEqual(['-1', '1.5', '2'])
  })
})

describe('writing', () => {
  test.for([
    ['0', 2, '0.00'],
    ['0', 0, '0'],
    ['450.01', 2, '450.01'],
    ['-0.004', 2, '0.00'],
    ['-0.005', 2, '-0.01'],
    ['0.05', 4, '0.0500'],
    ['1.8', 4, '1.8000'],
    ['33.33', 3, '33.330'],
    ['99999.995', 2, '100000.00'],
    ['100000.005', 2, '100000.01'],
    ['-123456789012.345', 2, '-123456789012.35'],
    ['1.5', 0, '2'],
    ['123456789.5', 0, '123456790'],
    ['0.12345678', 8, '0.12345678'],
  ] as const)('%s with %i places is "%s"', ([text, places, expected]) => {
    expect(formatFixed(decimal(text), places)).toBe(expected)
  })

  test('what was written reads back as the rounded number', () => {
    const sizes = [10n ** 24n, 10n ** 17n, 10n ** 12n].map((size) => fc.bigInt({ min: -size, max: size }))
    fc.assert(
      fc.property(fc.oneof(...sizes), fc.nat(8), (value, places) => {
        const text = formatFixed(value, places)
        expect(parseDecimal(text)).toBe(roundTo(value, places))
        expect(text).toMatch(places === 0 ? /^-?\d+$/ : new RegExp(`^-?\\d+\\.\\d{${places}}$`))
        expect(parseDecimal(formatTrimmed(value))).toBe(value)
      }),
    )
  })

  test('writing rounds right up to and beyond the limit of the fast way', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 10n ** 13n - 10_000n, max: 10n ** 13n + 10_000n }), fc.nat(8), (value, places) => {
        expect(parseDecimal(formatFixed(value, places))).toBe(roundTo(value, places))
      }),
    )
  })
})

describe('allocating', () => {
  test.for([
    { total: '450.01', weights: ['60', '40'], places: 2, parts: ['270.01', '180'] },
    { total: '100', weights: ['33.33', '33.33', '33.33'], places: 2, parts: ['33.34', '33.33', '33.33'] },
    { total: '-100', weights: ['1', '1', '1'], places: 2, parts: ['-33.34', '-33.33', '-33.33'] },
    { total: '0.5', weights: ['1', '1', '1'], places: 4, parts: ['0.1667', '0.1667', '0.1666'] },
    { total: '3.1', weights: ['3', '1'], places: 4, parts: ['2.325', '0.775'] },
    { total: '0.01', weights: ['1', '3'], places: 2, parts: ['0', '0.01'] },
    { total: '10', weights: ['0', '0'], places: 2, parts: ['5', '5'] },
    { total: '10', weights: ['0', '1'], places: 2, parts: ['0', '10'] },
    { total: '1.005', weights: ['1'], places: 2, parts: ['1.01'] },
    { total: '5', weights: [], places: 2, parts: [] },
  ])('$total over $weights is $parts', ({ total, weights, places, parts }) => {
    expect(allocate(decimal(total), decimals(...weights), places).map(formatTrimmed)).toEqual(parts)
  })

  test.for([['-1'], ['2', '-1']])('the weights %j are refused', (weights) => {
    expect(() => allocate(decimal('1'), decimals(...weights), 2)).toThrow(RangeError)
  })

  test('the parts add up exactly, are within a unit of their share, and a larger weight never gets less', () => {
    const weights = fc.array(fc.bigInt({ min: 0n, max: 10n ** 12n }), { minLength: 1, maxLength: 12 })
    fc.assert(
      fc.property(
        fc.bigInt({ min: -(10n ** 16n), max: 10n ** 16n }),
        weights,
        fc.constantFrom(2, 4),
        (total, given, places) => {
          const parts = allocate(total, given, places)
          const unit = 10n ** BigInt(8 - places)
          const sum = parts.reduce((a, b) => a + b, 0n)
          expect(sum).toBe(roundTo(total, places))
          const all = given.reduce((a, b) => a + b, 0n)
          parts.forEach((part, index) => {
            expect(part % unit).toBe(0n)
            const weight = all === 0n ? 1n : (given[index] ?? 0n)
            const error = part * (all === 0n ? BigInt(given.length) : all) - roundTo(total, places) * weight
            const limit = unit * (all === 0n ? BigInt(given.length) : all)
            expect(error < limit && error > -limit).toBe(true)
            if (all > 0n && weight === 0n) expect(part).toBe(0n)
          })
        },
      ),
    )
  })
})
