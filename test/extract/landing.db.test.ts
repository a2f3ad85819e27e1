import { randomUUID } from 'node:crypto'
import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { landPage, type LandedPage } from '../../extract/landing.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await createTestDatabase()
})
afterAll(() => database.drop())

const keyOf = (record: unknown) => {
  const key = (record as { primaryKey?: string | number } | null)?.primaryKey
  return key === undefined ? null : String(key)
}

async function land(connection: string, records: unknown[]): Promise<LandedPage> {
  const target = { feed: 'fullbay.invoices', table: 'raw.fullbay__invoices', connection, keyOf }
  return database.db
    .transaction()
    .execute((trx) => landPage(trx, target, { runId: randomUUID(), window: null, records }))
}

async function versions(connection: string) {
  const { rows } = await sql<{ record_key: string; version: number; is_current: boolean; payload: unknown }>`
    select record_key, version, is_current, payload from raw.fullbay__invoices
    where connection = ${connection} order by record_key, version
  `.execute(database.db)
  return rows
}

test('a new record lands, an equal one writes nothing, a changed one becomes the next version', async () => {
  const first = await land('versions', [{ primaryKey: '1', total: 10 }])
  const written = await sql<{
    ctid: string
  }>`select ctid::text, xmin::text from raw.fullbay__invoices where connection = 'versions'`.execute(database.db)
  const again = await land('versions', [{ primaryKey: '1', total: 10 }])
  const untouched = await sql<{
    ctid: string
  }>`select ctid::text, xmin::text from raw.fullbay__invoices where connection = 'versions'`.execute(database.db)
  const changed = await land('versions', [{ primaryKey: '1', total: 11 }])

  expect(first).toMatchObject({ fetched: 1, landed: 1, unchanged: 0, quarantined: 0, keys: ['1'] })
  expect(again).toMatchObject({ fetched: 1, landed: 0, unchanged: 1, keys: ['1'] })
  expect(untouched.rows).toEqual(written.rows)
  expect(changed).toMatchObject({ landed: 1, unchanged: 0 })
  expect(await versions('versions')).toEqual([
    { record_key: '1', version: 1, is_current: false, payload: { primaryKey: '1', total: 10 } },
    { record_key: '1', version: 2, is_current: true, payload: { primaryKey: '1', total: 11 } },
  ])
})

test('a record that changes back is a version again', async () => {
  for (const total of [1, 2, 1]) await land('back', [{ primaryKey: 'a', total }])
  expect((await versions('back')).map((row) => [row.version, row.is_current])).toEqual([
    [1, false],
    [2, false],
    [3, true],
  ])
})

test.for([
  { name: 'members in another order', record: { total: 1.5, primaryKey: 'same' } },
  { name: 'a number spelled otherwise', record: { primaryKey: 'same', total: JSON.rawJSON('1.50') } },
])('$name is no change', async ({ record }) => {
  await land('same', [{ primaryKey: 'same', total: 1.5 }])
  expect(await land('same', [record])).toMatchObject({ landed: 0, unchanged: 1 })
  expect(await versions('same')).toHaveLength(1)
})

test('a key that comes twice in a page lands in the order of the page', async () => {
  const page = await land('twice', [
    { primaryKey: 7, total: 1 },
    { primaryKey: '7', total: 2 },
    { primaryKey: '7', total: 2 },
  ])
  expect(page).toMatchObject({ fetched: 3, landed: 2, unchanged: 1, keys: ['7'] })
  expect((await versions('twice')).map((row) => row.payload)).toEqual([
    { primaryKey: 7, total: 1 },
    { primaryKey: '7', total: 2 },
  ])
})

test('the same id under two connections is two records', async () => {
  await land('shop-a', [{ primaryKey: '9' }])
  await land('shop-b', [{ primaryKey: '9' }])
  expect([...(await versions('shop-a')), ...(await versions('shop-b'))]).toHaveLength(2)
})

test('what cannot be keyed goes to quarantine with its reason, once, and the rest of the page lands', async () => {
  const records = ['text', 17, null, [1], { noKey: true }, { primaryKey: 'ok' }]
  const page = await land('rejects', records)
  await land('rejects', records)
  const { rows } = await sql<{ code: string; payload: unknown; attempts: number }>`
    select code, payload, attempts from ops.quarantine where connection = 'rejects' order by quarantine_id
  `.execute(database.db)

  expect(page).toMatchObject({ fetched: 6, landed: 1, unchanged: 0, quarantined: 5 })
  expect(rows.map((row) => [row.code, row.payload])).toEqual([
    ['NOT_AN_OBJECT', 'text'],
    ['NOT_AN_OBJECT', 17],
    ['NOT_AN_OBJECT', null],
    ['NOT_AN_OBJECT', [1]],
    ['NO_KEY', { noKey: true }],
  ])
  expect(rows.every((row) => row.attempts === 2)).toBe(true)
})

