import { afterAll, beforeAll, expect, test } from 'vitest'
import { planSpan, renderReport } from '../../../queue/chevin/plan-report.ts'
import { REPORTS } from '../../../queue/chevin/reports.ts'
import { sendDue } from '../../../queue/chevin/send.ts'
import { createTestDatabase, type TestDatabase } from '../../support/database.ts'
import { deliveredFiles } from '../../support/delivered-reports.ts'
import { openGeotabPipeline, type GeotabPipeline } from '../../support/geotab-pipeline.ts'

let database: TestDatabase
let pipeline: GeotabPipeline
beforeAll(async () => {
  database = await createTestDatabase()
  pipeline = await openGeotabPipeline(database, { now: '2026-03-03T18:00:00Z' })
})
afterAll(async () => {
  await pipeline.close()
  await database.drop()
})

const report = (name: string) => REPORTS.find((one) => one.name === name)!
const SPAN = { from: new Date('2026-03-02T00:00:00Z'), to: new Date('2026-03-03T00:00:00Z') }

/** Sends the rows of a span, and answers the files that came by it. */
async function sendSpan(name: string) {
  const before = new Set(deliveredFiles(pipeline.sftp).map((file) => file.name))
  await planSpan(pipeline.context, report(name), 'demo', SPAN)
  await sendDue(pipeline.context, null, new AbortController().signal)
  return deliveredFiles(pipeline.sftp).filter((file) => !before.has(file.name))
}

test('before the models are built, a report says what to do', async () => {
  await expect(renderReport(pipeline.context, report('trips_history'), 'demo', null)).rejects.toMatchObject({
    code: 'REPORT_NOT_BUILT',
    message: expect.stringContaining('npx milepost run') as string,
  })
})

test('a span is sent under its end; asked for again it is there already, and once it has changed it goes a second later', async () => {
  expect(await pipeline.run()).toMatchObject({ status: 'succeeded' })
  const [first] = await sendSpan('trips_history')
  expect(first?.name).toBe('washingtongas_trips history report_20260303_000000.xls')
  expect(first?.rows.length).toBeGreaterThan(5)
  expect(await sendSpan('trips_history')).toEqual([])

  const { store, truth } = pipeline.fleet()
  const trip = truth.trips().find(({ completed, start }) => completed && new Date(start) < SPAN.to)
  const entry = store.table('Trip').get(trip?.id ?? '')!
  store.put('Trip', { ...entry, row: { ...entry.row, distance: 99.9 } })
  pipeline.setNow('2026-03-03T19:00:00Z')
  expect(await pipeline.run()).toMatchObject({ status: 'succeeded' })
  const changed = await sendSpan('trips_history')
  expect(changed.map(({ name }) => name)).toEqual(['washingtongas_trips history report_20260303_000001.xls'])
  expect(changed[0]?.rows.map((row) => row['Distance'])).toContain(62.075)
})

test('the state of the fleet is that of now, and named so, whatever span is asked for', async () => {
  pipeline.setNow('2026-03-03T19:30:00Z')
  const [sent] = await sendSpan('asset_status')
  expect(sent?.name).toBe('washingtongas_asset status report_20260303_193000.xls')
})
