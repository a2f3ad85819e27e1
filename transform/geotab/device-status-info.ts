import { epochMs } from '../../core/instant.ts'
import { coordinateKey } from './addresses.ts'
import { coordinateKind, coordinateRefused } from './coordinate.ts'
import { finite, flag, isFields, notNegative } from './fields.ts'
import { instant } from './instant.ts'
import { refId, writtenId } from './ref-id.ts'
import { type RowContext, type RowResult, deviceMissing, isFuture, notAnObject } from './row-result.ts'
import { durationSeconds } from './time-span.ts'

/** A row of base.geotab__device_status, without the zones. */
export interface DeviceStatusRow {
  connection: string
  device_id: string
  recorded_at: string | null
  latitude: number | null
  longitude: number | null
  speed_kmh: number | null
  bearing_degrees: number | null
  driver_id: string | null
  is_driving: boolean | null
  is_communicating: boolean | null
  is_historic_last_driver: boolean | null
  state_seconds: string | null
  latitude_e5: number | null
  longitude_e5: number | null
  is_future: boolean
  raw_version: number
}

/** DeviceStatusInfo: how a device is now. It has no id but that of its device. */
export function toDeviceStatusInfoRow(payload: unknown, context: RowContext): RowResult<DeviceStatusRow> {
  if (!isFields(payload)) return notAnObject()
  const deviceId = writtenId(payload['device'])
  if (deviceId === null) return deviceMissing('status')
  const place = coordinateKind(payload['latitude'], payload['longitude'])
  if (place === 'out of range' || place === 'unreadable') return coordinateRefused(place, 'latitude,longitude')
  const recordedAt = instant(payload['dateTime'])
  const latitude = place === 'none' ? null : finite(payload['latitude'])
  const longitude = place === 'none' ? null : finite(payload['longitude'])
  const key = latitude === null || longitude === null ? null : coordinateKey(latitude, longitude)
  return {
    kind: 'row',
    row: {
      connection: context.connection,
      device_id: deviceId,
      recorded_at: recordedAt,
      latitude,
      longitude,
      speed_kmh: notNegative(payload['speed']),
      bearing_degrees: notNegative(payload['bearing']),
      driver_id: refId(payload['driver']),
      is_driving: flag(payload['isDriving']),
      is_communicating: flag(payload['isDeviceCommunicating']),
      is_historic_last_driver: flag(payload['isHistoricLastDriver']),
      state_seconds: durationSeconds(payload['currentStateDuration'], 'currentStateDuration', []),
      latitude_e5: key?.latitude_e5 ?? null,
      longitude_e5: key?.longitude_e5 ?? null,
      is_future: recordedAt !== null && isFuture(epochMs(recordedAt), context),
      raw_version: context.rawVersion,
    },
  }
}
