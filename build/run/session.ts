import { setTimeout } from 'node:timers/promises'
import { Client, DatabaseError, type Pool, type QueryConfig, type QueryResult, type QueryResultRow } from 'pg'
import { messageOf, PipelineError } from '../../core/errors.ts'

/** One connection, in a transaction or not. After an abort every call throws. */
export interface Session {
  /** Runs a single statement; Postgres refuses more than one. */
  query<Row extends QueryResultRow>(text: string, values?: unknown[]): Promise<QueryResult<Row>>
  /** Runs statements that return nothing of interest, in one go: all of them or none. */
  script(statements: string[]): Promise<void>
  /**
   * Runs `work` so that the session can go on when it throws: in a transaction in a savepoint, so that what it did is
   * undone; outside of one as it is, because each statement stands for itself.
   */
  attempt<T>(work: () => Promise<T>): Promise<T>
}

/** A connection that runs one transaction after the other. */
export interface Connection {
  /** The server process that works for it. */
  pid: number
  /** Outside of a transaction. What is built aside needs none: nobody sees it, and a failed build is dropped whole. */
  session: Session
  /** Commits what `work` did, or rolls it back when it throws. */
  transaction<T>(work: (session: Session) => Promise<T>, mode?: TransactionMode): Promise<T>
}

export type TransactionMode = 'isolation level repeatable read' | 'isolation level repeatable read, read only' | ''

export interface Connections {
  /** Opens one more; it lasts until all are closed. */
  open: () => Promise<Connection>
}

/**
 * Gives `work` connections of the pool. An abort cancels the statements that run and rolls back; the rejection is then
 * a PipelineError BUILD_CANCELLED, or the abort's reason if that is one. A connection that breaks ends all of them
 * with BUILD_DISCONNECTED.
 */
export async function withConnections<T>(
  pool: Pool,
  stop: AbortSignal,
  work: (connections: Connections) => Promise<T>,
): Promise<T> {
  if (stop.aborted) throw stopError(stop)
  const lost = new AbortController()
  const signal = AbortSignal.any([stop, lost.signal])
  const opened: { close: () => void; pid: number }[] = []
  const canceller = watchForAbort(pool, () => opened.map(({ pid }) => pid), signal)
  let failure: unknown
  try {
    const open = async () => {
      const { connection, close } = await openConnection(pool, signal, (cause) => lost.abort(disconnectedError(cause)))
      opened.push({ close, pid: connection.pid })
      return connection
    }
    return await work({ open })
  } catch (error) {
    failure = signal.aborted ? stopError(signal) : error
    throw failure
  } finally {
    // Closing a connection rolls back, also where a rollback could no longer be sent.
    for (const { close } of opened) close()
    await canceller.end()
  }
}

async function openConnection(pool: Pool, signal: AbortSignal, lose: (cause: Error) => void) {
  if (signal.aborted) throw stopError(signal)
  const client = await pool.connect()
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
  const session = sessionOf(send, 'statements')
  const inTransaction = sessionOf(send, 'transaction')
  const close = () => {
    client.off('error', lose)
    // What a build sets for its sessions must not stay with the pool's connections.
    client.release(true)
  }
  const { rows } = await session.query<{ pid: number }>('select pg_backend_pid() as pid').catch((error: unknown) => {
    close()
    throw error
  })
  const connection: Connection = {
    pid: rows[0]?.pid ?? 0,
    session,
    transaction: async (work, mode = '') => {
      await send({ text: `begin transaction ${mode}` })
      try {
        const value = await work(inTransaction)
        await send({ text: 'commit' })
        return value
      } catch (error) {
        if (!signal.aborted) await send({ text: 'rollback' })
        // What it locked must be free when the build cleans up. A connection that is broken has nothing to undo.
        else await client.query('rollback').catch(() => {})
        throw error
      }
    },
  }
  return { connection, close }
}

/** A session on a client that is the caller's own, for use in a transaction. */
export const sessionOver = (client: Client): Session => sessionOf((config) => client.query(config), 'transaction')

type Send = <Row extends QueryResultRow>(config: QueryConfig) => Promise<QueryResult<Row>>

function sessionOf(send: Send, unit: 'statements' | 'transaction'): Session {
  const query: Session['query'] = (text, values = []) => {
    const config = { text, values, queryMode: 'extended' }
    return send(config)
  }
  return {
    query,
    script: async (statements) => {
      if (statements.length > 0) await send({ text: statements.join(';\n') })
    },
    attempt: async (work) => {
      if (unit === 'statements') return work()
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

/** Cancels the statements of server processes from the abort until `end`. */
function watchForAbort(pool: Pool, pids: () => number[], stop: AbortSignal) {
  const over = new AbortController()
  let cancelling: Promise<void> | undefined
  // A cancel that arrives between two statements has no effect, so it is repeated.
  const cancel = () => {
    cancelling = aside(pool, async (client) => {
      while (!over.signal.aborted) {
        await client.query('select pg_cancel_backend(pid) from unnest($1::int[]) as own (pid)', [pids()])
        await setTimeout(50)
      }
    })
    cancelling.catch(() => {}) // `end` reports it; until then it must not count as unhandled
  }
  stop.addEventListener('abort', cancel, { once: true })
  return {
    end: async () => {
      stop.removeEventListener('abort', cancel)
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
