import { epochMs } from '../../core/instant.ts'
import { isFields, word } from './fields.ts'
import { instant } from './instant.ts'
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

/** A row of base.geotab__driver_changes. */
export interface DriverChangeRow {
  connection: string
  change_id: string
  device_id: string
  /** Null: from then on nobody is known to drive. */
  driver_id: string | null
  changed_at: string
  change_type: string | null
  is_future: boolean
  raw_version: number
}

/** DriverChange: from this moment on another driver has the vehicle. */
export function toDriverChangeRow(payload: unknown, context: RowContext): RowResult<DriverChangeRow> {
  if (!isFields(payload)) return notAnObject()
  const id = ownId(payload)
  if (id === null) return idMissing('driver change')
  const deviceId = writtenId(payload['device'])
  if (deviceId === null) return deviceMissing('driver change')
  const changedAt = instant(payload['dateTime'])
  if (changedAt === null) return timeRefused('dateTime', payload['dateTime'])
  return {
    kind: 'row',
    row: {
      connection: context.connection,
      change_id: id,
      device_id: deviceId,
      driver_id: refId(payload['driver']),
      changed_at: changedAt,
      change_type: word(payload['type']),
      is_future: isFuture(epochMs(changedAt), context),
      raw_version: context.rawVersion,
    },
  }
}
