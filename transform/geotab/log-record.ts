import { epochMs } from '../../core/instant.ts'
import { coordinateKind, coordinateRefused } from './coordinate.ts'
import { finite, isFields, notNegative } from './fields.ts'
import { instant } from './instant.ts'
import { ownId, writtenId } from './ref-id.ts'
import {
  type RowContext,
  type RowResult,
  deviceMissing,
  idMissing,
  isFuture,
  notAnObject,
  timeRefused,
} from './row-result.ts'

/** A row of base.geotab__positions. */
export interface PositionRow {
  connection: string
  device_id: string
  recorded_at: string
  record_id: string
  latitude: number | null
  longitude: number | null
  speed_kmh: number | null
  is_future: boolean
}

/** LogRecord: where a device was. Speed in km/h; -1 and NaN are unknown. A place of exactly (0, 0) is no fix. */
export function toLogRecordRow(payload: unknown, context: RowContext): RowResult<PositionRow> {
  if (!isFields(payload)) return notAnObject()
  const id = ownId(payload)
  if (id === null) return idMissing('position')
  const deviceId = writtenId(payload['device'])
  if (deviceId === null) return deviceMissing('position')
  const recordedAt = instant(payload['dateTime'])
  if (recordedAt === null) return timeRefused('dateTime', payload['dateTime'])
  const { latitude, longitude } = payload
  const place = coordinateKind(latitude, longitude)
  if (place === 'out of range' || place === 'unreadable') return coordinateRefused(place, 'latitude,longitude')
  return {
    kind: 'row',
    row: {
      connection: context.connection,
      device_id: deviceId,
      recorded_at: recordedAt,
      record_id: id,
      latitude: place === 'none' ? null : finite(latitude),
      longitude: place === 'none' ? null : finite(longitude),
      speed_kmh: notNegative(payload['speed']),
      is_future: isFuture(epochMs(recordedAt), context),
    },
  }
}
