import { beforeEach, describe, expect, test } from 'vitest'
import { buildModels } from '../../build/run/build.ts'
import { loadProject } from '../../build/project/project.ts'
import { testModels } from '../../build/run/published-models.ts'
import { problemsOf, statuses, table, useBuilds } from './builds.ts'
import { projectOf } from './project-files.ts'
import { createShop, fixture } from './shop.ts'

const builds = useBuilds()
const { build, rowsOf } = builds

/** Schemas that a build leaves behind by mistake. */
const leftovers = () => rowsOf(`select nspname from pg_namespace where nspname ~ '__(next|delta|dropped)$'`)

describe('the fixture shop', () => {
  const buildShop = async (options: { fullRefresh?: boolean; vars?: Record<string, unknown> } = {}) =>
    buildModels({ pool: builds.pool, project: loadProject(fixture('shop')), ...options })

  beforeEach(() => createShop(builds.pool))

  test('is built, tested and published by the first build', async () => {
    const result = await buildShop()
    expect(problemsOf(result)).toEqual([])
    expect(result).toMatchObject({ published: true, orphans: [], warnings: [] })
    const sorted = result.nodes.toSorted((a, b) => a.name.localeCompare(b.name))
    expect(sorted.map((node) => [node.name, node.kind, node.status, node.rows, node.isPublished])).toEqual([
      ['customer_ranks', 'view', 'built', null, true],
      ['dim_customers', 'table', 'built', 2, true],
      ['fct_order_log', 'incremental', 'built', 3, true],
      ['fct_orders', 'incremental', 'built', 3, true],
      ['stg_shop__customers', 'view', 'built', null, true],
      ['stg_shop__orders', 'view', 'built', null, true],
    ])
    expect(new Set(result.tests.map((item) => item.status))).toEqual(new Set(['pass']))
    expect(await rowsOf('select * from marts.dim_customers order by 1')).toEqual([
      {
        customer_id: 1,
        customer_name: 'Ada',
        orders: 2,
        placed_orders: 1,
        shipped_orders: 1,
        returned_orders: 0,
        amount_usd: '30.50',
      },
      {
        customer_id: 2,
        customer_name: 'Bob',
        orders: 1,
        placed_orders: 1,
        shipped_orders: 0,
        returned_orders: 0,
        amount_usd: '3.00',
      },
    ])
    expect(await leftovers()).toEqual([])
  })

  test('gets its indexes, comments and statistics', async () => {
    await buildShop()
    expect(await rowsOf(`select indexdef from pg_indexes where schemaname = 'marts' order by 1`)).toEqual([
      {
        indexdef:
          'CREATE INDEX dim_customers_customer_name_orders_idx ON marts.dim_customers USING btree (customer_name, orders)',
      },
      {
        indexdef: 'CREATE UNIQUE INDEX dim_customers_customer_id_idx ON marts.dim_customers USING btree (customer_id)',
      },
    ])
    const comments = `select obj_description('marts.fct_orders'::regclass) as relation,
      col_description('marts.fct_orders'::regclass, 4) as amount, obj_description('staging.stg_shop__orders'::regclass) as view,
      (select reltuples from pg_class where oid = 'marts.dim_customers'::regclass) as tuples`
    expect(await rowsOf(comments)).toEqual([
      {
        relation: 'One row per order, as it last was. Key order_id.',
        amount: "What the customer pays, it's in dollars",
        view: 'One row per order. Key order_id.',
        tuples: 2,
      },
    ])
  })

  test('takes changed and late rows into its incremental models by the second build', async () => {
    await buildShop()
    await builds.pool.query(`
      update raw_shop.raw_orders set status = 'shipped', updated_at = '2026-03-11T00:00:00Z' where id = 2;
      update raw_shop.raw_orders set status = 'returned' where id = 1; -- an old date: outside of the look-back
      insert into raw_shop.raw_orders values
        (5, 2, 'placed', 100, '2026-03-08T12:00:00Z'), -- late, but within the two days
        (4, 2, 'placed', 100, '2026-03-12T00:00:00Z');
    `)
    const result = await buildShop()
    expect(result.nodes.find((node) => node.name === 'fct_orders')).toMatchObject({ status: 'built', rows: 4 })
    expect(result.nodes.find((node) => node.name === 'fct_order_log')).toMatchObject({ status: 'built', rows: 2 })
    expect(await rowsOf('select order_id, status from marts.fct_orders order by 1')).toEqual([
      { order_id: 1, status: 'shipped' },
      { order_id: 2, status: 'shipped' },
      { order_id: 3, status: 'placed' },
      { order_id: 4, status: 'placed' },
      { order_id: 5, status: 'placed' },
    ])
    expect(await rowsOf('select order_id, status from marts.fct_order_log order by 1')).toEqual([
      { order_id: 1, status: 'shipped' },
      { order_id: 2, status: 'placed' },
      { order_id: 3, status: 'placed' },
      { order_id: 4, status: 'placed' },
      { order_id: 5, status: 'placed' },
    ])
    expect(await rowsOf('select customer_name, rank from marts.customer_ranks order by 2')).toEqual([
      { customer_name: 'Ada', rank: 1 },
      { customer_name: 'Bob', rank: 2 },
    ])
  })

  test('is the same after any number of builds over the same rows', async () => {
    const all = `select (select array_agg(o order by order_id) from marts.fct_orders o)::text as orders,
      (select array_agg(l order by order_id) from marts.fct_order_log l)::text as log`
    await buildShop()
    const first = await rowsOf(all)
    await buildShop()
    await buildShop()
    expect(await rowsOf(all)).toEqual(first)
  })

  test('is built anew by a full refresh', async () => {
    await buildShop()
    await builds.pool.query(`update raw_shop.raw_orders set status = 'returned' where id = 1`)
    const result = await buildShop({ fullRefresh: true })
    expect(result.nodes.find((node) => node.name === 'fct_orders')?.rows).toBe(3)
    expect(await rowsOf('select status from marts.fct_order_log where order_id = 1')).toEqual([{ status: 'returned' }])
  })

  test('publishes nothing when a test fails, and shows the wrong rows', async () => {
    await buildShop()
    await builds.pool.query(`
      update raw_shop.customers set name = 'Eve' where id = 1;
      insert into raw_shop.raw_orders select 10 + n, 1, 'placed', n, '2026-03-12T00:00:00Z' from generate_series(1, 7) n;
    `)
    const before = await rowsOf(
      `select 'marts.dim_customers'::regclass::oid as dim, (select count(*) from marts.fct_orders) as orders`,
    )
    const result = await buildShop({ vars: { smallest_amount: 0.5 } })
    expect(result.published).toBe(false)
    const failed = result.tests.filter((item) => item.status === 'fail')
    expect(failed).toMatchObject([{ name: 'assert_orders_cost_enough', status: 'fail', failures: 7 }])
    // What reads fct_orders is not built on rows that are known to be wrong.
    expect(statuses(result)).toMatchObject({ fct_orders: 'built', dim_customers: 'skipped', customer_ranks: 'skipped' })
    expect(result.nodes.filter((node) => node.isPublished && node.status !== 'unchanged')).toEqual([])
    expect(failed[0]?.sample).toHaveLength(5)
    expect(failed[0]?.sample[0]).toEqual({ order_id: 11, amount_usd: 0.01 })
    expect(
      await rowsOf(
        `select 'marts.dim_customers'::regclass::oid as dim, (select count(*) from marts.fct_orders) as orders`,
      ),
    ).toEqual(before)
    expect(await rowsOf('select customer_name from marts.dim_customers where customer_id = 1')).toEqual([
      { customer_name: 'Ada' },
    ])
    expect(await leftovers()).toEqual([])
  })

  test('is published in spite of a test with the severity warn', async () => {
    await builds.pool.query(`update raw_shop.raw_orders set status = 'lost' where id = 1`)
    const result = await buildShop()
    expect(result.published).toBe(true)
    expect(result.tests.filter((item) => item.status !== 'pass')).toMatchObject([
      {
        status: 'warn',
        failures: 1,
        model: 'stg_shop__orders',
        column: 'status',
        sample: [{ value_field: 'lost', n_records: 1 }],
      },
    ])
  })

  test('can be tested as it is published, without a change', async () => {
    await buildShop()
    await builds.pool.query('truncate raw_shop.customers')
    const project = loadProject(fixture('shop'))
    const results = await testModels({ pool: builds.pool, project })
    expect(results.filter((item) => item.status !== 'pass')).toEqual([])
    await builds.pool.query('insert into raw_shop.raw_orders select * from raw_shop.raw_orders')
    const again = await testModels({ pool: builds.pool, project })
    expect(again.filter((item) => item.status === 'fail').map((item) => item.name)).toEqual([
      'unique_stg_shop__orders_order_id',
    ])
  })
})

