import { fileURLToPath } from 'node:url'
import { Kysely, PostgresDialect, sql } from 'kysely'
import { Migrator, type Migration } from 'kysely/migration'
import type { Pool } from 'pg'
import { messageOf, PipelineError } from '../core/errors.ts'
import { setDatabaseDefaults } from './database-defaults.ts'
import { redactUrl } from './database-url.ts'
import { readMigrations, type MigrationFile } from './migration-files.ts'
import { createPool } from './pool.ts'
import { lineAt, type SqlStatement } from './sql-statements.ts'

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

// Beside the pipeline's schemas, which the migrations themselves make.
const SCHEMA = 'migrations'

interface Bookkeeping {
  'migrations.checksums': { name: string; checksum: string }
}

/**
 * Applies the migrations that the database lacks, each in a transaction of its own, then gives the database its
 * defaults (`setDatabaseDefaults`). Any number of processes may do this at once: each migration is applied once.
 * Throws MIGRATION_FAILED (file and line; that file changed nothing), MIGRATION_CHANGED (an applied file is no longer
 * what it was), MIGRATION_AHEAD (the database knows a migration that this version does not) and MIGRATION_NAMES.
 * Given a pool, its idle connections are replaced; those in use keep the defaults they began with.
 */
export async function migrate(target: Pool | string, options: MigrateOptions = {}): Promise<MigrateResult> {
  const files = await readMigrations(options.folder ?? defaultFolder())
  const url = typeof target === 'string' ? target : (target.options.connectionString ?? '')
  const pool = createPool(url, { max: 1, label: 'migrate' })
  try {
    const db = new Kysely<Bookkeeping>({ dialect: new PostgresDialect({ pool }) })
    const pending = await findPending(db, files)
    const applied = pending.length === 0 ? [] : await applyAll(db, files)
    await setDatabaseDefaults(pool)
    if (typeof target !== 'string') await replaceIdle(target)
    return { applied, already: files.length - applied.length }
  } catch (cause) {
    throw isDenied(cause) ? deniedError(cause, url) : cause
  } finally {
    await pool.end()
  }
}

/** Names of the migrations that the database lacks, in order. Changes nothing; throws like `migrate`. */
export async function pendingMigrations(target: Pool | string, options: MigrateOptions = {}): Promise<string[]> {
  const files = await readMigrations(options.folder ?? defaultFolder())
  const pool = typeof target === 'string' ? createPool(target, { max: 1, label: 'migrate' }) : target
  try {
    const pending = await findPending(new Kysely<Bookkeeping>({ dialect: new PostgresDialect({ pool }) }), files)
    return pending.map(({ name }) => name)
  } finally {
    if (pool !== target) await pool.end()
  }
}

function defaultFolder(): string {
  return fileURLToPath(new URL('../sql/migrations', import.meta.url))
}

async function findPending(db: Kysely<Bookkeeping>, files: MigrationFile[]): Promise<MigrationFile[]> {
  const { rows } = await sql<{ exists: boolean }>`
    select to_regclass('migrations.checksums') is not null as exists`.execute(db)
  if (rows[0]?.exists !== true) return files
  const recorded = await db.selectFrom('migrations.checksums').selectAll().orderBy('name').execute()
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

async function applyAll(db: Kysely<Bookkeeping>, files: MigrationFile[]): Promise<string[]> {
  const migrations = Object.fromEntries(files.map((file) => [file.name, asMigration(file)]))
  const migrator = new Migrator({
    db,
    provider: { getMigrations: async () => migrations },
    migrationTableSchema: SCHEMA,
    migrationTableName: 'applied',
    migrationLockTableName: 'lock',
  })
  const applied: string[] = []
  for (;;) {
    // One at a time: Kysely's own loop would put all of them into one transaction.
    const { error, results } = await migrator.migrateUp()
    if (error !== undefined) throw error
    if (results === undefined || results.length === 0) return applied
    applied.push(...results.map(({ migrationName }) => migrationName))
  }
}

function asMigration(file: MigrationFile): Migration {
  return {
    async up(db: Kysely<Bookkeeping>) {
      for (const statement of file.statements) {
        try {
          await sql.raw(statement.text).execute(db)
        } catch (cause) {
          throw new PipelineError(
            'MIGRATION_FAILED',
            `${file.path}:${lineOf(statement, cause)}: ${messageOf(cause)}. Nothing of this file was applied.`,
            'never',
            { cause },
          )
        }
      }
      await sql`create table if not exists migrations.checksums (name text primary key, checksum text not null)`.execute(
        db,
      )
      await db.insertInto('migrations.checksums').values({ name: file.name, checksum: file.checksum }).execute()
    },
  }
}

// 42501: insufficient privilege, for instance to make a schema.
function isDenied(error: unknown): error is Error {
  return error instanceof Error && 'code' in error && error.code === '42501'
}

function deniedError(cause: Error, url: string): PipelineError {
  const advice = 'Let the role own the database (alter database … owner to …), or grant it CREATE on it.'
  return new PipelineError('DATABASE_NOT_OWNED', `${redactUrl(url)}: ${cause.message}. ${advice}`, 'never', { cause })
}

/** Line in the file on which Postgres found the error; without a position, that of the statement's beginning. */
function lineOf(statement: SqlStatement, error: unknown): number {
  const position = error instanceof Error && 'position' in error ? Number(error.position) : Number.NaN
  if (!(position > 0)) return statement.line
  // Postgres counts characters, JavaScript UTF-16 units.
  const before = Array.from(statement.text).slice(0, position - 1)
  return statement.line + lineAt(before.join(''), Number.POSITIVE_INFINITY) - 1
}

async function replaceIdle(pool: Pool): Promise<void> {
  const clients = await Promise.all(Array.from({ length: pool.idleCount }, () => pool.connect()))
  for (const client of clients) client.release(true)
}
