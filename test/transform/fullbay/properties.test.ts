import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { type Decimal, formatFixed, parseDecimal, roundTo } from '../../../core/decimal.ts'
import { flattenInvoice } from '../../../transform/fullbay/invoice.ts'
import { parseNumber } from '../../../transform/fullbay/number.ts'
import type { LineItemRow } from '../../../transform/fullbay/rows.ts'
import { flatten, OPTIONS } from './an-invoice.ts'
import { gappedInvoice, mutatedInvoice, reconcilingInvoice } from './arbitrary-invoice.ts'

const money = (cents: number) => formatFixed(BigInt(cents) * 1_000_000n, 2)
const sum = (texts: readonly (string | null)[]) =>
  texts.reduce<Decimal>((total, text) => total + (parseDecimal(text ?? '0') ?? 0n), 0n)
const moneySum = (texts: readonly (string | null)[]) => formatFixed(sum(texts), 2)
const ofTypes = (lines: readonly LineItemRow[], ...types: string[]) =>
  lines.filter((line) => types.includes(line.line_item_type))

const Payload = z.object({
  ServiceOrder: z.object({
    Complaints: z.array(
      z.object({
        primaryKey: z.unknown(),
        AssignedTechnicians: z.array(z.object({ actualHours: z.unknown(), portion: z.unknown() })),
        Corrections: z.array(
          z.looseObject({ laborTotal: z.unknown(), laborHoursTotal: z.unknown(), Parts: z.array(z.unknown()) }),
        ),
      }),
    ),
  }),
})
const complaintsOf = (payload: unknown) => Payload.parse(payload).ServiceOrder.Complaints

describe('an invoice whose header is the sum of its contents', () => {
  test('reconciles to the cent, bucket by bucket', () => {
    fc.assert(
      fc.property(reconcilingInvoice, ({ payload, truth }) => {
        const { invoice, lines } = flatten(payload)
        expect(invoice.reconciliation_status).toBe('RECONCILED')
        expect(invoice.header_equation_holds).toBe(true)
        const total = (...types: string[]) => moneySum(ofTypes(lines, ...types).map((line) => line.line_total))
        expect(total('PART', 'SUPPLY', 'FREIGHT')).toBe(money(truth.parts))
        expect(total('LABOR')).toBe(money(truth.labor))
        expect(total('MISC')).toBe(money(truth.misc))
        expect(total('SHOP_SUPPLIES')).toBe(money(truth.supplies))
        expect(total('SERVICE_CALL')).toBe(money(truth.serviceCall))
        expect(total('MILEAGE')).toBe(money(truth.mileage))
        expect(moneySum(lines.map((line) => line.line_total))).toBe(invoice.sub_total)
      }),
    )
  })

  test('has its tax on its lines to the cent, or on none of them', () => {
    fc.assert(
      fc.property(reconcilingInvoice, ({ payload }) => {
        const { invoice, lines } = flatten(payload)
        const taxes = lines.map((line) => line.line_tax)
        if (invoice.lines_tax === null) expect(taxes.every((tax) => tax === null)).toBe(true)
        else {
          expect(moneySum(taxes)).toBe(invoice.tax_total)
          expect(moneySum(lines.map((line) => line.sales_total))).toBe(invoice.total)
        }
        for (const line of lines) if (line.taxable === false) expect(Number(line.line_tax ?? 0)).toBe(0)
      }),
    )
  })
})

test('a header that differs is reported as a gap of its size, and no line changes', () => {
  fc.assert(
    fc.property(gappedInvoice, ({ payload, truth, gap }) => {
      const { invoice, lines } = flatten(payload)
      const honest = flatten({ ...payload, partsTotal: truth.parts / 100 })
      expect(invoice.gap_parts).toBe(money(gap))
      expect(invoice.reconciliation_status).toBe(Math.abs(gap) <= 5 ? 'ROUNDING' : 'UNRECONCILED')
      expect(lines.map((line) => [line.line_key, line.line_total])).toEqual(
        honest.lines.map((line) => [line.line_key, line.line_total]),
      )
    }),
  )
})

describe('splits over technicians', () => {
  test('add up to the money and the billed hours of each correction', () => {
    fc.assert(
      fc.property(reconcilingInvoice, ({ payload }) => {
        const labor = ofTypes(flatten(payload).lines, 'LABOR')
        let at = 0
        for (const { AssignedTechnicians: technicians, Corrections: corrections } of complaintsOf(payload)) {
          const bearing = technicians.filter(({ portion }) => (parseNumber(portion) ?? 0n) > 0n).length
          for (const correction of corrections) {
            const laborTotal = parseNumber(correction.laborTotal) ?? 0n
            const hours = parseNumber(correction.laborHoursTotal)
            const nothing = laborTotal === 0n && (hours ?? 0n) === 0n
            const rows = technicians.length === 0 ? (nothing ? 0 : 1) : bearing || technicians.length
            const own = labor.slice(at, at + rows)
            at += rows
            expect(sum(own.map((line) => line.line_total))).toBe(laborTotal)
            expect(sum(own.map((line) => line.labor_hours))).toBe(roundTo(hours ?? 0n, 4))
          }
        }
        expect(at).toBe(labor.length)
      }),
    )
  })

  test('add up to the hours that each technician clocked, over the corrections of the complaint', () => {
    fc.assert(
      fc.property(reconcilingInvoice, ({ payload }) => {
        const [complaint] = complaintsOf(payload)
        fc.pre(complaint !== undefined && complaint.Corrections.length > 0)
        const technicians =
          complaint?.AssignedTechnicians.map((technician, id) => ({ ...technician, primaryKey: `t${id}` })) ?? []
        const single = {
          ...payload,
          ServiceOrder: { Complaints: [{ ...complaint, AssignedTechnicians: technicians }] },
        }
        const labor = ofTypes(flatten(single).lines, 'LABOR')
        const anyPortion = technicians.some(({ portion }) => (parseNumber(portion) ?? 0n) > 0n)
        for (const { primaryKey, portion, actualHours } of technicians) {
          if (anyPortion && (parseNumber(portion) ?? 0n) <= 0n) continue
          const own = labor.filter((line) => line.technician_assignment_id === primaryKey)
          expect(own).toHaveLength(complaint?.Corrections.length ?? 0)
          expect(sum(own.map((line) => line.so_hours))).toBe(roundTo(parseNumber(actualHours) ?? 0n, 4))
        }
      }),
    )
  })
})

