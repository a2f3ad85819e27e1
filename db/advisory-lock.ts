import { createHash } from 'node:crypto'
import type { Transaction } from 'kysely'
import { Client, type Pool } from 'pg'
import { connectionError } from './connection-error.ts'
import { messageOf, PipelineError } from '../core/errors.ts'
import type { DB } from './schema.ts'

/** A lock that this process holds until it releases it, or until its connection breaks. */
export interface AdvisoryLock {
  key: string
  /** Aborted with a PipelineError LOCK_LOST when the connection that holds the lock breaks: stop writing at once. */
  signal: AbortSignal
  release(): Promise<void>
}

export interface LockOptions {
  /** How often the holding connection is asked whether it still lives, in milliseconds; default 10 s. */
  heartbeatMs?: number
}

/**
 * Takes the session lock named `key`, or returns null when another session holds it. The lock lives on a connection
 * of its own beside the pool (with the pool's settings), so that waiting for a lock never starves the lock's holder.
 * It needs a direct connection or a session-pooling proxy.
 */
export async function tryLock(pool: Pool, key: string, options: LockOptions = {}): Promise<AdvisoryLock | null> {
  return tryLocks(pool, [key], options)
}

/** Takes the session locks of these names, all of them, or returns null when another session holds any. */
export async function tryLocks(pool: Pool, keys: string[], options: LockOptions = {}): Promise<AdvisoryLock | null> {
  const query =
    'select coalesce(bool_and(pg_try_advisory_lock(key)), true) as locked from unnest($1::bigint[]) as l (key)'
  return acquire(pool, keys, query, options)
}

/**
 * Runs `work` while holding the lock named `key`, waiting for it as long as it takes. `work` gets the lock's signal;
 * when the lock was lost, the result is a rejection with LOCK_LOST even if `work` went through.
 */
export async function withLock<T>(
  pool: Pool,
  key: string,
  work: (signal: AbortSignal) => Promise<T>,
  options: LockOptions = {},
): Promise<T> {
  const lock = await acquire(
    pool,
    [key],
    'select true as locked from (select pg_advisory_lock(($1::bigint[])[1])) as l',
    options,
  )
  if (lock === null) throw new Error(`pg_advisory_lock returned without the lock ${key}`)
  try {
    const result = await work(lock.signal)
    lock.signal.throwIfAborted()
    return result
  } finally {
    await lock.release()
  }
}

/** Takes the lock named `key` for the rest of the transaction, waiting for it. */
export async function transactionLock(trx: Transaction<DB>, key: string): Promise<void> {
  // Kysely takes longer to load than the other locks need to be had.
  const { sql } = await import('kysely')
  await sql`select pg_advisory_xact_lock(${lockId(key)}::bigint)`.execute(trx)
}

/** The number that stands for a key: the first 64 bits of its SHA-256, as the text of a signed bigint. */
export function lockId(key: string): string {
  return createHash('sha256').update(key).digest().readBigInt64BE(0).toString()
}

async function acquire(pool: Pool, keys: string[], query: string, options: LockOptions): Promise<AdvisoryLock | null> {
  const { heartbeatMs = 10_000 } = options
  const key = keys.join(', ')
  const client = new Client(pool.options)
  const lost = new AbortController()
  let heartbeat: NodeJS.Timeout | undefined
  let released: Promise<void> | undefined
  const lose = (cause: unknown) => {
    if (released !== undefined) return
    clearInterval(heartbeat)
    lost.abort(
      new PipelineError('LOCK_LOST', `The lock "${key}" was lost with its connection: ${messageOf(cause)}.`, 'later', {
        cause,
      }),
    )
  }
  client.on('error', lose)
  client.on('end', () => lose(new Error('the connection ended')))
  try {
    await client.connect()
  } catch (error) {
    throw connectionError(error, pool.options.connectionString ?? '')
  }
  const release = () => {
    clearInterval(heartbeat)
    // Ending the session frees its locks, also when an unlock could not be sent any more.
    return (released ??= client.end())
  }
  try {
    const { rows } = await client.query<{ locked: boolean }>(query, [keys.map(lockId)])
    if (rows[0]?.locked !== true) {
      await release()
      return null
    }
  } catch (error) {
    await release()
    throw error
  }
  heartbeat = setInterval(() => {
    const late = setTimeout(() => lose(new Error(`no answer within ${heartbeatMs} ms`)), heartbeatMs)
    client.query('select 1').then(
      () => clearTimeout(late),
      (error: unknown) => {
        clearTimeout(late)
        lose(error)
      },
    )
  }, heartbeatMs)
  heartbeat.unref()
  return { key, signal: lost.signal, release }
}
