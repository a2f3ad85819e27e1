import { epochMs } from '../../core/instant.ts'
import { distanceMeters } from './distance.ts'
import { isFields, word } from './fields.ts'
import { instant, timeOrWarning } from './instant.ts'
import { materialHash } from './material-hash.ts'
import { ownId, refId } from './ref-id.ts'
import { type RowContext, type RowResult, idMissing, isFuture, notAnObject, timeRefused } from './row-result.ts'
import { durationSeconds } from './time-span.ts'

/** What an exception shows: all of it counts for the material hash. */
interface ExceptionContent {
  device_id: string | null
  driver_id: string | null
  rule_id: string | null
  diagnostic_id: string | null
  started_at: string
  ended_at: string | null
  duration_seconds: string | null
  distance_m: number | null
  state: string
  is_ended: boolean
  deleted_at: string | null
}

/** A row of base.geotab__exceptions. */
export interface ExceptionRow extends ExceptionContent {
  connection: string
  exception_id: string
  is_future: boolean
  source_created_at: string | null
  source_modified_at: string | null
  warnings: string[]
  raw_version: number
  material_hash: string
  transform_fingerprint: string
}

/** ExceptionEvent: a rule was broken. Distance in km, whatever the unit of trips. It tells no place. */
export function toExceptionEventRow(payload: unknown, context: RowContext): RowResult<ExceptionRow> {
  if (!isFields(payload)) return notAnObject()
  const id = ownId(payload)
  if (id === null) return idMissing('exception')
  const startedAt = instant(payload['activeFrom'])
  if (startedAt === null) return timeRefused('activeFrom', payload['activeFrom'])
  const warnings: string[] = []
  // While an event goes on its end is left open, or it is the newest moment that is known of.
  const endedAt = instant(payload['activeTo'])
  const startMs = epochMs(startedAt)
  const endMs = endedAt === null ? null : epochMs(endedAt)
  if (endMs !== null && endMs < startMs) warnings.push('END_BEFORE_START:activeTo')
  const content: ExceptionContent = {
    device_id: refId(payload['device']),
    driver_id: refId(payload['driver']),
    rule_id: refId(payload['rule']),
    diagnostic_id: refId(payload['diagnostic']),
    started_at: startedAt,
    ended_at: endedAt,
    duration_seconds: durationSeconds(payload['duration'], 'duration', warnings),
    distance_m: distanceMeters(payload['distance'], 'km', 'distance', warnings),
    state: stateWord(payload['state']),
    // By the vendor's clock, which may be ahead of ours: what is open ends years ahead.
    is_ended: endMs !== null && !isFuture(endMs, context),
    deleted_at: timeOrWarning(payload, 'deletedDateTime', warnings),
  }
  return {
    kind: 'row',
    row: {
      connection: context.connection,
      exception_id: id,
      ...content,
      is_future: isFuture(startMs, context),
      source_created_at: instant(payload['createdDateTime']),
      source_modified_at: instant(payload['lastModifiedDateTime']),
      warnings,
      raw_version: context.rawVersion,
      material_hash: materialHash(Object.values(content)),
      transform_fingerprint: context.fingerprint,
    },
  }
}

const STATES: Record<string, string> = {
  '0': 'valid',
  '1': 'invalid',
  '2': 'dismissed',
  valid: 'valid',
  invalid: 'invalid',
  dismissed: 'dismissed',
}

/** `ExceptionEventStateValidId` is `valid`, and so is an event that says nothing; unknown words are kept. */
function stateWord(value: unknown): string {
  const written = word(value)
  if (written === null) return 'valid'
  const short = /^ExceptionEventState(.+)Id$/.exec(written)?.[1] ?? written
  return STATES[short.toLowerCase()] ?? written
}
