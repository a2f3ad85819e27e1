import { Client, Pool, type ClientConfig } from 'pg'
import { connectionError } from './connection-error.ts'
import { withLibpqTls } from './database-url.ts'
import { typeParsers } from './type-parsers.ts'

export interface PoolOptions {
  /** Most connections at a time; default 10. */
  max?: number
  /** Word that tells this pool's sessions from others of the process in pg_stat_activity, such as `worker`. */
  label?: string
  /** Statements are cancelled after this time; default never. */
  statementTimeoutMs?: number
  /** Default 15 s. */
  connectTimeoutMs?: number
  /** Told when an idle connection breaks. The pool drops it and opens another when needed, so nothing is lost. */
  onIdleError?: (error: Error) => void
}

/** The configuration of a single connection to `url`, with the project's type parsers and name. */
export function clientConfig(url: string, options: Omit<PoolOptions, 'max' | 'onIdleError'> = {}): ClientConfig {
  return {
    connectionString: withLibpqTls(url),
    types: typeParsers,
    // The embedded server counts its users by this name (db/embedded/session.ts).
    application_name: `milepost:${process.pid}${options.label === undefined ? '' : ` ${options.label}`}`,
    connectionTimeoutMillis: options.connectTimeoutMs ?? 15_000,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    ...(options.statementTimeoutMs === undefined ? {} : { statement_timeout: options.statementTimeoutMs }),
  }
}

/**
 * A pool of connections to `url` (values as in `typeParsers`). It connects on first use; a failure to connect is a
 * PipelineError DATABASE_UNREACHABLE, DATABASE_AUTH, DATABASE_MISSING or DATABASE_TLS. Errors of queries are `pg`'s.
 */
export function createPool(url: string, options: PoolOptions = {}): Pool {
  const { connectionTimeoutMillis, ...config } = clientConfig(url, options)
  class ExplainingClient extends Client {
    // The pool would count this limit from the moment it is asked, and so fail whoever waits for a busy pool.
    constructor(poolConfig?: ClientConfig) {
      super({ ...poolConfig, connectionTimeoutMillis })
      // Of a connection that breaks while it is lent out, whoever has it learns by the next query. Without a listener
      // the event alone would end the process.
      this.on('error', () => {})
    }
    override connect(): Promise<Client>
    override connect(callback: (error?: Error) => void): void
    override connect(callback?: (error?: Error) => void): Promise<Client> | void {
      if (callback === undefined) {
        return super.connect().catch((error: unknown) => {
          throw connectionError(error, url)
        })
      }
      super.connect((error: Error | null) => (error ? callback(connectionError(error, url)) : callback()))
    }
  }
  const pool = new Pool({ ...config, max: options.max ?? 10, Client: ExplainingClient })
  pool.on('error', (error) => options.onIdleError?.(error))
  return pool
}
