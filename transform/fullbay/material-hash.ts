import { hash } from 'node:crypto'
import { isObject } from './reading.ts'

type Fields = Readonly<Record<string, unknown>>

const DEEPEST = 200

/**
 * SHA-256 (hex) over the invoice as JSON with sorted keys, without the fields of its root that change while nothing of
 * the invoice itself does (export marks, payment state): two payloads share it exactly when nothing that matters
 * differs. Null when the payload is nested more than 200 levels deep.
 */
export function materialHash(payload: Fields): string | null {
  const { exported: _1, quickBooksId: _2, balance: _3, promiseToPayDate: _4, ...material } = payload
  try {
    return hash('sha256', JSON.stringify(isCanonical(material, 0) ? material : canonical(material, 0)), 'hex')
  } catch (error) {
    if (error instanceof TooDeep) return null
    throw error
  }
}

class TooDeep extends Error {}

// The order in which jsonb keeps keys, so that what was read back from Postgres is canonical already and is not copied.
const precedes = (a: string, b: string) => (a.length === b.length ? a < b : a.length < b.length)

/** Whether all keys inside are sorted and all numbers plain. */
function isCanonical(value: object, depth: number): boolean {
  if (depth > DEEPEST) throw new TooDeep()
  if (Array.isArray(value)) {
    for (const item of value) {
      if (typeof item === 'object' && item !== null && !isCanonical(item, depth + 1)) return false
    }
    return true
  }
  if (!isObject(value)) return false
  let last: string | null = null
  for (const key in value) {
    if (last !== null && !precedes(last, key)) return false
    const item = value[key]
    if (typeof item === 'object' && item !== null && !isCanonical(item, depth + 1)) return false
    last = key
  }
  return true
}

/** A copy with sorted keys and plain numbers. */
function canonical(value: unknown, depth: number): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (depth > DEEPEST) throw new TooDeep()
  if (Array.isArray(value)) return value.map((item) => canonical(item, depth + 1))
  if (!isObject(value)) return JSON.isRawJSON(value) ? plainNumber(value) : value
  const keys = Object.keys(value).sort((a, b) => (precedes(a, b) ? -1 : 1))
  return Object.fromEntries(keys.map((key) => [key, canonical(value[key], depth + 1)]))
}

/** One spelling for one number, whether it came as a double or as its own text (1.50, 1e3). */
function plainNumber(raw: { rawJSON: string }): unknown {
  const number = Number(raw.rawJSON)
  return Number.isFinite(number) && raw.rawJSON.replace(/\D/g, '').length <= 15 ? number : raw
}
