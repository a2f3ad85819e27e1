import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openAlerts } from '../../../queue/alerts.ts'
import type { DeliverOutput } from '../../../queue/chevin/reports-stage.ts'
import { readSteps, type Run } from '../../../queue/ledger.ts'
import { USUAL } from '../../../sandbox/geotab/disorder.ts'
import type { Fault } from '../../../sandbox/geotab/fault.ts'
import { createTestDatabase, type TestDatabase } from '../../support/database.ts'
import { deliveredFiles } from '../../support/delivered-reports.ts'
import { unaccounted } from '../../support/geotab-counts.ts'
import { openGeotabPipeline, type GeotabPipeline } from '../../support/geotab-pipeline.ts'
import { ReportWitness } from '../../support/report-witness.ts'

let database: TestDatabase
let pipeline: GeotabPipeline
let witness: ReportWitness
beforeAll(async () => {
  database = await createTestDatabase()
  const fleet = { id: 'demo', vehicles: 6, disorder: { ...USUAL, futureRecord: 0, lateReferences: false } }
  pipeline = await openGeotabPipeline(database, { fleets: [fleet], now: '2026-03-03T12:00:00Z', pageRows: 300 })
  witness = new ReportWitness(pipeline.fleet())
  await runLater(1)
})
afterAll(async () => {
  await pipeline.close()
  await database.drop()
})

async function runLater(hours: number): Promise<Run> {
  pipeline.setNow(new Date(pipeline.now().getTime() + hours * 3_600_000))
  witness.note(pipeline.now())
  const run = await pipeline.run()
  expect(await unaccounted(database, run.run_id)).toEqual([])
  return run
}

async function cursors(): Promise<Record<string, string>> {
  const { rows } = await sql<{ feed: string; version: string }>`
    select feed, value ->> 'version' as version from ops.cursors where value ? 'version'
  `.execute(database.db)
  return Object.fromEntries(rows.map(({ feed, version }) => [feed, version]))
}

async function stepsOf(run: Run) {
  const steps = await readSteps(database.db, run.run_id)
  return {
    failed: steps.filter(({ status }) => status === 'failed').map(({ step, error_code }) => ({ step, error_code })),
    deliver: steps.find(({ kind }) => kind === 'deliver')?.output as DeliverOutput,
  }
}

const alerts = async () => (await openAlerts(database.db)).map(({ kind, subject }) => `${kind} ${subject}`).sort()

/** The next run after all is well again tells everything, and ends what was open. */
async function expectRecovery(): Promise<void> {
  pipeline.vendor.faults.clear()
  pipeline.sftp.faults.clear()
  expect(await runLater(1)).toMatchObject({ status: 'succeeded' })
  expect(await alerts()).toEqual([])
  expect(witness.problems(deliveredFiles(pipeline.sftp))).toEqual([])
}

const OF_TRIPS = ['asset_status', 'trips_history', 'engine_faults']

test.for<{ name: string; fault: Fault; code: string }>([
  { name: 'a web page', fault: { fault: 'html' }, code: 'GEOTAB_UNAVAILABLE' },
  { name: 'a result of null', fault: { fault: 'nullResult' }, code: 'GEOTAB_UNAVAILABLE' },
  { name: 'a reply that breaks off', fault: { fault: 'truncated' }, code: 'GEOTAB_' },
  { name: 'too many calls, said with HTTP 200', fault: { fault: 'overLimit', retryAfter: 1 }, code: 'GEOTAB_BUSY' },
  {
    name: 'too many calls, said with HTTP 429',
    fault: { fault: 'overLimit', status: 429, retryAfter: 1 },
    code: 'GEOTAB_BUSY',
  },
  { name: 'a database that starts', fault: { fault: 'dbUnavailable' }, code: 'GEOTAB_UNAVAILABLE' },
  { name: 'a version that went back', fault: { fault: 'versionBackwards' }, code: 'GEOTAB_FEED_BACKWARDS' },
])(
  'case 30, case 46: $name stops one feed and the reports that need it, visibly, and nothing else',
  async ({ fault, code }) => {
    const before = await cursors()
    const files = deliveredFiles(pipeline.sftp).length
    pipeline.vendor.faults.set({ ...fault, typeName: 'Trip' })
    const run = await runLater(1)
    expect(run.status).toBe('partial')
    const { failed, deliver } = await stepsOf(run)
    expect(failed).toEqual([{ step: 'extract geotab.trips demo', error_code: expect.stringContaining(code) as string }])
    expect(deliver.missing.map(({ report }) => report)).toEqual(OF_TRIPS)
    expect(deliver.missing[0]?.reason).toContain(code)
    expect(deliver.planned.map(({ report }) => report)).toEqual(['exceptions_details'])
    expect(deliveredFiles(pipeline.sftp)).toHaveLength(files + 1)
    const after = await cursors()
    expect(after['geotab.trips']).toBe(before['geotab.trips'])
    expect(after['geotab.log_records']).not.toBe(before['geotab.log_records'])
    expect(await alerts()).toEqual(
      ['feed_stopped geotab.trips demo', ...OF_TRIPS.map((report) => `report_missing ${report} demo`)].sort(),
    )
    await expectRecovery()
  },
)