test('a source row that comes while models are built is read by the next build, whoever missed it', async () => {
  await builds.pool.query('create table public.source (n int); insert into public.source values (1)')
  const project = projectOf({
    'dbt_project.yml': 'name: tiny\nmodels:\n  tiny:\n    +materialized: table\n',
    'models/_s.yml': 'sources: [{name: public, tables: [{name: source}]}]',
    'models/a.sql': "select max(n) as n from {{ source('public', 'source') }}",
    'models/b.sql': "select max(s.n) as n from {{ source('public', 'source') }} s, {{ ref('a') }}",
  })
  let between: Promise<unknown> = Promise.resolve()
  await buildModels({
    pool: builds.pool,
    project,
    onProgress: (event) => {
      if (event.type === 'model' && event.node.name === 'a')
        between = builds.pool.query('insert into public.source values (2)')
    },
  })
  await between
  expect(await rowsOf('select a.n from a')).toEqual([{ n: 1 }])
  expect(statuses(await buildModels({ pool: builds.pool, project }))).toEqual({ a: 'built', b: 'built' })
  expect(await rowsOf('select a.n as a, b.n as b from a, b')).toEqual([{ a: 2, b: 2 }])
  expect(statuses(await buildModels({ pool: builds.pool, project }))).toEqual({ a: 'unchanged', b: 'unchanged' })
})

