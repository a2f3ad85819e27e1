import { sql, type Transaction } from 'kysely'
import { messageOf } from '../core/errors.ts'
import { sha256 } from '../core/json.ts'
import type { DB } from '../db/schema.ts'

/** A record that cannot land, as JSON text, with the reason. */
export interface Reject {
  payload: string
  code: string
  /** What of the record is at fault; `$`, the default, is all of it. */
  path?: string
  message: string
}

export const LONGEST_KEY = 200

export function refusalOf(record: unknown, key: string | null): { code: string; message: string } {
  if (typeof record !== 'object' || record === null || Array.isArray(record)) {
    return { code: 'NOT_AN_OBJECT', message: 'the record is not an object, so it cannot be read at all' }
  }
  if (key === null || key === '')
    return { code: 'NO_KEY', message: 'the record carries no id, so it cannot be told from others' }
  return { code: 'KEY_TOO_LONG', message: `the id has ${key.length} characters; at most ${LONGEST_KEY} are taken` }
}

/** Runs `work` so that a value which Postgres refuses undoes that work only. Other errors go through. */
export async function attempt<T>(
  trx: Transaction<DB>,
  work: () => Promise<T>,
): Promise<{ value: T } | { refusal: string }> {
  await sql`savepoint landing`.execute(trx)
  try {
    const value = await work()
    await sql`release savepoint landing`.execute(trx)
    return { value }
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : ''
    // Classes 22 (a value) and 54 (a limit, such as that of an index entry).
    if (!/^(22|54)/.test(code)) throw error
    await sql`rollback to savepoint landing`.execute(trx)
    return { refusal: messageOf(error) }
  }
}

/** Writes a rejected record to quarantine; one that was refused before is the same row. */
export async function quarantineReject(
  trx: Transaction<DB>,
  target: { feed: string; connection: string },
  runId: string,
  reject: Reject,
): Promise<void> {
  await sql`
    insert into ops.quarantine (feed, connection, stage, content_hash, payload, code, path, message, run_id)
    select ${target.feed}, ${target.connection}, 'land', ${sha256(reject.payload)}, ${reject.payload}::jsonb,
      ${reject.code}, ${reject.path ?? '$'}, ${reject.message}, ${runId}::uuid
    where not exists (
      select from ops.quarantine as q
      where q.feed = ${target.feed} and q.connection = ${target.connection} and q.stage = 'land'
        and q.content_hash = ${sha256(reject.payload)} and q.state = 'ignored'
    )
    on conflict (feed, connection, stage, content_hash) where state in ('open', 'retry')
    do update set state = 'open', attempts = ops.quarantine.attempts + 1, last_seen_at = now(), run_id = excluded.run_id
  `.execute(trx)
}
