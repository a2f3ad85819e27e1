import { afterAll, beforeAll, expect, test } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { compareSets, noFindings } from './findings.ts'
import { compareRelations, readRelations } from './relations.ts'
import { compareRows } from './rows.ts'

// What the comparison must see, and what it must not mind: pairs of statements for the schemas a_x and b_x.
const CASES: { name: string; ours: string; dbt: string; finds: string[] }[] = [
  { name: 'equal tables', ours: `create table t as select 1 as a`, dbt: `create table t as select 1 as a`, finds: [] },
  {
    name: 'a missing relation',
    ours: '',
    dbt: `create table t (a int)`,
    finds: ['relations of the project: only dbt has t (table)'],
  },
  {
    name: 'another kind',
    ours: `create view t as select 1 as a`,
    dbt: `create table t as select 1 as a`,
    finds: ['relations of the project: only dbt has t (table)', 'relations of the project: only we have t (view)'],
  },
  {
    name: 'another type',
    ours: `create table t (a bigint)`,
    dbt: `create table t (a int not null)`,
    finds: ['columns of t: only dbt has a integer not null', 'columns of t: only we have a bigint'],
  },
  {
    name: 'another order of columns',
    ours: `create table t (a int, b int)`,
    dbt: `create table t (b int, a int)`,
    finds: ["columns of t: ours stand as a, b, dbt's as b, a"],
  },
  {
    name: 'another number of equal rows',
    ours: `create table t as select 1 as a`,
    dbt: `create table t as select 1 as a union all select 1`,
    finds: ['rows of t: only dbt has 1, such as {"a":1}'],
  },
  {
    name: 'another value of a type without equality',
    ours: `create table t as select '{"k": 1}'::json as a`,
    dbt: `create table t as select '{"k": 2}'::json as a`,
    finds: [
      'rows of t: only we have 1, such as {"a":"{\\"k\\": 1}"}',
      'rows of t: only dbt has 1, such as {"a":"{\\"k\\": 2}"}',
    ],
  },
  {
    name: 'another index, whatever its name',
    ours: `create table t (a int, b int); create index ours_i on t (a); create index on t (b)`,
    dbt: `create table t (a int, b int); create index dbt_i on t (a); create unique index on t (b)`,
    finds: ['indexes of t: only dbt has unique btree (b)', 'indexes of t: only we have btree (b)'],
  },
  {
    name: 'another comment, where dbt has one',
    ours: `create table t (a int, b int); comment on column t.a is 'ours'; comment on column t.b is 'more'`,
    dbt: `create table t (a int, b int); comment on column t.a is 'dbt'`,
    finds: ['comments of t: only dbt has "dbt" on a', 'comments of t: only we have "ours" on a'],
  },
  {
    name: 'a missing constraint',
    ours: `create table t (a int)`,
    dbt: `create table t (a int check (a > 0))`,
    finds: ['constraints of t: only dbt has CHECK ((a > 0))'],
  },
  {
    name: 'times of the build itself are equal, older ones are not',
    ours: `create table t as select now() as a, timestamp '2020-01-01' as b`,
    dbt: `create table t as select now() + interval '1 microsecond' as a, timestamp '2020-01-02' as b`,
    finds: [
      'rows of t: only we have 1, such as {"a":"pass 1","b":"2020-01-01 00:00:00"}',
      'rows of t: only dbt has 1, such as {"a":"pass 1","b":"2020-01-02 00:00:00"}',
    ],
  },
  {
    name: 'a snapshot row of the build itself has a hash of its own',
    ours: `create table t as select 'x' as dbt_scd_id, now()::timestamp as dbt_updated_at`,
    dbt: `create table t as select 'y' as dbt_scd_id, now()::timestamp as dbt_updated_at`,
    finds: [],
  },
]

let database: TestDatabase
beforeAll(async () => {
  database = await createTestDatabase({ empty: true })
})
afterAll(() => database.drop())

test.for(CASES)('comparing sees $name', async ({ ours, dbt, finds }) => {
  const { pool } = database
  const start = new Date(Date.now() - 60_000)
  for (const [schema, text] of Object.entries({ a_x: ours, b_x: dbt })) {
    await pool.query(`drop schema if exists ${schema} cascade; create schema ${schema}`)
    await pool.query(`begin; set local search_path = ${schema}, pg_catalog; ${text}; commit`)
  }
  const findings = noFindings()
  const pairs = compareRelations(findings, await readRelations(pool, 'a_x'), await readRelations(pool, 'b_x'))
  for (const pair of pairs) await compareRows(findings, pool, pair, { passes: [start], ignore: [] })

  expect(findings.differences).toEqual(finds)
})

test('a result that stands twice is compared twice', () => {
  const findings = noFindings()
  compareSets(findings, 'results', 'the build', ['t: pass', 't: pass'], ['t: pass', 't: fail'])
  expect(findings.differences).toEqual([
    'results of the build: only dbt has t: fail',
    'results of the build: only we have t: pass',
  ])
})
