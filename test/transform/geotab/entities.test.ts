import { describe, expect, test } from 'vitest'
import { parseJson } from '../../../core/json.ts'
import { toDeviceStatusInfoRow } from '../../../transform/geotab/device-status-info.ts'
import { toDeviceRow } from '../../../transform/geotab/device.ts'
import { toExceptionEventRow } from '../../../transform/geotab/exception-event.ts'
import { toFaultDataRow } from '../../../transform/geotab/fault-data.ts'
import { toUserRow } from '../../../transform/geotab/user.ts'
import { toZoneRow } from '../../../transform/geotab/zone.ts'
import { context, rowOf } from './a-record.ts'

type Payload = Record<string, unknown>

const exception = (over: Payload = {}) =>
  rowOf(toExceptionEventRow({ id: 'a1', activeFrom: '2026-01-24T00:07:02.421Z', ...over }, context))
const fault = (over: Payload = {}) =>
  rowOf(toFaultDataRow({ id: 'b1', dateTime: '2026-01-21T06:58:41.736Z', ...over }, context))
const device = (over: Payload = {}) => rowOf(toDeviceRow({ id: 'b20', ...over }, context))
const user = (over: Payload = {}) => rowOf(toUserRow({ id: 'b12', ...over }, context))
const status = (over: Payload = {}) => rowOf(toDeviceStatusInfoRow({ device: { id: 'b15' }, ...over }, context))
const zone = (over: Payload = {}) => rowOf(toZoneRow({ id: 'b9', ...over }, context))

describe('an exception', () => {
  test.for([
    ['ExceptionEventStateValidId', 'valid'],
    ['ExceptionEventStateInvalidId', 'invalid'],
    ['ExceptionEventStateDismissedId', 'dismissed'],
    [{ id: 'ExceptionEventStateDismissedId' }, 'dismissed'],
    [0, 'valid'],
    [2, 'dismissed'],
    ['Invalid', 'invalid'],
    [null, 'valid'],
    [undefined, 'valid'],
    ['ExceptionEventStateSleepingId', 'ExceptionEventStateSleepingId'],
  ])('case 5: in the state %j is %s', ([written, state]) => {
    expect(exception({ state: written }).state).toBe(state)
  })

  test.for([
    { activeTo: '2026-01-24T00:07:02.721Z', ended: true },
    { activeTo: '2026-01-28T07:00:00.000Z', ended: true },
    { activeTo: '2026-01-28T07:02:30.000Z', ended: true },
    { activeTo: '2026-01-29T07:00:00.001Z', ended: false },
    { activeTo: '2050-01-01T00:00:00.000Z', ended: false },
    { activeTo: null, ended: false },
  ])('until $activeTo has ended when it is read, whoever has the faster clock: $ended', ({ activeTo, ended }) => {
    expect(exception({ activeTo }).is_ended).toBe(ended)
  })

  test('case 6: is deleted when the source says so', () => {
    expect(exception({ deletedDateTime: '2026-01-25T00:00:00Z' }).deleted_at).toBe('2026-01-25T00:00:00.000Z')
  })

  test('case 16: knows no more than it is told', () => {
    expect(exception()).toEqual({
      connection: 'demo',
      exception_id: 'a1',
      device_id: null,
      driver_id: null,
      rule_id: null,
      diagnostic_id: null,
      started_at: '2026-01-24T00:07:02.421Z',
      ended_at: null,
      duration_seconds: null,
      distance_m: null,
      state: 'valid',
      is_ended: false,
      is_future: false,
      deleted_at: null,
      source_created_at: null,
      source_modified_at: null,
      warnings: [],
      raw_version: 3,
      material_hash: expect.stringMatching(/^[0-9a-f]{64}$/),
      transform_fingerprint: 'f1',
    })
  })

  test('has its material hash changed by its state, not by when it was touched', () => {
    expect(exception({ state: 2 }).material_hash).not.toBe(exception().material_hash)
    const touched = exception({ lastModifiedDateTime: '2026-01-25T00:00:00Z', version: 'ff' })
    expect(touched.material_hash).toBe(exception().material_hash)
  })

  test('that ends before it starts is warned of', () => {
    expect(exception({ activeTo: '2026-01-23T00:00:00Z' }).warnings).toEqual(['END_BEFORE_START:activeTo'])
  })
})

