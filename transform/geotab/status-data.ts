import { epochMs } from '../../core/instant.ts'
import { isFields, numberIn } from './fields.ts'
import { instant } from './instant.ts'
import { ownId, writtenId } from './ref-id.ts'
import {
  type RowContext,
  type RowResult,
  deviceMissing,
  idMissing,
  isFuture,
  notAnObject,
  refused,
  timeRefused,
} from './row-result.ts'

/** A row of base.geotab__status_data. */
export interface StatusDataRow {
  connection: string
  device_id: string
  diagnostic_id: string
  recorded_at: string
  record_id: string
  value: number
  is_future: boolean
}

/** StatusData: one reading of one diagnostic, in the unit of the diagnostic (odometers in m, engine hours in s). */
export function toStatusDataRow(payload: unknown, context: RowContext): RowResult<StatusDataRow> {
  if (!isFields(payload)) return notAnObject()
  const id = ownId(payload)
  if (id === null) return idMissing('reading')
  const deviceId = writtenId(payload['device'])
  if (deviceId === null) return deviceMissing('reading')
  const diagnosticId = writtenId(payload['diagnostic'])
  if (diagnosticId === null) return refused('DIAGNOSTIC_MISSING', 'diagnostic', 'The reading names no diagnostic.')
  const recordedAt = instant(payload['dateTime'])
  if (recordedAt === null) return timeRefused('dateTime', payload['dateTime'])
  const value = numberIn(payload['data'])
  if (value === null) return refused('VALUE_MISSING', 'data', 'The reading has no value.')
  if (value === undefined || !Number.isFinite(value)) {
    return refused('VALUE_NOT_FINITE', 'data', 'The value of the reading is not a finite number.')
  }
  return {
    kind: 'row',
    row: {
      connection: context.connection,
      device_id: deviceId,
      diagnostic_id: diagnosticId,
      recorded_at: recordedAt,
      record_id: id,
      value,
      is_future: isFuture(epochMs(recordedAt), context),
    },
  }
}
