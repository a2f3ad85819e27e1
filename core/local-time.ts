import { IANAZone } from 'luxon'
import { PipelineError } from './errors.ts'

const MINUTE_MS = 60_000
const DAY_MS = 86_400_000
const FIRST_YEAR = 100
const LAST_INSTANT = Date.UTC(9999, 11, 31, 23, 59, 59, 999)

// Groups: the fraction of a second, the offset. Everything else is read by its place.
const DATE_TIME = /^\d{4}-\d\d-\d\d(?:[ T]\d\d:\d\d(?::\d\d(?:\.(\d{1,9}))?)?\s?(Z|[+-]\d\d(?::?\d\d)?)?)?$/i
const ZERO_DATE = /^0000-00-00(?:[ T]00:00(?::00(?:\.0+)?)?)?$/

/**
 * The calendar day `YYYY-MM-DD` at the head of a date or date-time, as it is written: no zone is applied. Null for blank
 * text and for 0000-00-00; undefined when it is not a day of the calendar (`2025-02-30`, `yesterday`).
 */
export function parseDate(text: string): string | null | undefined {
  const value = text.trim()
  if (value === '' || ZERO_DATE.test(value)) return null
  return DATE_TIME.test(value) && dayStart(value) !== undefined ? value.slice(0, 10) : undefined
}

/** Milliseconds, as if the zone were UTC, at the start of the day `YYYY-MM-DD...`; undefined when there is no such day. */
function dayStart(text: string): number | undefined {
  const year = digits(text, 0, 4)
  const month = digits(text, 5, 2)
  const day = digits(text, 8, 2)
  if (year < FIRST_YEAR || month < 1 || month > 12 || day < 1 || day > daysIn(year, month)) return undefined
  return Date.UTC(year, month - 1, day)
}

/** The number that `count` digits of a text make; the pattern above has seen to it that they are digits. */
function digits(text: string, start: number, count: number): number {
  let number = 0
  for (let at = start; at < start + count; at++) number = number * 10 + text.charCodeAt(at) - 48
  return number
}

function daysIn(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31
}

/**
 * The UTC instant, as ISO text, of a date-time (`YYYY-MM-DD[ T]HH:MM[:SS[.fff]]`, or a day alone for its midnight) on
 * the clocks of a time zone. A `Z` or an offset in the text is honoured instead. A time that the clocks show twice
 * (they went back) is the first of the two; a time that they skip is moved on by what they skipped. Null for blank text
 * and for 0000-00-00; undefined when the text is not a date-time.
 *
 * @param zone IANA name, e.g. `America/Detroit`. Throws a PipelineError when it is unknown.
 */
export function localToUtc(text: string, zone: string): string | null | undefined {
  const value = text.trim()
  if (value === '' || ZERO_DATE.test(value)) return null
  const match = DATE_TIME.exec(value)
  const day = match === null ? undefined : dayStart(value)
  const time = match === null ? undefined : millisecondsOf(value, match[1])
  if (day === undefined || time === undefined) return undefined
  const local = day + time
  const offset = match?.[2] === undefined ? offsetAt(local, zone) : writtenOffset(match[2])
  const instant = offset === undefined ? NaN : local - offset * MINUTE_MS
  return instant <= LAST_INSTANT ? new Date(instant).toISOString() : undefined
}

/** Milliseconds since midnight of a text `YYYY-MM-DD HH:MM[:SS...]` or `YYYY-MM-DD`. */
function millisecondsOf(text: string, fraction = ''): number | undefined {
  if (text.length < 16) return 0
  const hours = digits(text, 11, 2)
  const minutes = digits(text, 14, 2)
  const seconds = text.charAt(16) === ':' ? digits(text, 17, 2) : 0
  if (hours > 23 || minutes > 59 || seconds > 59) return undefined
  const milliseconds = fraction === '' ? 0 : Number(fraction.slice(0, 3).padEnd(3, '0'))
  return ((hours * 60 + minutes) * 60 + seconds) * 1000 + milliseconds
}

/** Minutes east of UTC that `Z`, `+05:30`, `-0400` or `+02` say. */
function writtenOffset(text: string): number | undefined {
  if (text.length === 1) return 0
  const hours = digits(text, 1, 2)
  const minutes = text.length > 3 ? digits(text, text.length - 2, 2) : 0
  if (hours > 23 || minutes > 59) return undefined
  return (hours * 60 + minutes) * (text.startsWith('-') ? -1 : 1)
}

/** What is known of a zone: its offset on each local day, in minutes east of UTC; null on days around a change. */
interface ZoneDays {
  zone: IANAZone
  offsets: Map<number, number | null>
}

// Asking Intl for an offset costs tens of microseconds; a day's offset is asked once and kept.
const MOST_DAYS = 50_000
const zones = new Map<string, ZoneDays>()

function offsetAt(local: number, name: string): number {
  const { zone, offsets } = daysOf(name)
  const day = Math.floor(local / DAY_MS)
  let offset = offsets.get(day)
  if (offset === undefined) {
    const nearby = [-1, 0, 1, 2].map((days) => zone.offset((day + days) * DAY_MS))
    const first = nearby[0] ?? 0
    offset = nearby.every((other) => other === first) ? first : null
    if (offsets.size >= MOST_DAYS) offsets.clear()
    offsets.set(day, offset)
  }
  return offset ?? offsetNearChange(zone, local)
}

function daysOf(name: string): ZoneDays {
  const known = zones.get(name)
  if (known !== undefined) return known
  const zone = IANAZone.create(name)
  if (!zone.isValid) {
    throw new PipelineError(
      'TIME_ZONE_UNKNOWN',
      `"${name}" is not a time zone; use an IANA name such as Europe/Berlin.`,
      'never',
    )
  }
  const days = { zone, offsets: new Map<number, number | null>() }
  zones.set(name, days)
  return days
}

function offsetNearChange(zone: IANAZone, local: number): number {
  const before = zone.offset(local - DAY_MS)
  const after = zone.offset(local + DAY_MS)
  const holds = (offset: number) => zone.offset(local - offset * MINUTE_MS) === offset
  // Shown twice: the offset before the change is the earlier instant. Skipped: the same offset shifts it forward.
  return holds(before) || !holds(after) ? before : after
}
