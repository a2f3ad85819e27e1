import { beforeEach, describe, expect, test } from 'vitest'
import { compileProject } from '../../build/graph/graph.ts'
import { buildModels } from '../../build/run/build.ts'
import { loadProject } from '../../build/project/project.ts'
import { problemsOf, sources, statuses, table, testStatuses, useBuilds } from './builds.ts'
import { projectOf } from './project-files.ts'
import { createShop, fixture } from './shop.ts'

const builds = useBuilds()
const { build, rowsOf } = builds

beforeEach(() => createShop(builds.pool))

/** Every relation that is published, with what changes when it is replaced, emptied or altered. */
const standing = () =>
  rowsOf(`select oid::regclass::text as name, oid, relfilenode, xmin::text from pg_class
    where relnamespace in (select oid from pg_namespace where nspname in ('public', 'staging', 'marts')) and relkind in ('r', 'v') order by 1`)

describe('the fixture shop, once built,', () => {
  const buildShop = (options: { fullRefresh?: boolean } = {}) =>
    buildModels({ pool: builds.pool, project: loadProject(fixture('shop')), ...options })
  beforeEach(async () => void (await buildShop()))

  test('is left alone when nothing has changed, except for the rows that are to be appended again', async () => {
    const before = await standing()
    const rows = await rowsOf('select ctid, xmin::text, * from marts.fct_orders')
    const result = await buildShop()
    expect(statuses(result)).toEqual({
      stg_shop__customers: 'unchanged',
      stg_shop__orders: 'unchanged',
      fct_orders: 'unchanged',
      dim_customers: 'unchanged',
      customer_ranks: 'unchanged',
      fct_order_log: 'built',
    })
    expect(result.nodes.filter((node) => !node.isPublished)).toEqual([])
    expect(result.tests.filter((item) => !item.isReused)).toEqual([])
    expect(result.tests).toHaveLength(13)
    expect(await standing()).toEqual(before)
    expect(await rowsOf('select ctid, xmin::text, * from marts.fct_orders')).toEqual(rows)
  })

  test('is built anew by a full refresh, and all is tested', async () => {
    const result = await buildShop({ fullRefresh: true })
    expect(new Set(Object.values(statuses(result)))).toEqual(new Set(['built']))
    expect(result.tests.filter((item) => item.isReused || item.status !== 'pass')).toEqual([])
    expect(await rowsOf('select count(*) as rows from marts.fct_orders')).toEqual([{ rows: 3 }])
  })

  test('is built where it reads a changed row, and only there', async () => {
    await builds.pool.query(`update raw_shop.customers set name = 'Eve' where id = 1`)
    const result = await buildShop()
    expect(problemsOf(result)).toEqual([])
    expect(statuses(result)).toMatchObject({
      stg_shop__customers: 'unchanged',
      stg_shop__orders: 'unchanged',
      fct_orders: 'unchanged',
      dim_customers: 'built',
      customer_ranks: 'built',
    })
    const fresh = result.tests.filter((item) => !item.isReused).map((item) => item.name)
    expect(fresh.toSorted()).toEqual([
      'not_null_dim_customers_customer_id',
      'not_null_stg_shop__customers_customer_id',
      'relationships_fct_orders_customer_id__customer_id__ref_dim_customers_',
      'unique_dim_customers_customer_id',
      'unique_stg_shop__customers_customer_id',
    ])
    expect(await rowsOf('select customer_name from marts.customer_ranks order by 1')).toEqual([
      { customer_name: 'Bob' },
      { customer_name: 'Eve' },
    ])
  })
})

