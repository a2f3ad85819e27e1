import { describe, expect, test } from 'vitest'
import { aJob, anInvoiceOf, aPart, codesOf, column, flatten } from './an-invoice.ts'

/** An invoice of parts, each `[price, taxable]`, whose header agrees with them. */
const taxed = (
  parts: [number, unknown][],
  tax: Record<string, unknown>,
  supplies = 0,
  over: Record<string, unknown> = {},
) => {
  const sum = parts.reduce((total, [price]) => total + price, 0)
  const items = parts.map(([sellingPrice, taxable], id) =>
    aPart({ primaryKey: id, shopPartNumber: `N${id}`, sellingPrice, taxable }),
  )
  return flatten(
    anInvoiceOf([aJob({ Parts: items })], {
      partsTotal: sum,
      suppliesTotal: supplies,
      subTotal: sum + supplies,
      ...tax,
      ...over,
    }),
  )
}

describe('splitting the tax', () => {
  test.for([
    {
      why: 'by largest remainder, so that it adds up',
      parts: [
        [10.1, 'Yes'],
        [10.1, 'Yes'],
        [10.1, 'Yes'],
      ],
      tax: { taxRate: '6', taxTotal: 1.82 },
      taxes: ['0.61', '0.61', '0.60'],
    },
    {
      why: 'not over exempt lines',
      parts: [
        [10, 'Yes'],
        [10, 'No'],
      ],
      tax: { taxRate: '6', taxTotal: 0.6 },
      taxes: ['0.60', '0.00'],
    },
    {
      why: 'not over credits',
      parts: [
        [20, 'Yes'],
        [-10, 'Yes'],
      ],
      tax: { taxRate: '6', taxTotal: 0.6 },
      taxes: ['0.60', '0.00'],
    },
    {
      why: 'nothing for an exempt customer',
      parts: [
        [10, 'Yes'],
        [10, 'Yes'],
      ],
      tax: { taxRate: '6', taxTotal: 0 },
      taxes: ['0.00', '0.00'],
    },
    {
      why: 'without a rate',
      parts: [
        [10, 'Yes'],
        [30, 'Yes'],
      ],
      tax: { taxRate: '', taxTotal: '2.40' },
      taxes: ['0.60', '1.80'],
    },
    {
      why: 'of a credit invoice over its credits',
      parts: [
        [-10, 'Yes'],
        [-30, 'Yes'],
      ],
      tax: { taxRate: '6', taxTotal: '(2.40)' },
      taxes: ['-0.60', '-1.80'],
    },
    {
      why: 'over lines of unknown taxability when none is known to be taxable',
      parts: [
        [10, ''],
        [10, 'No'],
      ],
      tax: { taxTotal: 0.6 },
      taxes: ['0.60', '0.00'],
    },
    { why: 'unknown tax stays unknown', parts: [[10, 'Yes']], tax: { taxRate: '6', taxTotal: null }, taxes: [null] },
  ] as { why: string; parts: [number, unknown][]; tax: Record<string, unknown>; taxes: (string | null)[] }[])(
    '$why',
    ({ parts, tax, taxes }) => {
      const result = taxed(parts, tax)
      expect(column(result, 'line_tax')).toEqual(taxes)
      expect(result.invoice.gap_tax).toBe(taxes[0] === null ? null : '0.00')
      expect(codesOf(result)).toEqual([])
    },
  )

  test('tax that no line could bear stays off the lines, warned of', () => {
    const result = taxed([[10, 'No']], { taxRate: '6', taxTotal: 0.6 })
    expect(result.invoice).toMatchObject({ lines_tax: null, gap_tax: null })
    expect(column(result, 'sales_total')).toEqual(['10.00'])
    expect(codesOf(result)).toEqual(['TAX_WITHOUT_TAXABLE_LINES'])
  })

  test('an invoice that does not reconcile gets no tax on its lines', () => {
    const result = taxed([[10, 'Yes']], { taxRate: '6', taxTotal: 0.6 }, 0, { partsTotal: 20, subTotal: 20 })
    expect(result.invoice).toMatchObject({ reconciliation_status: 'UNRECONCILED', lines_tax: null, gap_tax: null })
    expect(result.lines).toMatchObject([{ line_tax: null, sales_total: '10.00' }])
  })

  test('a gap of rounding does not keep the tax off', () => {
    const result = taxed([[10, 'Yes']], { taxRate: '6', taxTotal: 0.6 }, 0, { partsTotal: 10.02, subTotal: 10.02 })
    expect(result.invoice).toMatchObject({ reconciliation_status: 'ROUNDING', lines_tax: '0.60' })
  })
})