test('a relation whose model is gone is reported and left alone', async () => {
  await build({
    'models/old.sql': 'select 1 as x',
    'models/base.sql': "{{ config(materialized='table') }}select 1 as x",
  })
  const renamed = {
    'models/new.sql': 'select 2 as x',
    'models/base.sql': "{{ config(materialized='table') }}select 1 as x",
  }
  const orphans = [{ schema: 'public', name: 'old', model: 'old' }]
  expect((await build(renamed)).orphans).toEqual(orphans)
  expect((await build(renamed)).orphans).toEqual(orphans)
  expect(await rowsOf('select * from old')).toEqual([{ x: 1 }])
  await builds.pool.query('drop view old')
  expect((await build(renamed)).orphans).toEqual([])
})

test('a relation that no build has made is not replaced', async () => {
  await builds.pool.query('create table public.a (precious int)')
  await expect(build({ 'models/a.sql': 'select 1 as x' })).rejects.toMatchObject({
    code: 'BUILD_CONFLICT',
    message: expect.stringContaining('not replaced: public.a'),
  })
  expect(await rowsOf('select * from a')).toEqual([])
})

test('a described column that the model lacks is a warning', async () => {
  const result = await build({
    'models/a.sql': 'select 1 as x',
    'models/_a.yml': 'models: [{name: a, columns: [{name: x, description: X}, {name: y, description: Y}]}]',
  })
  expect(result).toMatchObject({ published: true, warnings: ['a has no column y, which its YAML describes'] })
})

