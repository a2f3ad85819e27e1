import { isExactNumber, storableText } from '../../core/json.ts'

export type Fields = Readonly<Record<string, unknown>>

/** Whether a value is a JSON object; a number that kept its text is none. */
export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !isExactNumber(value)
}

const NOT_A_NUMBER = new Set(['nan', 'infinity', '-infinity', '∞', '-∞'])
const PLAIN_NUMBER = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?$/i

/**
 * The number in a value, which may be NaN or infinite; Geotab writes these as text ("NaN"). Null when there is none,
 * undefined when the value is something else.
 */
export function numberIn(value: unknown): number | null | undefined {
  if (typeof value === 'number') return value
  if (value === null || value === undefined) return null
  if (isExactNumber(value)) return Number(value.rawJSON)
  if (typeof value !== 'string') return undefined
  const written = value.trim()
  if (written === '') return null
  if (NOT_A_NUMBER.has(written.toLowerCase())) return NaN
  return PLAIN_NUMBER.test(written) ? Number(written) : undefined
}

/** The finite number in a value, else null. */
export function finite(value: unknown): number | null {
  if (typeof value === 'number') return Number.isFinite(value) ? value : null
  const number = numberIn(value)
  return number !== undefined && number !== null && Number.isFinite(number) ? number : null
}

/** A speed or a bearing: what is negative (-1) or not a number is not known. */
export function notNegative(value: unknown): number | null {
  const number = finite(value)
  return number === null || number < 0 ? null : number
}

const LARGEST_INTEGER = 2_147_483_647

/** A whole number that fits an integer column, else null. */
export function integer(value: unknown): number | null {
  const number = finite(value)
  return number !== null && Number.isInteger(number) && Math.abs(number) <= LARGEST_INTEGER ? number : null
}

/** Text as it is written; null when blank or no text. A number is its text. */
export function text(value: unknown): string | null {
  if (typeof value === 'string') return value.trim() === '' ? null : storableText(value)
  if (typeof value === 'number') return String(value)
  return isExactNumber(value) ? value.rawJSON : null
}

export function flag(value: unknown): boolean | null {
  return typeof value === 'boolean' ? value : null
}

/** A word of an enumeration, given as text or as an object with an `id`; unknown words are kept. */
export function word(value: unknown): string | null {
  return text(isFields(value) ? value['id'] : value)
}
