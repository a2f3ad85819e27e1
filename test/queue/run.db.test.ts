import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readSteps } from '../../queue/ledger.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { openTestPipeline, rowCounts, type TestPipeline } from '../support/pipeline.ts'

let database: TestDatabase
let pipeline: TestPipeline
beforeAll(async () => {
  database = await createTestDatabase()
  pipeline = await openTestPipeline(database, { shops: ['DET', 'WIX'] })
})
afterAll(async () => {
  await pipeline.close()
  await database.drop()
})

test('a run reads every shop, flattens everything, publishes the models, and its counts add up', async () => {
  const run = await pipeline.run()
  const steps = await readSteps(database.db, run.run_id)
  const counts = await rowCounts(database)
  const served = pipeline.sandbox.requests.reduce((sum, request) => sum + (request.records ?? 0), 0)

  expect(run.status).toBe('succeeded')
  expect(steps.map((step) => [step.step, step.status])).toEqual([
    ['extract fullbay.invoices DET', 'succeeded'],
    ['extract fullbay.invoices WIX', 'succeeded'],
    ['transform fullbay.invoices DET', 'succeeded'],
    ['transform fullbay.invoices WIX', 'succeeded'],
    ['build', 'succeeded'],
  ])
  expect(run.fetched).toBeGreaterThan(150)
  expect(run).toMatchObject({ fetched: served, landed: served, unchanged: 0, quarantined: 0 })
  expect(counts).toMatchObject({ raw_versions: served, raw_current: served, invoices: served, quarantined: 0 })
  expect(counts['lines']).toBeGreaterThan(served)
  const { rows } = await sql<{ total: number }>`select sum(invoices)::int as total from public.invoice_count`.execute(
    database.db,
  )
  expect(rows[0]?.total).toBe(served)
})

test('a second run re-reads the recent days, lands nothing and rewrites no line', async () => {
  const linesBefore = await sql<{
    ids: string
  }>`select md5(string_agg(id::text, ',' order by id)) as ids from base.fullbay__line_items`.execute(database.db)
  const run = await pipeline.run()
  const linesAfter = await sql<{
    ids: string
  }>`select md5(string_agg(id::text, ',' order by id)) as ids from base.fullbay__line_items`.execute(database.db)

  expect(run.status).toBe('succeeded')
  expect(run.fetched).toBeGreaterThan(0)
  expect(run).toMatchObject({ landed: 0, unchanged: run.fetched })
  expect(linesAfter.rows).toEqual(linesBefore.rows)
})

test('the cursor stands on the day of the run, and the page receipts hold every key that was seen', async () => {
  const { rows: cursors } = await sql<{ connection: string; value: { complete_through: string } }>`
    select connection, value from ops.cursors order by connection
  `.execute(database.db)
  expect(cursors.map((row) => [row.connection, row.value.complete_through])).toEqual([
    ['DET', '2026-03-20'],
    ['WIX', '2026-03-20'],
  ])
  const { rows } = await sql<{ unseen: number }>`
    select count(*) as unseen from raw.fullbay__invoices as r
    where not exists (select from ops.pages as p where p.connection = r.connection and r.record_key = any(p.record_keys))
  `.execute(database.db)
  expect(rows[0]?.unseen).toBe(0)
})

test('a later run brings the new days, late edits as new versions, and a change record with both totals', async () => {
  const before = await rowCounts(database)
  const edited = await sql<{ id: string; date: string }>`
    select fullbay_invoice_id as id, invoice_date::text as date from base.fullbay__invoices
    where shop_id = 'DET' and invoice_date = '2026-03-19' order by 1 limit 1
  `.execute(database.db)
  pipeline.sandbox.faults.set({ fault: 'changed', invoice: edited.rows[0]!.id, amount: 12.34, shop: 'DET' })
  pipeline.setNow('2026-03-22T12:00:00Z')
  const run = await pipeline.run()
  pipeline.sandbox.faults.clear()
  const after = await rowCounts(database)

  expect(run.status).toBe('succeeded')
  expect(after['raw_current']! - before['raw_current']!).toBeGreaterThan(0)
  expect(run.landed).toBe(after['raw_versions']! - before['raw_versions']!)
  expect(after['invoices']).toBe(after['raw_current'])
  const { rows } = await sql<{ difference: string; from_version: number; to_version: number }>`
    select new_total - old_total as difference, from_version, to_version from base.fullbay__invoice_changes
    where shop_id = 'DET' and fullbay_invoice_id = ${edited.rows[0]!.id}
  `.execute(database.db)
  expect(rows).toEqual([{ difference: '12.34', from_version: 1, to_version: 2 }])
})

test('an invoice that its window no longer brings is noted as missing, keeps its lines, and is un-noted when it is back', async () => {
  const { rows } = await sql<{ id: string; lines: number }>`
    select fullbay_invoice_id as id, line_count as lines from base.fullbay__invoices
    where shop_id = 'WIX' and invoice_date = '2026-03-21' and line_count > 0 order by 1 limit 1
  `.execute(database.db)
  const gone = rows[0]!
  const missing = async () =>
    (await sql<{ record_key: string }>`select record_key from raw.fullbay__missing_invoices`.execute(database.db)).rows
  pipeline.sandbox.faults.set({ fault: 'gone', invoice: gone.id, shop: 'WIX' })
  await pipeline.run()
  expect(await missing()).toEqual([{ record_key: gone.id }])
  const kept = await sql<{ lines: number }>`
    select count(*) as lines from base.fullbay__line_items where shop_id = 'WIX' and fullbay_invoice_id = ${gone.id}
  `.execute(database.db)
  expect(kept.rows[0]?.lines).toBe(gone.lines)

  pipeline.sandbox.faults.clear()
  await pipeline.run()
  expect(await missing()).toEqual([])
})
