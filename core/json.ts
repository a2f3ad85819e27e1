import { createHash } from 'node:crypto'

declare global {
  interface JSON {
    isRawJSON(value: unknown): value is { rawJSON: string }
    rawJSON(text: string): { rawJSON: string }
  }
}

// A number of 16 or more digits, or with an exponent, may not survive the way through a double.
const RISKY_NUMBER = /[:[,]\s*(-?(?:\d[\d.]{15,}|[\d.]+[eE][-+\d]*))/g

/**
 * Parses JSON without losing a digit: a number that a double would change (a 20-digit id, 1e400) stays its own text,
 * as an object that `JSON.stringify` writes back as it came (see `JSON.rawJSON`).
 */
export function parseJson(text: string): unknown {
  for (const [, source = ''] of text.matchAll(RISKY_NUMBER)) {
    if (!isExact(Number(source), source)) return JSON.parse(text, keepExact)
  }
  return JSON.parse(text)
}

function keepExact(_key: string, value: unknown, context?: { source?: string }): unknown {
  if (typeof value !== 'number' || context?.source === undefined) return value
  return isExact(value, context.source) ? value : JSON.rawJSON(context.source)
}

function isExact(value: number, source: string): boolean {
  if (!Number.isFinite(value)) return false
  const text = String(value)
  if (text === source) return true
  if (/e/i.test(source + text)) return powerOfTen(text) === powerOfTen(source)
  return withoutZeros(text) === withoutZeros(source)
}

const withoutZeros = (digits: string) => (digits.includes('.') ? digits.replace(/\.?0+$/, '') : digits)

/** A number as its significant digits and a power of ten: 1.20E-07 and 0.00000012 are both `12e-8`. */
function powerOfTen(source: string): string {
  const [, sign = '', whole = '', fraction = '', power = '0'] =
    /^(-?)(\d+)\.?(\d*)(?:e([-+]?\d+))?$/i.exec(source) ?? []
  const digits = `${whole}${fraction}`.replace(/^0+/, '')
  const significant = digits.replace(/0+$/, '')
  return `${sign}${significant}e${Number(power) - fraction.length + digits.length - significant.length}`
}

/** Whether a value is a number that `parseJson` kept as its text, because a double would have changed it. */
export function isExactNumber(value: unknown): value is { rawJSON: string } {
  return JSON.isRawJSON(value)
}

// What JSON.stringify makes of NUL and of a lone surrogate; a literal backslash is written twice, hence the look-behind.
const UNSTORABLE = /(?<!\\)(?:\\\\)*\\u(?:0000|d[89a-f])/

/**
 * The JSON text of a value as Postgres can store it in jsonb: NUL characters are left out and broken surrogate pairs
 * replaced, nothing else is touched.
 */
export function storableJson(value: unknown): string {
  const text = JSON.stringify(value)
  return UNSTORABLE.test(text) ? JSON.stringify(storable(value)) : text
}

function storable(value: unknown): unknown {
  if (typeof value === 'string') return storableText(value)
  if (typeof value !== 'object' || value === null || JSON.isRawJSON(value)) return value
  if (Array.isArray(value)) return value.map(storable)
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [storableText(key), storable(item)]))
}

// NUL and halves of a surrogate pair; the test is there because almost no text has any.
const UNSTORABLE_CHARACTER = /[\0\ud800-\udfff]/

/** A text as Postgres can store it: without NUL characters, broken surrogate pairs replaced. */
export function storableText(text: string): string {
  return UNSTORABLE_CHARACTER.test(text) ? text.replaceAll('\0', '').toWellFormed() : text
}

/** SHA-256 of a text, in hex. */
export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
