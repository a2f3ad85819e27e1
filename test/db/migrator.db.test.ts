import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { z } from 'zod'
import { migrate, pendingMigrations } from '../../db/migrator.ts'
import { createPool } from '../../db/pool.ts'
import { startCommand } from '../support/command.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'

const Result = z.object({ applied: z.array(z.string()), already: z.number() })

let database: TestDatabase
let folder: string

beforeEach(async () => {
  database = await createTestDatabase({ empty: true })
  folder = await mkdtemp(join(tmpdir(), 'milepost-'))
})
afterEach(async () => {
  await database.drop()
  await rm(folder, { recursive: true })
})

async function write(files: Record<string, string>): Promise<void> {
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text)
}

/** The tables in schema public, the migrations' only home in these tests. */
async function tables(): Promise<string[]> {
  const { rows } = await database.pool.query<{ tablename: string }>(
    `select tablename::text from pg_tables where schemaname = 'public' order by 1`,
  )
  return rows.map(({ tablename }) => tablename)
}

describe('migrating', () => {
  test('applies what is missing, in order, and then nothing', async () => {
    await write({ '0001_a.sql': 'create table a ();', '0002_b.sql': 'alter table a add id integer;' })
    expect(await pendingMigrations(database.url, { folder })).toEqual(['0001_a', '0002_b'])
    expect(await migrate(database.url, { folder })).toEqual({ applied: ['0001_a', '0002_b'], already: 0 })
    expect(await pendingMigrations(database.pool, { folder })).toEqual([])
    await write({ '0003_c.sql': 'create table c ();' })
    expect(await pendingMigrations(database.pool, { folder })).toEqual(['0003_c'])
    expect(await migrate(database.url, { folder })).toEqual({ applied: ['0003_c'], already: 2 })
    expect(await migrate(database.url, { folder })).toEqual({ applied: [], already: 3 })
    expect(await tables()).toEqual(['a', 'c'])
  })

  test('from four processes at once applies each migration once', async () => {
    const names = Array.from({ length: 8 }, (_value, index) => `${String(index + 1).padStart(4, '0')}_step`)
    await write(
      Object.fromEntries(
        names.map((name) => [
          `${name}.sql`,
          `create table if not exists steps (name text); insert into steps values ('${name}'); select pg_sleep(0.01);`,
        ]),
      ),
    )
    const commands = Array.from({ length: 4 }, () => startCommand('run-migrations.ts', database.url, folder))
    const results = await Promise.all(commands.map((command) => command.answer(Result)))
    expect(results.flatMap(({ applied }) => applied).sort()).toEqual(names)
    expect(results.map(({ applied, already }) => applied.length + already)).toEqual([8, 8, 8, 8])
    const { rows } = await database.pool.query('select name from steps order by name')
    expect(rows.map(({ name }: { name: string }) => name)).toEqual(names)
  })

  test('refuses an applied file that has changed, by its name, and changes nothing', async () => {
    await write({ '0001_a.sql': 'create table a ();' })
    await migrate(database.url, { folder })
    await write({ '0001_a.sql': 'create table a (id integer);', '0002_b.sql': 'create table b ();' })
    const refused = { code: 'MIGRATION_CHANGED', retry: 'never', message: expect.stringContaining('0001_a.sql') }
    await expect(migrate(database.url, { folder })).rejects.toMatchObject(refused)
    await expect(pendingMigrations(database.url, { folder })).rejects.toMatchObject(refused)
    expect(await tables()).toEqual(['a'])
  })

  test('refuses a database that is ahead of the files', async () => {
    await write({ '0001_a.sql': 'create table a ();', '0002_b.sql': 'create table b ();' })
    await migrate(database.url, { folder })
    await rm(join(folder, '0002_b.sql'))
    await expect(migrate(database.url, { folder })).rejects.toMatchObject({
      code: 'MIGRATION_AHEAD',
      message: expect.stringContaining('0002_b'),
    })
  })

  test.for([
    { name: 'a word that is not SQL', sql: 'create table b ();\n\ncreate tabel c ();', line: 3 },
    {
      name: 'a column that does not exist, behind text of several bytes',
      sql: `create table b ();\nselect '🚚🚚',\n  nope;`,
      line: 3,
    },
    {
      name: 'a value that is refused only when it runs',
      sql: '-- why\ncreate table b (\n  id int);\n\ninsert into b\n  values (1/0);',
      line: 5,
    },
    { name: 'a quote that is never closed', sql: `create table b ();\nselect 'oops;`, line: 2 },
  ])('stops at $name, names its file and line, and leaves nothing of the file', async ({ sql, line }) => {
    await write({ '0001_a.sql': 'create table a ();', '0002_b.sql': sql, '0003_c.sql': 'create table c ();' })
    await expect(migrate(database.url, { folder })).rejects.toMatchObject({
      code: 'MIGRATION_FAILED',
      message: expect.stringContaining(`0002_b.sql:${line}: `),
    })
    expect(await tables()).toEqual(['a'])

    await write({ '0002_b.sql': 'create table b ();' })
    expect(await migrate(database.url, { folder })).toEqual({ applied: ['0002_b', '0003_c'], already: 1 })
  })

  test('makes marts and reports visible by their bare names, and times UTC, on every fresh connection', async () => {
    await write({
      '0001_a.sql': `create schema marts; create table marts.dim_vehicles (); alter database ${quoted()} set timezone = 'Asia/Tokyo';`,
    })
    await database.pool.query('select 1') // an idle connection that knows nothing of it yet
    await migrate(database.pool, { folder })
    await database.pool.query('select * from dim_vehicles')
    const fresh = createPool(database.url)
    const { rows } = await fresh.query('show timezone')
    expect(rows).toEqual([{ TimeZone: 'UTC' }])
    await fresh.end()
  })

  test('of a current database is one query, on a connection that stays', async () => {
    await write({ '0001_a.sql': 'create table a ();' })
    await migrate(database.url, { folder })
    const pool = createPool(database.url)
    const query = vi.spyOn(pool, 'query')
    expect(await migrate(pool, { folder })).toEqual({ applied: [], already: 1 })
    expect(query).toHaveBeenCalledOnce()
    expect(pool.idleCount).toBe(1)
    await pool.end()
  })

  test('puts lost defaults back, also for the connection that found them lost', async () => {
    await write({ '0001_a.sql': 'create table a ();' })
    await migrate(database.url, { folder })
    await database.pool.query(`alter database ${quoted()} set timezone = 'Asia/Tokyo'`)
    const pool = createPool(database.url)
    expect(await migrate(pool, { folder })).toEqual({ applied: [], already: 1 })
    const { rows } = await pool.query('show timezone')
    expect(rows).toEqual([{ TimeZone: 'UTC' }])
    await pool.end()
  })
})

function quoted(): string {
  return `"${new URL(database.url).pathname.slice(1)}"`
}
