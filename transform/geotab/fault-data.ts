import { epochMs } from '../../core/instant.ts'
import { flag, integer, isFields, text, word } from './fields.ts'
import { instant, timeOrWarning } from './instant.ts'
import { materialHash } from './material-hash.ts'
import { ownId, refId } from './ref-id.ts'
import { type RowContext, type RowResult, idMissing, isFuture, notAnObject, timeRefused } from './row-result.ts'

/** What a fault shows: all of it counts for the material hash. */
interface FaultContent {
  device_id: string | null
  recorded_at: string
  diagnostic_id: string | null
  controller_id: string | null
  failure_mode_id: string | null
  fault_state: string | null
  effective_status: string | null
  occurrences: number | null
  is_malfunction_lamp_on: boolean | null
  is_red_stop_lamp_on: boolean | null
  is_amber_warning_lamp_on: boolean | null
  is_protect_warning_lamp_on: boolean | null
  severity: string | null
  source_address: number | null
  dismissed_at: string | null
  dismissed_by_user_id: string | null
}

/** A row of base.geotab__faults. */
export interface FaultRow extends FaultContent {
  connection: string
  fault_id: string
  is_future: boolean
  warnings: string[]
  raw_version: number
  material_hash: string
  transform_fingerprint: string
}

/** FaultData: a fault that the engine or the device reported. It tells neither driver nor place. */
export function toFaultDataRow(payload: unknown, context: RowContext): RowResult<FaultRow> {
  if (!isFields(payload)) return notAnObject()
  const id = ownId(payload)
  if (id === null) return idMissing('fault')
  const recordedAt = instant(payload['dateTime'])
  if (recordedAt === null) return timeRefused('dateTime', payload['dateTime'])
  const warnings: string[] = []
  const { faultStates } = payload
  const content: FaultContent = {
    device_id: refId(payload['device']),
    recorded_at: recordedAt,
    diagnostic_id: refId(payload['diagnostic']),
    controller_id: refId(payload['controller']),
    failure_mode_id: refId(payload['failureMode']),
    fault_state: word(payload['faultState']),
    effective_status: isFields(faultStates) ? word(faultStates['effectiveStatus']) : null,
    occurrences: integer(payload['count']),
    is_malfunction_lamp_on: flag(payload['malfunctionLamp']),
    is_red_stop_lamp_on: flag(payload['redStopLamp']),
    is_amber_warning_lamp_on: flag(payload['amberWarningLamp']),
    is_protect_warning_lamp_on: flag(payload['protectWarningLamp']),
    severity: text(payload['severity']),
    source_address: integer(payload['sourceAddress']),
    dismissed_at: timeOrWarning(payload, 'dismissDateTime', warnings),
    dismissed_by_user_id: refId(payload['dismissUser']),
  }
  return {
    kind: 'row',
    row: {
      connection: context.connection,
      fault_id: id,
      ...content,
      is_future: isFuture(epochMs(recordedAt), context),
      warnings,
      raw_version: context.rawVersion,
      material_hash: materialHash(Object.values(content)),
      transform_fingerprint: context.fingerprint,
    },
  }
}