test('a progress event follows each model and test', async () => {
  const seen: string[] = []
  const project = projectOf({
    'models/a.sql': 'select 1 as x',
    'tests/t.sql': "select * from {{ ref('a') }} where false",
  })
  await buildModels({
    pool: builds.pool,
    project,
    onProgress: (event) => seen.push(`${event.type} ${event.index}/${event.total}`),
  })
  expect(seen).toEqual(['model 1/2', 'test 2/2'])
})

test('several connections build what does not wait for each other, and all of it is published at once', async () => {
  const files = Object.fromEntries(
    Array.from({ length: 6 }, (_, n) => [
      `models/m${n}.sql`,
      table(`select ${n} as n, pg_backend_pid() as pid, pg_sleep(0.05)::text`),
    ]),
  )
  const all = Array.from({ length: 6 }, (_, n) => `select pid from m${n}`).join(' union ')
  const result = await build(
    {
      ...files,
      'models/total.sql': table(
        Array.from({ length: 6 }, (_, n) => `select n from {{ ref('m${n}') }}`).join(' union all '),
      ),
    },
    { threads: 3 },
  )
  expect(problemsOf(result)).toEqual([])
  expect(await rowsOf(all)).toHaveLength(3)
  expect(new Set(result.nodes.map((node) => node.thread)).size).toBe(3)
  expect(await rowsOf('select sum(n)::int as sum, count(*) as rows from total')).toEqual([{ sum: 15, rows: 6 }])
  expect(result.nodes.map(({ name, rows }) => `${name} ${rows}`).toSorted()).toEqual([
    'm0 1',
    'm1 1',
    'm2 1',
    'm3 1',
    'm4 1',
    'm5 1',
    'total 6',
  ])
})

test('an ephemeral model stands nowhere, and those that read it read what it reads', async () => {
  const files = (limit: number) => ({
    'models/numbers.sql': table('select generate_series(1, 5) as n'),
    'models/few.sql': `{{ config(materialized='ephemeral') }}with own as (select * from {{ ref('numbers') }}) select * from own where n <= ${limit}`,
    'models/even.sql': table("with own as (select * from {{ ref('few') }}) select n from own where n % 2 = 0"),
    'models/seen.sql': "select count(*) as few from {{ ref('few') }}",
  })
  const result = await build(files(4))
  expect(problemsOf(result)).toEqual([])
  expect(statuses(result)).toEqual({ numbers: 'built', even: 'built', seen: 'built' })
  expect(await rowsOf(`select n, (select few from seen), to_regclass('few') as stands from even order by 1`)).toEqual([
    { n: 2, few: 4, stands: null },
    { n: 4, few: 4, stands: null },
  ])
  expect(statuses(await build(files(4)))).toEqual({ numbers: 'unchanged', even: 'unchanged', seen: 'unchanged' })
  expect(statuses(await build(files(3)))).toEqual({ numbers: 'unchanged', even: 'built', seen: 'built' })
  expect(await rowsOf('select n, (select few from seen) from even')).toEqual([{ n: 2, few: 3 }])
})

test('with failFast nothing more begins after the first failure', async () => {
  const files = {
    'models/a.sql': table('select 1 / 0 as x'),
    'models/b.sql': table('select 1 as x'),
    'models/c.sql': table('select 2 as x'),
    'tests/t.sql': "select * from {{ ref('b') }}",
  }
  const result = await build(files, { failFast: true, threads: 1 })
  expect(statuses(result)).toEqual({ a: 'failed', b: 'skipped', c: 'skipped' })
  expect(result.tests.map(({ status }) => status)).toEqual(['skipped'])
  const slow = await build(files, { threads: 1 })
  expect(statuses(slow)).toEqual({ a: 'failed', b: 'built', c: 'built' })
  expect(await rowsOf(`select to_regclass('b') as b, to_regclass('c') as c`)).toEqual([{ b: null, c: null }])
})
