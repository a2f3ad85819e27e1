import { epochMs, parseInstant } from '../../core/instant.ts'

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
