import type { TripContext } from '../../../transform/geotab/trip.ts'

/** 2026-01-28T07:00:00Z, when the records of these tests were read. */
export const READ_AT = Date.UTC(2026, 0, 28, 7)

export const context: TripContext = {
  connection: 'demo',
  rawVersion: 3,
  readAt: READ_AT,
  fingerprint: 'f1',
  distanceUnit: 'km',
}

type Payload = Record<string, unknown>

export const aLogRecord = (over: Payload = {}): Payload => ({
  id: 'b1',
  device: { id: 'b28' },
  dateTime: '2026-01-27T10:59:54.269Z',
  latitude: 42.2348557,
  longitude: -8.71324158,
  speed: 1,
  ...over,
})

export const aReading = (over: Payload = {}): Payload => ({
  id: 'b2',
  device: { id: 'b28' },
  diagnostic: { id: 'DiagnosticOdometerId' },
  dateTime: '2026-01-27T06:46:00.251Z',
  data: 99_620_700,
  controller: 'ControllerNoneId',
  version: '00000000021568d6',
  ...over,
})

/** An hour's drive of 60 km, then a stop of half an hour. */
export const aTrip = (over: Payload = {}): Payload => ({
  id: 'b3',
  device: { id: 'b28' },
  driver: { id: 'b2D', isDriver: true },
  start: '2026-01-21T05:00:00.000Z',
  stop: '2026-01-21T06:00:00.000Z',
  nextTripStart: '2026-01-21T06:30:00.000Z',
  distance: 60,
  drivingDuration: '01:00:00',
  idlingDuration: '00:07:05',
  stopDuration: '00:30:00',
  averageSpeed: 60,
  maximumSpeed: 107,
  stopPoint: { x: -0.5577985, y: 38.9977875 },
  odometer: 1_060_000,
  engineHours: 16_879_647.575,
  isSeatBeltOff: false,
  ...over,
})

/** The row that a payload became; a refusal fails the test. */
export function rowOf<Row>(result: { kind: 'row'; row: Row } | { kind: 'refused'; code: string; path: string }): Row {
  if (result.kind === 'row') return result.row
  throw new Error(`refused: ${result.code} at ${result.path}`)
}

/** Code and path of a refusal, or null. */
export function refusalOf(result: { kind: 'row' } | { kind: 'refused'; code: string; path: string }) {
  return result.kind === 'refused' ? `${result.code} ${result.path}` : null
}
