import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../../support/database.ts'
import { deliveredFiles, type DeliveredRow } from '../../support/delivered-reports.ts'
import { openGeotabPipeline, type GeotabPipeline } from '../../support/geotab-pipeline.ts'

let database: TestDatabase
let pipeline: GeotabPipeline
beforeAll(async () => {
  database = await createTestDatabase()
  pipeline = await openGeotabPipeline(database, {
    fleets: [{ id: 'demo', vehicles: 3 }],
    now: '2026-03-02T15:00:00Z',
  })
})
afterAll(async () => {
  await pipeline.close()
  await database.drop()
})

/** The trips that a run a few hours later tells. */
async function tripsTold(hours: number): Promise<DeliveredRow[]> {
  pipeline.setNow(new Date(pipeline.now().getTime() + hours * 3_600_000))
  expect(await pipeline.run()).toMatchObject({ status: 'succeeded' })
  return deliveredFiles(pipeline.sftp).findLast(({ report }) => report === 'trips history')?.rows ?? []
}

const settings = () => pipeline.context.geotab.settings.addresses
const withoutPlace = (rows: DeliveredRow[]) => rows.filter((row) => row['Location'] === null)
const keyOf = (row: DeliveredRow) => `${row['DeviceId']} ${row['StartDate']} ${row['StartTime']}`

async function statuses(): Promise<Record<string, number>> {
  const { rows } = await sql<{ status: string; places: number }>`
    select status, count(*) as places from base.geotab__addresses group by 1
  `.execute(database.db)
  return Object.fromEntries(rows.map(({ status, places }) => [status, places]))
}

/** Has all that was asked so far have been asked so long ago. */
const age = (span: string) =>
  sql`update base.geotab__addresses set asked_at = asked_at - ${span}::interval`.execute(database.db)

test('case 43: a place whose address fails is blank, and told once more when it is known', async () => {
  pipeline.fleet().advance(pipeline.now())
  const [trip] = [...pipeline.fleet().store.table('Trip').rows()]
  const { x, y } = (trip?.row['stopPoint'] ?? {}) as { x: number; y: number }
  pipeline.vendor.faults.set({ fault: 'addressError', x, y })
  const told = await tripsTold(3)
  const blank = withoutPlace(told)
  expect(blank.length).toBeGreaterThan(0)
  expect(blank.length).toBeLessThan(told.length)
  for (const row of blank) {
    expect([Number(row['Longitude']).toFixed(5), Number(row['Latitude']).toFixed(5)]).toEqual([
      x.toFixed(5),
      y.toFixed(5),
    ])
  }
  expect(await statuses()).toMatchObject({ failed: 1 })

  pipeline.vendor.faults.clear()
  await age('1 hour')
  const again = await tripsTold(1)
  expect(withoutPlace(again)).toEqual([])
  expect(again.map(keyOf)).toEqual(expect.arrayContaining(blank.map(keyOf)))
  expect(await statuses()).not.toHaveProperty('failed')
})

test('case 43: a report waits for no more addresses than its budget; the rest come with the next', async () => {
  settings().per_run = 0
  const told = await tripsTold(6)
  const blank = withoutPlace(told)
  expect(blank.length).toBeGreaterThan(0)
  expect((await statuses())['wanted']).toBeGreaterThan(0)
  settings().per_run = 5000
  settings().budget_seconds = 0
  expect(
    withoutPlace(await tripsTold(1 / 60))
      .map(keyOf)
      .filter((key) => blank.map(keyOf).includes(key)),
  ).toEqual([])
  settings().budget_seconds = 60
  const again = await tripsTold(1 / 60)
  expect(again.map(keyOf)).toEqual(expect.arrayContaining(blank.map(keyOf)))
  expect(withoutPlace(again)).toEqual([])
})

test('case 43, case 44: an address is asked for once, and again only when it has become old', async () => {
  const asked = (at: number) => pipeline.vendor.requests.slice(at).filter(({ method }) => method === 'GetAddresses')
  let at = pipeline.vendor.requests.length
  await tripsTold(1 / 60)
  expect(asked(at)).toEqual([])
  await age('181 days')
  at = pipeline.vendor.requests.length
  await tripsTold(1 / 60)
  expect(asked(at).length).toBeGreaterThan(0)
  const { rows } = await sql<{ renewed: number; places: number }>`
    select count(*) filter (where asked_at > now() - interval '1 day') as renewed, count(*) as places
    from base.geotab__addresses
  `.execute(database.db)
  expect(rows[0]?.renewed).toBeGreaterThan(0)
  expect(rows[0]?.renewed).toBeLessThan(rows[0]?.places ?? 0)
})
