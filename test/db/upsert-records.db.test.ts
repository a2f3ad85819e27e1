import { sql } from 'kysely'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { upsertRecords } from '../../db/insert-records.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await createTestDatabase()
  await sql`
    create table public.facts (
      place text, id text, amount numeric(8, 2), tags text[], raw_version integer, material_hash text,
      transform_fingerprint text, changed_at timestamptz default now(), landed_xid xid8 default pg_current_xact_id(),
      primary key (place, id)
    )
  `.execute(database.db)
})
beforeEach(() => sql`truncate public.facts`.execute(database.db))
afterAll(() => database.drop())

const aFact = (given: object = {}) => ({
  place: 'p',
  id: '1',
  amount: '1.50',
  tags: ['a'],
  raw_version: 1,
  material_hash: 'h1',
  transform_fingerprint: 'f1',
  ...given,
})
const upsert = (changes: 'whole' | 'material', records: object[]) =>
  upsertRecords(database.db, 'public.facts', { keys: ['place', 'id'], changes }, records)
const stamp = async () => {
  const { rows } = await sql<{ xid: string }>`select landed_xid::text as xid from public.facts`.execute(database.db)
  return rows.map(({ xid }) => xid)
}
const held = async () => {
  const { rows } = await sql<object>`
    select amount, tags, raw_version, material_hash, transform_fingerprint from public.facts order by id
  `.execute(database.db)
  return rows
}

test('a new row is written, an equal one is not, a changed one is stamped anew', async () => {
  expect(await upsert('whole', [aFact()])).toBe(1)
  const first = await stamp()
  expect(await upsert('whole', [aFact({ raw_version: 2 })])).toBe(0)
  expect(await stamp()).toEqual(first)
  expect(await upsert('whole', [aFact({ tags: ['a', 'b'] })])).toBe(1)
  expect(await stamp()).not.toEqual(first)
})

test('a row that is rewritten without a material change does not count as arrived again', async () => {
  await upsert('material', [aFact()])
  const first = await stamp()
  expect(await upsert('material', [aFact({ raw_version: 2, transform_fingerprint: 'f2' })])).toBe(1)
  expect(await stamp()).toEqual(first)
  expect(await held()).toMatchObject([{ raw_version: 2, transform_fingerprint: 'f2' }])
  expect(await upsert('material', [aFact({ raw_version: 3, material_hash: 'h2', amount: '2.00' })])).toBe(1)
  expect(await stamp()).not.toEqual(first)
})

test.for(['whole', 'material'] as const)(
  'a row of an older version never replaces one of a newer (%s)',
  async (changes) => {
    await upsert(changes, [aFact({ raw_version: 5, amount: '5.00', material_hash: 'h5' })])
    expect(await upsert(changes, [aFact({ raw_version: 4, amount: '4.00', material_hash: 'h4' })])).toBe(0)
    expect(await held()).toMatchObject([{ raw_version: 5, amount: '5.00' }])
  },
)

test('of two rows with one key in one call the last counts', async () => {
  expect(await upsert('whole', [aFact({ amount: '1.00' }), aFact({ id: '2' }), aFact({ amount: '3.00' })])).toBe(2)
  expect(await held()).toMatchObject([{ amount: '3.00' }, { amount: '1.50' }])
})
