import { z } from 'zod'
import { addDays, windowsBetween, type DateWindow } from '../../core/date-window.ts'

/** For each re-pull rule (by its `back_days`): the day it last ran. */
const RepulledOn = z.record(z.string(), z.iso.date())

/** How far the reading of a shop's invoices has come: the last day that was read whole, with every day before it. */
export const InvoiceCursor = z.object({ complete_through: z.iso.date(), repulled_on: RepulledOn })
export type InvoiceCursor = z.infer<typeof InvoiceCursor>

/** What a plan remembers for the cursor's end. */
export const InvoicePlanMemo = z.object({ repulled_on: RepulledOn, planned_on: z.iso.date() })
export type InvoicePlanMemo = z.infer<typeof InvoicePlanMemo>

export interface RepullRule {
  /** Days between two re-pulls by this rule; 0 = with every run. */
  every_days: number
  /** How many days back from today are read again. */
  back_days: number
}

export interface InvoicePlan {
  windows: DateWindow[]
  /** The cursor's `repulled_on` once every window of the plan is done. */
  repulledOn: Record<string, string>
}

/**
 * Which windows a run reads. Fullbay has no "changed since" filter, so late edits are found by reading recent days
 * again: the new days, and as far back as the widest rule that is due. No day is read twice in one plan.
 */
export function planInvoiceWindows(
  cursor: InvoiceCursor | null,
  today: string,
  settings: { startDate: string; windowDays: number; repull: RepullRule[] },
): InvoicePlan {
  const repulledOn = { ...cursor?.repulled_on }
  // A cursor in the future comes from a clock that was ahead; what it calls read may not have happened yet.
  let from = cursor === null ? settings.startDate : cursor.complete_through < today ? cursor.complete_through : today
  for (const rule of settings.repull) {
    const rank = String(rule.back_days)
    const last = repulledOn[rank]
    const due = last === undefined || last > today || addDays(last, rule.every_days) <= today
    if (!due) continue
    const back = addDays(today, -rule.back_days)
    if (cursor !== null && back < from) from = back
    repulledOn[rank] = today
  }
  if (from < settings.startDate) from = settings.startDate
  return { windows: windowsBetween(from, today, settings.windowDays), repulledOn }
}
