import { type Decimal, ZERO, absolute, parseDecimal } from '../../core/decimal.ts'
import type { HeaderTotals } from './header.ts'
import { moneyColumn, moneyOrNull } from './columns.ts'
import type { Bucket, Line } from './line.ts'
import type { InvoiceRow, ReconciliationStatus } from './rows.ts'

/** Sum of the lines in each bucket. */
type BucketSums = Record<Bucket, Decimal>

/** How the lines meet the header. A gap is what the header states beyond the lines; null where neither has anything. */
export interface Reconciliation {
  sums: BucketSums
  subTotal: Decimal
  gaps: Record<Exclude<Bucket, 'sublet'> | 'subTotal', Decimal | null>
  headerEquationHolds: boolean | null
  status: ReconciliationStatus
}

/** Up to here a gap is put down to rounding. */
const MOST_ROUNDING: Decimal = parseDecimal('0.05') ?? ZERO

function sumBuckets(lines: readonly Line[]): BucketSums {
  const sums = { parts: ZERO, labor: ZERO, supplies: ZERO, misc: ZERO, serviceCall: ZERO, mileage: ZERO, sublet: ZERO }
  for (const line of lines) sums[line.bucket] += line.total
  return sums
}

/** Compares the lines with the header, bucket by bucket. Changes neither. */
export function reconcile(lines: readonly Line[], totals: HeaderTotals): Reconciliation {
  const sums = sumBuckets(lines)
  const subTotal = lines.reduce((sum, line) => sum + line.total, ZERO)
  const gaps = {
    parts: gap(totals.parts, sums.parts),
    labor: gap(totals.labor, sums.labor),
    supplies: gap(totals.supplies, sums.supplies),
    misc: gap(totals.misc, sums.misc),
    serviceCall: gap(totals.serviceCall, sums.serviceCall),
    mileage: gap(totals.mileage, sums.mileage),
    subTotal: gap(statedSubTotal(totals), subTotal),
  }
  const largest = Object.values(gaps).reduce<Decimal>((most, value) => {
    const size = absolute(value ?? ZERO)
    return size > most ? size : most
  }, ZERO)
  const status = largest === ZERO ? 'RECONCILED' : largest <= MOST_ROUNDING ? 'ROUNDING' : 'UNRECONCILED'
  return { sums, subTotal, gaps, headerEquationHolds: headerEquationHolds(totals), status }
}

function gap(stated: Decimal | null, sum: Decimal): Decimal | null {
  return stated === null && sum === ZERO ? null : (stated ?? ZERO) - sum
}

/** The subtotal, or what total and tax leave for it. */
function statedSubTotal(totals: HeaderTotals): Decimal | null {
  if (totals.subTotal !== null) return totals.subTotal
  return totals.total === null ? null : totals.total - (totals.tax ?? ZERO)
}

function bucketTotals(totals: HeaderTotals): (Decimal | null)[] {
  return [totals.parts, totals.labor, totals.supplies, totals.misc, totals.serviceCall, totals.mileage]
}

const sumOf = (amounts: readonly (Decimal | null)[]) =>
  amounts.reduce<Decimal>((sum, amount) => sum + (amount ?? ZERO), ZERO)

/** Whether the header adds up only with sublet labour beside the other totals; otherwise labour contains it. */
export function headerNeedsSublet(totals: HeaderTotals): boolean {
  const { sublet } = totals
  return sublet !== null && sublet !== ZERO && statedSubTotal(totals) === sumOf(bucketTotals(totals)) + sublet
}

/** Whether the totals of the header make its subtotal, and subtotal and tax its total; null when it states too little. */
function headerEquationHolds(totals: HeaderTotals): boolean | null {
  const parts = bucketTotals(totals)
  const known = parts.some((amount) => amount !== null)
  const sum = sumOf(parts)
  const { subTotal, total } = totals
  const subTotalHolds =
    subTotal === null || !known ? null : subTotal === sum || subTotal === sum + (totals.sublet ?? ZERO)
  const totalHolds = subTotal === null || total === null ? null : total === subTotal + (totals.tax ?? ZERO)
  if (subTotalHolds === false || totalHolds === false) return false
  return subTotalHolds === true && totalHolds === true ? true : null
}

/** The reconciliation as columns of the invoice row. */
export function reconciliationColumns({ sums, subTotal, gaps, headerEquationHolds: holds, status }: Reconciliation) {
  return {
    lines_parts: moneyColumn(sums.parts),
    lines_labor: moneyColumn(sums.labor),
    lines_supplies: moneyColumn(sums.supplies),
    lines_misc: moneyColumn(sums.misc),
    lines_service_call: moneyColumn(sums.serviceCall),
    lines_mileage: moneyColumn(sums.mileage),
    lines_sublet: moneyColumn(sums.sublet),
    lines_subtotal: moneyColumn(subTotal),
    gap_parts: moneyOrNull(gaps.parts),
    gap_labor: moneyOrNull(gaps.labor),
    gap_supplies: moneyOrNull(gaps.supplies),
    gap_misc: moneyOrNull(gaps.misc),
    gap_service_call: moneyOrNull(gaps.serviceCall),
    gap_mileage: moneyOrNull(gaps.mileage),
    gap_subtotal: moneyOrNull(gaps.subTotal),
    header_equation_holds: holds,
    reconciliation_status: status,
  } satisfies Partial<InvoiceRow>
}