test('digits, NUL characters and broken surrogates survive as far as Postgres can hold them', async () => {
  await land('text', [{ primaryKey: 'x', id: JSON.rawJSON('12345678901234567890123'), note: 'a\0b\ud800c\\u0000' }])
  const { rows } = await sql<{ id: string; note: string }>`
    select payload ->> 'id' as id, payload ->> 'note' as note from raw.fullbay__invoices where connection = 'text'
  `.execute(database.db)
  expect(rows).toEqual([{ id: '12345678901234567890123', note: 'ab\ufffdc\\u0000' }])
})

test('case 8: two processes that land the same page at once write each version once', async () => {
  const records = Array.from({ length: 50 }, (_, i) => ({ primaryKey: String(i), total: i }))
  const pages = await Promise.all([land('race', records), land('race', records), land('race', records)])
  expect(pages.map((page) => page.landed).toSorted((a, b) => a - b)).toEqual([0, 0, 50])
  expect(await versions('race')).toHaveLength(50)
})

test('a page of thousands of records lands in several statements and loses none', async () => {
  const records = Array.from({ length: 2500 }, (_, i) => ({ primaryKey: `n${i}`, note: 'x'.repeat(100) }))
  expect(await land('many', records)).toMatchObject({ fetched: 2500, landed: 2500 })
  expect(await land('many', records)).toMatchObject({ landed: 0, unchanged: 2500 })
  expect(await versions('many')).toHaveLength(2500)
})

test.for([
  {
    name: 'a number that no database holds',
    record: { primaryKey: 'bad', n: JSON.rawJSON('1e200000') },
    code: 'NOT_STORABLE',
  },
  { name: 'an id of thousands of characters', record: { primaryKey: 'k'.repeat(9000) }, code: 'KEY_TOO_LONG' },
  { name: 'an id that is only a NUL', record: { primaryKey: '\0' }, code: 'NO_KEY' },
])('$name is quarantined alone, and the rest of its page lands', async ({ record, code }) => {
  const page = await land(`odd-${code}`, [{ primaryKey: 'a' }, record, { primaryKey: 'b' }])
  expect(page).toMatchObject({ fetched: 3, landed: 2, unchanged: 0, quarantined: 1, keys: ['a', 'b'] })
  const { rows } = await sql<{ code: string }>`
    select code from ops.quarantine where connection = ${`odd-${code}`}
  `.execute(database.db)
  expect(rows).toEqual([{ code }])
})

test('an id with a NUL in it lands under the id without', async () => {
  expect(await land('nul', [{ primaryKey: 'x\0y' }])).toMatchObject({ landed: 1, keys: ['xy'] })
})

test('a record that a person chose to ignore is not quarantined again', async () => {
  await land('ignored', [{ noKey: 1 }])
  await sql`update ops.quarantine set state = 'ignored' where connection = 'ignored'`.execute(database.db)
  await land('ignored', [{ noKey: 1 }])
  const { rows } = await sql<{ state: string }>`select state from ops.quarantine where connection = 'ignored'`.execute(
    database.db,
  )
  expect(rows).toEqual([{ state: 'ignored' }])
})

test('case 9: a lower version of the source that comes late is ignored, and an equal one is no change', async () => {
  const target = {
    feed: 'geotab.zones',
    table: 'raw.geotab__zones',
    connection: 'stale',
    keyOf: (record: unknown) => (record as { id: string }).id,
    versionOf: (record: unknown) => (record as { version: string }).version,
  }
  const landed: number[] = []
  for (const [version, name] of [
    ['00000000000000ff', 'new'],
    ['0000000000000100', 'newer'],
    ['00000000000000fe', 'old'],
    ['0000000000000100', 'newer'],
  ]) {
    const page = await database.db
      .transaction()
      .execute((trx) =>
        landPage(trx, target, { runId: randomUUID(), window: null, records: [{ id: 'b1', version, name }] }),
      )
    landed.push(page.landed)
  }
  expect(landed).toEqual([1, 1, 0, 0])
  const { rows } = await sql<{ name: string; is_current: boolean }>`
    select payload ->> 'name' as name, is_current from raw.geotab__zones where connection = 'stale' order by version
  `.execute(database.db)
  expect(rows).toEqual([
    { name: 'new', is_current: false },
    { name: 'newer', is_current: true },
  ])
})

test('a record that was retired and comes back is its next version, equal or not', async () => {
  await land('returned', [{ primaryKey: '1', total: 1 }])
  await land('returned', [{ primaryKey: '1', total: 2 }])
  await sql`update raw.fullbay__invoices set is_current = false where connection = 'returned'`.execute(database.db)
  expect(await land('returned', [{ primaryKey: '1', total: 2 }])).toMatchObject({ landed: 1, quarantined: 0 })
  expect((await versions('returned')).map(({ version, is_current }) => [version, is_current])).toEqual([
    [1, false],
    [2, false],
    [3, true],
  ])
})
