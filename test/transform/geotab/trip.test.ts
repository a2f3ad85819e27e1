import { describe, expect, test } from 'vitest'
import { parseJson } from '../../../core/json.ts'
import { suspectDistanceUnit } from '../../../transform/geotab/distance-unit.ts'
import { toTripRow } from '../../../transform/geotab/trip.ts'
import { aTrip, context, refusalOf, rowOf } from './a-record.ts'

const trip = (over: Record<string, unknown> = {}, settings = {}) =>
  rowOf(toTripRow(aTrip(over), { ...context, ...settings }))

test('a trip has the columns of its table', () => {
  expect(
    trip({
      workDistance: 0,
      workDrivingDuration: '00:00:00',
      workStopDuration: '00:00:01.5',
      afterHoursDistance: 60,
      afterHoursDrivingDuration: '01:00:00',
      afterHoursStopDuration: '00:30:00',
      afterHoursStart: true,
      afterHoursEnd: false,
    }),
  ).toEqual({
    connection: 'demo',
    device_id: 'b28',
    started_at: '2026-01-21T05:00:00.000Z',
    trip_id: 'b3',
    driver_id: 'b2D',
    stopped_at: '2026-01-21T06:00:00.000Z',
    next_trip_started_at: '2026-01-21T06:30:00.000Z',
    distance_m: 60_000,
    work_distance_m: 0,
    after_hours_distance_m: 60_000,
    driving_seconds: '3600.000000',
    idling_seconds: '425.000000',
    stop_seconds: '1800.000000',
    work_driving_seconds: '0.000000',
    work_stop_seconds: '1.500000',
    after_hours_driving_seconds: '3600.000000',
    after_hours_stop_seconds: '1800.000000',
    maximum_speed_kmh: 107,
    average_speed_kmh: 60,
    stop_latitude: 38.9977875,
    stop_longitude: -0.5577985,
    odometer_end_m: 1_060_000,
    engine_end_seconds: 16_879_647.575,
    is_after_hours_start: true,
    is_after_hours_end: false,
    is_seat_belt_off: false,
    is_completed: true,
    is_future: false,
    deleted_at: null,
    warnings: [],
    raw_version: 3,
    material_hash: expect.stringMatching(/^[0-9a-f]{64}$/),
    transform_fingerprint: 'f1',
  })
})

test('case 16: what a trip leaves out is not known, and nothing is 0', () => {
  const { id, device, start } = aTrip()
  const row = rowOf(toTripRow({ id, device, start }, context))
  const known = Object.entries(row).filter(([, value]) => value !== null)
  expect(Object.fromEntries(known)).toEqual({
    connection: 'demo',
    device_id: 'b28',
    started_at: '2026-01-21T05:00:00.000Z',
    trip_id: 'b3',
    is_completed: false,
    is_future: false,
    warnings: [],
    raw_version: 3,
    material_hash: expect.any(String),
    transform_fingerprint: 'f1',
  })
})

describe('case 4: a trip is completed once the stop after it is known', () => {
  test.for([
    { stopDuration: '00:30:00', next: '2026-01-21T06:30:00.000Z', completed: true },
    { stopDuration: '00:00:01', next: null, completed: true },
    { stopDuration: '00:00:00', next: '2026-01-21T06:30:00.000Z', completed: true },
    { stopDuration: '00:00:00', next: '2026-01-21T06:00:00.000Z', completed: false },
    { stopDuration: '00:00:00', next: null, completed: false },
    { stopDuration: null, next: null, completed: false },
    { stopDuration: '-00:00:01', next: null, completed: false },
    { stopDuration: 'soon', next: null, completed: false },
    { stopDuration: '10675199.02:48:05.4775807', next: null, completed: true },
    { stopDuration: '00:00:00', next: '2050-01-01T00:00:00.000Z', completed: false },
  ])('a stop of $stopDuration until $next: $completed', ({ stopDuration, next, completed }) => {
    expect(trip({ stopDuration, nextTripStart: next }).is_completed).toBe(completed)
  })

  test('a trip without an end is not', () => {
    expect(trip({ stop: null }).is_completed).toBe(false)
  })
})

test.for([
  {
    why: 'case 2: withdrawn',
    over: { deletedDateTime: '2026-01-22T00:00:00.000Z' },
    deleted: '2026-01-22T00:00:00.000Z',
  },
  { why: 'live', over: {}, deleted: null },
  { why: 'live, as the first of all dates says', over: { deletedDateTime: '0001-01-01T00:00:00.000Z' }, deleted: null },
])('$why', ({ over, deleted }) => {
  expect(trip(over).deleted_at).toBe(deleted)
})

test.for([
  ['UnknownDriverId', null],
  ['NoDriverId', null],
  [{ id: 'UnknownDriverId' }, null],
  [{ id: 'b2D', isDriver: true }, 'b2D'],
  ['b2D', 'b2D'],
  [null, null],
  [{}, null],
  [[], null],
])('case 15: the driver %j is %s', ([driver, id]) => {
  expect(trip({ driver }).driver_id).toBe(id)
})

