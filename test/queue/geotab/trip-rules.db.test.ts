import { afterAll, beforeAll, expect, test } from 'vitest'
import { openAlerts } from '../../../queue/alerts.ts'
import { tripRules } from '../../../queue/geotab/trip-rules.ts'
import { toTripRow } from '../../../transform/geotab/trip.ts'
import { createTestDatabase, type TestDatabase } from '../../support/database.ts'
import { openGeotabPipeline, type GeotabPipeline } from '../../support/geotab-pipeline.ts'

let database: TestDatabase
let pipeline: GeotabPipeline
beforeAll(async () => {
  database = await createTestDatabase()
  pipeline = await openGeotabPipeline(database)
})
afterAll(async () => {
  await pipeline.close()
  await database.drop()
})

/** Trips of an hour at 60 km/h, whose distance is written in a unit. */
const trips = (unit: 'km' | 'm', count = 20) =>
  Array.from({ length: count }, () => ({
    distance: unit === 'km' ? 60 : 60_000,
    averageSpeed: 60,
    drivingDuration: '01:00:00',
  }))

const fingerprintOf = async (sample: unknown[]) =>
  (await tripRules(toTripRow)(pipeline.context, 'demo', async () => sample)).fingerprint
const alerts = async () => (await openAlerts(database.db)).map(({ kind, subject }) => `${kind} ${subject}`)

test('case 31: a database that gives metres is told by an alert, kept, and told no more once it gives kilometres', async () => {
  const inKilometres = await fingerprintOf(trips('km'))
  expect(await alerts()).toEqual([])
  const inMetres = await fingerprintOf(trips('m'))
  expect(inMetres).not.toBe(inKilometres)
  expect(await alerts()).toEqual(['trip_distance_unit geotab demo'])
  expect(await fingerprintOf([])).toBe(inMetres)
  expect(await fingerprintOf(trips('km'))).toBe(inKilometres)
  expect(await alerts()).toEqual([])
})
