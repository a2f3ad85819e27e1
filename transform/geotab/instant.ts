import { epochMs, parseInstant } from '../../core/instant.ts'
import type { Fields } from './fields.ts'

// Geotab writes "since ever" as 0001-01-01 or 1986-01-01, "for ever" as 2050-01-01 or 9999-12-31.
const EVER_MS = epochMs('1986-01-01T00:00:00.000Z')
const FOR_EVER_MS = epochMs('2050-01-01T00:00:00.000Z')

/**
 * The canonical text of an instant (see `parseInstant`); null when there is none, when it cannot be read, or when it
 * stands for no date at all: not after 1986-01-01 or not before 2050-01-01.
 */
export function instant(value: unknown): string | null {
  const text = parseInstant(value) ?? null
  if (text === null) return null
  const ms = epochMs(text)
  return ms > EVER_MS && ms < FOR_EVER_MS ? text : null
}

/** An instant that may be missing; text that is none is warned of, and so is a date that stands for no date. */
export function timeOrWarning(fields: Fields, key: string, warnings: string[]): string | null {
  const value = fields[key]
  const time = instant(value)
  if (time === null && value !== null && value !== undefined && value !== '') warnings.push(`NO_DATE:${key}`)
  return time
}
