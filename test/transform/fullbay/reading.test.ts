import { describe, expect, test } from 'vitest'
import { formatTrimmed } from '../../../core/decimal.ts'
import { flattenInvoice } from '../../../transform/fullbay/invoice.ts'
import { parseNumber } from '../../../transform/fullbay/number.ts'
import {
  aComplaint,
  aCorrection,
  aJob,
  anInvoice,
  anInvoiceOf,
  aPart,
  codesOf,
  flatten,
  OPTIONS,
} from './an-invoice.ts'

describe('numbers', () => {
  test.for([
    ['1,234.50', '1234.5'],
    ['$5', '5'],
    ['$1,000', '1000'],
    ['(12.00)', '-12'],
    ['$(12.00)', '-12'],
    ['12-', '-12'],
    ['-12', '-12'],
    ['1e3', '1000'],
    [' 7 ', '7'],
    ['1 234', '1234'],
    [7, '7'],
    [1.2622222222222221, '1.26222222'],
    [JSON.rawJSON('12345678901234567.89'), '12345678901234567.89'],
    [JSON.rawJSON('1e3'), '1000'],
  ] as const)('%j is %s', ([value, expected]) => {
    const number = parseNumber(value)
    expect(number === null || number === undefined ? number : formatTrimmed(number)).toBe(expected)
  })

  test.for([null, undefined, '', '  '])('%j is no number', (value) => {
    expect(parseNumber(value)).toBeNull()
  })

  test.for(['N/A', '-', ' - ', 'abc', '$', '(-12)', '-12-', '()', '1.2.3', true, {}, [], [1], Number.NaN])(
    '%j cannot be read as a number',
    (value) => {
      expect(parseNumber(value)).toBeUndefined()
    },
  )

  test.for([
    ['N/A', 'N/A'],
    [' - ', ' - '],
    ['abc', 'abc'],
    [{}, '{...}'],
    [false, 'false'],
  ] as const)('a number that reads %j is unknown and warned of with its path', ([value, shown]) => {
    const corrections = [
      aCorrection({ primaryKey: '1' }),
      aCorrection({ Parts: [aPart(), aPart(), aPart(), aPart({ quantity: value })] }),
    ]
    const result = flatten(anInvoiceOf([aComplaint({ Corrections: corrections })]))
    expect(result.warnings[0]).toMatchObject({
      code: 'BAD_NUMBER',
      path: 'ServiceOrder.Complaints[0].Corrections[1].Parts[3].quantity',
      value: shown,
    })
  })

  test.for([
    { key: 'total', value: '1e12' },
    { key: 'taxRate', value: 1000 },
    { key: 'laborHoursTotal', value: -1e8 },
  ])('$key of $value is more than its column holds: unknown and warned of', ({ key, value }) => {
    const result = flatten(anInvoice({ [key]: value }))
    expect(result.warnings).toMatchObject([{ code: 'NUMBER_OUT_OF_RANGE', path: key }])
  })

  test.for([
    { why: 'a product', parts: [aPart({ quantity: 9e8, sellingPrice: 9e8 })] },
    {
      why: 'products that cancel out',
      parts: [aPart({ quantity: 9e8, sellingPrice: 9e8 }), aPart({ quantity: -9e8, sellingPrice: 9e8, taxable: 'No' })],
    },
    { why: 'a cost', parts: [aPart({ quantity: 9e8, cost: 9e8, sellingPrice: 0 })] },
    {
      why: 'a quantity',
      parts: [aPart({ quantity: 9e9, sellingPrice: 0, cost: 0 }), aPart({ quantity: 9e9, sellingPrice: 0, cost: 0 })],
    },
  ])('$why that no column holds is refused instead of cut', ({ parts }) => {
    const result = flattenInvoice(anInvoiceOf([aJob({ Parts: parts })]), OPTIONS)
    expect(result).toMatchObject({ kind: 'rejected', code: 'AMOUNT_OUT_OF_RANGE' })
  })

  test('amounts of the header are held to whole cents', () => {
    expect(flatten(anInvoice({ total: 1352.3700000001, balance: '2.005' })).invoice).toMatchObject({
      total: '1352.37',
      balance: '2.01',
    })
  })
})

