import type { Random } from '../random.ts'
import type { Totals } from './totals.ts'
import type { Complaint, WorkOrder } from './work-order.ts'

/** Makes the header and the shown lines of an invoice disagree, or not; answers with the complaints that are shown. */
type Gap = (order: WorkOrder, totals: Totals) => Complaint[]

// 2.2 % of the invoices do not add up: half of them by a few cents.
const CENTS_IN_LABOR = 0.005
const CENTS_IN_SUBTOTAL = 0.0105
const HIDDEN_COMPLAINT = 0.0155
const WRONG_PARTS_TOTAL = 0.022

const everything: Gap = ({ complaints }) => complaints

/** Draws whether an invoice adds up to the cent, and if not, where the gap is. */
export function drawGap(random: Random): Gap {
  const kind = random.next()
  const cents = random.int(1, 5) * (random.chance(0.5) ? 1 : -1)
  const dollars = random.int(5, 300) * 100
  if (kind >= WRONG_PARTS_TOTAL) return everything
  if (kind < CENTS_IN_LABOR) return raise('labor', cents)
  if (kind < CENTS_IN_SUBTOTAL) return raise('subTotal', cents)
  return kind < HIDDEN_COMPLAINT ? hideLast(dollars) : raise('parts', dollars)
}

function raise(bucket: 'labor' | 'parts' | 'subTotal', cents: number): Gap {
  return ({ complaints }, totals) => {
    if (bucket !== 'subTotal') totals[bucket] += cents
    totals.subTotal += cents
    totals.total += cents
    return complaints
  }
}

/** Leaves out the last complaint though the header counts it; where that would not show, the parts total is wrong. */
function hideLast(dollars: number): Gap {
  return (order, totals) => {
    const hidden = order.complaints.at(-1)
    const worth = hidden?.corrections.reduce((sum, { labor, partsTotal }) => sum + labor + partsTotal, 0) ?? 0
    if (order.complaints.length < 2 || worth === 0) return raise('parts', dollars)(order, totals)
    return order.complaints.slice(0, -1)
  }
}
