import { sql, type Transaction } from 'kysely'
import { sha256, storableJson } from '../core/json.ts'
import type { DB } from '../db/schema.ts'

interface QuarantineOf {
  feed: string
  connection: string
}

/** A version of a record that landed. */
interface LandedVersion {
  record_key: string
  version: number
  payload: unknown
}

/** Puts a version that no row can be made of aside, with the reason; the row that was held before stays. */
export async function quarantineVersion(
  trx: Transaction<DB>,
  { feed, connection }: QuarantineOf,
  raw: LandedVersion,
  runId: string,
  reason: { code: string; path: string; message: string },
): Promise<void> {
  const payload = storableJson(raw.payload)
  // Of the versions that this one replaced nothing is left to retry.
  await sql`
    update ops.quarantine set state = 'resolved', resolved_at = now()
    where feed = ${feed} and connection = ${connection} and stage = 'transform' and state in ('open', 'retry')
      and record_key = ${raw.record_key} and raw_version < ${raw.version}
  `.execute(trx)
  await sql`
    insert into ops.quarantine (feed, connection, stage, record_key, raw_version, content_hash, payload, code, path, message, run_id)
    values (${feed}, ${connection}, 'transform', ${raw.record_key}, ${raw.version},
      ${sha256(`${raw.record_key} ${raw.version} ${payload}`)}, ${payload}::jsonb,
      ${reason.code}, ${reason.path}, ${reason.message}, ${runId}::uuid)
    on conflict (feed, connection, stage, content_hash) where state in ('open', 'retry')
    do update set state = 'open', attempts = ops.quarantine.attempts + 1, last_seen_at = now(), code = excluded.code,
      path = excluded.path, message = excluded.message, run_id = excluded.run_id
  `.execute(trx)
}

/** Closes what was quarantined of records that rows were made of after all. */
export async function resolveQuarantined(
  trx: Transaction<DB>,
  { feed, connection }: QuarantineOf,
  keys: string[],
): Promise<void> {
  await sql`
    update ops.quarantine set state = 'resolved', resolved_at = now()
    where feed = ${feed} and connection = ${connection} and stage = 'transform' and state in ('open', 'retry')
      and record_key = any(${keys}::text[])
  `.execute(trx)
}

/** Whether Postgres refused a value (class 22, data exception), a constraint (class 23) or a size (class 54), as opposed to being in trouble itself. */
export function isDataError(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  return /^(22|23|54)[0-9A-Z]{3}$/.test(code)
}