test('flattening twice, also after a way through JSON, gives the same rows', () => {
  fc.assert(
    fc.property(mutatedInvoice, (payload) => {
      const first = flattenInvoice(payload, OPTIONS)
      expect(flattenInvoice(payload, OPTIONS)).toEqual(first)
      expect(flattenInvoice(JSON.parse(JSON.stringify(payload)), OPTIONS)).toEqual(first)
    }),
  )
})

test('the order of the parts in a correction changes nothing but the order of lines and whose text they carry', () => {
  const amounts = (payload: unknown) =>
    ofTypes(flatten(payload).lines, 'PART', 'SUPPLY', 'FREIGHT')
      .map((line) => ({
        key: line.line_key,
        amounts: [
          line.quantity,
          line.unit_price,
          line.unit_cost,
          line.line_cost,
          line.line_total,
          line.returned_quantity,
        ],
        taxable: line.taxable,
        ids: line.part_ids?.toSorted(),
      }))
      .toSorted((a, b) => (a.key < b.key ? -1 : 1))
  // One complaint with one correction each, so that no two corrections share their ids.
  const one = fc.tuple(reconcilingInvoice, fc.infiniteStream(fc.nat())).map(([{ payload }, order]) => {
    const parts = complaintsOf(payload).flatMap(({ Corrections }) => Corrections.flatMap(({ Parts }) => Parts))
    const numbered = parts.map((part, id) => ({ ...Object(part), primaryKey: id }))
    const shuffled = numbered
      .map((part) => ({ part, place: order.next().value ?? 0 }))
      .toSorted((a, b) => a.place - b.place)
      .map(({ part }) => part)
    const withParts = (Parts: unknown) => ({
      ...payload,
      ServiceOrder: { Complaints: [{ primaryKey: 1, Corrections: [{ primaryKey: 2, Parts }] }] },
    })
    return [withParts(numbered), withParts(shuffled)] as const
  })
  fc.assert(
    fc.property(one, ([ordered, shuffled]) => {
      expect(amounts(shuffled)).toEqual(amounts(ordered))
    }),
  )
})

test('no two lines of an invoice share a key, whatever ids the source repeats', () => {
  fc.assert(
    fc.property(mutatedInvoice, (payload) => {
      const result = flattenInvoice(payload, OPTIONS)
      fc.pre(result.kind === 'flattened')
      if (result.kind !== 'flattened') return
      expect(new Set(result.lines.map((line) => line.line_key)).size).toBe(result.lines.length)
      expect(result.lines.map((line) => line.line_no)).toEqual(result.lines.map((_, index) => index + 1))
    }),
  )
})

describe('whatever arrives', () => {
  test('nothing makes it throw, and what is rejected has a reason', () => {
    const anything = fc.oneof(mutatedInvoice, fc.jsonValue(), fc.jsonValue({ stringUnit: 'binary' }))
    fc.assert(
      fc.property(anything, fc.constantFrom('q-returned' as const, 'demo' as const), (payload, quantityRule) => {
        const result = flattenInvoice(payload, { ...OPTIONS, quantityRule })
        if (result.kind === 'rejected') expect(result.message).not.toBe('')
        else expect(result.invoice.line_count).toBe(result.lines.length)
      }),
      { numRuns: 1000 },
    )
  })

  test('every text can be stored and every number fits its column', () => {
    const dirty = fc.string({ unit: fc.constantFrom('\0', '\ud83d', '\ude9a', 'a', ' ', '9', '.', '-', 'e') })
    const fields = [
      'primaryKey',
      'shopTitle',
      'total',
      'balance',
      'dueDate',
      'created',
      'taxRate',
      'laborHoursTotal',
      'exported',
    ]
    const invoice = fc.record(Object.fromEntries(fields.map((key) => [key, dirty])))
    fc.assert(
      fc.property(invoice, (payload) => {
        const result = flattenInvoice({ ...payload, invoiceDate: '2025-06-11' }, OPTIONS)
        const text = JSON.stringify(result)
        expect(text).not.toMatch(/\\u0000|\\ud[89a-f]/)
        if (result.kind === 'flattened') expect(result.invoice.total ?? '0.00').toMatch(/^-?\d{1,12}\.\d\d$/)
      }),
    )
  })
})