describe('a small project', () => {
  const files = {
    'models/_s.yml': sources('customers', 'raw_orders'),
    'models/names.sql': "select id, name from {{ source('raw', 'customers') }}",
    'models/orders.sql': table("select * from {{ source('raw', 'raw_orders') }}"),
    'models/known.sql': table(
      "select o.id, n.name from {{ ref('orders') }} o join {{ ref('names') }} n on n.id = o.customer_id",
    ),
    'models/count.sql': table("select count(*) as n from {{ ref('known') }}"),
  }
  const untouched = { names: 'unchanged', orders: 'unchanged', known: 'unchanged', count: 'unchanged' }
  beforeEach(async () => void (await build(files)))

  test.for<[string, string, Record<string, string>, number]>([
    [
      'a row is added',
      "insert into raw_shop.raw_orders values (4, 1, 'placed', 1, now())",
      { orders: 'built', known: 'built', count: 'built' },
      4,
    ],
    [
      'a row is changed',
      "update raw_shop.customers set name = 'Eve' where id = 1",
      { known: 'built', count: 'built' },
      3,
    ],
    [
      'a row goes',
      'delete from raw_shop.raw_orders where id = 1',
      { orders: 'built', known: 'built', count: 'built' },
      2,
    ],
    ['a source is emptied', 'truncate raw_shop.raw_orders', { orders: 'built', known: 'built', count: 'built' }, 0],
    ['a table is replaced by hand', 'drop table count; create table count as select 99 as n', { count: 'built' }, 3],
    ['a table is emptied by hand', 'truncate known', { known: 'built' }, 3],
    ['a table is removed by hand', 'drop table count', { count: 'built' }, 3],
    [
      'a view is replaced by hand',
      "drop view names; create view names as select 1 as id, 'x'::text as name",
      { names: 'built', known: 'unchanged' },
      3,
    ],
    [
      'a source gets a column',
      'alter table raw_shop.customers add column city text',
      { known: 'built', count: 'built' },
      3,
    ],
  ])('is built from there on when %s', async ([, change, expected, orders]) => {
    await builds.pool.query(change)
    const result = await build(files)
    expect(problemsOf(result)).toEqual([])
    expect(statuses(result)).toMatchObject(expected)
    expect(await rowsOf('select n, (select count(*) from known) as known from count')).toEqual([
      { n: orders, known: orders },
    ])
    expect(statuses(await build(files))).toEqual(untouched)
  })

  test.for<[string, Record<string, string>, Record<string, string>]>([
    ['nothing but a template comment', { 'models/count.sql': `{# how many #}${files['models/count.sql']}` }, {}],
    ['a tag', { 'models/count.sql': files['models/count.sql'].replace(') }}', ", tags=['x']) }}") }, {}],
    ['a query', { 'models/count.sql': files['models/count.sql'].replace('count(*)', 'count(id)') }, { count: 'built' }],
    [
      'a description',
      { 'models/_m.yml': 'models: [{name: known, description: Orders of known customers}]' },
      { known: 'built' },
    ],
    [
      'a setting of the project',
      { 'dbt_project.yml': 'name: tiny\nmodels:\n  tiny:\n    known:\n      +indexes: [{columns: [id]}]\n' },
      { known: 'built' },
    ],
    [
      'a view that is a table now',
      { 'models/names.sql': table(files['models/names.sql']) },
      { names: 'built', known: 'built' },
    ],
    [
      'a view with another query',
      { 'models/names.sql': `${files['models/names.sql']} where true` },
      { names: 'built', known: 'built' },
    ],
  ])('is built from there on when a file changes: %s', async ([, changed, expected]) => {
    const result = await build({ ...files, ...changed })
    expect(problemsOf(result)).toEqual([])
    const { count, ...others } = statuses(result)
    expect({ ...untouched, ...expected }).toMatchObject(others)
    // What reads a table that was made anew from the same rows may be taken as unchanged, or not.
    expect(expected.count ?? count).toBe(count)
    expect(await rowsOf('select n from count')).toEqual([{ n: 3 }])
    expect(statuses(await build({ ...files, ...changed }))).toEqual(untouched)
  })

  test('is built where the macro of a model changes', async () => {
    const withMacro = (what: string) => ({
      ...files,
      'macros/m.sql': `{% macro what() %}${what}{% endmacro %}`,
      'models/count.sql': table("select count({{ what() }}) as n from {{ ref('known') }}"),
    })
    await build(withMacro('*'))
    expect(statuses(await build(withMacro('*')))).toEqual(untouched)
    expect(statuses(await build(withMacro('distinct name')))).toEqual({ ...untouched, count: 'built' })
    expect(await rowsOf('select n from count')).toEqual([{ n: 2 }])
  })

  test('is built anew after a build that failed, as far as that did not publish', async () => {
    await builds.pool.query('delete from raw_shop.raw_orders where id = 1')
    const failing = { ...files, 'tests/enough.sql': "select n from {{ ref('count') }} where n < 3" }
    expect((await build(failing)).published).toBe(false)
    expect(statuses(await build(failing))).toMatchObject({ orders: 'built', known: 'built', count: 'built' })
    expect(await rowsOf('select n from count')).toEqual([{ n: 3 }])
    await builds.pool.query(`insert into raw_shop.raw_orders values (5, 1, 'placed', 1, now())`)
    expect(testStatuses(await build(failing))).toEqual({ enough: 'pass' })
    expect(await rowsOf('select n from count')).toEqual([{ n: 3 }])
  })

  test('has its tests reused only where they read the same rows', async () => {
    const tested = {
      ...files,
      'tests/no_names.sql': "select * from {{ ref('names') }} where name is null",
      'tests/few.sql': "{{ config(severity='warn') }}select * from {{ ref('orders') }}",
      'tests/young.sql': "select * from {{ ref('orders') }} where updated_at > now() + interval '1000 years'",
      'models/_m.yml': 'models: [{name: known, columns: [{name: id, tests: [unique, not_null]}]}]',
    }
    await build(tested)
    const again = await build(tested)
    expect(testStatuses(again)).toEqual({
      no_names: 'pass*',
      few: 'warn*',
      young: 'pass',
      unique_known_id: 'pass*',
      not_null_known_id: 'pass*',
    })
    const few = again.tests.find(({ name }) => name === 'few')
    expect(few).toMatchObject({ failures: 3 })
    expect(few?.sample).toHaveLength(3)
    const changed = { ...tested, 'tests/no_names.sql': "select * from {{ ref('names') }} where name = ''" }
    expect(testStatuses(await build(changed))).toMatchObject({ no_names: 'pass', few: 'warn*' })
    await builds.pool.query(`insert into raw_shop.customers values (1, null)`)
    const wrong = await build(tested)
    expect(testStatuses(wrong)).toMatchObject({ no_names: 'fail', few: 'warn*' })
    // A failure is not remembered.
    expect(testStatuses(await build(tested))).toMatchObject({ no_names: 'fail' })
  })
})

