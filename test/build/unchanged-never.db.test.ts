import { beforeEach, describe, expect, test } from 'vitest'
import { problemsOf, sources, statuses, table, testStatuses, useBuilds } from './builds.ts'
import { createShop } from './shop.ts'

const builds = useBuilds()
const { build, rowsOf } = builds

beforeEach(() => createShop(builds.pool))

describe('what may differ each time', () => {
  test('is never taken for unchanged', async () => {
    await builds.pool.query(`create schema outside; create sequence outside.counter;
      create function outside.one() returns int language sql immutable as 'select 1';
      create function public.one() returns int language sql immutable as 'select 1'`)
    const queries = {
      now: 'select now() as x',
      day: 'select current_date as x',
      word_for_the_time: "select 'today'::date as x",
      age: "select age(timestamp '2020-01-01') as x",
      chance: 'select random() as x',
      sequence: "select nextval('outside.counter') as x",
      user_name: 'select current_user::text as x',
      setting: "select current_setting('timezone') as x",
      function_of_somebody: 'select outside.one() as x',
      function_without_schema: 'select one() as x',
      undeclared: 'select id as x from raw_shop.customers',
      undeclared_in_a_condition: 'select 1 as x where exists (select from raw_shop.customers)',
      undeclared_in_a_query: 'with own as (select * from raw_shop.customers) select id as x from own',
      without_schema: "select count(*) as x from pg_class where relname = 'nothing'",
      catalogue: "select count(*) as x from pg_catalog.pg_class where relname = 'nothing'",
    }
    const steady = {
      plain:
        "select length('a') as x, 'later'::text as a, date '2020-01-01' + 1 as b, extract(year from date '2020-01-01') as c",
      declared: "with own as (select id as x from {{ source('raw', 'raw_orders') }}) select count(*) as x from own",
    }
    const files: Record<string, string> = { 'models/_s.yml': sources('raw_orders') }
    for (const [name, sql] of Object.entries({ ...queries, ...steady })) {
      files[`models/${name}.sql`] = table(sql)
      files[`models/over_${name}.sql`] = table(`select count(*) as n from {{ ref('${name}') }}`)
      files[`tests/test_${name}.sql`] = `select * from {{ ref('${name}') }} where x is null`
    }
    await build(files)
    for (let round = 0; round < 2; round += 1) {
      const result = await build(files)
      expect(problemsOf(result)).toEqual([])
      const expected = (names: object, is: string) =>
        Object.keys(names).flatMap((name) => [
          [name, is],
          [`over_${name}`, is],
        ])
      expect(statuses(result)).toEqual(
        Object.fromEntries([...expected(queries, 'built'), ...expected(steady, 'unchanged')]),
      )
      const tested = (names: object, is: string) => Object.keys(names).map((name) => [`test_${name}`, is])
      expect(testStatuses(result)).toEqual(Object.fromEntries([...tested(queries, 'pass'), ...tested(steady, 'pass*')]))
    }
  })

  test.for<[string, string]>([
    ['now()', "select id, now() as seen from {{ source('raw', 'customers') }}"],
    ['a relation that is not declared', 'select id from raw_shop.customers'],
  ])('a view over %s is left as it is, but tested again, and tables over it are built', async ([, sql]) => {
    const files = {
      'models/_s.yml': /source\(/.test(sql) ? sources('customers') : '',
      'models/v.sql': sql,
      'models/t.sql': table("select count(*) as n from {{ ref('v') }}"),
      'models/_m.yml': 'models: [{name: v, columns: [{name: id, tests: [unique]}]}]',
    }
    await build(files)
    const [view] = await rowsOf(`select 'v'::regclass::oid as oid`)
    const result = await build(files)
    expect(statuses(result)).toEqual({ v: 'unchanged', t: 'built' })
    expect(testStatuses(result)).toEqual({ unique_v_id: 'pass' })
    expect(await rowsOf(`select 'v'::regclass::oid as oid`)).toEqual([view])
    await builds.pool.query(`insert into raw_shop.customers values (1, 'Ada again')`)
    expect(testStatuses(await build(files))).toEqual({ unique_v_id: 'fail' })
  })

  test('a source that is a view always counts as changed, a partitioned table does not', async () => {
    await builds.pool.query(`
      create view raw_shop.seen as select * from raw_shop.customers;
      create table raw_shop.parts (id int) partition by range (id);
      create table raw_shop.part_1 partition of raw_shop.parts for values from (0) to (10);
      insert into raw_shop.parts values (1)`)
    const files = {
      'models/_s.yml': sources('seen', 'parts'),
      'models/a.sql': table("select count(*) as n from {{ source('raw', 'seen') }}"),
      'models/b.sql': table("select count(*) as n from {{ source('raw', 'parts') }}"),
    }
    await build(files)
    expect(statuses(await build(files))).toEqual({ a: 'built', b: 'unchanged' })
    await builds.pool.query('insert into raw_shop.parts values (2)')
    expect(statuses(await build(files))).toEqual({ a: 'built', b: 'built' })
    expect(await rowsOf('select a.n as a, b.n as b from a, b')).toEqual([{ a: 2, b: 2 }])
  })
})

// A source that another model declares is still one that this model does not name.
test('a model that reads a source of others without source() is not taken for unchanged', async () => {
  const files = {
    'models/_s.yml': sources('customers'),
    'models/a.sql': table('select count(*) as n from raw_shop.customers'),
  }
  await build(files)
  await builds.pool.query(`insert into raw_shop.customers values (3, 'Cy')`)
  await build(files)
  expect(await rowsOf('select n from a')).toEqual([{ n: 3 }])
})
