import { Kysely, PostgresDialect, sql } from 'kysely'
import { Migrator, type Migration } from 'kysely/migration'
import type { Pool } from 'pg'
import { messageOf, PipelineError } from '../core/errors.ts'
import type { MigrationFile } from './migration-files.ts'
import { lineAt, type SqlStatement } from './sql-statements.ts'

interface Bookkeeping {
  'migrations.checksums': { name: string; checksum: string }
}

/** Applies the files that the database lacks, in order, each in a transaction of its own; returns their names. */
export async function applyMigrations(pool: Pool, files: MigrationFile[]): Promise<string[]> {
  const migrations = Object.fromEntries(files.map((file) => [file.name, asMigration(file)]))
  const migrator = new Migrator({
    db: new Kysely<Bookkeeping>({ dialect: new PostgresDialect({ pool }) }),
    provider: { getMigrations: async () => migrations },
    // Beside the pipeline's schemas, which the migrations themselves make.
    migrationTableSchema: 'migrations',
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

/** Line in the file on which Postgres found the error; without a position, that of the statement's beginning. */
function lineOf(statement: SqlStatement, error: unknown): number {
  const position = error instanceof Error && 'position' in error ? Number(error.position) : Number.NaN
  if (!(position > 0)) return statement.line
  // Postgres counts characters, JavaScript UTF-16 units.
  const before = Array.from(statement.text).slice(0, position - 1)
  return statement.line + lineAt(before.join(''), Number.POSITIVE_INFINITY) - 1
}
