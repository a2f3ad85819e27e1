import { isFields, text, word } from './fields.ts'
import { instant } from './instant.ts'
import { ownId } from './ref-id.ts'
import { type RowContext, type RowResult, idMissing, notAnObject } from './row-result.ts'

/** A row of base.geotab__rules. */
export interface RuleRow {
  connection: string
  rule_id: string
  name: string | null
  comment: string | null
  base_type: string | null
  active_from: string | null
  active_to: string | null
  raw_version: number
}

/** Rule: what an exception event breaks. */
export function toRuleRow(payload: unknown, context: RowContext): RowResult<RuleRow> {
  if (!isFields(payload)) return notAnObject()
  const id = ownId(payload)
  if (id === null) return idMissing('rule')
  return {
    kind: 'row',
    row: {
      connection: context.connection,
      rule_id: id,
      name: text(payload['name']),
      comment: text(payload['comment']),
      base_type: word(payload['baseType']),
      active_from: instant(payload['activeFrom']),
      active_to: instant(payload['activeTo']),
      raw_version: context.rawVersion,
    },
  }
}
