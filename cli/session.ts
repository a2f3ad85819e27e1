import { dirname, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Kysely } from 'kysely'
import type { Pool } from 'pg'
import { systemClock, type Clock } from '../core/clock.ts'
import { loadConfig, type Config } from '../core/config.ts'
import { PipelineError } from '../core/errors.ts'
import { createLogger, type Logger } from '../core/logger.ts'
import { Secret } from '../core/secret.ts'
import { ensureServer } from '../db/embedded/launcher.ts'
import { migrate } from '../db/migrator.ts'
import { createKysely, createPool } from '../db/pool.ts'
import type { DB } from '../db/schema.ts'
import { openQueue } from '../queue/boss.ts'
import type { PipelineContext } from '../queue/context.ts'
import { openSources, type OpenSources } from './sources.ts'

/** Folder of the package: migrations, models and dbt_project.yml are found from here, whatever the current folder is. */
export const PACKAGE_DIR = resolve(dirname(fileURLToPath(import.meta.url)), '..')

export interface Session {
  config: Config
  logger: Logger
  clock: Clock
  /** Address of the database; contains a password. */
  databaseUrl: Secret
  /** Which server it is, for a person: never with a password. */
  databaseName: string
  pool: Pool
  db: Kysely<DB>
  close: () => Promise<void>
}

/** Opens the database of the configuration (the embedded one unless DATABASE_URL is set) and brings it up to date. */
export async function openSession(options: { migrate?: boolean; label?: string } = {}): Promise<Session> {
  const config = loadConfig(process.cwd())
  const logger = createLogger(config.logLevel)
  const server =
    config.databaseUrl === null ? await ensureServer({ dataDir: resolve(config.dataDir, 'postgres') }) : null
  const databaseUrl = config.databaseUrl ?? new Secret(server?.url ?? '', [])
  const pool = createPool(databaseUrl.reveal(), options.label === undefined ? {} : { label: options.label })
  const close = async () => {
    await pool.end()
    await server?.release()
  }
  try {
    if (options.migrate ?? true) await migrate(pool)
  } catch (error) {
    await close()
    throw error
  }
  const url = new URL(databaseUrl.reveal())
  const databaseName =
    server === null ? `${url.host}${url.pathname}` : `embedded, 127.0.0.1:${url.port}, data in ${config.dataDir}`
  return { config, logger, clock: systemClock, databaseUrl, databaseName, pool, db: createKysely(pool), close }
}

/** Opens a database to look at: nothing in it is changed. Throws DATABASE_EMPTY when Milepost was never there. */
export async function openReader(): Promise<Session> {
  const session = await openSession({ migrate: false })
  try {
    const { rows } = await session.pool.query<{ found: boolean }>(`select to_regclass('ops.runs') is not null as found`)
    if (rows[0]?.found === true) return session
    const advice = 'Begin with `npm start` (or `npx milepost run`); `npx milepost migrate` only makes the tables.'
    throw new PipelineError(
      'DATABASE_EMPTY',
      `This database holds nothing of Milepost yet (${session.databaseName}). ${advice}`,
      'never',
    )
  } catch (error) {
    await session.close()
    throw error
  }
}

/** Opens everything a worker needs: database, queue, sources. */
export async function openPipeline(
  drain: AbortSignal,
  options: { schedules: boolean },
): Promise<{ session: Session; context: PipelineContext; sources: OpenSources; close: () => Promise<void> }> {
  // Closing drains too: a job that is still held is given back, not cut off.
  const closing = new AbortController()
  const session = await openSession({ label: 'worker' })
  const undo = [session.close]
  try {
    const sources = await openSources(session.config, session.clock)
    undo.push(sources.close)
    const boss = await openQueue(session.databaseUrl, session.logger, options)
    undo.push(async () => {
      closing.abort(new Error('the process is closing'))
      await boss.stop({ graceful: true, timeout: 30_000 })
    })
    const { config, logger, clock, pool, db } = session
    // A run that somebody watches shows its failures in the summary; a worker has nobody but its log.
    const stepLogger = options.schedules ? logger : createLogger('silent')
    const context = {
      config,
      logger,
      stepLogger,
      clock,
      pool,
      db,
      boss,
      projectDir: PACKAGE_DIR,
      fullbay: sources.fullbay,
      drain,
    }
    return { session, context, sources, close: async () => await closeAll(undo) }
  } catch (error) {
    await closeAll(undo)
    throw error
  }
}

async function closeAll(undo: (() => Promise<void>)[]): Promise<void> {
  for (const step of undo.toReversed()) await step()
}
