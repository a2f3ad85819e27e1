import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { insertRecords } from '../../db/insert-records.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await createTestDatabase()
  await sql`
    create table public.things (id integer primary key, amount numeric(14, 2), name text, tags text[], is_new boolean, on_day date, at timestamptz)
  `.execute(database.db)
})
afterAll(() => database.drop())

const hostile = `quote " apostrophe ' backslash \\ brace {} comma , newline \n tab \t null NULL emoji 🚚`

test('every value comes out as it went in, whatever characters it has', async () => {
  const records = [
    {
      id: 1,
      amount: '123456789012.34',
      name: hostile,
      tags: [hostile, '', 'NULL'],
      is_new: true,
      on_day: '2026-02-28',
      at: '2026-03-29T01:30:00.000Z',
    },
    { id: 2, amount: null, name: null, tags: null, is_new: null, on_day: null, at: null },
    { id: 3, amount: '-0.01', name: '', tags: [], is_new: false, on_day: '2024-02-29', at: '2026-03-29T01:30:00.000Z' },
  ]
  await insertRecords(database.db, 'public.things', records)
  const { rows } = await sql<{ at: Date | null }>`select * from public.things order by id`.execute(database.db)
  expect(rows.map((row) => ({ ...row, at: row.at?.toISOString() ?? null }))).toEqual(records)
})

test('more records than one statement takes are all inserted', async () => {
  const records = Array.from({ length: 2345 }, (_, i) => ({ id: 1000 + i, name: `n${i}` }))
  await insertRecords(database.db, 'public.things', records)
  const { rows } = await sql<{ n: number }>`select count(*) as n from public.things where id >= 1000`.execute(
    database.db,
  )
  expect(rows[0]?.n).toBe(2345)
})

test('no record is no statement', async () => {
  await expect(insertRecords(database.db, 'public.no_such_table', [])).resolves.toBeUndefined()
})

test('a value that the column refuses is an error of that column, and nothing is inserted', async () => {
  const records = [
    { id: 9001, amount: '1' },
    { id: 9002, amount: '1000000000000000' },
  ]
  await expect(insertRecords(database.db, 'public.things', records)).rejects.toMatchObject({ code: '22003' })
  const { rows } = await sql`select from public.things where id > 9000`.execute(database.db)
  expect(rows).toHaveLength(0)
})
