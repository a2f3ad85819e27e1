import { describe, expect, test } from 'vitest'
import {
  aComplaint,
  aCorrection,
  aJob,
  anInvoiceOf,
  aPart,
  aTechnician,
  codesOf,
  column,
  flatten,
} from './an-invoice.ts'

type Parts = Record<string, unknown>[]

const withParts = (...parts: Parts) => flatten(anInvoiceOf([aJob({ Parts: parts })]))
const inCorrections = (...corrections: Parts[]) =>
  flatten(
    anInvoiceOf(
      corrections.map((parts, index) => aJob({ primaryKey: `50${index}`, Parts: parts }, { primaryKey: index })),
    ),
  )
const lineOf = (result: ReturnType<typeof flatten>) =>
  result.lines.map(({ quantity, unit_price, line_total, part_ids }) => [quantity, unit_price, line_total, part_ids])

describe('grouping parts', () => {
  test('the same part twice in a correction is one line, with both ids and the sums', () => {
    const result = withParts(
      aPart({ primaryKey: 11, quantity: '2' }),
      aPart({ primaryKey: '12', returnedQuantity: '0' }),
    )
    expect(lineOf(result)).toEqual([['3.0000', '10.0000', '30.00', ['11', '12']]])
    expect(result.lines[0]).toMatchObject({
      part_count: 2,
      line_cost: '18.00',
      unit_cost: '6.0000',
      fullbay_part_id: '11',
    })
  })

  test.for([
    { why: 'another price', other: { sellingPrice: '10.01' } },
    { why: 'another taxability', other: { taxable: 'No' } },
    { why: 'another core type', other: { coreType: 'Clean' } },
    { why: 'a sublet part', other: { sublet: 'Yes' } },
    { why: 'another number', other: { shopPartNumber: 'BS-2' } },
    { why: 'a blank number and another description', other: { shopPartNumber: '', description: 'DRUM' } },
  ])('$why makes a line of its own', ({ other }) => {
    expect(withParts(aPart(), aPart({ primaryKey: '2', ...other })).lines).toHaveLength(2)
  })

  test('the same part in two corrections is two lines', () => {
    expect(lineOf(inCorrections([aPart()], [aPart()]))).toEqual([
      ['1.0000', '10.0000', '10.00', ['1']],
      ['1.0000', '10.0000', '10.00', ['1']],
    ])
  })

  test.for([
    { why: 'case and space', one: { shopPartNumber: 'bs-1 ' }, two: { shopPartNumber: ' BS-1' } },
    { why: 'space inside', one: { shopPartNumber: 'BS  1' }, two: { shopPartNumber: 'bs 1' } },
    { why: 'a number and its text', one: { shopPartNumber: 1540 }, two: { shopPartNumber: '1540' } },
    {
      why: 'the vendor number of parts without a number',
      one: { shopPartNumber: '', vendorPartNumber: 'V1', description: 'X' },
      two: { shopPartNumber: null, vendorPartNumber: 'v1' },
    },
    {
      why: 'the description of parts without any number',
      one: { shopPartNumber: '' },
      two: { shopPartNumber: ' ', description: 'brake shoe' },
    },
  ])('parts that differ in $why only are one line', ({ one, two }) => {
    expect(withParts(aPart(one), aPart({ primaryKey: '2', ...two })).lines).toHaveLength(1)
  })

  test('parts without number, description and id are never taken for the same', () => {
    const bare = { shopPartNumber: '', description: '', primaryKey: null }
    expect(withParts(aPart(bare), aPart(bare)).lines).toHaveLength(2)
  })

  test('an article number and an equal description are different articles', () => {
    const result = withParts(aPart({ shopPartNumber: 'X' }), aPart({ shopPartNumber: '', description: 'X' }))
    expect(result.lines).toHaveLength(2)
  })

  test('the text of a line is that of its first part, and the order that of first appearance', () => {
    const result = withParts(
      aPart({ description: 'FIRST', sellingPriceOverridden: 'Yes', inventory: 'No' }),
      aPart({ shopPartNumber: 'OTHER' }),
      aPart({ description: 'SECOND' }),
    )
    expect(column(result, 'part_description')).toEqual(['FIRST', 'BRAKE SHOE'])
    expect(result.lines[0]).toMatchObject({ price_overridden: true, inventory_item: false, quantity: '2.0000' })
  })
})

