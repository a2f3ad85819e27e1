import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { parseDecimal } from '../../../core/decimal.ts'
import { localToUtc } from '../../../core/local-time.ts'
import { codesOf, column, flatten, OPTIONS } from './an-invoice.ts'

const read = (name: string): unknown =>
  JSON.parse(readFileSync(new URL(`../../fixtures/fullbay/${name}.json`, import.meta.url), 'utf8'))

const Amount = z.string().nullable()
// A line of an expected file; how another program classified it is not compared.
const Line = z.record(z.string(), z.unknown()).transform((line) => {
  const { line_item_type_original_rule: theirs, ...rest } = line
  return theirs === undefined ? line : rest
})

const Expected = z.object({
  context: z.record(z.string(), z.union([z.string(), z.number(), z.null()])),
  line_count: z.number(),
  lines: z.array(Line),
  reconciliation: z.object({
    header: z.record(z.string(), Amount),
    lines: z.record(z.string(), z.string()),
    lines_subtotal: z.string(),
    lines_tax: Amount,
    gaps: z.record(z.string(), z.string()),
    header_total_equation_holds: z.boolean(),
    status: z.string(),
    supplies_taxable_inferred: z.boolean().nullable(),
  }),
})

// Columns that the expected files name otherwise.
const COLUMN_OF: Record<string, string> = {
  actual_hours: 'so_hours',
  complaint_id: 'fullbay_complaint_id',
  correction_id: 'fullbay_correction_id',
}
const NUMERIC =
  /^(quantity|returned_quantity|unit_cost|unit_price|line_cost|line_total|line_tax|sales_total|technician_portion|labor_hours|so_hours)$/

const TIME_COLUMN_OF: Record<string, string> = {
  service_order_created_local: 'service_order_created',
  service_order_start_local: 'service_order_start_date',
  service_order_completion_local: 'service_order_completion_date',
}

const HEADER_COLUMNS: Record<string, string> = {
  partsTotal: 'parts_total',
  laborTotal: 'labor_total',
  suppliesTotal: 'supplies_total',
  miscChargeTotal: 'misc_charge_total',
  serviceCallTotal: 'service_call_total',
  mileageTotal: 'mileage_total',
  subTotal: 'sub_total',
  taxTotal: 'tax_total',
  total: 'total',
}

/** A decimal by its value, so that trailing zeros do not matter. */
const valueOf = (text: unknown) => (typeof text === 'string' ? parseDecimal(text) : text)

type Fields = Record<string, unknown>

function mapEntries<T>(fields: Record<string, T>, change: (key: string, value: T) => [string, unknown]): Fields {
  return Object.fromEntries(Object.entries(fields).map(([key, value]) => change(key, value)))
}

const pick = (fields: Fields, keys: string[]): Fields => Object.fromEntries(keys.map((key) => [key, fields[key]]))

/** A line whose decimals compare by value, and whose blank texts are unknown as they are in our rows. */
function comparable(line: Fields): Fields {
  return mapEntries(line, (key, value) => [key, NUMERIC.test(key) ? valueOf(value) : value === '' ? null : value])
}

describe.for(['invoice_14282_A', 'invoice_S2001_synthetic'])('the sample %s', (name) => {
  const expected = Expected.parse(read(`${name}.expected`))
  const result = flatten(read(name))

  test('gives the expected lines, column for column and in order', () => {
    expect(result.lines).toHaveLength(expected.line_count)
    const wanted = expected.lines.map((line) => mapEntries(line, (key, value) => [COLUMN_OF[key] ?? key, value]))
    const given = result.lines.map((line, index) => pick({ ...line }, Object.keys(wanted[index] ?? {})))
    expect(given.map(comparable)).toEqual(wanted.map(comparable))
  })

  test('gives the expected context', () => {
    const wanted = mapEntries(expected.context, (key, value) => {
      const text = value === null ? null : String(value)
      const time = TIME_COLUMN_OF[key]
      return time === undefined ? [key, text] : [time, localToUtc(text ?? '', OPTIONS.timeZone)]
    })
    expect(pick({ ...result.invoice }, Object.keys(wanted))).toEqual(wanted)
  })

  test('reconciles as expected', () => {
    const { header, lines, gaps, ...rest } = expected.reconciliation
    const wanted = {
      ...mapEntries(header, (key, value) => [HEADER_COLUMNS[key] ?? key, valueOf(value)]),
      ...mapEntries(lines, (key, value) => [`lines_${key}`, valueOf(value)]),
      ...mapEntries(gaps, (key, value) => [`gap_${key}`, valueOf(value)]),
      lines_subtotal: valueOf(rest.lines_subtotal),
      lines_tax: valueOf(rest.lines_tax),
    }
    const given = pick({ ...result.invoice }, Object.keys(wanted))
    expect(mapEntries(given, (key, value) => [key, valueOf(value)])).toEqual(wanted)
    expect(result.invoice).toMatchObject({
      header_equation_holds: rest.header_total_equation_holds,
      reconciliation_status: rest.status,
      supplies_taxable: rest.supplies_taxable_inferred,
    })
  })
})