describe('text', () => {
  test('blank text is unknown, other text is trimmed and kept whole', () => {
    const note = `Brakes squeal 🚚\n${'x'.repeat(50_000)}\u0007`
    const result = flatten(
      anInvoiceOf([aJob({ laborTotal: 1, title: '   ' }, { note: `  ${note}  ` })], { shopTitle: '' }),
    )
    expect(result.lines[0]).toMatchObject({ complaint_note: note, correction_title: null })
    expect(result.invoice.shop_title).toBeNull()
  })

  test.for([
    ['a\0b', 'ab'],
    ['\0 a \0', 'a'],
    ['half \ud83d of a pair', 'half \ufffd of a pair'],
    ['whole \ud83d\ude9a', 'whole 🚚'],
  ] as const)('%j is stored as %j', ([text, stored]) => {
    expect(flatten(anInvoice({ shopTitle: text })).invoice.shop_title).toBe(stored)
  })

  test.for([
    [900, '900'],
    ['900', '900'],
    [' 900 ', '900'],
    [JSON.rawJSON('12345678901234567890'), '12345678901234567890'],
  ] as const)('an id of %j is the text %s', ([id, text]) => {
    expect(flatten(anInvoice({ primaryKey: id })).invoice.fullbay_invoice_id).toBe(text)
  })

  test('an object where text belongs is unknown and warned of; an empty list is PHP for nothing', () => {
    const result = flatten(anInvoice({ shopTitle: { a: 1 }, shopEmail: [] }))
    expect(result.invoice).toMatchObject({ shop_title: null, shop_email: null })
    expect(result.warnings).toMatchObject([{ code: 'BAD_TEXT', path: 'shopTitle' }])
  })
})

describe('flags', () => {
  test.for([
    ['Yes', true],
    ['yes ', true],
    ['1', true],
    [1, true],
    [true, true],
    ['No', false],
    ['NO', false],
    ['0', false],
    [0, false],
    [false, false],
    ['', null],
    [null, null],
    [undefined, null],
  ] as const)('%j is %j', ([value, flag]) => {
    const result = flatten(anInvoice({ exported: value }))
    expect(result.invoice.exported).toBe(flag)
    expect(codesOf(result)).toEqual([])
  })

  test('anything else is unknown and warned of', () => {
    const result = flatten(anInvoice({ exported: 'maybe' }))
    expect(result.invoice.exported).toBeNull()
    expect(result.warnings).toMatchObject([{ code: 'BAD_FLAG', path: 'exported', value: 'maybe' }])
  })
})

describe('dates', () => {
  test.for(['0000-00-00', '', null])('a due date of %j is unknown', (dueDate) => {
    const result = flatten(anInvoice({ dueDate }))
    expect(result.invoice.due_date).toBeNull()
    expect(codesOf(result)).toEqual([])
  })

  test.for(['2025-02-30', 'soon', 20250611])('a due date of %j is unknown and warned of', (dueDate) => {
    const result = flatten(anInvoice({ dueDate }))
    expect(result.invoice.due_date).toBeNull()
    expect(result.warnings).toMatchObject([{ code: 'BAD_DATE', path: 'dueDate', value: String(dueDate) }])
  })

  test.for([
    { local: '2025-11-02 01:30:00', utc: '2025-11-02T05:30:00.000Z' },
    { local: '2025-03-09 02:30:00', utc: '2025-03-09T07:30:00.000Z' },
    { local: '2025-06-11T16:20:00', utc: '2025-06-11T20:20:00.000Z' },
  ])('$local on the clocks of the shop is $utc', ({ local, utc }) => {
    const result = flatten(
      anInvoice({ created: local }, { created: local, startDateTime: local, completionDateTime: local }),
    )
    expect(result.invoice).toMatchObject({
      invoice_created_at: utc,
      service_order_created: utc,
      service_order_start_date: utc,
      service_order_completion_date: utc,
    })
  })
})
