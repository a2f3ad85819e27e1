import { IANAZone } from 'luxon'
import { PipelineError } from './errors.ts'

const MINUTE_MS = 60_000
const DAY_MS = 86_400_000
const LAST_INSTANT = Date.UTC(9999, 11, 31, 23, 59, 59, 999)
const FIRST_INSTANT = Date.parse('0001-01-01T00:00:00Z')

const DATE = /^(\d{4})-(\d\d)-(\d\d)/
const DATE_TIME =
  /^(\d{4}-\d\d-\d\d)(?:[ T](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?\s?(?:(Z)|([+-])(\d\d):?(\d\d)?)?)?$/i
const ZERO_DATE = /^0000-00-00(?:[ T]00:00(?::00(?:\.0+)?)?)?$/

/**
 * The calendar day `YYYY-MM-DD` at the head of a date or date-time, as it is written: no zone is applied. Null for blank
 * text and for 0000-00-00; undefined when it is not a day of the calendar (`2025-02-30`, `yesterday`).
 */
export function parseDate(text: string): string | null | undefined {
  const value = text.trim()
  if (value === '' || ZERO_DATE.test(value)) return null
  if (!DATE_TIME.test(value) || dayStart(value) === undefined) return undefined
  return value.slice(0, 10)
}

/** Milliseconds, as if the zone were UTC, at the start of a text's day; undefined when there is no such day. */
function dayStart(text: string): number | undefined {
  const match = DATE.exec(text)
  if (match === null) return undefined
  const [year, month, day] = [Number(match[1]), Number(match[2]), Number(match[3])]
  const date = new Date(0)
  date.setUTCFullYear(year, month - 1, day)
  return year > 0 && date.getUTCMonth() === month - 1 && date.getUTCDate() === day ? date.getTime() : undefined
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
  if (match === null || day === undefined) return undefined
  const [, , hours = '0', minutes = '0', seconds = '0', fraction = '', utc, sign, offsetHours, offsetMinutes = '0'] =
    match
  if (Number(hours) > 23 || Number(minutes) > 59 || Number(seconds) > 59) return undefined
  const milliseconds = Number(fraction.slice(0, 3).padEnd(3, '0'))
  const local = day + ((Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1000 + milliseconds
  let offset: number
  if (utc !== undefined) offset = 0
  else if (sign !== undefined) {
    if (Number(offsetHours) > 23 || Number(offsetMinutes) > 59) return undefined
    offset = (Number(offsetHours) * 60 + Number(offsetMinutes)) * (sign === '-' ? -1 : 1)
  } else offset = offsetAt(local, zone)
  const instant = local - offset * MINUTE_MS
  if (instant < FIRST_INSTANT || instant > LAST_INSTANT) return undefined
  return new Date(instant).toISOString()
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
