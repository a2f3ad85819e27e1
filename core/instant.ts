// Groups: fraction of a second, offset from UTC. Everything before them is read by its place.
const ISO = /^\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.(\d{1,9}))?)?(Z|[+-]\d\d:?\d\d)?)?$/i

const DAY_MS = 86_400_000
const MINUTE_MS = 60_000
const MONTH_DAYS = [0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
const FIRST_INSTANT = daysBefore(1, 1, 1) * DAY_MS
const END_OF_INSTANTS = daysBefore(10_000, 1, 1) * DAY_MS

const DIGIT_0 = 48
const DASH = 45
const COLON = 58
const POINT = 46
const LETTER_T = 84
const LETTER_Z = 90

/**
 * The canonical text of an instant that ISO 8601 text gives, in UTC: `2026-01-27T10:59:54.269Z`, the very text of
 * `Date.toISOString`, or with six decimals when it has microseconds; what is finer is cut off, never rounded. A text
 * without an offset is in UTC, one without a time is its midnight. Null for nothing or blank text, undefined for
 * anything else (`2026-02-30`, `yesterday`, 5).
 */
export function parseInstant(value: unknown): string | null | undefined {
  if (typeof value !== 'string') return value === null || value === undefined ? null : undefined
  if (isCanonical(value)) return value
  const text = value.trim()
  return text === '' ? null : parseLongHand(text)
}

/** Milliseconds since 1970 of a canonical instant, with its microseconds as a fraction. */
export function epochMs(instant: string): number {
  const days = daysBefore(digits(instant, 0, 4), digits(instant, 5, 2), digits(instant, 8, 2))
  const whole = days * DAY_MS + timeMs(instant, 11) + digits(instant, 17, 2) * 1000 + digits(instant, 20, 3)
  return instant.length === 24 ? whole : whole + digits(instant, 23, 3) / 1000
}

/** The canonical text of an instant given in milliseconds since 1970; a fraction is kept to the microsecond. */
export function instantOf(ms: number): string {
  const micros = Math.round((ms - Math.floor(ms)) * 1000)
  return canonical(Math.floor(ms) + (micros === 1000 ? 1 : 0), micros % 1000)
}

function isCanonical(text: string): boolean {
  return (
    text.length === 24 &&
    text.charCodeAt(4) === DASH &&
    text.charCodeAt(7) === DASH &&
    text.charCodeAt(10) === LETTER_T &&
    text.charCodeAt(13) === COLON &&
    text.charCodeAt(16) === COLON &&
    text.charCodeAt(19) === POINT &&
    text.charCodeAt(23) === LETTER_Z &&
    digits(text, 20, 3) >= 0 &&
    isOfCalendar(text) &&
    isOfClock(text, digits(text, 17, 2))
  )
}

function isOfCalendar(text: string): boolean {
  const year = digits(text, 0, 4)
  const month = digits(text, 5, 2)
  const day = digits(text, 8, 2)
  if (!(year >= 1 && month >= 1 && month <= 12 && day >= 1)) return false
  return day <= (MONTH_DAYS[month] ?? 0) || (month === 2 && day === 29 && isLeap(year))
}

function isOfClock(text: string, seconds: number): boolean {
  const hours = digits(text, 11, 2)
  const minutes = digits(text, 14, 2)
  return hours >= 0 && hours < 24 && minutes >= 0 && minutes < 60 && seconds >= 0 && seconds < 60
}

function parseLongHand(text: string): string | undefined {
  const match = ISO.exec(text)
  if (match === null || !isOfCalendar(text)) return undefined
  const days = daysBefore(digits(text, 0, 4), digits(text, 5, 2), digits(text, 8, 2))
  if (text.length === 10) return canonical(days * DAY_MS, 0)
  const seconds = text.charCodeAt(16) === COLON ? digits(text, 17, 2) : 0
  if (!isOfClock(text, seconds)) return undefined
  const [, fraction = '', offset = 'Z'] = match
  const micros = Number(fraction.slice(0, 6).padEnd(6, '0'))
  const local = days * DAY_MS + timeMs(text, 11) + seconds * 1000 + Math.floor(micros / 1000)
  const ms = local - offsetMs(offset)
  return ms >= FIRST_INSTANT && ms < END_OF_INSTANTS ? canonical(ms, micros % 1000) : undefined
}

/** Milliseconds that `Z`, `+05:30` or `-0400` stand east of UTC. */
function offsetMs(text: string): number {
  if (text.length === 1) return 0
  const minutes = digits(text, 1, 2) * 60 + digits(text, text.length - 2, 2)
  return text.charCodeAt(0) === DASH ? -minutes * MINUTE_MS : minutes * MINUTE_MS
}

const timeMs = (text: string, at: number) => (digits(text, at, 2) * 60 + digits(text, at + 3, 2)) * MINUTE_MS

function canonical(ms: number, micros: number): string {
  const text = new Date(ms).toISOString()
  return micros === 0 ? text : `${text.slice(0, 23)}${String(micros).padStart(3, '0')}Z`
}

/** The number that `count` digits of a text make; NaN when one of them is none. */
function digits(text: string, start: number, count: number): number {
  let number = 0
  for (let at = start; at < start + count; at++) {
    const digit = text.charCodeAt(at) - DIGIT_0
    if (!(digit >= 0 && digit <= 9)) return NaN
    number = number * 10 + digit
  }
  return number
}

const isLeap = (year: number) => year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)

/** Days from 1970-01-01 to a day of the Gregorian calendar; years start in March, so that a leap day comes last. */
function daysBefore(year: number, month: number, day: number): number {
  const marchYear = month > 2 ? year : year - 1
  const dayOfYear = Math.floor((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) + day - 1
  const leaps = Math.floor(marchYear / 4) - Math.floor(marchYear / 100) + Math.floor(marchYear / 400)
  return marchYear * 365 + leaps + dayOfYear - 719_468
}
