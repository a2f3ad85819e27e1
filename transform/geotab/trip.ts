import { epochMs } from '../../core/instant.ts'
import { coordinateKind } from './coordinate.ts'
import { distanceMeters } from './distance.ts'
import type { DistanceUnit } from './distance-unit.ts'
import { type Fields, finite, flag, isFields, notNegative } from './fields.ts'
import { instant, timeOrWarning } from './instant.ts'
import { materialHash } from './material-hash.ts'
import { ownId, refId, writtenId } from './ref-id.ts'
import {
  type RowContext,
  type RowResult,
  deviceMissing,
  idMissing,
  isFuture,
  notAnObject,
  timeRefused,
} from './row-result.ts'
import { durationSeconds, parseTimeSpan } from './time-span.ts'

/** What a trip shows: all of it counts for the material hash. */
interface TripContent {
  driver_id: string | null
  stopped_at: string | null
  next_trip_started_at: string | null
  distance_m: number | null
  work_distance_m: number | null
  after_hours_distance_m: number | null
  driving_seconds: string | null
  idling_seconds: string | null
  stop_seconds: string | null
  work_driving_seconds: string | null
  work_stop_seconds: string | null
  after_hours_driving_seconds: string | null
  after_hours_stop_seconds: string | null
  maximum_speed_kmh: number | null
  average_speed_kmh: number | null
  stop_latitude: number | null
  stop_longitude: number | null
  odometer_end_m: number | null
  engine_end_seconds: number | null
  is_after_hours_start: boolean | null
  is_after_hours_end: boolean | null
  is_seat_belt_off: boolean | null
  is_completed: boolean
  deleted_at: string | null
}

/** A row of base.geotab__trips. */
export interface TripRow extends TripContent {
  connection: string
  device_id: string
  started_at: string
  trip_id: string
  is_future: boolean
  warnings: string[]
  raw_version: number
  material_hash: string
  transform_fingerprint: string
}

export interface TripContext extends RowContext {
  /** What the source's distances are in; see `suspectDistanceUnit`. */
  distanceUnit: DistanceUnit
}

/**
 * Trip: a drive and the stop after it. Distances in the unit of the context, speeds in km/h, odometer in metres and
 * engine hours in seconds, both at the end of the drive.
 */
export function toTripRow(payload: unknown, context: TripContext): RowResult<TripRow> {
  if (!isFields(payload)) return notAnObject()
  const id = ownId(payload)
  if (id === null) return idMissing('trip')
  const deviceId = writtenId(payload['device'])
  if (deviceId === null) return deviceMissing('trip')
  const startedAt = instant(payload['start'])
  if (startedAt === null) return timeRefused('start', payload['start'])
  const warnings: string[] = []
  const startMs = epochMs(startedAt)
  const content = readContent(payload, startMs, context.distanceUnit, warnings)
  return {
    kind: 'row',
    row: {
      connection: context.connection,
      device_id: deviceId,
      started_at: startedAt,
      trip_id: id,
      ...content,
      is_future: isFuture(startMs, context),
      warnings,
      raw_version: context.rawVersion,
      material_hash: materialHash(Object.values(content)),
      transform_fingerprint: context.fingerprint,
    },
  }
}

function readContent(trip: Fields, startMs: number, unit: DistanceUnit, warnings: string[]): TripContent {
  const stoppedAt = timeOrWarning(trip, 'stop', warnings)
  const nextStart = timeOrWarning(trip, 'nextTripStart', warnings)
  const stopMs = stoppedAt === null ? null : epochMs(stoppedAt)
  const nextMs = nextStart === null ? null : epochMs(nextStart)
  if (stopMs !== null && stopMs < startMs) warnings.push('STOP_BEFORE_START:stop')
  if (stopMs !== null && nextMs !== null && nextMs < stopMs) warnings.push('NEXT_START_BEFORE_STOP:nextTripStart')
  const stop = readStop(trip['stopPoint'], warnings)
  return {
    driver_id: refId(trip['driver']),
    stopped_at: stoppedAt,
    next_trip_started_at: nextStart,
    distance_m: distanceMeters(trip['distance'], unit, 'distance', warnings),
    work_distance_m: distanceMeters(trip['workDistance'], unit, 'workDistance', warnings),
    after_hours_distance_m: distanceMeters(trip['afterHoursDistance'], unit, 'afterHoursDistance', warnings),
    driving_seconds: durationSeconds(trip['drivingDuration'], 'drivingDuration', warnings),
    idling_seconds: durationSeconds(trip['idlingDuration'], 'idlingDuration', warnings),
    stop_seconds: durationSeconds(trip['stopDuration'], 'stopDuration', warnings),
    work_driving_seconds: durationSeconds(trip['workDrivingDuration'], 'workDrivingDuration', warnings),
    work_stop_seconds: durationSeconds(trip['workStopDuration'], 'workStopDuration', warnings),
    after_hours_driving_seconds: durationSeconds(
      trip['afterHoursDrivingDuration'],
      'afterHoursDrivingDuration',
      warnings,
    ),
    after_hours_stop_seconds: durationSeconds(trip['afterHoursStopDuration'], 'afterHoursStopDuration', warnings),
    maximum_speed_kmh: notNegative(trip['maximumSpeed']),
    average_speed_kmh: notNegative(trip['averageSpeed']),
    stop_latitude: stop.latitude,
    stop_longitude: stop.longitude,
    odometer_end_m: notNegative(trip['odometer']),
    engine_end_seconds: notNegative(trip['engineHours']),
    is_after_hours_start: flag(trip['afterHoursStart']),
    is_after_hours_end: flag(trip['afterHoursEnd']),
    is_seat_belt_off: flag(trip['isSeatBeltOff']),
    is_completed: isCompleted(trip['stopDuration'], stopMs, nextMs),
    deleted_at: timeOrWarning(trip, 'deletedDateTime', warnings),
  }
}

/** A trip ends once the vehicle stands, and is completed once it is known for how long: the next one has begun. */
function isCompleted(stopDuration: unknown, stopMs: number | null, nextMs: number | null): boolean {
  if (stopMs === null) return false
  if (nextMs !== null && nextMs > stopMs) return true
  // A duration without end (the greatest TimeSpan) reads as null; it is one all the same.
  const micros = parseTimeSpan(stopDuration)
  return micros === null ? typeof stopDuration === 'string' && stopDuration !== '' : micros !== undefined && micros > 0
}

const NOWHERE = { latitude: null, longitude: null }

function readStop(point: unknown, warnings: string[]): { latitude: number | null; longitude: number | null } {
  if (!isFields(point)) return NOWHERE
  const { x, y } = point
  const kind = coordinateKind(y, x)
  if (kind === 'place') return { latitude: finite(y), longitude: finite(x) }
  if (kind !== 'none') warnings.push('BAD_COORDINATE:stopPoint')
  return NOWHERE
}