describe('whether supplies are taxed', () => {
  test.for([
    { why: 'the tax is met with them', tax: 1.2, taxable: true, taxes: ['0.60', '0.60'] },
    { why: 'the tax is met without them', tax: 0.6, taxable: false, taxes: ['0.60', '0.00'] },
    { why: 'the tax is met neither way', tax: 0.9, taxable: null, taxes: ['0.90', '0.00'] },
  ])('is inferred: $taxable when $why', ({ tax, taxable, taxes }) => {
    const result = taxed([[10, 'Yes']], { taxRate: 6, taxTotal: tax }, 10)
    expect(result.invoice.supplies_taxable).toBe(taxable)
    expect(column(result, 'taxable', 'SHOP_SUPPLIES')).toEqual([taxable])
    expect(column(result, 'line_tax')).toEqual(taxes)
  })

  test('is yes when both readings meet the tax', () => {
    expect(taxed([[10, 'Yes']], { taxRate: 6, taxTotal: 0.6 }, 0.05).invoice.supplies_taxable).toBe(true)
  })

  test.for([
    { why: 'no supplies', supplies: 0, tax: { taxRate: 6, taxTotal: 0.6 } },
    { why: 'no rate', supplies: 10, tax: { taxRate: '', taxTotal: 1.2 } },
    { why: 'a rate of 0', supplies: 10, tax: { taxRate: 0, taxTotal: 0 } },
    { why: 'no tax stated', supplies: 10, tax: { taxRate: 6, taxTotal: '' } },
  ])('stays unknown with $why', ({ supplies, tax }) => {
    expect(taxed([[10, 'Yes']], tax, supplies).invoice.supplies_taxable).toBeNull()
  })
})

describe('several taxes', () => {
  const lines = [
    { taxTitle: 'State', taxRate: 6, taxTotal: '0.75' },
    { taxTitle: 'County', taxRate: '1.25', taxTotal: 0.16 },
  ]

  test('are kept one by one, and their sum is split', () => {
    const result = taxed([[12.5, 'Yes']], {
      taxRate: '7.25',
      taxTotal: 0.91,
      TaxInformation: { taxTitle: 'Combined', taxRate: '7.25', taxTotal: 0.91, TaxLineInformation: lines },
    })
    expect(result.taxes).toEqual([
      {
        shop_id: 'DET',
        fullbay_invoice_id: '900',
        tax_no: 1,
        tax_title: 'State',
        tax_rate: '6.0000',
        tax_total: '0.75',
      },
      {
        shop_id: 'DET',
        fullbay_invoice_id: '900',
        tax_no: 2,
        tax_title: 'County',
        tax_rate: '1.2500',
        tax_total: '0.16',
      },
    ])
    expect(result.invoice).toMatchObject({ lines_tax: '0.91', tax_title: 'Combined' })
    expect(codesOf(result)).toEqual([])
  })

  test('supplies are inferred from taxes that are each rounded by themselves', () => {
    // 7.25 % of 12.50 is 0.90625, which rounds to 0.91; state and county are 0.75 and 0.16. With 10.10: 0.61 + 0.13 = 0.74 against 0.73.
    const each = [
      { taxRate: 6, taxTotal: 0.61 },
      { taxRate: 1.25, taxTotal: 0.13 },
    ]
    const result = taxed(
      [[5.05, 'Yes']],
      { taxRate: '7.25', taxTotal: 0.74, TaxInformation: { TaxLineInformation: each } },
      5.05,
    )
    expect(result.invoice.supplies_taxable).toBe(true)
  })

  test('that add up to another tax than the header states are warned of', () => {
    const result = taxed([[12.5, 'Yes']], { taxTotal: 0.9, TaxInformation: { TaxLineInformation: lines } })
    expect(codesOf(result)).toEqual(['TAX_LINES_MISMATCH'])
  })

  test('rate, tax and title that the invoice leaves out are taken from the tax information', () => {
    const { invoice } = taxed([[12.5, 'Yes']], { TaxInformation: { taxTitle: 'State', taxRate: '6', taxTotal: 0.75 } })
    expect(invoice).toMatchObject({ tax_title: 'State', tax_rate: '6.0000', tax_total: '0.75', lines_tax: '0.75' })
  })
})
