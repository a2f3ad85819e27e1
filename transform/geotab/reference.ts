import { integer, isFields, text } from './fields.ts'
import { ownId } from './ref-id.ts'
import { type RowContext, type RowResult, idMissing, notAnObject } from './row-result.ts'

/** Entities that are no more than an id, a name and sometimes a code. */
export type ReferenceEntity = 'controller' | 'source' | 'failure_mode' | 'unit_of_measure'

/** A row of base.geotab__references. */
export interface ReferenceRow {
  connection: string
  entity: ReferenceEntity
  reference_id: string
  name: string | null
  code: number | null
  raw_version: number
}

export const toControllerRow = (payload: unknown, context: RowContext) => toRow('controller', payload, context)
export const toSourceRow = (payload: unknown, context: RowContext) => toRow('source', payload, context)
export const toFailureModeRow = (payload: unknown, context: RowContext) => toRow('failure_mode', payload, context)
export const toUnitOfMeasureRow = (payload: unknown, context: RowContext) => toRow('unit_of_measure', payload, context)

function toRow(entity: ReferenceEntity, payload: unknown, context: RowContext): RowResult<ReferenceRow> {
  if (!isFields(payload)) return notAnObject()
  const id = ownId(payload)
  if (id === null) return idMissing(entity.replaceAll('_', ' '))
  return {
    kind: 'row',
    row: {
      connection: context.connection,
      entity,
      reference_id: id,
      name: text(payload['name']),
      // Controllers write their number as codeId, the others as code.
      code: integer(payload['code']) ?? integer(payload['codeId']),
      raw_version: context.rawVersion,
    },
  }
}
