import { dirname, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Pool } from 'pg'
import type { Config } from '../core/config.ts'
import { PipelineError } from '../core/errors.ts'
import { Secret } from '../core/secret.ts'

/** Folder of the package: migrations, models and dbt_project.yml are found from here, whatever the current folder is. */
export const PACKAGE_DIR = resolve(dirname(fileURLToPath(import.meta.url)), '..')

export interface Session {
  config: Config
  /** Address of the database; contains a password. */
  databaseUrl: Secret
  /** Which server it is, for a person: never with a password. */
  databaseName: string
  pool: Pool
  close: () => Promise<void>
}

/** Opens the database of the configuration (the embedded one unless DATABASE_URL is set) and brings it up to date. */
export async function openSession(options: { migrate?: boolean; label?: string } = {}): Promise<Session> {
  const { loadConfig } = await import('../core/config.ts')
  const { createPool } = await import('../db/pool.ts')
  const config = loadConfig(process.cwd())
  const server = config.databaseUrl === null ? await openEmbedded(config) : null
  const databaseUrl = config.databaseUrl ?? new Secret(server?.url ?? '', [])
  const pool = createPool(databaseUrl.reveal(), options.label === undefined ? {} : { label: options.label })
  const close = async () => {
    await pool.end()
    await server?.release()
  }
  try {
    if (options.migrate ?? true) {
      const { migrate } = await import('../db/migrator.ts')
      await migrate(pool)
    }
  } catch (error) {
    await close()
    throw error
  }
  const url = new URL(databaseUrl.reveal())
  const databaseName =
    server === null ? `${url.host}${url.pathname}` : `embedded, 127.0.0.1:${url.port}, data in ${config.dataDir}`
  return { config, databaseUrl, databaseName, pool, close }
}

async function openEmbedded(config: Config) {
  const { ensureServer } = await import('../db/embedded/launcher.ts')
  return ensureServer({ dataDir: resolve(config.dataDir, 'postgres') })
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
