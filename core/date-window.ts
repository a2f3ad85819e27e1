import { DateTime } from 'luxon'

/** A span of calendar days of one place, both ends included, as `YYYY-MM-DD`. */
export interface DateWindow {
  start: string
  end: string
}

const DAY_MS = 86_400_000
const toDayNumber = (date: string) => Date.parse(`${date}T00:00:00Z`) / DAY_MS
const fromDayNumber = (day: number) => new Date(day * DAY_MS).toISOString().slice(0, 10)

export function addDays(date: string, days: number): string {
  return fromDayNumber(toDayNumber(date) + days)
}

/** Number of days in a window, both ends counted. */
export function daysIn(window: DateWindow): number {
  return toDayNumber(window.end) - toDayNumber(window.start) + 1
}

/** The calendar day it is at an instant in a time zone (IANA name). */
export function dayAt(instant: Date, timeZone: string): string {
  const local = DateTime.fromJSDate(instant, { zone: timeZone })
  return local.toFormat('yyyy-MM-dd')
}

/** Cuts the days from `start` to `end` (both included) into windows of at most `days`, oldest first; none when end < start. */
export function windowsBetween(start: string, end: string, days: number): DateWindow[] {
  const windows: DateWindow[] = []
  for (let from = start; from <= end; from = addDays(from, days)) {
    const to = addDays(from, days - 1)
    windows.push({ start: from, end: to < end ? to : end })
  }
  return windows
}

/** The two halves of a window, the first the longer; null when it is a single day. */
export function halves(window: DateWindow): [DateWindow, DateWindow] | null {
  const days = daysIn(window)
  if (days < 2) return null
  const middle = addDays(window.start, Math.ceil(days / 2) - 1)
  return [
    { start: window.start, end: middle },
    { start: addDays(middle, 1), end: window.end },
  ]
}

/** Whether a time zone name is one that this machine knows. */
export function isTimeZone(name: string): boolean {
  return DateTime.local().setZone(name).isValid
}
