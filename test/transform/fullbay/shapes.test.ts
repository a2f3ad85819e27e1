import { describe, expect, test } from 'vitest'
import { flattenInvoice } from '../../../transform/fullbay/invoice.ts'
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

describe('invoices that cannot be one', () => {
  test.for([
    { why: 'null', payload: null, code: 'NOT_AN_OBJECT', path: '$' },
    { why: 'a list', payload: [anInvoice()], code: 'NOT_AN_OBJECT', path: '$' },
    { why: 'a number', payload: JSON.rawJSON('1e400'), code: 'NOT_AN_OBJECT', path: '$' },
    { why: 'no id', payload: anInvoice({ primaryKey: ' ' }), code: 'PRIMARY_KEY_MISSING', path: 'primaryKey' },
    {
      why: 'no date',
      payload: anInvoice({ invoiceDate: undefined }),
      code: 'INVOICE_DATE_MISSING',
      path: 'invoiceDate',
    },
    {
      why: 'a zero date',
      payload: anInvoice({ invoiceDate: '0000-00-00' }),
      code: 'INVOICE_DATE_MISSING',
      path: 'invoiceDate',
    },
    {
      why: 'no such day',
      payload: anInvoice({ invoiceDate: '2025-02-30' }),
      code: 'INVOICE_DATE_INVALID',
      path: 'invoiceDate',
    },
    { why: 'endless nesting', payload: anInvoice({ extra: nested(5000) }), code: 'NESTED_TOO_DEEP', path: '$' },
  ])('$why: rejected as $code', ({ payload, code, path }) => {
    expect(flattenInvoice(payload, OPTIONS)).toMatchObject({ kind: 'rejected', code, path })
  })
})

function nested(levels: number): unknown {
  let value: unknown = 1
  for (let level = 0; level < levels; level++) value = level % 2 === 0 ? [value] : { b: 1, a: value }
  return value
}

describe('shapes', () => {
  test.for([
    {
      why: 'objects that came as empty lists',
      over: { Customer: [], TaxInformation: [] },
      order: { Unit: [], Customer: [] },
      codes: ['UNIT_MISSING', 'CUSTOMER_MISSING'],
    },
    { why: 'objects that came as null', over: { TaxInformation: null }, order: { Customer: null }, codes: [] },
    {
      why: 'a list of a number and a complaint',
      over: {},
      order: { Complaints: [5, aComplaint()] },
      codes: ['BAD_SHAPE'],
    },
    { why: 'text for a list', over: {}, order: { MiscCharges: 'none' }, codes: ['BAD_SHAPE'] },
    { why: 'text for an object', over: { TaxInformation: 'none' }, order: {}, codes: ['BAD_SHAPE'] },
    { why: 'an empty object for a list', over: {}, order: { MiscCharges: {} }, codes: [] },
    { why: 'a single complaint as an object', over: {}, order: { Complaints: aComplaint() }, codes: [] },
    {
      why: 'a single correction and part as objects',
      over: {},
      order: { Complaints: [{ primaryKey: 1, Corrections: aCorrection({ Parts: aPart() }) }] },
      codes: [],
    },
  ])('$why are read', ({ over, order, codes }) => {
    expect(codesOf(flatten(anInvoice(over, order)))).toEqual(codes)
  })

  test('the path of a single object names no place in a list', () => {
    const result = flatten(
      anInvoice({}, { Complaints: aComplaint({ Corrections: aCorrection({ Parts: aPart({ cost: 'x' }) }) }) }),
    )
    expect(result.warnings).toMatchObject([{ path: 'ServiceOrder.Complaints.Corrections.Parts.cost' }])
  })

  test('fields that nobody knows are ignored', () => {
    const known = anInvoiceOf([aJob({ Parts: [aPart()] })])
    const unknown = anInvoiceOf([aJob({ Parts: [aPart({ novelty: [1] })] })], { novelty: { a: 'b' } })
    expect(flatten(unknown).lines).toEqual(flatten(known).lines)
    expect(codesOf(flatten(unknown))).toEqual([])
  })
})