test('case 27: a session that ends in the middle of a run is made anew, and the run succeeds', async () => {
  pipeline.vendor.faults.set({ fault: 'sessionEnds', after: 4, times: 1 })
  expect(await runLater(1)).toMatchObject({ status: 'succeeded' })
  await expectRecovery()
})

test('case 26: a database that moved is followed to a server of the vendor, and nowhere else', async () => {
  const { vendor } = pipeline
  vendor.redirect('demo', `localhost:${vendor.port}`)
  vendor.expireSessions()
  expect(await runLater(1)).toMatchObject({ status: 'succeeded' })
  vendor.redirect('demo', 'collector.example')
  vendor.expireSessions()
  const before = await cursors()
  const run = await runLater(1)
  expect(run).toMatchObject({ status: 'failed', error_code: 'GEOTAB_REDIRECT_REFUSED' })
  expect(await cursors()).toEqual(before)
  expect(await alerts()).toContain('feed_stopped geotab.trips demo')
  vendor.redirect('demo', null)
  await expectRecovery()
})

test('case 46: an hour without news sends files with a header alone', async () => {
  const run = await runLater(1 / 3600)
  expect(run.status).toBe('succeeded')
  const sent = deliveredFiles(pipeline.sftp).slice(-4)
  const rows = Object.fromEntries(sent.map((file) => [file.report, file.rows.length]))
  expect(rows).toEqual({ 'asset status': 6, 'trips history': 0, 'exceptions details': 0, 'engine faults': 0 })
  expect(new Set(sent.map(({ columns }) => columns.length))).toEqual(new Set([13, 18, 25, 26]))
})

test('case 50: files that the server does not take wait under their names and arrive later, once', async () => {
  pipeline.sftp.faults.set({ fault: 'cut', packets: 1 })
  const run = await runLater(1)
  expect(run).toMatchObject({ status: 'partial' })
  const { deliver } = await stepsOf(run)
  const waiting = deliver.planned.map(({ file }) => file)
  expect(waiting).toHaveLength(4)
  expect((await alerts()).filter((alert) => alert.startsWith('delivery '))).toHaveLength(4)
  const names = () => pipeline.sftp.files.names('Import')
  expect(names().filter((name) => waiting.includes(name))).toEqual([])
  await expectRecovery()
  expect(names()).toEqual(expect.arrayContaining(waiting))
  const { rows } = await sql<{ files: number; receipts: number }>`
    select count(*) as files, count(*) filter (where status = 'delivered' and not was_there) as receipts from ops.deliveries
  `.execute(database.db)
  expect(rows[0]).toEqual({ files: names().length, receipts: names().length })
})

test('case 63: of two runs at once one runs, and every row is told once', async () => {
  pipeline.setNow(new Date(pipeline.now().getTime() + 3_600_000))
  witness.note(pipeline.now())
  const results = await Promise.allSettled([pipeline.run(), pipeline.run()])
  expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
  expect(results.find(({ status }) => status === 'rejected')).toMatchObject({ reason: { code: 'RUN_BUSY' } })
  await expectRecovery()
})
