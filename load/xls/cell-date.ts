const DAY_MS = 86_400_000
const DATE = /^(\d{4})-(\d\d)-(\d\d)$/
const DATE_TIME = /^(\d{4})-(\d\d)-(\d\d)[ T](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?$/

// Day 1 is 1 January 1900. The format counts a 29 February 1900 that never was (day 60), so that later days are one on.
const DAY_ZERO = -25_568
const FIRST_DAY_AFTER_FALSE_ONE = 60

/** `before1900` stands for a day that the format cannot count, undefined for what is no date. */
export type Serial = number | 'before1900' | undefined

/** The number of a day `YYYY-MM-DD`. */
export function dateSerial(text: string): Serial {
  const match = DATE.exec(text)
  return match === null ? undefined : dayOf(match)
}

/** The number of a wall-clock time, its fraction of a second cut to `step` milliseconds (1 or 1000). */
export function dateTimeSerial(text: string, step: 1 | 1000): Serial {
  const match = DATE_TIME.exec(text)
  if (match === null) return undefined
  const day = dayOf(match)
  const [hours, minutes, seconds] = [Number(match[4]), Number(match[5]), Number(match[6] ?? '0')]
  if (day === undefined || hours > 23 || minutes > 59 || seconds > 59) return undefined
  if (day === 'before1900') return day
  const fraction = step === 1 ? Number((match[7] ?? '').slice(0, 3).padEnd(3, '0')) : 0
  return day + (((hours * 60 + minutes) * 60 + seconds) * 1000 + fraction) / DAY_MS
}

function dayOf(match: RegExpExecArray): Serial {
  const [year, month, day] = [Number(match[1]), Number(match[2]), Number(match[3])]
  if (month < 1 || month > 12 || day < 1 || day > daysIn(year, month)) return undefined
  if (year < 1900) return 'before1900'
  const count = Date.UTC(year, month - 1, day) / DAY_MS - DAY_ZERO
  return count >= FIRST_DAY_AFTER_FALSE_ONE ? count + 1 : count
}

function daysIn(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31
}