describe('quantities', () => {
  test.for([
    { why: 'blank', part: { quantity: '' }, code: 'QUANTITY_MISSING' },
    { why: 'null', part: { quantity: null }, code: 'QUANTITY_MISSING' },
    { why: 'zero', part: { quantity: 0 }, code: null },
    { why: 'returned in full', part: { quantity: 2, returnedQuantity: '2' }, code: null },
  ])('a part whose quantity is $why makes no line and is counted as dropped', ({ part, code }) => {
    const result = withParts(aPart(part), aPart({ shopPartNumber: 'KEPT' }))
    expect(column(result, 'shop_part_number')).toEqual(['KEPT'])
    expect(result.invoice.dropped_parts).toBe(1)
    expect(codesOf(result)).toEqual(code === null ? [] : [code])
  })

  test.for([
    {
      why: 'a returned piece is taken off',
      part: { quantity: 3, returnedQuantity: 1 },
      line: ['2.0000', '20.00'],
      codes: [],
    },
    {
      why: 'a piece to be returned is not',
      part: { quantity: 3, toBeReturnedQuantity: 1 },
      line: ['3.0000', '30.00'],
      codes: [],
    },
    { why: 'a negative quantity stays', part: { quantity: -1 }, line: ['-1.0000', '-10.00'], codes: [] },
    {
      why: 'a negative price stays',
      part: { sellingPrice: '(75.00)' },
      line: ['1.0000', '-75.00'],
      codes: [],
    },
    {
      why: 'more returned than issued is a credit',
      part: { returnedQuantity: 3 },
      line: ['-2.0000', '-20.00'],
      codes: ['RETURNED_EXCEEDS_QUANTITY'],
    },
    {
      why: 'no price counts as nothing',
      part: { sellingPrice: '' },
      line: ['1.0000', '0.00'],
      codes: ['PRICE_MISSING'],
    },
    { why: 'fractions are kept', part: { quantity: '0.3333' }, line: ['0.3333', '3.33'], codes: [] },
  ])('$why', ({ part, line, codes }) => {
    const result = withParts(aPart(part))
    expect(result.lines.map(({ quantity, line_total }) => [quantity, line_total])).toEqual([line])
    expect(codesOf(result)).toEqual(codes)
  })

  test('a price below a cent is rounded half up once for each part, and the rounded amounts are summed', () => {
    const screw = { sellingPrice: 0.0375, cost: '0.0125', quantity: 3 }
    const result = withParts(aPart(screw), aPart({ ...screw, primaryKey: '2' }))
    expect(result.lines).toMatchObject([
      { quantity: '6.0000', unit_price: '0.0375', line_total: '0.22', line_cost: '0.08', unit_cost: '0.0133' },
    ])
  })

  test('pieces that cancel out keep their line, at no unit cost', () => {
    const result = withParts(aPart({ quantity: 1 }), aPart({ primaryKey: '2', quantity: -1 }))
    expect(result.lines).toMatchObject([{ quantity: '0.0000', line_total: '0.00', line_cost: '0.00', unit_cost: null }])
  })

  test('an unknown cost stays unknown', () => {
    expect(withParts(aPart({ cost: null })).lines).toMatchObject([{ unit_cost: null, line_cost: null }])
  })
})

