// .NET's constant form of a TimeSpan: [-][d.]hh:mm:ss[.fffffff]
const TIME_SPAN = /^(-)?(?:(\d{1,8})\.)?(\d{1,2}):(\d\d):(\d\d)(?:\.(\d{1,7}))?$/

const MICROS = 1e6
const DAY_SECONDS = 86_400

/**
 * Microseconds of a duration as Geotab writes it: `00:10:11`, `00:00:00.3000000`, `1.02:03:04`, `-00:00:05`. The seventh
 * decimal is cut off. Null when there is none, or when it has no end (the greatest TimeSpan, or any of more than 285
 * years, which microseconds in a double cannot count); undefined when it is not a duration.
 */
export function parseTimeSpan(value: unknown): number | null | undefined {
  if (value === null || value === undefined || value === '') return null
  if (typeof value !== 'string') return undefined
  const match = TIME_SPAN.exec(value)
  if (match === null) return undefined
  const [, sign, days = '0', hours, minutes, seconds, fraction = ''] = match
  if (Number(hours) > 23 || Number(minutes) > 59 || Number(seconds) > 59) return undefined
  const whole = Number(days) * DAY_SECONDS + Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds)
  const micros = whole * MICROS + Number(fraction.slice(0, 6).padEnd(6, '0'))
  if (!Number.isSafeInteger(micros)) return null
  return sign === '-' && micros !== 0 ? -micros : micros
}

/** Seconds with six decimals, as a numeric(18,6) column shows them: `611.000000`. */
export function secondsText(micros: number): string {
  const magnitude = Math.abs(micros)
  const fraction = magnitude % MICROS
  const whole = (magnitude - fraction) / MICROS
  return `${micros < 0 ? '-' : ''}${whole}.${fraction === 0 ? '000000' : String(fraction).padStart(6, '0')}`
}

/**
 * A duration as the text of its column. Time does not run backwards: a negative duration is 0, with a warning; what is
 * not a duration is null, with a warning.
 */
export function durationSeconds(value: unknown, path: string, warnings: string[]): string | null {
  const micros = parseTimeSpan(value)
  if (micros === undefined) warnings.push(`BAD_DURATION:${path}`)
  if (micros === undefined || micros === null) return null
  if (micros < 0) warnings.push(`NEGATIVE_DURATION:${path}`)
  return secondsText(Math.max(micros, 0))
}
