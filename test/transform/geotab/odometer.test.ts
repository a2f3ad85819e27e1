import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  type MeterReading,
  engineHoursAt,
  odometerAt,
  odometerAtTripStart,
} from '../../../transform/geotab/odometer.ts'

const SECOND = 1000
const readings = (...pairs: [second: number, value: number][]): MeterReading[] =>
  pairs.map(([second, value]) => ({ atMs: second * SECOND, value }))

describe('case 32: the odometer at an instant', () => {
  const three = readings([100, 1000], [200, 2000], [300, 2000])

  test.for([
    { at: 100, meters: 1000, method: 'bracketed', gap: 0, list: three },
    { at: 150, meters: 1500, method: 'bracketed', gap: 50, list: three },
    { at: 125, meters: 1250, method: 'bracketed', gap: 75, list: three },
    { at: 250, meters: 2000, method: 'bracketed', gap: 50, list: three },
    { at: 300, meters: 2000, method: 'bracketed', gap: 0, list: three },
    { at: 40, meters: 1000, method: 'after', gap: 60, list: three },
    { at: 1300, meters: 2000, method: 'before', gap: 1000, list: three },
    { at: 50, meters: null, method: 'none', gap: null, list: [] },
    { at: 50, meters: 0, method: 'before', gap: 50, list: readings([0, 0]) },
  ])('at $at s is $meters m, $method', ({ at, meters, method, gap, list }) => {
    expect(odometerAt(list, at * SECOND)).toEqual({ meters, method, gapSeconds: gap, isDecreasing: false })
  })

  test.for([
    { at: 120, meters: 9000, method: 'before', gap: 20 },
    { at: 150, meters: 9000, method: 'before', gap: 50 },
    { at: 180, meters: 10, method: 'after', gap: 20 },
  ])('is never between two that decrease: at $at s it is the nearer, $meters m', ({ at, meters, method, gap }) => {
    const swapped = readings([100, 9000], [200, 10])
    expect(odometerAt(swapped, at * SECOND)).toEqual({ meters, method, gapSeconds: gap, isDecreasing: true })
  })

  test('of two readings at one instant the later counts', () => {
    expect(odometerAt(readings([100, 5], [100, 7]), 100 * SECOND).meters).toBe(7)
  })

  test('lies between the readings around it, whatever they are', () => {
    const sorted = fc
      .array(fc.tuple(fc.integer({ min: 0, max: 1e9 }), fc.double({ min: 0, max: 1e9, noNaN: true })), { minLength: 1 })
      .map((pairs) => pairs.map(([atMs, value]) => ({ atMs, value })).sort((a, b) => a.atMs - b.atMs))
    fc.assert(
      fc.property(sorted, fc.integer({ min: -10, max: 1e9 + 10 }), (list, at) => {
        const before = list.findLast(({ atMs }) => atMs <= at)
        const after = list.find(({ atMs }) => atMs > at)
        const { meters } = odometerAt(list, at)
        const ends = [before, after].filter((end) => end !== undefined).map(({ value }) => value)
        expect(meters).toBeGreaterThanOrEqual(Math.min(...ends))
        expect(meters).toBeLessThanOrEqual(Math.max(...ends))
      }),
    )
  })
})

describe('case 32: the odometer when a trip began', () => {
  const list = readings([0, 500], [200, 1500])
  const trip = { startMs: 100 * SECOND, distanceM: 60, odometerEndM: 1060.25 }

  test.for([
    { why: 'its end less its distance', over: {}, meters: 1000.25, method: 'trip', gap: null },
    {
      why: 'by readings when the trip knows no odometer',
      over: { odometerEndM: null },
      meters: 1000,
      method: 'bracketed',
      gap: 100,
    },
    {
      why: 'by readings when the trip knows no distance',
      over: { distanceM: null },
      meters: 1000,
      method: 'bracketed',
      gap: 100,
    },
    {
      why: 'by readings when its odometer is 0',
      over: { odometerEndM: 0 },
      meters: 1000,
      method: 'bracketed',
      gap: 100,
    },
    {
      why: 'by readings when it drove more than its odometer',
      over: { odometerEndM: 59 },
      meters: 1000,
      method: 'bracketed',
      gap: 100,
    },
    {
      why: 'the reading before',
      over: { odometerEndM: null, startMs: 300 * SECOND },
      meters: 1500,
      method: 'before',
      gap: 100,
    },
  ])('is $why', ({ over, meters, method, gap }) => {
    expect(odometerAtTripStart({ ...trip, ...over }, list)).toMatchObject({ meters, method, gapSeconds: gap })
  })

  test.for([
    { what: 'holds while the vehicle stands', stood: 50, list: readings([60, 700], [20_000, 9000]), meters: 700 },
    { what: 'holds when nothing is known of a drive before', stood: null, list: readings([60, 700]), meters: 700 },
    { what: 'is near enough after a drive', stood: 9990, list: readings([9500, 700]), meters: 700 },
    { what: 'says nothing after a drive', stood: 9000, list: readings([60, 700]), meters: null },
    { what: 'from soon after the start is near enough', stood: 50, list: readings([10_600, 700]), meters: 700 },
    { what: 'from long after the start says nothing', stood: 50, list: readings([20_000, 700]), meters: null },
    {
      what: 'with another gives what lies between',
      stood: 9000,
      list: readings([4000, 0], [16_000, 800]),
      meters: 400,
    },
    {
      what: 'with another of long before says nothing',
      stood: 9000,
      list: readings([0, 0], [16_000, 800]),
      meters: null,
    },
  ])('a reading $what', ({ stood, list: given, meters }) => {
    const drive = { startMs: 10_000 * SECOND, distanceM: 5000, odometerEndM: null }
    const stoodSinceMs = stood === null ? null : stood * SECOND
    expect(odometerAtTripStart({ ...drive, stoodSinceMs }, given).meters).toBe(meters)
  })

  test('is not known when nothing tells of it', () => {
    expect(odometerAtTripStart({ ...trip, odometerEndM: null }, [])).toMatchObject({ meters: null, method: 'none' })
  })
})

test('case 33: engine hours are seconds, read as the odometer is', () => {
  expect(engineHoursAt(readings([0, 3600], [100, 3700]), 25 * SECOND)).toEqual({
    seconds: 3625,
    method: 'bracketed',
    gapSeconds: 75,
    isDecreasing: false,
  })
  expect(engineHoursAt([], 0)).toMatchObject({ seconds: null, method: 'none' })
})