describe('a fault', () => {
  test.for([
    ['ControllerNoneId', null],
    [{ id: 'ControllerNoneId' }, null],
    [{ id: 'ControllerGoDeviceId' }, 'ControllerGoDeviceId'],
    ['ControllerGoDeviceId', 'ControllerGoDeviceId'],
    [null, null],
    [7, '7'],
  ])('case 15: of the controller %j is of %s', ([controller, id]) => {
    expect(fault({ controller }).controller_id).toBe(id)
  })

  test('case 14: keeps ids that nobody knows', () => {
    const row = fault({ device: 'bGONE', diagnostic: { id: 'aNEW' }, failureMode: 'aMODE', dismissUser: { id: 'b7' } })
    expect(row).toMatchObject({
      device_id: 'bGONE',
      diagnostic_id: 'aNEW',
      failure_mode_id: 'aMODE',
      dismissed_by_user_id: 'b7',
    })
  })

  test('case 18: keeps words that nobody knows', () => {
    const row = fault({ faultState: 'Slumbering', severity: 'Odd', faultStates: { effectiveStatus: { id: 'New' } } })
    expect(row).toMatchObject({ fault_state: 'Slumbering', severity: 'Odd', effective_status: 'New' })
  })

  test.for([
    [3, 3],
    [0, 0],
    [2_147_483_648, null],
    [1.5, null],
    ['4', 4],
    [parseJson('5.00000000000000000000000001'), 5],
  ])('counted %j times has occurred %s times', ([count, occurrences]) => {
    expect(fault({ count }).occurrences).toBe(occurrences)
  })
})

describe('a device', () => {
  test.for([
    ['2050-01-01T00:00:00.000Z', null],
    ['9999-12-31T23:59:59.999Z', null],
    ['2049-12-31T23:59:59.999Z', '2049-12-31T23:59:59.999Z'],
    ['2025-01-01', '2025-01-01T00:00:00.000Z'],
    [null, null],
    ['never', null],
  ])('case 20, case 37: active to %s is active to %s', ([activeTo, until]) => {
    expect(device({ activeTo }).active_to).toBe(until)
  })

  test.for([['1986-01-01T00:00:00.000Z'], ['0001-01-01T00:00:00.000Z'], ['1986-01-01']])(
    'case 37: active from %s is active since ever',
    ([activeFrom]) => {
      expect(device({ activeFrom }).active_from).toBeNull()
    },
  )

  test.for([
    ['@@@@@@@@@@@@@@@@@', null],
    ['?', null],
    ['', null],
    ['   ', null],
    ['WMAR62ZZ3LT034488', 'WMAR62ZZ3LT034488'],
  ])('whose engine gave the VIN "%s" has %s', ([vin, read]) => {
    expect(device({ engineVehicleIdentificationNumber: vin }).engine_vin).toBe(read)
  })

  test.for([
    { over: { devicePlans: ['ProPlus'], devicePlanBillingInfo: [{ devicePlanName: 'Pro' }] }, plans: ['ProPlus'] },
    { over: { devicePlans: [], devicePlanBillingInfo: [{ devicePlanName: 'Pro' }] }, plans: ['Pro'] },
    { over: { devicePlanBillingInfo: [{ devicePlanName: 'Pro' }, { billingLevel: 1 }, null] }, plans: ['Pro'] },
    { over: { devicePlans: null }, plans: [] },
  ])('with $over is on the plans $plans', ({ over, plans }) => {
    expect(device(over).device_plans).toEqual(plans)
  })

  test.for([
    [
      [{ id: 'b27D4' }, { id: 'b1' }, 'b2', { id: 'b1' }, {}, null],
      ['b27D4', 'b1', 'b2'],
    ],
    [[], []],
    [null, []],
    ['b1', []],
  ])('in the groups %j is in %j', ([groups, ids]) => {
    expect(device({ groups }).group_ids).toEqual(ids)
  })

  test('keeps a name that looks like a date or a number', () => {
    expect([device({ name: '2026-01-02' }).name, device({ name: 32 }).name]).toEqual(['2026-01-02', '32'])
  })

  test('loses what Postgres cannot store', () => {
    expect(device({ name: 'a\0b\ud800' }).name).toBe('ab\ufffd')
  })
})

