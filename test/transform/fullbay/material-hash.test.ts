import fc from 'fast-check'
import { expect, test } from 'vitest'
import { materialHash } from '../../../transform/fullbay/material-hash.ts'
import { anInvoice, aPart, aJob, flatten } from './an-invoice.ts'

const invoice = anInvoice(
  { exported: '0', quickBooksId: '', balance: 10, promiseToPayDate: '' },
  { Complaints: [aJob({ Parts: [aPart()] })] },
)

test.for(['exported', 'quickBooksId', 'balance', 'promiseToPayDate'])(
  'a change of %s alone leaves the hash as it is, and so does its absence',
  (key) => {
    const hash = materialHash(invoice)
    expect(materialHash({ ...invoice, [key]: 'changed' })).toBe(hash)
    const { [key]: _, ...without } = invoice
    expect(materialHash(without)).toBe(hash)
  },
)

test.for([
  { why: 'a total', changed: { ...invoice, total: 11 } },
  { why: 'a part', changed: anInvoice({}, { Complaints: [aJob({ Parts: [aPart({ quantity: 2 })] })] }) },
  { why: 'a field that nobody knows', changed: { ...invoice, novelty: 1 } },
  {
    why: 'a volatile name that is not at the root',
    changed: { ...invoice, Customer: { customerId: 7, title: 'EXAMPLE DELIVERY', exported: '1' } },
  },
  {
    why: 'a number that became text',
    changed: { ...invoice, Customer: { customerId: '7', title: 'EXAMPLE DELIVERY' } },
  },
])('$why changes the hash', ({ changed }) => {
  expect(materialHash(changed)).not.toBe(materialHash(invoice))
})

test('the order of keys does not matter, the order of lists does', () => {
  const value = fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 3 }), { maxKeys: 6 })
  fc.assert(
    fc.property(value, (payload) => {
      const parsed: Record<string, unknown> = JSON.parse(JSON.stringify(payload))
      expect(materialHash(reversed(parsed))).toBe(materialHash(parsed))
    }),
  )
  expect(materialHash({ a: [1, 2] })).not.toBe(materialHash({ a: [2, 1] }))
})

function reversed<T>(value: T): T
function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item: unknown) => reversed(item))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .toReversed()
      .map(([key, item]) => [key, reversed(item)]),
  )
}

test('different payloads have different hashes', () => {
  const value = fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 2 }), { maxKeys: 4 })
  fc.assert(
    fc.property(value, value, (a, b) => {
      const [one, two] = [a, b].map((payload) => JSON.stringify(sorted(payload)))
      expect(materialHash(a) === materialHash(b)).toBe(one === two)
    }),
  )
})

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return ['list', ...value.map(sorted)]
  if (typeof value !== 'object' || value === null) return value
  const entries: [string, unknown][] = Object.entries(value)
  return ['object', ...entries.toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([key, item]) => [key, sorted(item)])]
}

test('a number is the same number however it was parsed', () => {
  const hash = materialHash({ total: 1.5, list: [1000] })
  expect(materialHash({ total: JSON.rawJSON('1.50'), list: [JSON.rawJSON('1e3')] })).toBe(hash)
  expect(materialHash({ total: JSON.rawJSON('12345678901234567890') })).not.toBe(
    materialHash({ total: JSON.rawJSON('12345678901234567891') }),
  )
})

test('unsorted objects nested deep are sorted in a moment', () => {
  let value: unknown = { b: 1, a: 2 }
  for (let level = 0; level < 150; level++) value = { b: value, a: 1 }
  expect(materialHash({ value })).toMatch(/^[0-9a-f]{64}$/)
})

test('the hash stands in the invoice row too', () => {
  const result = flatten(invoice)
  expect(result.materialHash).toBe(materialHash(invoice))
  expect(result.invoice.material_hash).toBe(result.materialHash)
})
