import { addDays } from '../../core/date-window.ts'
import { childSeed } from '../random.ts'

// Share of a week's invoices by weekday, Sunday first, times seven.
const WEEKDAY_WEIGHTS = [0.1, 1.35, 1.3, 1.25, 1.25, 1.3, 0.45]
const WEEK = 7
const DAY_MS = 86_400_000
/** Part of a day's usual number by which days of the same weekday differ. */
const UNREST = 0.6

/** How many invoices a shop writes: so many on an average day without end, or so many in all up to a last date. */
export type Volume = { invoicesPerDay: number } | { totalInvoices: number; lastDate: string }

/** Which invoices, by their running number from 0, a shop writes on which date. Any date can be asked for by itself. */
export interface DayBook {
  /** The running number of a date's first invoice; the next date's first is one past its last. */
  firstOf(date: string): number
}

/** Opens a shop's day book. Throws RangeError when the last date is before the first. */
export function openDayBook(seed: number, firstDate: string, volume: Volume): DayBook {
  const first = dayNumber(firstDate)
  const limit = 'lastDate' in volume ? dayNumber(addDays(volume.lastDate, 1)) - first : Infinity
  if (limit < 1) throw new RangeError('A shop cannot close before its first date.')
  const perWeight = 'lastDate' in volume ? volume.totalInvoices / weightBefore(first, limit) : volume.invoicesPerDay
  return {
    firstOf(date) {
      const day = dayNumber(date) - first
      if (day <= 0) return 0
      if (day >= limit && 'lastDate' in volume) return volume.totalInvoices
      const unrest = (childSeed(seed, day) / 0x1_0000_0000) * UNREST * weightOf(first + day)
      return Math.floor(perWeight * (weightBefore(first, day) + unrest))
    },
  }
}

const dayNumber = (date: string) => Date.parse(`${date}T00:00:00Z`) / DAY_MS

// 1970-01-01 was a Thursday.
const weightOf = (day: number) => WEEKDAY_WEIGHTS[(day + 4) % WEEK] ?? 0

/** The weights of `days` days from the day `first` on. */
function weightBefore(first: number, days: number): number {
  const weeks = Math.floor(days / WEEK)
  let weight = weeks * WEEK
  for (let day = weeks * WEEK; day < days; day += 1) weight += weightOf(first + day)
  return weight
}
