import { integer, isFields, text, word } from './fields.ts'
import { ownId, refId } from './ref-id.ts'
import { type RowContext, type RowResult, idMissing, notAnObject } from './row-result.ts'

/** A row of base.geotab__diagnostics. */
export interface DiagnosticRow {
  connection: string
  diagnostic_id: string
  name: string | null
  code: number | null
  source_id: string | null
  controller_id: string | null
  diagnostic_type: string | null
  unit_of_measure_id: string | null
  raw_version: number
}

/** Diagnostic: what a reading or a fault is about. */
export function toDiagnosticRow(payload: unknown, context: RowContext): RowResult<DiagnosticRow> {
  if (!isFields(payload)) return notAnObject()
  const id = ownId(payload)
  if (id === null) return idMissing('diagnostic')
  return {
    kind: 'row',
    row: {
      connection: context.connection,
      diagnostic_id: id,
      name: text(payload['name']),
      code: integer(payload['code']),
      source_id: refId(payload['source']),
      controller_id: refId(payload['controller']),
      diagnostic_type: word(payload['diagnosticType']),
      unit_of_measure_id: refId(payload['unitOfMeasure']),
      raw_version: context.rawVersion,
    },
  }
}
