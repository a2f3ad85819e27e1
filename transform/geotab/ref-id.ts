import { storableText } from '../../core/json.ts'
import { type Fields, isFields } from './fields.ts'

/** The names by which Geotab says "none" where an id is expected. */
const NOBODY: ReadonlySet<string> = new Set([
  'UnknownDriverId',
  'NoDriverId',
  'NoUserId',
  'NoDeviceId',
  'NoDiagnosticId',
  'NoFailureModeId',
  'NoRuleId',
  'NoZoneId',
  'NoExceptionEventId',
  'ControllerNoneId',
])

/**
 * The id in a reference, as it is written: an object with an `id`, or the bare id of a well-known entity. Ids are
 * opaque and case counts. Null when there is none.
 */
export function writtenId(value: unknown): string | null {
  const id = isFields(value) ? value['id'] : value
  if (typeof id === 'string') return id === '' ? null : storableText(id)
  return typeof id === 'number' ? String(id) : null
}

/** The id in a reference; null when it names nobody (`UnknownDriverId`, `ControllerNoneId`, ...). */
export function refId(value: unknown): string | null {
  const id = writtenId(value)
  return id === null || NOBODY.has(id) ? null : id
}

/** The ids of a list of references, in its order, each once; none when there is no list. */
export function refIds(value: unknown): string[] {
  if (!Array.isArray(value)) return []
  return [...new Set(value.map(refId).filter((id) => id !== null))]
}

/** The id of a record itself. */
export const ownId = (fields: Fields) => writtenId(fields['id'])
