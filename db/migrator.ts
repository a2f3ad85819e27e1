import { fileURLToPath } from 'node:url'
import type { Pool } from 'pg'
import { PipelineError } from '../core/errors.ts'
import { lockId } from './advisory-lock.ts'
import { HAS_DEFAULTS, setDatabaseDefaults } from './database-defaults.ts'
import { redactUrl } from './database-url.ts'
import { readMigrations, type MigrationFile } from './migration-files.ts'
import { createPool } from './pool.ts'

export interface MigrateOptions {
  /** Folder of the files; default `sql/migrations` of this project. */
  folder?: string
}

export interface MigrateResult {
  /** Names of the migrations that this call applied, in order. */
  applied: string[]
  /** How many had been applied before, or meanwhile by another process. */
  already: number
}

/**
 * Applies the migrations that the database lacks, each in a transaction of its own, then gives the database its
 * defaults (`setDatabaseDefaults`). Any number of processes may do this at once: each migration is applied once.
 * Throws MIGRATION_FAILED (file and line; that file changed nothing), MIGRATION_CHANGED (an applied file is no longer
 * what it was), MIGRATION_AHEAD (the database knows a migration that this version does not) and MIGRATION_NAMES.
 * Given a pool whose database was not current, its idle connections are replaced; those in use keep the defaults they
 * began with.
 */
export async function migrate(target: Pool | string, options: MigrateOptions = {}): Promise<MigrateResult> {
  const files = await readMigrations(options.folder ?? defaultFolder())
  const url = typeof target === 'string' ? target : (target.options.connectionString ?? '')
  try {
    if (typeof target !== 'string' && (await isCurrent(target, files))) return { applied: [], already: files.length }
    const applied = await bringUpToDate(url, files)
    if (typeof target !== 'string') await replaceIdle(target)
    return { applied, already: files.length - applied.length }
  } catch (cause) {
    throw hasCode(cause, INSUFFICIENT_PRIVILEGE) ? deniedError(cause, url) : cause
  }
}

/** Whether nothing is to do, in one query: every command that writes asks it first. */
async function isCurrent(pool: Pool, files: MigrationFile[]): Promise<boolean> {
  // Of connections that are open already, some may have begun before the defaults were set.
  if (pool.totalCount > 0) return false
  try {
    const { rows } = await pool.query<{ name: string; checksum: string; has_defaults: boolean }>(
      `select name, checksum, ${HAS_DEFAULTS} as has_defaults from migrations.checksums`,
    )
    const checksums = new Map(files.map((file) => [file.name, file.checksum]))
    const isKnown = rows.every((row) => row.has_defaults && checksums.get(row.name) === row.checksum)
    return isKnown && rows.length > 0 && rows.length === files.length
  } catch (error) {
    if (hasCode(error, UNDEFINED_TABLE)) return false
    throw error
  }
}

async function bringUpToDate(url: string, files: MigrationFile[]): Promise<string[]> {
  const pool = createPool(url, { max: 1, label: 'migrate' })
  try {
    const pending = await findPending(pool, files)
    // Kysely, which applies them, takes longer to load than all the rest.
    const applied =
      pending.length === 0 ? [] : await (await import('./apply-migrations.ts')).applyMigrations(pool, files)
    // Of two that set them at once, Postgres fails one ("tuple concurrently updated"). Ending the pool frees the lock.
    await pool.query('select pg_advisory_lock($1)', [lockId('database defaults')])
    await setDatabaseDefaults(pool)
    return applied
  } finally {
    await pool.end()
  }
}

/** Names of the migrations that the database lacks, in order. Changes nothing; throws like `migrate`. */
export async function pendingMigrations(target: Pool | string, options: MigrateOptions = {}): Promise<string[]> {
  const files = await readMigrations(options.folder ?? defaultFolder())
  const pool = typeof target === 'string' ? createPool(target, { max: 1, label: 'migrate' }) : target
  try {
    const pending = await findPending(pool, files)
    return pending.map(({ name }) => name)
  } finally {
    if (pool !== target) await pool.end()
  }
}

function defaultFolder(): string {
  return fileURLToPath(new URL('../sql/migrations', import.meta.url))
}

async function findPending(pool: Pool, files: MigrationFile[]): Promise<MigrationFile[]> {
  const { rows } = await pool.query<{ exists: boolean }>(
    `select to_regclass('migrations.checksums') is not null as exists`,
  )
  if (rows[0]?.exists !== true) return files
  const { rows: recorded } = await pool.query<{ name: string; checksum: string }>(
    'select name, checksum from migrations.checksums order by name',
  )
  const known = new Map(files.map((file) => [file.name, file]))
  for (const { name, checksum } of recorded) {
    const file = known.get(name)
    if (file === undefined) {
      throw new PipelineError(
        'MIGRATION_AHEAD',
        `The database has the migration ${name}, which this version of Milepost does not know. Update Milepost.`,
        'never',
      )
    }
    if (file.checksum !== checksum) {
      throw new PipelineError(
        'MIGRATION_CHANGED',
        `${file.path} was changed after it had been applied. Put it back as it was, and make the change in a new file.`,
        'never',
      )
    }
  }
  const names = new Set(recorded.map(({ name }) => name))
  return files.filter(({ name }) => !names.has(name))
}

const UNDEFINED_TABLE = '42P01'
// Such as the right to make a schema.
const INSUFFICIENT_PRIVILEGE = '42501'

function hasCode(error: unknown, code: string): error is Error {
  return error instanceof Error && 'code' in error && error.code === code
}

function deniedError(cause: Error, url: string): PipelineError {
  const advice = 'Let the role own the database (alter database … owner to …), or grant it CREATE on it.'
  return new PipelineError('DATABASE_NOT_OWNED', `${redactUrl(url)}: ${cause.message}. ${advice}`, 'never', { cause })
}

async function replaceIdle(pool: Pool): Promise<void> {
  const clients = await Promise.all(Array.from({ length: pool.idleCount }, () => pool.connect()))
  for (const client of clients) client.release(true)
}