const Sample = z.looseObject({
  ServiceOrder: z.looseObject({
    Complaints: z.array(
      z.looseObject({
        Corrections: z.array(z.looseObject({ Parts: z.array(z.looseObject({ primaryKey: z.unknown() })) })),
      }),
    ),
  }),
})

describe('invoice 14282', () => {
  test('a part that the source lists in two pieces makes the same line as in one', () => {
    const sample = Sample.parse(read('invoice_14282_A'))
    const whole = flatten(sample)
    const parts = sample.ServiceOrder.Complaints[0]?.Corrections[0]?.Parts ?? []
    const gasket = parts.pop()
    expect(gasket).toMatchObject({ primaryKey: 70_166_539, quantity: '2' })
    parts.push(
      { ...gasket, primaryKey: 70_166_539, quantity: '1' },
      { ...gasket, primaryKey: 70_166_590, quantity: '1' },
    )
    const split = flatten(sample)
    const withIds = whole.lines.map((line) =>
      line.fullbay_part_id === '70166539' ? { ...line, part_ids: ['70166539', '70166590'], part_count: 2 } : line,
    )
    expect(split.lines).toEqual(withIds)
    expect(split.lines[1]).toMatchObject({ quantity: '2.0000', line_cost: '23.58', line_total: '64.84' })
  })

  test('lacks nine of its eleven complaints, which the gaps tell', () => {
    const { invoice } = flatten(read('invoice_14282_A'))
    expect(invoice).toMatchObject({
      gap_parts: '1513.23',
      gap_labor: '681.00',
      gap_subtotal: '2194.23',
      gap_misc: null,
      lines_tax: null,
      other_quantity_rule_matches: false,
      unit_vin_is_valid: true,
    })
  })
})

describe('invoice 14550, a labour invoice with a surcharge', () => {
  const result = flatten(read('invoice_14550'))

  test('reconciles: labour, labour at nothing, surcharge and supplies', () => {
    expect(column(result, 'line_item_type')).toEqual(['LABOR', 'LABOR', 'MISC', 'SHOP_SUPPLIES'])
    expect(column(result, 'line_total')).toEqual(['150.00', '0.00', '4.73', '7.50'])
    expect(result.invoice).toMatchObject({
      reconciliation_status: 'RECONCILED',
      header_equation_holds: true,
      lines_subtotal: '162.23',
      lines_tax: '0.45',
      total: '162.68',
    })
  })

  test('its tax is on the supplies, which makes them taxable', () => {
    expect(result.invoice.supplies_taxable).toBe(true)
    expect(column(result, 'line_tax')).toEqual(['0.00', '0.00', '0.00', '0.45'])
    expect(column(result, 'sales_total')).toEqual(['150.00', '0.00', '4.73', '7.95'])
    expect(result.taxes).toMatchObject([{ tax_no: 1, tax_rate: '6.0000', tax_total: '0.45' }])
  })

  test('hours on the clock are kept to four places', () => {
    expect(column(result, 'so_hours', 'LABOR')).toEqual(['1.2528', '0.0094'])
    expect(result.invoice.actual_hours_total).toBe('1.2622')
  })

  test('gives no warning', () => {
    expect(codesOf(result)).toEqual([])
  })
})
