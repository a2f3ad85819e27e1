import { afterAll, beforeAll, expect, test } from 'vitest'
import { ensureComingPartitions, ensurePartitions, forgetPartitions, spanAround } from '../../db/partitions.ts'
import { createPool } from '../../db/pool.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await createTestDatabase()
})
afterAll(() => database.drop())

const at = (text: string) => Date.parse(text)

async function bounds(table: string): Promise<string[]> {
  const { rows } = await database.pool.query<{ bound: string }>(
    `select pg_get_expr(c.relpartbound, c.oid) as bound from pg_inherits i join pg_class c on c.oid = i.inhrelid
     where i.inhparent = $1::regclass order by 1`,
    [table],
  )
  return rows.map(({ bound }) => bound.replaceAll(/FOR VALUES FROM |[()']| 00:00:00\+00/g, ''))
}

test.for([
  { span: 'day', instant: '2026-02-28T23:59:59.999Z', from: '2026-02-28', to: '2026-03-01' },
  { span: 'week', instant: '2026-11-23T00:00:00Z', from: '2026-11-23', to: '2026-11-30' },
  { span: 'week', instant: '2026-11-22T23:59:59Z', from: '2026-11-16', to: '2026-11-23' },
  { span: 'week', instant: '1969-12-31T12:00:00Z', from: '1969-12-29', to: '1970-01-05' },
  { span: 'month', instant: '2024-02-29T12:00:00Z', from: '2024-02-01', to: '2024-03-01' },
  { span: 'month', instant: '2026-12-31T23:00:00Z', from: '2026-12-01', to: '2027-01-01' },
] as const)('the $span of $instant begins on $from and ends before $to', ({ span, instant, from, to }) => {
  expect(spanAround(span, at(instant))).toEqual({ from: at(from), to: at(to) })
})

test('a row of any time finds its partition, and asking again makes none', async () => {
  const table = 'raw.geotab__log_records'
  const instants = ['2019-05-01T10:00:00Z', '2026-11-25T03:00:00Z', '2026-11-26T03:00:00Z'].map(at)
  await ensurePartitions(database.pool, table, instants)
  forgetPartitions(database.pool)
  await ensurePartitions(database.pool, table, instants)
  expect(await bounds(table)).toEqual(['2019-04-29 TO 2019-05-06', '2026-11-23 TO 2026-11-30'])
  await database.pool.query(
    `insert into ${table} (connection, device_id, occurred_at, record_key, version, is_current, payload, run_id)
     values ('a', 'b1', '2019-05-02', 'k', 1, true, '{}', gen_random_uuid())`,
  )
})

test('processes that ask at once make each partition once', async () => {
  const others = Array.from({ length: 4 }, () => createPool(database.url, { max: 2 }))
  const instants = Array.from({ length: 6 }, (_, month) => Date.UTC(2022, month, 5))
  await Promise.all(others.map((pool) => ensurePartitions(pool, 'raw.geotab__trips', instants)))
  expect(await bounds('raw.geotab__trips')).toHaveLength(6)
  await Promise.all(others.map((pool) => pool.end()))
})

test('a span that is changed leaves neither gap nor overlap', async () => {
  const table = 'base.geotab__positions'
  await ensurePartitions(database.pool, table, [at('2026-10-07T00:00:00Z')])
  await database.pool.query(`update ops.partitioned_tables set span = 'month' where table_name = $1`, [table])
  await ensurePartitions(database.pool, table, [at('2026-10-01T00:00:00Z'), at('2026-10-31T00:00:00Z')])
  expect(await bounds(table)).toEqual([
    '2026-10-01 TO 2026-10-05',
    '2026-10-05 TO 2026-10-12',
    '2026-10-12 TO 2026-11-01',
  ])
})

test('the coming fortnight is there before its first row', async () => {
  await ensureComingPartitions(database.pool, new Date('2030-01-30T12:00:00Z'))
  expect(await bounds('base.geotab__trips')).toEqual(['2030-01-01 TO 2030-02-01', '2030-02-01 TO 2030-03-01'])
})