describe('case 22: of the keys of a driver', () => {
  const nfc = (serialNumber: unknown) => ({ driverKeyType: 'NFC', serialNumber })
  const tachograph = (serialNumber: unknown) => ({ driverKeyType: 'Tachograph', serialNumber })

  test.for([
    { why: 'the first NFC key', keys: [tachograph('T1'), nfc('N1'), nfc('N2')], serial: 'N1' },
    { why: 'the first NFC key with a serial', keys: [nfc(''), nfc(null), nfc('N2'), tachograph('T1')], serial: 'N2' },
    { why: 'else the first with a serial', keys: [nfc(''), tachograph('T1'), tachograph('T2')], serial: 'T1' },
    { why: 'one without a type', keys: [{ serialNumber: '007' }], serial: '007' },
    { why: 'none', keys: [], serial: null },
    { why: 'none that is a key', keys: ['x', null], serial: null },
    { why: 'none at all', keys: null, serial: null },
  ])('$why counts', ({ keys, serial }) => {
    expect(user({ keys }).key_serial_number).toBe(serial)
  })

  test('those of one who drives no longer count as before', () => {
    const row = user({ isDriver: false, keys: [tachograph('T1'), nfc('N1')] })
    expect(row).toMatchObject({ is_driver: false, key_serial_number: 'N1' })
  })
})

describe('a status', () => {
  test('case 17: without fix or bearing says so, and keys its place', () => {
    expect(status({ latitude: 0, longitude: 0, bearing: -1, speed: -1, driver: 'UnknownDriverId' })).toMatchObject({
      latitude: null,
      longitude: null,
      latitude_e5: null,
      longitude_e5: null,
      bearing_degrees: null,
      speed_kmh: null,
      driver_id: null,
    })
    expect(status({ latitude: 39.4767609, longitude: -2.05665278 })).toMatchObject({
      latitude_e5: 3_947_676,
      longitude_e5: -205_665,
    })
  })

  test('case 25: of the day after tomorrow is of the future', () => {
    expect(status({ dateTime: '2026-01-30T00:00:00Z' }).is_future).toBe(true)
    expect(status({ dateTime: null })).toMatchObject({ is_future: false, recorded_at: null })
  })
})

describe('a zone', () => {
  const points = [
    { x: 10, y: 50 },
    { x: 11, y: 50 },
    { x: 11, y: 51 },
  ]

  test('case 38: is closed, and known by its area', () => {
    expect(zone({ points })).toMatchObject({
      ring: '[[10,50],[11,50],[11,51],[10,50]]',
      area: 0.5,
      invalid_reason: null,
    })
  })

  test.for([
    { points: null, ring: [], reason: 'FEWER_THAN_3_POINTS' },
    {
      points: points.slice(0, 2),
      ring: [
        [10, 50],
        [11, 50],
        [10, 50],
      ],
      reason: 'FEWER_THAN_3_POINTS',
    },
    {
      points: [...points.slice(0, 2), { x: 'east', y: 51 }],
      ring: [
        [10, 50],
        [11, 50],
        [10, 50],
      ],
      reason: 'BAD_POINT',
    },
    {
      points: [...points, 'corner'],
      ring: [
        [10, 50],
        [11, 50],
        [11, 51],
        [10, 50],
      ],
      reason: 'BAD_POINT',
    },
  ])('case 38: with the points $points is kept as invalid: $reason', ({ points: given, ring, reason }) => {
    expect(zone({ points: given })).toMatchObject({ ring: JSON.stringify(ring), area: null, invalid_reason: reason })
  })

  test('has types as words or objects', () => {
    expect(zone({ zoneTypes: ['ZoneTypeCustomerId', { id: 'b3' }] }).zone_types).toEqual(['ZoneTypeCustomerId', 'b3'])
  })
})
