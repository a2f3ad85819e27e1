import { describe, expect, test } from 'vitest'
import { aJob, anInvoice, anInvoiceOf, aPart, codesOf, flatten } from './an-invoice.ts'

const job = [aJob({ laborTotal: 100, Parts: [aPart()] })]
const header = { partsTotal: 10, laborTotal: 100, subTotal: 110, taxTotal: 0, total: 110 }
const reconciled = (over: Record<string, unknown>) => flatten(anInvoiceOf(job, { ...header, ...over })).invoice

describe('lines against header', () => {
  test.for([
    { why: 'to the cent', over: {}, status: 'RECONCILED', gaps: ['0.00', '0.00', '0.00'] },
    {
      why: 'a cent',
      over: { partsTotal: 10.01, subTotal: 110.01 },
      status: 'ROUNDING',
      gaps: ['0.01', '0.00', '0.01'],
    },
    {
      why: 'five cents the other way',
      over: { partsTotal: 9.95, subTotal: 109.95 },
      status: 'ROUNDING',
      gaps: ['-0.05', '0.00', '-0.05'],
    },
    {
      why: 'six cents',
      over: { partsTotal: 10.06, subTotal: 110.06 },
      status: 'UNRECONCILED',
      gaps: ['0.06', '0.00', '0.06'],
    },
    {
      why: 'parts and labour swapped',
      over: { partsTotal: 100, laborTotal: 10 },
      status: 'UNRECONCILED',
      gaps: ['90.00', '-90.00', '0.00'],
    },
    {
      why: 'only the subtotal differs',
      over: { subTotal: 120 },
      status: 'UNRECONCILED',
      gaps: ['0.00', '0.00', '10.00'],
    },
    {
      why: 'parts are not stated',
      over: { partsTotal: null },
      status: 'UNRECONCILED',
      gaps: ['-10.00', '0.00', '0.00'],
    },
    {
      why: 'no subtotal: total less tax stands in',
      over: { subTotal: null, taxTotal: 2, total: 112 },
      status: 'RECONCILED',
      gaps: ['0.00', '0.00', '0.00'],
    },
  ])('$why: $status', ({ over, status, gaps }) => {
    const invoice = reconciled(over)
    expect(invoice.reconciliation_status).toBe(status)
    expect([invoice.gap_parts, invoice.gap_labor, invoice.gap_subtotal]).toEqual(gaps)
    expect([invoice.lines_parts, invoice.lines_labor, invoice.lines_subtotal]).toEqual(['10.00', '100.00', '110.00'])
  })

  test('a bucket that neither side has anything in has no gap', () => {
    expect(reconciled({})).toMatchObject({
      gap_supplies: null,
      gap_misc: null,
      gap_service_call: null,
      gap_mileage: null,
    })
  })

  test.for([
    { why: 'both sums hold', over: {}, holds: true, codes: [] },
    {
      why: 'the buckets miss the subtotal',
      over: { subTotal: 111, total: 111 },
      holds: false,
      codes: ['HEADER_INCONSISTENT'],
    },
    {
      why: 'subtotal and tax miss the total',
      over: { taxTotal: 1 },
      holds: false,
      codes: ['HEADER_INCONSISTENT', 'TAX_WITHOUT_TAXABLE_LINES'],
    },
    { why: 'there is no total to check', over: { total: null }, holds: null, codes: [] },
  ])('the header itself is checked: $holds when $why', ({ over, holds, codes }) => {
    const untaxed = [aJob({ laborTotal: 100, Parts: [aPart({ taxable: 'No' })] })]
    const result = flatten(anInvoiceOf(untaxed, { ...header, ...over }))
    expect(result.invoice.header_equation_holds).toBe(holds)
    expect(codesOf(result)).toEqual(codes)
  })

  test.for([
    { why: 'a credit invoice', parts: [aPart({ quantity: -1 })], total: -10 },
    { why: 'an invoice over nothing', parts: [], total: 0 },
  ])('$why is accepted', ({ parts, total }) => {
    const result = flatten(
      anInvoiceOf([aJob({ Parts: parts })], { partsTotal: total, subTotal: total, taxTotal: 0, total }),
    )
    expect(result.invoice.reconciliation_status).toBe('RECONCILED')
    expect(codesOf(result)).toEqual([])
  })
})

describe('invoices without work', () => {
  const charges = { suppliesTotal: 5, subTotal: 105, laborTotal: 100, total: 105, taxTotal: 0 }

  test.for([
    {
      why: 'no service order',
      invoice: { ...anInvoice(charges), ServiceOrder: undefined },
      code: 'NO_SERVICE_ORDER',
    },
    {
      why: 'a service order that came as an empty list',
      invoice: { ...anInvoice(charges), ServiceOrder: [] },
      code: 'NO_SERVICE_ORDER',
    },
    { why: 'no complaints', invoice: anInvoiceOf([], charges), code: 'NO_COMPLAINTS' },
    { why: 'complaints that came as null', invoice: anInvoiceOf(null, charges), code: 'NO_COMPLAINTS' },
    {
      why: 'a complaint without corrections',
      invoice: anInvoiceOf([{ primaryKey: 1, Corrections: [] }], charges),
      code: 'COMPLAINT_WITHOUT_CORRECTIONS',
    },
  ])('$why: the charges of the header are lines, the rest is a gap, and it is warned of', ({ invoice, code }) => {
    const result = flatten(invoice)
    expect(result.lines.map((line) => line.line_item_type)).toEqual(['SHOP_SUPPLIES'])
    expect(result.invoice).toMatchObject({ gap_labor: '100.00', reconciliation_status: 'UNRECONCILED' })
    expect(codesOf(result)).toEqual([code])
  })
})
