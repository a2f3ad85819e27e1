import { type Decimal, ZERO, decimalFromNumber, parseDecimal } from '../../core/decimal.ts'

/**
 * A number as Fullbay writes it: a JSON number, or text that may carry `$`, thousands commas, spaces, and parentheses or
 * a trailing minus for a negative. Null when there is none (null, blank text); undefined when it cannot be read
 * (`N/A`, `-`, an object).
 */
export function parseNumber(value: unknown): Decimal | null | undefined {
  if (typeof value === 'number') return decimalFromNumber(value) ?? undefined
  if (typeof value === 'string') return parseNumberText(value)
  if (value === null || value === undefined) return null
  if (JSON.isRawJSON(value)) return parseDecimal(value.rawJSON) ?? undefined
  return undefined
}

function parseNumberText(text: string): Decimal | null | undefined {
  const plain = parseDecimal(text)
  if (plain !== null) return plain
  const bare = text.replace(/[$,\s]/g, '')
  if (bare === '') return text.trim() === '' ? null : undefined
  const negative = /^\(([^+-].*)\)$/.exec(bare) ?? /^([^+-].*)-$/.exec(bare)
  const magnitude = parseDecimal(negative?.[1] ?? bare)
  if (magnitude === null) return undefined
  return negative === null ? magnitude : ZERO - magnitude
}
