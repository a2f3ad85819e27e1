import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { USUAL, WILD } from '../../../sandbox/geotab/disorder.ts'
import { createTestDatabase, type TestDatabase } from '../../support/database.ts'
import { deliveredFiles } from '../../support/delivered-reports.ts'
import { openGeotabPipeline, type GeotabPipeline } from '../../support/geotab-pipeline.ts'
import { ReportWitness } from '../../support/report-witness.ts'

let database: TestDatabase
let pipeline: GeotabPipeline
beforeAll(async () => {
  database = await createTestDatabase()
  // Dates of the future are left out: they are judged by the database's clock.
  const disorder = { ...WILD, futureRecord: 0, offline: USUAL.offline * 2 }
  pipeline = await openGeotabPipeline(database, { fleets: [{ id: 'demo', vehicles: 8, disorder }] })
})
afterAll(async () => {
  await pipeline.close()
  await database.drop()
})

const HOUR = 3_600_000

test('for a fortnight, every report tells what is true, once', { timeout: 600_000 }, async () => {
  const witness = new ReportWitness(pipeline.fleet())
  const start = Date.parse('2026-03-02T05:00:00Z')
  const every = Number(process.env.EVERY ?? 4)
  for (let hour = every; hour <= 14 * 24; hour += every) {
    const now = new Date(start + hour * HOUR)
    pipeline.setNow(now)
    witness.note(now)
    const run = await pipeline.run()
    expect(run.status, `${now.toISOString()} ${run.error_message}`).toBe('succeeded')
  }
  const files = deliveredFiles(pipeline.sftp)
  const problems = witness.problems(files)
  console.log(
    problems.length,
    problems.slice(0, 40).join('\n'),
    witness.counts(files, 'trips history'),
    witness.counts(files, 'exceptions details'),
    witness.counts(files, 'engine faults'),
  )
  expect(problems).toEqual([])
})
