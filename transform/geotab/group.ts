import { isFields, text } from './fields.ts'
import { ownId, refIds } from './ref-id.ts'
import { type RowContext, type RowResult, idMissing, notAnObject } from './row-result.ts'

/** A row of base.geotab__groups, without what the whole tree says of it (see `groupTree`). */
export interface GroupRow {
  connection: string
  group_id: string
  name: string | null
  comment: string | null
  reference: string | null
  child_ids: string[]
  raw_version: number
}

/** Group: it knows its children, not its parents. */
export function toGroupRow(payload: unknown, context: RowContext): RowResult<GroupRow> {
  if (!isFields(payload)) return notAnObject()
  const id = ownId(payload)
  if (id === null) return idMissing('group')
  return {
    kind: 'row',
    row: {
      connection: context.connection,
      group_id: id,
      name: text(payload['name']),
      comment: text(payload['comments']),
      reference: text(payload['reference']),
      child_ids: refIds(payload['children']),
      raw_version: context.rawVersion,
    },
  }
}