test('seeds and snapshots are left alone until their file or what they read changes', async () => {
  const files = (name: string) => ({
    'models/_s.yml': sources('customers'),
    'seeds/ports.csv': `id,name\n1,${name}\n2,Oslo\n`,
    'snapshots/seen.sql':
      "{% snapshot seen %}{{ config(strategy='check', unique_key='id', check_cols='all') }}select * from {{ source('raw', 'customers') }}{% endsnapshot %}",
    'models/known_ports.sql': table(
      "select p.name, s.name as customer from {{ ref('ports') }} p join {{ ref('seen') }} s on s.id = p.id and s.dbt_valid_to is null",
    ),
  })
  const first = await build(files('Bergen'))
  expect(problemsOf(first)).toEqual([])
  expect(first.nodes.map(({ name, rows }) => `${name} ${rows}`).toSorted()).toEqual([
    'known_ports 2',
    'ports 2',
    'seen 2',
  ])
  const before = await standing()
  expect(statuses(await build(files('Bergen')))).toEqual({
    ports: 'unchanged',
    seen: 'unchanged',
    known_ports: 'unchanged',
  })
  expect(await standing()).toEqual(before)
  expect(statuses(await build(files('Moss')))).toEqual({ ports: 'built', seen: 'unchanged', known_ports: 'built' })
  await builds.pool.query(`update raw_shop.customers set name = 'Eve' where id = 1`)
  expect(statuses(await build(files('Moss')))).toEqual({ ports: 'unchanged', seen: 'built', known_ports: 'built' })
  expect(await rowsOf('select *, (select count(*) from seen) as versions from known_ports order by 1')).toEqual([
    { name: 'Moss', customer: 'Eve', versions: 3 },
    { name: 'Oslo', customer: 'Bob', versions: 3 },
  ])
})