test.for([
  { over: { stopDuration: '-00:00:05' }, warnings: ['NEGATIVE_DURATION:stopDuration'] },
  { over: { idlingDuration: 'x' }, warnings: ['BAD_DURATION:idlingDuration'] },
  { over: { distance: -1 }, warnings: ['NEGATIVE_DISTANCE:distance'] },
  { over: { nextTripStart: '2050-01-01T00:00:00.000Z' }, warnings: ['NO_DATE:nextTripStart'] },
  { over: { stop: 'then' }, warnings: ['NO_DATE:stop'] },
  { over: { stop: '2026-01-21T04:00:00.000Z' }, warnings: ['STOP_BEFORE_START:stop'] },
  { over: { nextTripStart: '2026-01-21T05:59:00.000Z' }, warnings: ['NEXT_START_BEFORE_STOP:nextTripStart'] },
  { over: { stopPoint: { x: 0, y: 91 } }, warnings: ['BAD_COORDINATE:stopPoint'] },
])('a trip with $over is kept, with the warnings $warnings', ({ over, warnings }) => {
  expect(trip(over).warnings).toEqual(warnings)
})

test.for([
  [{ x: 0, y: 0 }, null, null],
  [{ x: 0, y: 51.5 }, 51.5, 0],
  [{ x: 12.5, y: 0 }, 0, 12.5],
  [null, null, null],
  [{ x: null, y: 3 }, null, null],
  ['here', null, null],
] as const)('case 17: the stop %j is at %s, %s', ([stopPoint, latitude, longitude]) => {
  expect(trip({ stopPoint })).toMatchObject({ stop_latitude: latitude, stop_longitude: longitude })
})

describe('case 31: the unit of distances', () => {
  test.for([
    { unit: 'km', distance: 12.300000190734863, meters: 12_300 },
    { unit: 'm', distance: 113_276.75, meters: 113_276.75 },
    { unit: 'km', distance: 0, meters: 0 },
    { unit: 'km', distance: 'NaN', meters: null },
    { unit: 'km', distance: 1e305, meters: null },
  ])('$distance in $unit are $meters m', ({ unit, distance, meters }) => {
    expect(trip({ distance }, { distanceUnit: unit }).distance_m).toBe(meters)
  })

  const batch = (distance: number, count = 9) =>
    Array.from({ length: count }, (_, index) => aTrip({ distance: distance * (1 + (index - 4) / 100) }))

  test.for([
    { why: 'as documented', trips: batch(60), unit: 'km' },
    { why: 'in metres', trips: batch(60_000), unit: 'm' },
    { why: 'in miles', trips: batch(37.3), unit: 'undecided' },
    { why: 'just within a fifth', trips: batch(71.9), unit: 'km' },
    { why: 'just beyond a fifth', trips: batch(72.5), unit: 'undecided' },
    { why: 'of some wild trips', trips: [...batch(60), ...batch(9e9, 4)], unit: 'km' },
    { why: 'of too few trips', trips: batch(60_000, 4), unit: 'undecided' },
    { why: 'of none', trips: [], unit: 'undecided' },
    {
      why: 'of trips that tell nothing',
      trips: [null, {}, ...Array.from({ length: 9 }, () => aTrip({ averageSpeed: 0 }))],
      unit: 'undecided',
    },
    {
      why: 'of trips that hardly moved',
      trips: Array.from({ length: 9 }, () => aTrip({ averageSpeed: 0.4, distance: 400 })),
      unit: 'undecided',
    },
  ])('a batch $why: $unit', ({ trips, unit }) => {
    expect(suspectDistanceUnit(trips).unit).toBe(unit)
  })

  test('says what it found', () => {
    expect(suspectDistanceUnit([...batch(60_000), {}])).toEqual({ unit: 'm', trips: 9, medianRatio: 1000 })
    expect(suspectDistanceUnit([])).toEqual({ unit: 'undecided', trips: 0, medianRatio: null })
    expect(suspectDistanceUnit([aTrip(), aTrip({ distance: 30 })]).medianRatio).toBe(0.75)
  })
})

describe('the material hash', () => {
  const hash = (over: Record<string, unknown>, settings = {}) => trip(over, settings).material_hash

  test.for([
    { over: { distance: 61 } },
    { over: { driver: 'b2E' } },
    { over: { stop: '2026-01-21T06:00:01.000Z' } },
    { over: { stopDuration: '00:00:00', nextTripStart: null } },
    { over: { deletedDateTime: '2026-01-22T00:00:00.000Z' } },
    { over: { afterHoursStart: false } },
    { over: { workDistance: 0 } },
  ])('changes with $over', ({ over }) => {
    expect(hash(over)).not.toBe(hash({}))
  })

  test('case 1: stays when only the id, the version or the spelling changes', () => {
    const other = { id: 'b4', version: '0f', color: 1, driver: 'b2D', distance: parseJson('60.00000000000000000001') }
    expect(hash(other, { rawVersion: 9 })).toBe(hash({}))
  })
})

test.for([
  { over: { id: null }, refusal: 'ID_MISSING id' },
  { over: { device: undefined }, refusal: 'DEVICE_MISSING device' },
  { over: { start: undefined }, refusal: 'TIME_MISSING start' },
  { over: { start: '0001-01-01T00:00:00.000Z' }, refusal: 'TIME_INVALID start' },
])('a trip with $over is refused', ({ over, refusal }) => {
  expect(refusalOf(toTripRow(aTrip(over), context))).toBe(refusal)
})

test('the start keeps its microseconds, and finer digits are cut off', () => {
  expect(trip({ start: '2026-01-21T05:00:00.1234567Z' }).started_at).toBe('2026-01-21T05:00:00.123456Z')
})
