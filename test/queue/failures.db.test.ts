import { sql } from 'kysely'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Fault } from '../../sandbox/fullbay/fault.ts'
import { readSteps } from '../../queue/ledger.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import {
  openTestPipeline,
  rowCounts,
  TEST_KEY,
  type TestPipeline,
  type TestPipelineOptions,
} from '../support/pipeline.ts'

let database: TestDatabase
let pipeline: TestPipeline
beforeEach(async () => {
  database = await createTestDatabase()
})
afterEach(async () => {
  await pipeline.close()
  await database.drop()
})
const open = async (options: TestPipelineOptions = {}) => {
  pipeline = await openTestPipeline(database, options)
}

const cursors = async () =>
  (await sql<{ connection: string; value: unknown }>`select connection, value from ops.cursors`.execute(database.db))
    .rows

test.for<{ name: string; fault: Fault; code: string }>([
  { name: 'a FAIL reply', fault: { fault: 'fail' }, code: 'FULLBAY_' },
  { name: 'a wrong address', fault: { fault: 'wrongIp' }, code: 'FULLBAY_AUTH' },
  { name: 'an HTML page', fault: { fault: 'html' }, code: 'FULLBAY_NOT_JSON' },
  { name: 'truncated JSON', fault: { fault: 'invalidJson' }, code: 'FULLBAY_NOT_JSON' },
  { name: 'a reply of a gigabyte', fault: { fault: 'huge', bytes: 1_000_000_000 }, code: 'FULLBAY_TOO_LARGE' },
])('$name fails the run, moves no cursor and publishes nothing', async ({ fault, code }) => {
  await open()
  pipeline.sandbox.faults.set(fault)
  const run = await pipeline.run()
  expect(run.status).toBe('failed')
  expect(run.error_code).toContain(code)
  expect(await cursors()).toEqual([])
  expect(await rowCounts(database)).toMatchObject({ raw_versions: 0, invoices: 0 })
  const { rows } = await sql<{
    published: boolean
  }>`select to_regclass('public.invoice_count') is not null as published`.execute(database.db)
  expect(rows[0]?.published).toBe(false)
})

test('one shop that fails leaves the other whole: the run is partly done', async () => {
  await open({ shops: ['DET', 'WIX'], keys: { WIX: 'a-key-that-is-not-known' } })
  const run = await pipeline.run()
  const steps = await readSteps(database.db, run.run_id)
  expect(run).toMatchObject({ status: 'partial', error_code: 'FULLBAY_AUTH' })
  expect(Object.fromEntries(steps.map((step) => [step.step, step.status]))).toMatchObject({
    'extract fullbay.invoices DET': 'succeeded',
    'extract fullbay.invoices WIX': 'failed',
    build: 'succeeded',
  })
  expect((await cursors()).map((row) => row.connection)).toEqual(['DET'])
})

test('a window that breaks in the middle keeps the pages that landed, and the next run ends like an undisturbed one', async () => {
  await open()
  pipeline.sandbox.faults.set({ fault: 'html', page: 2, after: 1 })
  const broken = await pipeline.run()
  expect(broken.status).toBe('partial')
  const held = await cursors()
  pipeline.sandbox.faults.clear()
  const run = await pipeline.run()
  expect(held).toHaveLength(1)
  expect(run.status).toBe('succeeded')

  const counts = await rowCounts(database)
  const undisturbed = await createTestDatabase()
  const other = await openTestPipeline(undisturbed)
  await other.run()
  expect(counts).toEqual(await rowCounts(undisturbed))
  await other.close()
  await undisturbed.drop()
})

test('a window that is too heavy is read in halves', async () => {
  await open()
  pipeline.sandbox.faults.set({ fault: 'status', status: 504, times: 2, date: '2026-03-04' })
  const run = await pipeline.run()
  const { rows } = await sql<{ status: string; windows: number }>`
    select status, count(*) as windows from ops.windows group by status order by status
  `.execute(database.db)
  expect(run.status).toBe('succeeded')
  expect(rows).toEqual([
    { status: 'done', windows: 4 },
    { status: 'split', windows: 1 },
  ])
})

test('a record that cannot be keyed and one without a date are quarantined with their reasons, and everything else goes on', async () => {
  await open()
  pipeline.sandbox.faults.set({ fault: 'malformed', record: 'noPrimaryKey', times: 1 })
  pipeline.sandbox.faults.set({ fault: 'malformed', record: 'noInvoiceDate', times: 1, after: 1 })
  const run = await pipeline.run()
  const { rows } = await sql<{ stage: string; code: string; path: string }>`
    select stage, code, path from ops.quarantine order by stage
  `.execute(database.db)
  expect(run).toMatchObject({ status: 'succeeded', quarantined: 1, landed: run.fetched - 1 })
  expect(rows.map((row) => row.stage)).toEqual(['land', 'transform'])
  expect(rows[0]).toMatchObject({ code: 'NO_KEY' })
  expect(rows[1]?.path).toBe('invoiceDate')
  const counts = await rowCounts(database)
  expect(counts['invoices']).toBe(counts['raw_current']! - 1)
})

test('neither a key nor a token stands anywhere in the database after failures of all kinds', async () => {
  await open({ shops: ['DET', 'WIX', 'OKPK'], keys: { WIX: 'a-key-that-is-not-known' } })
  pipeline.sandbox.faults.set({ fault: 'fail', message: `bad key ${TEST_KEY}-OKPK`, shop: 'OKPK' })
  await pipeline.run()
  const { rows: tables } = await sql<{ name: string }>`
    select format('%I.%I', table_schema, table_name) as name from information_schema.tables
    where table_schema in ('ops', 'pgboss', 'raw', 'base') and table_type = 'BASE TABLE'
  `.execute(database.db)
  for (const { name } of tables) {
    const { rows } = await sql<{ found: number }>`
      select count(*) as found from ${sql.raw(name)} as t
      where t::text ~ ${`${TEST_KEY}|a-key-that-is-not-known`} or t::text ~ '\\m[0-9a-f]{40}\\M'
    `.execute(database.db)
    expect([name, rows[0]?.found]).toEqual([name, 0])
  }
})
