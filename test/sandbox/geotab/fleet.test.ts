import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ORDERLY, USUAL, WILD } from '../../../sandbox/geotab/disorder.ts'
import type { Fleet } from '../../../sandbox/geotab/fleet.ts'
import { distanceM } from '../../../sandbox/geotab/geodesy.ts'
import { idOf, type Row } from '../../../sandbox/geotab/wire.ts'
import { aFleet, NOW } from './geotab-client.ts'

const TYPES = ['LogRecord', 'StatusData', 'Trip', 'ExceptionEvent', 'FaultData', 'DriverChange', 'Device', 'Diagnostic']

const rowsOf = (fleet: Fleet, typeName: string) => [...fleet.store.table(typeName).rows()].map(({ row }) => row)
const ofDevice = (rows: Row[], deviceId: string) => rows.filter(({ device }) => idOf(device) === deviceId)
const msOf = (value: unknown) => Date.parse(String(value))
const contentOf = (fleet: Fleet) => JSON.stringify([TYPES.map((type) => rowsOf(fleet, type)), fleet.truth.trips()])

describe('a fleet', () => {
  test('is the same however its life is cut into steps', () => {
    const whole = aFleet({ disorder: WILD })
    whole.advance(NOW)
    const expected = contentOf(whole)
    const step = fc.array(fc.integer({ min: 1, max: 30 * 3600 }), { maxLength: 40 })
    fc.assert(
      fc.property(step, (seconds) => {
        const fleet = aFleet({ disorder: WILD })
        let at = fleet.knownMs
        for (const each of seconds) fleet.advance(new Date((at = Math.min(NOW.getTime(), at + each * 1000))))
        fleet.advance(NOW)
        expect(contentOf(fleet)).toBe(expected)
      }),
      { numRuns: 8 },
    )
  })

  test('differs with its seed, and is not changed by an earlier instant', () => {
    const fleet = aFleet()
    fleet.advance(NOW)
    const before = contentOf(fleet)
    fleet.advance(new Date('2026-03-10T00:00:00Z'))
    expect(contentOf(fleet)).toBe(before)
    const other = aFleet({ seed: 8 })
    other.advance(NOW)
    expect(contentOf(other)).not.toBe(before)
  })

  test.for([
    { disorder: ORDERLY, called: 'orderly' },
    { disorder: WILD, called: 'wild' },
  ])('$called: versions rise strictly, and ids are unique', ({ disorder }) => {
    const fleet = aFleet({ disorder: { ...disorder, duplicate: 0 } })
    fleet.advance(NOW)
    const versions: number[] = []
    for (const type of TYPES) {
      const entries = [...fleet.store.table(type).rows()]
      const own = entries.map(({ version }) => version)
      expect(own).toEqual(own.toSorted((one, other) => one - other))
      expect(new Set(entries.map(({ key }) => key)).size).toBe(entries.length)
      versions.push(...own)
    }
    expect(new Set(versions).size).toBe(versions.length)
  })

  test.for([
    { disorder: ORDERLY, called: 'orderly', seed: 1 },
    { disorder: USUAL, called: 'usual', seed: 2 },
    { disorder: WILD, called: 'wild', seed: 3 },
    { disorder: WILD, called: 'wild', seed: 4 },
  ])('$called ($seed): at any instant, trips follow each other without gap or overlap', ({ disorder, seed }) => {
    const fleet = aFleet({ disorder, seed, vehicles: 12 })
    let trips = 0
    for (let at = fleet.knownMs; at < NOW.getTime(); at += 4 * 3_600_000 + 1234) {
      fleet.advance(new Date(at))
      const standing = fleet.truth.trips().filter(({ deleted }) => !deleted)
      for (const all of Map.groupBy(standing, ({ deviceId }) => deviceId).values()) {
        all.sort((one, other) => msOf(one.start) - msOf(other.start))
        for (const [index, trip] of all.entries()) {
          trips += 1
          expect(msOf(trip.start)).toBeLessThan(msOf(trip.stop))
          const before = all[index - 1]
          if (before === undefined) continue
          expect(msOf(before.stop)).toBeLessThanOrEqual(msOf(trip.start))
          expect({ ...before, nextStart: before.nextStart }).toEqual({ ...before, nextStart: trip.start })
        }
      }
    }
    expect(trips).toBeGreaterThan(1000)
  })

  test('its positions lie on its course, and the distances between them add up to those of its trips', () => {
    const fleet = aFleet()
    fleet.advance(NOW)
    const logs = rowsOf(fleet, 'LogRecord')
    for (const trip of fleet.truth.trips()) {
      const own = ofDevice(logs, trip.deviceId).filter(
        ({ dateTime }) => msOf(dateTime) >= msOf(trip.start) && msOf(dateTime) <= msOf(trip.stop),
      )
      const points = own.map(({ latitude, longitude }) => ({ lat: Number(latitude), lon: Number(longitude) }))
      const sum = points.reduce((metres, point, at) => metres + distanceM(points[at - 1] ?? point, point), 0)
      expect(sum).toBeCloseTo(trip.distanceM, 3)
      expect(points.at(-1)).toEqual(trip.stopPoint)
      const middle = own[Math.floor(own.length / 2)]
      const there = fleet.truth.position(trip.deviceId, new Date(msOf(middle?.['dateTime'])))
      expect(there).toEqual({ lat: middle?.['latitude'], lon: middle?.['longitude'] })
    }
  })

  test('its odometer rises by what its trips have driven, and its records say the same', () => {
    const fleet = aFleet()
    fleet.advance(NOW)
    for (const trip of fleet.truth.trips()) {
      const at = (time: string) => fleet.truth.odometerM(trip.deviceId, new Date(time)) ?? NaN
      expect(at(trip.stop) - at(trip.start)).toBeCloseTo(trip.distanceM, 3)
      expect(at(trip.start)).toBeCloseTo(trip.odometerStartM ?? NaN, 3)
    }
    let records = 0
    const told = rowsOf(fleet, 'StatusData').filter(({ diagnostic }) => idOf(diagnostic) === 'DiagnosticOdometerId')
    for (const [deviceId, own] of Map.groupBy(told, ({ device }) => idOf(device) ?? '')) {
      let before = 0
      for (const { data, dateTime } of own) {
        records += 1
        expect(Number(data)).toBeGreaterThanOrEqual(before)
        before = Number(data)
        const truth = fleet.truth.odometerM(deviceId, new Date(msOf(dateTime))) ?? NaN
        expect(Math.abs(before - truth)).toBeLessThanOrEqual(0.5)
      }
    }
    expect(records).toBeGreaterThan(100)
  })

  test('its engine hours are those of its drives and of idling', () => {
    const fleet = aFleet()
    fleet.advance(NOW)
    for (const trip of fleet.truth.trips().filter(({ completed }) => completed)) {
      const at = (ms: number) => fleet.truth.engineSeconds(trip.deviceId, new Date(ms))
      const [before, after] = [at(msOf(trip.start)), at(msOf(trip.nextStart))]
      if (before === null || after === null) continue
      expect(after - before).toBeCloseTo(trip.drivingSeconds + trip.idleSeconds, 3)
    }
  })

  test('exceptions lie within the trip and the stop that they belong to', () => {
    const fleet = aFleet()
    fleet.advance(NOW)
    const trips = fleet.truth.trips()
    const events = fleet.truth.exceptions()
    for (const event of events) {
      const [from, to] = [msOf(event.activeFrom), msOf(event.activeTo)]
      const trip = trips.findLast(
        ({ deviceId, start, nextStart }) =>
          deviceId === event.deviceId && msOf(start) <= from && to <= (nextStart === null ? Infinity : msOf(nextStart)),
      )
      expect(trip).toBeDefined()
      if (/Harsh|Speeding/.test(event.ruleId)) expect(to).toBeLessThanOrEqual(msOf(trip?.stop))
    }
    expect(new Set(events.map(({ ruleId }) => ruleId)).size).toBeGreaterThanOrEqual(5)
  })

  test('nothing is known before it has arrived, also when it arrives late', () => {
    const fleet = aFleet({ disorder: { ...ORDERLY, offline: 1 } })
    let late = 0
    for (let at = fleet.knownMs; at < NOW.getTime(); at += 3_600_000) {
      const before = fleet.store.version
      fleet.advance(new Date(at))
      for (const { row } of fleet.store.table('LogRecord').after(before, 1e6, () => true)) {
        expect(msOf(row['dateTime'])).toBeLessThanOrEqual(at)
        if (msOf(row['dateTime']) < at - 2 * 3_600_000) late += 1
      }
      for (const trip of fleet.truth.trips()) expect(msOf(trip.stop)).toBeLessThanOrEqual(at)
    }
    expect(late).toBeGreaterThan(20)
  })

  test('a summer time change neither loses nor doubles a record', () => {
    const fleet = aFleet({ startDate: '2026-03-06', disorder: WILD })
    fleet.advance(NOW)
    expect(fleet.truth.trips().filter(({ start }) => start.startsWith('2026-03-09')).length).toBeGreaterThan(3)
  })

  test('a fortnight of ten vehicles in hourly steps takes well below ten seconds', () => {
    const start = performance.now()
    const fleet = aFleet({ vehicles: 10, disorder: USUAL })
    const end = fleet.knownMs + 14 * 86_400_000
    for (let at = fleet.knownMs; at <= end; at += 3_600_000) fleet.advance(new Date(at))
    expect(fleet.truth.trips().length).toBeGreaterThan(300)
    expect(performance.now() - start).toBeLessThan(5000)
  })
})
