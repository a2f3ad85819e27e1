import { expect, test } from 'vitest'
import { addDays } from '../../../core/date-window.ts'
import { brokenEquations, cents, objectOf, type Json } from './invoice-sums.ts'
import { aShop } from './shop-client.ts'

const shop = aShop({ perDay: 30 })
const refs = shop.list({ start: '2025-01-01', end: '2025-06-30' }, '2025-06-30')
const planned = refs.flatMap((ref) => {
  const change = shop.changeOf(ref)
  return change === null ? [] : [{ ref, ...change }]
})
const read = (ref: (typeof refs)[number], today: string): Json => objectOf(JSON.parse(shop.read(ref, today)))
const BOOKKEEPING = ['exported', 'quickBooksId', 'balance']

function without(invoice: Json, names: readonly string[]): Json {
  return Object.fromEntries(Object.entries(invoice).filter(([name]) => !names.includes(name)))
}

const shareOf = (kind: string) => planned.filter((change) => change.kind === kind).length / refs.length

test('about 3 % of the invoices change in substance and about 10 % in their bookkeeping only', () => {
  expect(shareOf('material')).toBeGreaterThan(0.022)
  expect(shareOf('material')).toBeLessThan(0.038)
  expect(shareOf('bookkeeping')).toBeGreaterThan(0.08)
  expect(shareOf('bookkeeping')).toBeLessThan(0.12)
})

test('every change comes 1 to 30 days after the invoice date', () => {
  expect(planned.every(({ afterDays }) => afterDays >= 1 && afterDays <= 30)).toBe(true)
  expect(new Set(planned.map(({ afterDays }) => afterDays)).size).toBe(30)
})

test('a changed invoice reads the same up to the day before its change, and the same from that day on', () => {
  for (const { ref, date } of planned) {
    const before = shop.read(ref, addDays(date, -1))
    const after = shop.read(ref, date)
    expect(shop.read(ref, ref.date)).toBe(before)
    expect(shop.read(ref, addDays(date, 200))).toBe(after)
    expect(after).not.toBe(before)
  }
})

test('a change in substance gives other totals and other work, which add up as well as before', () => {
  for (const { ref, date } of planned.filter(({ kind }) => kind === 'material')) {
    const [before, after] = [read(ref, ref.date), read(ref, date)]
    expect(cents(after['total'])).not.toBe(cents(before['total']))
    expect(brokenEquations(after).length).toBeLessThanOrEqual(brokenEquations(before).length)
  }
})

test('a change in bookkeeping touches nothing but exported, quickBooksId and balance', () => {
  for (const { ref, date } of planned.filter(({ kind }) => kind === 'bookkeeping')) {
    const [before, after] = [read(ref, ref.date), read(ref, date)]
    expect(without(after, BOOKKEEPING)).toEqual(without(before, BOOKKEEPING))
    expect([before['exported'], after['exported']]).toEqual(['0', '1'])
    expect(before['quickBooksId']).toBe('')
    expect(after['quickBooksId']).toMatch(/^\d+$/)
  }
})

test('an invoice without a planned change reads the same for ever', () => {
  const still = refs.filter((ref) => shop.changeOf(ref) === null)
  for (const ref of still.slice(0, 500)) expect(shop.read(ref, '2030-01-01')).toBe(shop.read(ref, ref.date))
})