describe('the quantity rule of a shop', () => {
  const demo = (part: Record<string, unknown>) =>
    flatten(anInvoiceOf([aJob({ Parts: [aPart(part)] })]), { quantityRule: 'demo' })

  test.for([
    {
      why: 'a returned piece is taken off',
      part: { quantity: 3, returnedQuantity: 1, toBeReturnedQuantity: 2 },
      line: ['2.0000', '10.0000', '20.00', '12.00'],
    },
    {
      why: 'else a piece to be returned',
      part: { quantity: 3, toBeReturnedQuantity: 1 },
      line: ['2.0000', '10.0000', '20.00', '12.00'],
    },
    {
      why: 'a returned dirty core is refunded',
      part: { coreType: 'Dirty', returnedQuantity: 1 },
      line: ['1.0000', '-10.0000', '-10.00', '-6.00'],
    },
    { why: 'a clean core is charged', part: { coreType: 'Clean' }, line: ['1.0000', '10.0000', '10.00', '6.00'] },
  ])('"demo": $why', ({ part, line }) => {
    const result = demo(part)
    const lines = result.lines.map(({ quantity, unit_price, line_total, line_cost }) => [
      quantity,
      unit_price,
      line_total,
      line_cost,
    ])
    expect(lines).toEqual([line])
    expect(result.invoice.quantity_rule).toBe('demo')
  })

  test.for([0, -1])('"demo": a dirty core of which %d was returned makes no line', (returnedQuantity) => {
    const result = demo({ coreType: 'Dirty', returnedQuantity })
    expect(result).toMatchObject({ lines: [], invoice: { dropped_parts: 1 } })
  })

  test('corrections that state no parts total do not count against the other rule', () => {
    const stated = aCorrection({ partsTotal: 20, Parts: [aPart({ quantity: 3, toBeReturnedQuantity: 1 })] })
    const silent = aCorrection({ primaryKey: '501', Parts: [aPart()] })
    const { invoice } = flatten(anInvoiceOf([aComplaint({ Corrections: [stated, silent] })]))
    expect(invoice.other_quantity_rule_matches).toBe(true)
  })

  const toReturn = { quantity: 3, toBeReturnedQuantity: 1 }
  test.for([
    { why: 'the lines meet it', part: toReturn, partsTotal: 30, header: null, matches: null, warned: false },
    {
      why: 'only the other rule meets it',
      part: toReturn,
      partsTotal: '20.00',
      header: null,
      matches: true,
      warned: true,
    },
    { why: 'neither rule meets it', part: toReturn, partsTotal: 25, header: null, matches: false, warned: true },
    { why: 'nothing is stated', part: toReturn, partsTotal: null, header: null, matches: null, warned: false },
    {
      why: 'only the header states it and the other rule meets it',
      part: toReturn,
      partsTotal: null,
      header: 20,
      matches: true,
      warned: false,
    },
    {
      why: 'only the header states it and neither rule meets it',
      part: toReturn,
      partsTotal: null,
      header: 21,
      matches: false,
      warned: false,
    },
  ])('whether the other rule would fit is recorded when $why', ({ part, partsTotal, header, matches, warned }) => {
    const result = flatten(anInvoiceOf([aJob({ partsTotal, Parts: [aPart(part)] })], { partsTotal: header }))
    expect(result.invoice.other_quantity_rule_matches).toBe(matches)
    expect(result.warnings.filter(({ code }) => code === 'PARTS_TOTAL_MISMATCH')).toHaveLength(warned ? 1 : 0)
    expect(column(result, 'line_total')).toEqual(['30.00'])
  })
})

test('a correction with parts and no labour has part lines only, and a labour line at nothing for who is assigned', () => {
  const parts = { Parts: [aPart()] }
  expect(column(flatten(anInvoiceOf([aJob(parts)])), 'line_item_type')).toEqual(['PART'])
  const assigned = flatten(anInvoiceOf([aJob(parts, { AssignedTechnicians: [aTechnician()] })]))
  expect(column(assigned, 'line_item_type')).toEqual(['PART', 'LABOR'])
  expect(column(assigned, 'line_total', 'LABOR')).toEqual(['0.00'])
})

test('work that was not performed or not authorised keeps its lines, with the flags', () => {
  const result = flatten(
    anInvoiceOf([aJob({ correctionPerformed: 'Declined', Parts: [aPart()] }, { authorized: 'No' })]),
  )
  expect(result.lines).toMatchObject([
    { correction_performed: 'Declined', complaint_authorized: false, line_total: '10.00' },
  ])
})

test('an invoice of 5,000 parts flattens whole', () => {
  const parts = Array.from({ length: 5000 }, (_, id) => aPart({ primaryKey: id, shopPartNumber: `N${id}` }))
  const result = withParts(...parts)
  expect(result.lines).toHaveLength(5000)
  expect(new Set(column(result, 'line_key')).size).toBe(5000)
  expect(result.invoice.lines_parts).toBe('50000.00')
})
