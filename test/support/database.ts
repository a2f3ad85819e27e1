import { randomBytes } from 'node:crypto'
import type { Kysely } from 'kysely'
import { Client, escapeIdentifier, type Pool } from 'pg'
import { inject } from 'vitest'
import { setDatabaseDefaults } from '../../db/database-defaults.ts'
import { withDatabase } from '../../db/database-url.ts'
import { createKysely } from '../../db/kysely.ts'
import { clientConfig, createPool } from '../../db/pool.ts'
import type { DB } from '../../db/schema.ts'

/** A database of a test file's own. */
export interface TestDatabase {
  url: string
  pool: Pool
  db: Kysely<DB>
  /** Ends the pool and removes the database, also while other sessions are connected to it. */
  drop(): Promise<void>
}

/**
 * Makes a database with all migrations applied (`empty`: with none), by copying the run's template. Call it in
 * `beforeAll` and its `drop` in `afterAll`.
 */
export async function createTestDatabase(options: { empty?: boolean } = {}): Promise<TestDatabase> {
  const { adminUrl, run, template } = inject('testServer')
  const name = `${run}_${randomBytes(5).toString('hex')}`
  const quoted = escapeIdentifier(name)
  await asAdmin(adminUrl, async (admin) => {
    await admin.query(
      `create database ${quoted}${options.empty === true ? '' : ` template ${escapeIdentifier(template)}`}`,
    )
    if (options.empty !== true) await setDatabaseDefaults(admin, name)
  })
  const url = withDatabase(adminUrl, name)
  const pool = createPool(url, { label: 'test' })
  return {
    url,
    pool,
    db: createKysely(pool),
    async drop() {
      await pool.end()
      await asAdmin(adminUrl, (admin) => admin.query(`drop database if exists ${quoted} with (force)`))
    },
  }
}

async function asAdmin(url: string, work: (admin: Client) => Promise<unknown>): Promise<void> {
  const admin = new Client(clientConfig(url))
  await admin.connect()
  try {
    await work(admin)
  } finally {
    await admin.end()
  }
}
