import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { demoFullbay } from '../../../sandbox/fullbay/demo.ts'
import { startFullbaySandbox } from '../../../sandbox/fullbay/server.ts'
import { getPage, invoicesUrl, sha1 } from './shop-client.ts'

const NOW = new Date('2026-11-21T12:00:00Z')
const demo = demoFullbay(() => NOW)

test('the demo shops wrote about 2,000 invoices by late 2026, in two time zones, behind keys that are no secrets', () => {
  const written = demo.accounts.flatMap(({ shop }) =>
    shop.list({ start: demo.startDate, end: '2026-11-21' }, '2026-11-21'),
  )
  expect(written.length).toBeGreaterThan(1900)
  expect(written.length).toBeLessThan(2100)
  expect(demo.accounts.map(({ shop }) => shop.timeZone)).toEqual(['America/Detroit', 'America/Chicago'])
  expect(demo.accounts.every(({ key }) => key.startsWith('sandbox-fullbay-key-'))).toBe(true)
})

test('an invoice id is unique in its shop only', () => {
  const [one, two] = demo.accounts.map(({ shop }) =>
    shop.list({ start: '2025-06-02', end: '2025-06-08' }, '2025-07-01'),
  )
  const both = new Set(two?.map(({ id }) => id))
  expect(one?.some(({ id }) => both.has(id))).toBe(true)
})

test.for([
  { date: '2025-05-30', id: '17506970', file: 'invoice_14282_A.json' },
  { date: '2025-06-11', id: '90002001', file: 'invoice_S2001_synthetic.json' },
])('the sample invoice $id is served verbatim on $date, among generated ones', async ({ date, id, file }) => {
  const sandbox = await startFullbaySandbox(demo)
  const { key, egressIp } = demo.accounts[0]!
  const token = sha1(`${key}2026-11-21${egressIp}`)
  const window = { startDate: date, endDate: date }
  const text = await (await fetch(invoicesUrl(sandbox, { key, token, ...window }))).text()
  const page = await getPage(sandbox, { key, token, ...window })
  await sandbox.close()
  const sample = readFileSync(new URL(`../../../sandbox/data/fullbay/${file}`, import.meta.url), 'utf8').trim()
  expect(text).toContain(sample)
  expect(page.resultSet.filter((invoice) => invoice['primaryKey'] === id)).toEqual([JSON.parse(sample)])
  expect(page.resultCount).toBeGreaterThan(1)
})
