import { setTimeout } from 'node:timers/promises'
import { Client, DatabaseError, type Pool, type QueryConfig, type QueryResult, type QueryResultRow } from 'pg'
import { messageOf, PipelineError } from '../../core/errors.ts'

/** One transaction on one connection. After an abort every call throws. */
export interface Session {
  /** The server process that works for it. */
  pid: number
  /** Runs a single statement; Postgres refuses more than one. */
  query<Row extends QueryResultRow>(text: string, values?: unknown[]): Promise<QueryResult<Row>>
  /** Runs statements that return nothing of interest, in one go. */
  script(statements: string[]): Promise<void>
  /** Runs `work` in a savepoint: when it throws, what it did is undone and the transaction goes on. */
  attempt<T>(work: () => Promise<T>): Promise<T>
}

export type TransactionMode = 'isolation level repeatable read' | 'read only'

/**
 * Runs `work` in a transaction and commits if it says so, else rolls back. An abort cancels the statement that runs and
 * rolls back; the rejection is then a PipelineError BUILD_CANCELLED, or the abort's reason if that is one. A connection
 * that breaks is BUILD_DISCONNECTED.
 */
export async function transaction<T>(
  pool: Pool,
  mode: TransactionMode,
  stop: AbortSignal,
  work: (session: Session) => Promise<{ commit: boolean; value: T }>,
): Promise<T> {
  if (stop.aborted) throw stopError(stop)
  const client = await pool.connect()
  const lost = new AbortController()
  const signal = AbortSignal.any([stop, lost.signal])
  const lose = (cause: Error) => lost.abort(disconnectedError(cause))
  client.on('error', lose)
  const send = async <Row extends QueryResultRow>(config: QueryConfig) => {
    if (signal.aborted) throw stopError(signal)
    try {
      return await client.query<Row>(config)
    } catch (error) {
      // Errors that are not Postgres's own come from the connection; 57P01 and its like end the session.
      const isLost = !(error instanceof DatabaseError) || error.code?.startsWith('57P') === true
      if (!isLost || !(error instanceof Error)) throw error
      lose(error)
      throw stopError(signal)
    }
  }
  let canceller: ReturnType<typeof watchForAbort> | undefined
  let failure: unknown
  try {
    const session = await openSession(send)
    canceller = watchForAbort(pool, session.pid, stop)
    await session.query(`begin transaction ${mode}`)
    const { commit, value } = await work(session)
    if (signal.aborted) throw stopError(signal)
    canceller.unwatch()
    await send({ text: commit ? 'commit' : 'rollback' })
    return value
  } catch (error) {
    failure = signal.aborted ? stopError(signal) : error
    throw failure
  } finally {
    client.off('error', lose)
    // Closing the connection rolls back, also where a rollback could no longer be sent.
    client.release(failure !== undefined)
    await canceller?.end()
  }
}

type Send = <Row extends QueryResultRow>(config: QueryConfig) => Promise<QueryResult<Row>>

async function openSession(send: Send): Promise<Session> {
  const query: Session['query'] = (text, values = []) => {
    const config = { text, values, queryMode: 'extended' }
    return send(config)
  }
  const { rows } = await query<{ pid: number }>('select pg_backend_pid() as pid')
  return {
    pid: rows[0]?.pid ?? 0,
    query,
    script: async (statements) => {
      if (statements.length > 0) await send({ text: statements.join(';\n') })
    },
    attempt: async (work) => {
      await query('savepoint attempt')
      try {
        const value = await work()
        await query('release savepoint attempt')
        return value
      } catch (error) {
        await query('rollback to savepoint attempt')
        await query('release savepoint attempt')
        throw error
      }
    },
  }
}

/** Cancels the statements of a server process from the abort until `end`. */
function watchForAbort(pool: Pool, pid: number, stop: AbortSignal) {
  const over = new AbortController()
  let cancelling: Promise<void> | undefined
  // A cancel that arrives between two statements has no effect, so it is repeated.
  const cancel = () => {
    cancelling = aside(pool, async (client) => {
      while (!over.signal.aborted) {
        await client.query('select pg_cancel_backend($1)', [pid])
        await setTimeout(50)
      }
    })
    cancelling.catch(() => {}) // `end` reports it; until then it must not count as unhandled
  }
  const unwatch = () => stop.removeEventListener('abort', cancel)
  stop.addEventListener('abort', cancel, { once: true })
  return {
    unwatch,
    end: async () => {
      unwatch()
      over.abort()
      await cancelling?.catch((error: unknown) => {
        throw disconnectedError(error)
      })
    },
  }
}

/** Runs `work` on a connection of its own beside the pool, which sees what is committed now. */
export async function aside<T>(pool: Pool, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client(pool.options)
  client.on('error', () => {}) // a broken connection rejects the query that needs it
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}

function stopError(signal: AbortSignal): PipelineError {
  if (signal.reason instanceof PipelineError) return signal.reason
  const message = 'The build was cancelled; nothing was published, and what was published before stands.'
  return new PipelineError('BUILD_CANCELLED', message, 'later', { cause: signal.reason })
}

function disconnectedError(cause: unknown): PipelineError {
  return new PipelineError(
    'BUILD_DISCONNECTED',
    `The connection to the database broke: ${messageOf(cause)}. Readers have the old models, or all of the new ones if it ` +
      'broke at the very end. Build again.',
    'later',
    { cause },
  )
}
