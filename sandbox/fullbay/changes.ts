import { Random } from '../random.ts'
import { labored } from './amounts.ts'
import { orderedPart } from './part-lines.ts'
import { PARTS } from './parts-catalogue.ts'
import { addParts, type WorkOrder } from './work-order.ts'

/** What happens to an invoice after its date: other work and totals, or only its bookkeeping. */
export interface LaterChange {
  kind: 'material' | 'bookkeeping'
  /** Days after the invoice date, 1 to 30. */
  afterDays: number
}

/** Share of invoices that are changed later in lines and totals, and in bookkeeping only. */
const MATERIAL = 0.03
const BOOKKEEPING = 0.1

/** Draws whether and when an invoice changes. */
export function drawChange(random: Random): LaterChange | null {
  const kind = random.next()
  const afterDays = random.int(1, 30)
  if (kind < MATERIAL) return { kind: 'material', afterDays }
  return kind < MATERIAL + BOOKKEEPING ? { kind: 'bookkeeping', afterDays } : null
}

/** Adds a part to a work order, or corrects the hours of a repair; the new totals follow from it. */
export function changeWork(random: Random, order: WorkOrder): void {
  const corrections = order.complaints.flatMap((complaint) => complaint.corrections)
  const timed = corrections.filter((correction) => correction.labor > 0 && correction.hours > 0)
  const sold = corrections.filter((correction) => correction.partsTotal > 0)
  if (timed.length > 0 && (sold.length === 0 || random.chance(0.35))) {
    const correction = random.pick(timed)
    correction.hours += random.int(1, 10) * 10
    correction.labor = labored(correction.hours, order.customer.rate)
    return
  }
  const correction = sold.length > 0 ? random.pick(sold) : corrections.at(-1)
  // Without a repair there is nothing to hang a part on; the call-out fee changes then.
  if (correction === undefined) order.serviceCall += random.int(1, 9) * 1000
  else addParts(correction, [orderedPart(order, random.pick(PARTS.filter((item) => item.price >= 10_000)))])
}

/** What the office does with an invoice once it is written. */
export interface Bookkeeping {
  exported: boolean
  /** Number in the accounting system; "" before it is there. */
  quickBooksId: string
  paid: boolean
}

const EXPORTED_FROM_THE_START = 0.435

/** Draws an invoice's bookkeeping as it stands before or after its later change. */
export function drawBookkeeping(random: Random, change: LaterChange | null, changed: boolean): Bookkeeping {
  const number = String(random.int(100_000, 999_999))
  const settledAtOnce = random.chance(0.6)
  const exportedAtOnce = random.chance(EXPORTED_FROM_THE_START)
  if (change?.kind !== 'bookkeeping') {
    return { exported: exportedAtOnce, quickBooksId: exportedAtOnce ? number : '', paid: settledAtOnce }
  }
  return { exported: changed, quickBooksId: changed ? number : '', paid: changed && settledAtOnce }
}
