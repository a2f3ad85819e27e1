import { expect, test } from 'vitest'
import { LATE_DIAGNOSTIC } from '../../../sandbox/geotab/catalogue.ts'
import { ORDERLY, USUAL, type Disorder } from '../../../sandbox/geotab/disorder.ts'
import type { Fleet } from '../../../sandbox/geotab/fleet.ts'
import type { Entry } from '../../../sandbox/geotab/store.ts'
import { idOf, type Row } from '../../../sandbox/geotab/wire.ts'
import { aFleet, NOW } from './geotab-client.ts'

/** Every row that a reader who asks every three minutes would get, in order. */
function told(fleet: Fleet, typeName: string): Entry[] {
  const rows: Entry[] = []
  const start = fleet.knownMs
  let version = 0
  for (let at = start; at < NOW.getTime(); at += 180_000) {
    fleet.advance(new Date(at))
    const page = fleet.store.table(typeName).after(version, 1e6, () => true)
    version = page.at(-1)?.version ?? version
    rows.push(...page.map((entry) => ({ ...entry })))
  }
  return rows
}

const fleetWith = (disorder: Partial<Disorder>) => aFleet({ disorder: { ...ORDERLY, ...disorder } })
const startKey = ({ row }: Entry) => `${idOf(row['device'])} ${String(row['start'])}`
const rowsOf = (fleet: Fleet, typeName: string): Row[] => {
  fleet.advance(NOW)
  return fleet.store
    .table(typeName)
    .after(0, 1e6, () => true)
    .map(({ row }) => row)
}

test('a trip comes with a stop of zero first, and again with the same id and start when the stop has ended', () => {
  const trips = Map.groupBy(told(fleetWith({}), 'Trip'), startKey)
  expect(trips.size).toBeGreaterThan(40)
  let ended = 0
  for (const [first, second, ...more] of trips.values()) {
    expect(first?.row['stopDuration']).toBe('00:00:00')
    expect(first?.row['nextTripStart']).toBe(first?.row['stop'])
    expect(more).toEqual([])
    if (second === undefined) continue
    ended += 1
    expect(second.row['stopDuration']).not.toBe('00:00:00')
    expect([second.key, second.row['stop']]).toEqual([first?.key, first?.row['stop']])
  }
  expect(ended).toBeGreaterThan(40)
})

test('a trip in progress is shown with the id, the start and less of the distance', () => {
  const trips = Map.groupBy(told(fleetWith({ tripInProgress: 1 }), 'Trip'), startKey)
  const grown = [...trips.values()].filter(
    ([one, two]) => one !== undefined && two !== undefined && one.endMs! < two.endMs!,
  )
  expect(grown.length).toBeGreaterThan(10)
  for (const [first, second] of grown) {
    expect(first?.key).toBe(second?.key)
    expect(Number(first?.row['distance'])).toBeLessThan(Number(second?.row['distance']))
  }
})

test('a recalculated trip has another id, the same start and another stop; the old one is gone or deleted', () => {
  const fleet = fleetWith({ tripRecalculated: 1 })
  const trips = Map.groupBy(told(fleet, 'Trip'), startKey)
  const changed = [...trips.values()].filter((each) => new Set(each.map(({ key }) => key)).size === 2)
  expect(changed.length).toBeGreaterThan(20)
  let tombstones = 0
  for (const each of changed) {
    const [first, last] = [each[0], each.at(-1)]
    expect(first?.endMs).toBeLessThan(last?.endMs ?? 0)
    const old = fleet.store.table('Trip').get(first?.key ?? '')
    expect(old === undefined || old.row['deletedDateTime'] !== undefined).toBe(true)
    if (old !== undefined) {
      tombstones += 1
      expect(old.version).toBeLessThan(last?.version ?? 0)
    }
    const truth = fleet.truth.trip(idOf(last?.row['device']) ?? '', String(last?.row['start']))
    expect(truth).toMatchObject({ id: last?.key, deleted: false })
  }
  expect(tombstones).toBeGreaterThan(3)
  expect(tombstones).toBeLessThan(changed.length)
})

test('a trip whose start shifts is deleted under its old start and comes again under an earlier one', () => {
  const fleet = fleetWith({ tripStartShift: 1 })
  fleet.advance(NOW)
  const trips = fleet.truth.trips()
  const deleted = trips.filter((trip) => trip.deleted)
  expect(deleted.length).toBeGreaterThan(20)
  for (const old of deleted) {
    const right = trips.find((trip) => !trip.deleted && trip.deviceId === old.deviceId && trip.stop === old.stop)
    expect(Date.parse(right?.start ?? '')).toBeLessThan(Date.parse(old.start))
    expect(right?.distanceM).toBeGreaterThan(old.distanceM)
  }
})