describe('a part of the models that is built alone', () => {
  const files = {
    'models/_s.yml': sources('customers'),
    'models/names.sql': "select * from {{ source('raw', 'customers') }}",
    'models/few.sql': "{{ config(materialized='ephemeral') }}select * from {{ ref('names') }}",
    'models/day.sql': "select id, current_date as day from {{ ref('names') }}",
    'models/known.sql': table("select count(*) as n from {{ source('raw', 'customers') }}"),
    'models/over_view.sql': table("select count(*) as n from {{ ref('few') }}"),
    'models/over_day.sql': table("select count(*) as n from {{ ref('day') }}"),
    'models/over_table.sql': table("select n from {{ ref('known') }}"),
    'tests/few_names.sql': "{{ config(severity='warn') }}select * from {{ ref('names') }}",
  }
  const ends = ['over_view', 'over_day', 'over_table', 'few_names']
  const buildEnds = () => {
    const project = projectOf(files)
    const { nodes, tests } = compileProject(project)
    const selected = new Set([...nodes, ...tests].flatMap(({ name, id }) => (ends.includes(name) ? id : [])))
    return buildModels({ pool: builds.pool, project, selected })
  }
  beforeEach(async () => void (await build(files)))

  test('is as it was when nothing has changed, except over a clock', async () => {
    const result = await buildEnds()
    expect(statuses(result)).toEqual({ over_view: 'unchanged', over_day: 'built', over_table: 'unchanged' })
    expect(testStatuses(result)).toEqual({ few_names: 'warn*' })
  })

  test('takes what a view that is not built with it shows by now, but of a table what it holds', async () => {
    await builds.pool.query(`insert into raw_shop.customers values (3, 'Cy')`)
    const result = await buildEnds()
    expect(statuses(result)).toEqual({ over_view: 'built', over_day: 'built', over_table: 'unchanged' })
    expect(result.tests).toMatchObject([{ name: 'few_names', status: 'warn', failures: 3, isReused: false }])
    expect(
      await rowsOf('select v.n as view, d.n as day, t.n as table from over_view v, over_day d, over_table t'),
    ).toEqual([{ view: 3, day: 3, table: 2 }])
    const rest = await build(files)
    expect(statuses(rest)).toMatchObject({
      names: 'unchanged',
      known: 'built',
      over_view: 'unchanged',
      over_table: 'built',
    })
    expect(await rowsOf('select n from over_table')).toEqual([{ n: 3 }])
    expect(
      Object.entries(statuses(await build(files))).flatMap(([name, status]) => (status === 'built' ? name : [])),
    ).toEqual(['over_day'])
  })
})

test('a model is built again when a variable has another value', async () => {
  const files = {
    'models/a.sql': table("select {{ var('n', 1) }} as n"),
    'models/b.sql': table("select 1 as x from {{ ref('a') }}"),
  }
  await build(files)
  expect(statuses(await build(files, { vars: { n: 1 } }))).toEqual({ a: 'unchanged', b: 'unchanged' })
  expect(statuses(await build(files, { vars: { n: 2 } }))).toMatchObject({ a: 'built' })
  expect(await rowsOf('select n from a')).toEqual([{ n: 2 }])
})
