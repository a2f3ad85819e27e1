import { sql } from 'kysely'
import { expect, onTestFinished, test } from 'vitest'
import { readSteps } from '../../../queue/ledger.ts'
import { USUAL } from '../../../sandbox/geotab/disorder.ts'
import { createTestDatabase, type TestDatabase } from '../../support/database.ts'
import { deliveredFiles } from '../../support/delivered-reports.ts'
import { unaccounted } from '../../support/geotab-counts.ts'
import { geotabDigests } from '../../support/geotab-digests.ts'
import { openGeotabPipeline, type GeotabPipeline, type GeotabPipelineOptions } from '../../support/geotab-pipeline.ts'
import { ReportWitness } from '../../support/report-witness.ts'

const FEEDS = ['trips', 'exception_events', 'fault_data', 'log_records', 'status_data', 'driver_changes'].map(
  (name) => `geotab.${name}`,
)
const PAST = { from: '2026-03-01', to: '2026-03-04' }

async function open(options: GeotabPipelineOptions): Promise<{ database: TestDatabase; pipeline: GeotabPipeline }> {
  const database = await createTestDatabase()
  const fleets = [{ id: 'demo', vehicles: 5, disorder: { ...USUAL, futureRecord: 0 } }]
  const pipeline = await openGeotabPipeline(database, { fleets, now: '2026-03-06T18:00:00Z', ...options })
  onTestFinished(async () => {
    await pipeline.close()
    await database.drop()
  })
  return { database, pipeline }
}

const cursors = async ({ db }: TestDatabase) =>
  (await sql`select feed, connection, value from ops.cursors order by feed`.execute(db)).rows

test('a backfill brings the past without moving a cursor; a second one brings nothing; all ends as if it had been read live', async () => {
  const { database, pipeline } = await open({ readFrom: '2026-03-05' })
  const live = await open({})
  const witness = new ReportWitness(pipeline.fleet())
  witness.note(pipeline.now())
  for (const one of [pipeline, live.pipeline]) expect(await one.run()).toMatchObject({ status: 'succeeded' })
  const held = await cursors(database)
  const files = pipeline.sftp.files.names('Import').length

  const first = await pipeline.backfill({ feeds: FEEDS, ...PAST })
  expect(first, `${first.error_message}`).toMatchObject({ status: 'succeeded', quarantined: 0 })
  expect(first.landed).toBeGreaterThan(500)
  expect(await cursors(database)).toEqual(held)
  expect(await unaccounted(database, first.run_id)).toEqual([])
  expect(pipeline.sftp.files.names('Import')).toHaveLength(files)

  const second = await pipeline.backfill({ feeds: FEEDS, ...PAST })
  expect(second).toMatchObject({ status: 'succeeded', landed: 0, unchanged: first.fetched, fetched: first.fetched })
  expect(await unaccounted(database, second.run_id)).toEqual([])
  const steps = await readSteps(database.db, second.run_id)
  expect(steps.filter(({ kind }) => kind === 'extract').map(({ windows_total }) => windows_total)).toEqual(
    FEEDS.map(() => 4),
  )

  for (const one of [pipeline, live.pipeline]) one.setNow('2026-03-06T19:00:00Z')
  witness.note(pipeline.now())
  expect(await pipeline.run()).toMatchObject({ status: 'succeeded' })
  expect(witness.problems(deliveredFiles(pipeline.sftp))).toEqual([])
  expect(await live.pipeline.run()).toMatchObject({ status: 'succeeded' })
  expect(await geotabDigests(database)).toEqual(await geotabDigests(live.database))
})

test('a backfill beside a live run ends the same, and neither holds up the other', async () => {
  const { database, pipeline } = await open({ readFrom: '2026-03-05' })
  const live = await open({})
  const [run, backfill] = await Promise.all([pipeline.run(), pipeline.backfill({ feeds: FEEDS, ...PAST })])
  expect(run, `${run.error_message}`).toMatchObject({ status: 'succeeded' })
  expect(backfill, `${backfill.error_message}`).toMatchObject({ status: 'succeeded' })
  expect(await live.pipeline.run()).toMatchObject({ status: 'succeeded' })
  for (const one of [pipeline, live.pipeline]) one.setNow('2026-03-06T19:00:00Z')
  expect(await pipeline.run()).toMatchObject({ status: 'succeeded' })
  expect(await live.pipeline.run()).toMatchObject({ status: 'succeeded' })
  expect(await geotabDigests(database)).toEqual(await geotabDigests(live.database))
  const rows = deliveredFiles(pipeline.sftp)
    .filter(({ report }) => report === 'trips history')
    .flatMap((file) => file.rows)
  const keys = rows.map((row) => `${row['DeviceId']} ${row['StartDate']} ${row['StartTime']}`)
  const completed = pipeline
    .fleet()
    .truth.trips()
    .filter((trip) => trip.completed && !trip.deleted)
  expect(new Set(keys).size).toBeGreaterThanOrEqual(completed.length)
})

test.for([
  { feeds: ['geotab.devices'], said: 'cannot be read by dates' },
  { feeds: ['geotab.nonsense'], said: 'no feed geotab.nonsense' },
])('a backfill of $feeds is refused', async ({ feeds, said }) => {
  const { pipeline } = await open({})
  await expect(pipeline.backfill({ feeds, ...PAST })).rejects.toMatchObject({
    code: 'BACKFILL_INVALID',
    message: expect.stringContaining(said) as string,
  })
})