test('a trip that never was is withdrawn, and its vehicle has not moved', () => {
  const fleet = fleetWith({ phantomTrip: 1 })
  fleet.advance(NOW)
  const deleted = fleet.truth.trips().filter((trip) => trip.deleted)
  expect(deleted.length).toBeGreaterThan(10)
  for (const { deviceId, start, stop } of deleted) {
    const [before, after] = [start, stop].map((time) => fleet.truth.odometerM(deviceId, new Date(time)))
    expect(after).toBe(before)
  }
})

test.for([
  { disorder: { exceptionInvalidated: 1 }, state: 'invalidated', wire: 'ExceptionEventStateInvalidId' },
  { disorder: { exceptionDismissed: 1 }, state: 'dismissed', wire: 'ExceptionEventStateDismissedId' },
])('an exception is $state under its own id', ({ disorder, state, wire }) => {
  const fleet = fleetWith(disorder)
  const events = Map.groupBy(told(fleet, 'ExceptionEvent'), ({ key }) => key)
  const changed = [...events.values()].filter((each) => each.at(-1)?.hidden === state)
  expect(changed.length).toBeGreaterThan(10)
  for (const each of changed) {
    expect(each[0]?.row['state']).toBe('ExceptionEventStateValidId')
    expect(each.at(-1)?.row['state']).toBe(wire)
  }
})

test('an exception that is processed again gets another id, after the old one is withdrawn', () => {
  const fleet = fleetWith({ exceptionReprocessed: 1 })
  fleet.advance(NOW)
  const events = Map.groupBy(
    fleet.truth.exceptions(),
    ({ deviceId, ruleId, activeFrom }) => `${deviceId} ${ruleId} ${activeFrom}`,
  )
  const twice = [...events.values()].filter((each) => each.length === 2)
  expect(twice.length).toBeGreaterThan(10)
  for (const each of twice) expect(each.map(({ state }) => state)).toEqual(['deleted', 'valid'])
})

test('a device and a diagnostic are referred to before they are on their own feeds', () => {
  const fleet = aFleet({ disorder: { ...ORDERLY, lateReferences: true } })
  fleet.advance(NOW)
  const device = fleet.store.table('Device').get('b4')
  const [record] = [...fleet.store.table('StatusData').rows('b4')]
  expect(record?.version).toBeLessThan(device?.version ?? 0)
  const faults = [...fleet.store.table('FaultData').rows()]
  const fault = faults.find(({ row }) => idOf(row['diagnostic']) === LATE_DIAGNOSTIC)
  expect(fault?.version).toBeLessThan(fleet.store.table('Diagnostic').get(LATE_DIAGNOSTIC)?.version ?? 0)
})

test('records come twice, from nowhere, without a speed and from the future, each by its own switch', () => {
  const logs = (disorder: Partial<Disorder>) => rowsOf(fleetWith(disorder), 'LogRecord')
  const ids = logs({ duplicate: 0.1 }).map(({ id }) => id)
  expect(new Set(ids).size).toBeLessThan(ids.length - 20)
  expect(
    logs({ nullIsland: 0.1 }).filter(({ latitude, longitude }) => latitude === 0 && longitude === 0).length,
  ).toBeGreaterThan(20)
  const speeds = logs({ invalidSpeed: 0.2 }).map(({ speed }) => speed)
  for (const each of [-1, null, 'NaN']) expect(speeds).toContain(each)
  const ahead = logs({ futureRecord: 1 }).filter(
    ({ dateTime }) => Date.parse(String(dateTime)) > NOW.getTime() + 86_400_000,
  )
  expect(ahead.length).toBeGreaterThan(10)
})

test('an odometer correction is on the feed and in the truth from then on', () => {
  const fleet = fleetWith({ odometerCorrection: 1 })
  const corrections = rowsOf(fleet, 'StatusData').filter(
    ({ diagnostic }) => idOf(diagnostic) === 'DiagnosticOdometerAdjustmentId',
  )
  expect(corrections.length).toBeGreaterThan(10)
  for (const { device, dateTime, data } of corrections) {
    const at = Date.parse(String(dateTime))
    expect(fleet.truth.odometerM(idOf(device) ?? '', new Date(at))).toBe(data)
    expect(fleet.truth.odometerM(idOf(device) ?? '', new Date(at - 1))).not.toBe(data)
  }
})

test('the usual disorder has some of everything within a fortnight of twenty vehicles', () => {
  const fleet = aFleet({ vehicles: 20, disorder: USUAL })
  fleet.advance(new Date(fleet.knownMs + 14 * 86_400_000))
  expect(fleet.truth.trips().filter(({ deleted }) => deleted).length).toBeGreaterThan(10)
  const states = new Set(fleet.truth.exceptions().map(({ state }) => state))
  expect(states).toEqual(new Set(['valid', 'invalidated', 'dismissed', 'deleted']))
})
