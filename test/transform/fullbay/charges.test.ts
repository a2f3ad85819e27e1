import { describe, expect, test } from 'vitest'
import { aJob, anInvoice, anInvoiceOf, codesOf, column, flatten } from './an-invoice.ts'

const aCharge = (over: Record<string, unknown> = {}) => ({
  primaryKey: '1',
  description: 'SURCHARGE',
  quantity: 1,
  rate: 4.73,
  amount: '4.73',
  taxable: 'No',
  quickBooksItem: 'SURCHARGE',
  quickBooksItemType: 'misc',
  ...over,
})

describe('miscellaneous charges', () => {
  test('each listed charge is a line with its own amount, rate, taxability and accounting item', () => {
    const charges = [aCharge(), aCharge({ primaryKey: 2, quantity: 3, rate: '1.50', amount: 4.5, taxable: 'Yes' })]
    const result = flatten(anInvoice({ miscChargeTotal: 9.23 }, { MiscCharges: charges }))
    expect(result.lines).toMatchObject([
      {
        line_item_type: 'MISC',
        misc_charge_id: '1',
        quantity: '1.0000',
        unit_price: '4.7300',
        line_total: '4.73',
        taxable: false,
      },
      {
        line_item_type: 'MISC',
        misc_charge_id: '2',
        quantity: '3.0000',
        unit_price: '1.5000',
        line_total: '4.50',
        taxable: true,
      },
    ])
    expect(result.lines[0]).toMatchObject({
      quickbooks_item: 'SURCHARGE',
      quickbooks_item_type: 'misc',
      part_description: 'SURCHARGE',
    })
  })

  test('a discount is a negative line', () => {
    const result = flatten(anInvoice({}, { MiscCharges: [aCharge({ rate: -10, amount: '-10.00' })] }))
    expect(column(result, 'line_total')).toEqual(['-10.00'])
  })

  test('a total without a list is one line, warned of', () => {
    const result = flatten(anInvoice({ miscChargeTotal: '4.73' }))
    expect(result.lines).toMatchObject([
      { line_item_type: 'MISC', line_total: '4.73', misc_charge_id: null, taxable: null },
    ])
    expect(codesOf(result)).toEqual(['MISC_WITHOUT_DETAIL'])
  })

  test('a list that differs from the total makes the lines, and the gap is reported', () => {
    const result = flatten(anInvoice({ miscChargeTotal: 5, subTotal: 5 }, { MiscCharges: [aCharge()] }))
    expect(column(result, 'line_total')).toEqual(['4.73'])
    expect(result.invoice).toMatchObject({ gap_misc: '0.27', reconciliation_status: 'UNRECONCILED' })
  })

  test('a charge without amount is quantity times rate, warned of', () => {
    const result = flatten(anInvoice({}, { MiscCharges: [aCharge({ quantity: 2, amount: '' })] }))
    expect(column(result, 'line_total')).toEqual(['9.46'])
    expect(codesOf(result)).toEqual(['AMOUNT_MISSING'])
  })

  test('a single charge may come as an object', () => {
    expect(flatten(anInvoice({}, { MiscCharges: aCharge() })).lines).toHaveLength(1)
  })
})

describe('charges of the header', () => {
  const totals = ['suppliesTotal', 'serviceCallTotal', 'mileageTotal']

  test.for([
    { amount: 12.5, text: '12.50' },
    { amount: '-3', text: '-3.00' },
  ])('a total of $amount is one line each', ({ amount, text }) => {
    const result = flatten(anInvoice(Object.fromEntries(totals.map((key) => [key, amount]))))
    expect(column(result, 'line_item_type')).toEqual(['SHOP_SUPPLIES', 'SERVICE_CALL', 'MILEAGE'])
    expect(column(result, 'line_total')).toEqual([text, text, text])
    expect(column(result, 'quantity')).toEqual(['1.0000', '1.0000', '1.0000'])
  })

  test.for([0, '0.00', null, ''])('a total of %j is no line', (amount) => {
    expect(flatten(anInvoice(Object.fromEntries(totals.map((key) => [key, amount])))).lines).toEqual([])
  })

  test('what the invoice leaves out is taken from the service order', () => {
    const order = {
      serviceCallTotal: 50,
      mileageTotal: '20',
      partsTotal: 1,
      laborTotal: 2,
      laborHoursTotal: 3,
      subletLaborTotal: 4,
    }
    const { invoice } = flatten(anInvoice({ laborTotal: '', mileageTotal: 7 }, order))
    expect(invoice).toMatchObject({
      service_call_total: '50.00',
      mileage_total: '7.00',
      parts_total: '1.00',
      labor_total: '2.00',
      labor_hours_total: '3.0000',
      sublet_labor_total: '4.00',
    })
  })

  test.for([
    {
      why: 'the total of the invoice wins over the override',
      suppliesTotal: 30,
      flag: 'Yes',
      total: '30.00',
      overridden: true,
    },
    {
      why: 'the override stands in for a missing total',
      suppliesTotal: null,
      flag: 'Yes',
      total: '25.00',
      overridden: true,
    },
    {
      why: 'an amount without the flag is no override',
      suppliesTotal: null,
      flag: 'No',
      total: null,
      overridden: false,
    },
  ])('$why', ({ suppliesTotal, flag, total, overridden }) => {
    const { invoice } = flatten(
      anInvoice({ suppliesTotal }, { overrideSuppliesTotal: flag, overridenSuppliesTotal: 25 }),
    )
    expect(invoice).toMatchObject({ supplies_total: total, supplies_overridden: overridden })
  })

  test.for([
    { why: 'nothing is said', complaints: [{}], taxable: false },
    {
      why: 'the complaint that carries it says yes',
      complaints: [{ serviceCallTotal: 50, serviceCallTaxable: 'Yes' }, { serviceCallTaxable: 'No' }],
      taxable: true,
    },
    {
      why: 'one of those that carry it says no',
      complaints: [
        { serviceCallTotal: 20, serviceCallTaxable: 'Yes' },
        { serviceCallTotal: 30, serviceCallTaxable: 'No' },
      ],
      taxable: false,
    },
    {
      why: 'none carries it and all that speak say yes',
      complaints: [{ serviceCallTaxable: 'Yes' }, { serviceCallTaxable: '' }],
      taxable: true,
    },
  ])('a service call is taxable: $taxable when $why', ({ complaints, taxable }) => {
    const result = flatten(
      anInvoiceOf(
        complaints.map((complaint) => aJob({}, complaint)),
        { serviceCallTotal: 50 },
      ),
    )
    expect(column(result, 'taxable', 'SERVICE_CALL')).toEqual([taxable])
  })
})

describe('sublet labour', () => {
  test.for([
    {
      why: 'the header adds up only with it',
      subTotal: 130,
      lines: ['100.00', '30.00'],
      status: 'RECONCILED',
      holds: true,
    },
    { why: 'labour contains it already', subTotal: 100, lines: ['100.00'], status: 'RECONCILED', holds: true },
    { why: 'the header adds up neither way', subTotal: 150, lines: ['100.00'], status: 'UNRECONCILED', holds: false },
  ])('is a line when needed: $why', ({ subTotal, lines, status, holds }) => {
    const result = flatten(
      anInvoiceOf([aJob({ laborTotal: 100 })], { laborTotal: 100, subletLaborTotal: 30, subTotal, total: subTotal }),
    )
    expect(column(result, 'line_total')).toEqual(lines)
    expect(result.invoice).toMatchObject({ reconciliation_status: status, header_equation_holds: holds })
    expect(codesOf(result)).toEqual(holds ? [] : ['HEADER_INCONSISTENT'])
  })
})
