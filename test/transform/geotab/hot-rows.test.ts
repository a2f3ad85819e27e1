import { describe, expect, test } from 'vitest'
import { parseJson } from '../../../core/json.ts'
import { toLogRecordRow } from '../../../transform/geotab/log-record.ts'
import { toStatusDataRow } from '../../../transform/geotab/status-data.ts'
import { aLogRecord, aReading, context, refusalOf, rowOf } from './a-record.ts'

const position = (over: Record<string, unknown>) => rowOf(toLogRecordRow(aLogRecord(over), context))
const reading = (over: Record<string, unknown>) => rowOf(toStatusDataRow(aReading(over), context))

test('a position has the columns of its table', () => {
  expect(position({})).toEqual({
    connection: 'demo',
    device_id: 'b28',
    recorded_at: '2026-01-27T10:59:54.269Z',
    record_id: 'b1',
    latitude: 42.2348557,
    longitude: -8.71324158,
    speed_kmh: 1,
    is_future: false,
  })
})

test('a reading has the columns of its table', () => {
  expect(reading({})).toEqual({
    connection: 'demo',
    device_id: 'b28',
    diagnostic_id: 'DiagnosticOdometerId',
    recorded_at: '2026-01-27T06:46:00.251Z',
    record_id: 'b2',
    value: 99_620_700,
    is_future: false,
  })
})

describe('case 17: numbers that are none', () => {
  test.for([[NaN], ['NaN'], [null], [undefined], [-1], [''], ['fast'], [Infinity], [true]])(
    'a speed of %s is not known',
    ([speed]) => {
      expect(position({ speed }).speed_kmh).toBeNull()
    },
  )

  test.for([
    [0, 0],
    [-0, 0],
    ['0', '0'],
    [NaN, NaN],
    ['NaN', 3],
    [null, 5],
    [undefined, undefined],
  ])('latitude %s and longitude %s are no fix', ([latitude, longitude]) => {
    expect(position({ latitude, longitude })).toMatchObject({ latitude: null, longitude: null })
  })

  test.for([
    [0, 12.5],
    [51.5, 0],
    [90, 180],
    [-90, -180],
    [0, 1e-9],
  ])('latitude %s and longitude %s are a place', ([latitude, longitude]) => {
    expect(position({ latitude, longitude })).toMatchObject({ latitude, longitude })
  })

  test.for([
    [90.000001, 0],
    [0, -180.1],
    [Infinity, 0],
    [0, 500],
  ])('latitude %s and longitude %s are refused', ([latitude, longitude]) => {
    expect(refusalOf(toLogRecordRow(aLogRecord({ latitude, longitude }), context))).toBe(
      'COORDINATE_OUT_OF_RANGE latitude,longitude',
    )
  })

  test.for([[{}], ['north'], [[1]], [false]])('a latitude of %j is refused', ([latitude]) => {
    expect(refusalOf(toLogRecordRow(aLogRecord({ latitude }), context))).toBe('COORDINATE_INVALID latitude,longitude')
  })

  test.for([
    [NaN, 'VALUE_NOT_FINITE'],
    ['NaN', 'VALUE_NOT_FINITE'],
    [Infinity, 'VALUE_NOT_FINITE'],
    [{}, 'VALUE_NOT_FINITE'],
    [null, 'VALUE_MISSING'],
    [undefined, 'VALUE_MISSING'],
  ])('a reading of %s is refused as %s', ([data, code]) => {
    expect(refusalOf(toStatusDataRow(aReading({ data }), context))).toBe(`${code as string} data`)
  })

  test('a reading of 0 or below is a reading', () => {
    expect([reading({ data: 0 }).value, reading({ data: -12.5 }).value]).toEqual([0, -12.5])
  })
})

test('text of a million digits that is no number is seen through at once', () => {
  const data = `${'1'.repeat(1_000_000)}x`
  const started = performance.now()
  expect(refusalOf(toStatusDataRow(aReading({ data, dateTime: '2026-01-01' }), context))).toBe('VALUE_NOT_FINITE data')
  expect(performance.now() - started).toBeLessThan(1000)
})

describe('numbers that kept their digits', () => {
  test('are read as the nearest double', () => {
    const payload = parseJson(
      '{"id":"b1","device":"b28","dateTime":"2026-01-27","latitude":42.23485570000000012345,"longitude":-8.5,"speed":1e1}',
    )
    expect(rowOf(toLogRecordRow(payload, context))).toMatchObject({ latitude: 42.2348557, speed_kmh: 10 })
  })

  test('beyond all doubles are not finite', () => {
    const payload = { ...aReading(), data: parseJson('1e999') }
    expect(refusalOf(toStatusDataRow(payload, context))).toBe('VALUE_NOT_FINITE data')
  })
})

test.for([
  { why: 'no object', payload: [aLogRecord()], refusal: 'NOT_AN_OBJECT $' },
  { why: 'null', payload: null, refusal: 'NOT_AN_OBJECT $' },
  { why: 'no id, as what the server interpolated', payload: aLogRecord({ id: undefined }), refusal: 'ID_MISSING id' },
  { why: 'no device', payload: aLogRecord({ device: null }), refusal: 'DEVICE_MISSING device' },
  { why: 'a device without id', payload: aLogRecord({ device: {} }), refusal: 'DEVICE_MISSING device' },
  { why: 'no time', payload: aLogRecord({ dateTime: null }), refusal: 'TIME_MISSING dateTime' },
  {
    why: 'no calendar day',
    payload: aLogRecord({ dateTime: '2026-02-30T00:00:00.000Z' }),
    refusal: 'TIME_INVALID dateTime',
  },
  {
    why: 'the first of all dates',
    payload: aLogRecord({ dateTime: '0001-01-01T00:00:00.000Z' }),
    refusal: 'TIME_INVALID dateTime',
  },
  {
    why: 'the last of all dates',
    payload: aLogRecord({ dateTime: '2050-01-01T00:00:00.000Z' }),
    refusal: 'TIME_INVALID dateTime',
  },
])('a position is refused with its path: $why', ({ payload, refusal }) => {
  expect(refusalOf(toLogRecordRow(payload, context))).toBe(refusal)
})

test('case 15: a bare id and an object with one are the same device', () => {
  expect(position({ device: 'b28' }).device_id).toBe(position({ device: { id: 'b28', name: 'x' } }).device_id)
})

test('case 18: members that nobody knows are left alone', () => {
  expect(position({ quantum: { spin: 'up' }, version: 5 })).toEqual(position({}))
})

test.for([
  { at: '2026-01-29T07:00:00.000Z', future: false },
  { at: '2026-01-29T07:00:00.001Z', future: true },
])('case 25: of a day ahead and more, $at is future: $future', ({ at, future }) => {
  expect(position({ dateTime: at }).is_future).toBe(future)
  expect(reading({ dateTime: at }).is_future).toBe(future)
})
