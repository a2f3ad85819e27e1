import { beforeEach, expect, test } from 'vitest'
import { rollbackModels } from '../../build/run/undo.ts'
import { sources, statuses, table, useBuilds } from './builds.ts'
import { projectOf } from './project-files.ts'

const builds = useBuilds()
const { build, rowsOf } = builds

beforeEach(() =>
  builds.pool.query('create schema raw_shop; create table raw_shop.a (x int); insert into raw_shop.a values (1)'),
)

const A = "{{ source('raw', 'a') }}"
const sumOf = async (relation: string) => (await rowsOf(`select sum(x)::int as x from ${relation}`))[0]?.x

test('a source that another table has taken the name of is read anew, also under a view that did not change', async () => {
  const files = {
    'models/_s.yml': sources('a'),
    'models/v.sql': `select * from ${A}`,
    'models/c.sql': table("select * from {{ ref('v') }}"),
  }
  await build(files)
  await builds.pool.query(`create table raw_shop.b (x int); insert into raw_shop.b values (100);
    alter table raw_shop.a rename to old; alter table raw_shop.b rename to a`)
  expect(statuses(await build(files))).toEqual({ v: 'built', c: 'built' })
  expect([await sumOf('v'), await sumOf('c')]).toEqual([100, 100])
})

test('a column that came again under its old name is another column', async () => {
  const files = { 'models/_s.yml': sources('a'), 'models/c.sql': table(`select x from ${A}`) }
  await build(files)
  await builds.pool.query('alter table raw_shop.a drop x, add x int default 5')
  expect(statuses(await build(files))).toEqual({ c: 'built' })
  expect(await sumOf('c')).toBe(5)
})

test('a table built over a view that was not built with it is built again', async () => {
  const files = {
    'models/_s.yml': sources('a'),
    'models/t.sql': table(`select * from ${A}`),
    'models/v.sql': "select * from {{ ref('t') }}",
    'models/c.sql': table("-- depends_on: {{ ref('t') }}\nselect * from {{ ref('v') }}"),
  }
  await build(files)
  await builds.pool.query('insert into raw_shop.a values (10)')
  await build(files, { selected: new Set(['model.tiny.t', 'model.tiny.c']), threads: 1 })
  await build(files)
  expect(await sumOf('c')).toBe(11)
})

test('a failed test of a source stops what reads it through an ephemeral model', async () => {
  const files = {
    'models/_s.yml': sources('a').replace('{name: a}', '{name: a, columns: [{name: x, data_tests: [unique]}]}'),
    'models/e.sql': `{{ config(materialized='ephemeral') }}select * from ${A}`,
    'models/c.sql': table("select * from {{ ref('e') }}"),
  }
  await build(files)
  await builds.pool.query('insert into raw_shop.a values (1)')
  expect(statuses(await build(files))).toEqual({ c: 'skipped' })
  expect(await sumOf('c')).toBe(1)
})

test('with fail-fast a group whose tests did not run is held back', async () => {
  const group = (name: string) => `{{ config(materialized='table', meta={'milepost': {'publish': '${name}'}}) }}`
  const files = {
    'models/b.sql': `${group('one')}select 1 as id`,
    'models/zz.sql': `${group('two')}select 1 / 0 as id`,
    'tests/fine.sql': "select * from {{ ref('b') }} where id < 0",
  }
  const result = await build(files, { failFast: true, threads: 1 })
  expect(result.groups.map((one) => one.isPublished)).toEqual([false, false])
})

test('a rollback makes views in an order in which each finds what it reads', async () => {
  const before = { 'models/a.sql': "select * from {{ ref('z') }}", 'models/z.sql': table('select 1 as x') }
  const after = { 'models/a.sql': 'select 2 as x', 'models/z.sql': table('select 3 as x') }
  await build(before)
  await build(after)
  await rollbackModels({ pool: builds.pool, project: projectOf(after) })
  expect([await sumOf('a'), await sumOf('z')]).toEqual([1, 1])
})

test('more threads than the pool has connections for wait for each other', async () => {
  const models = Array.from({ length: 30 }, (_, index) => [`models/m${index}.sql`, table(`select ${index} as x`)])
  const result = await build(Object.fromEntries(models), { threads: 64 })
  expect(result.nodes.filter((node) => node.status === 'built')).toHaveLength(30)
})

test.for([
  ['a time by a word', "select x, 'today 12:00'::timestamp as t from {{ source('raw', 'a') }}"],
  ['a sample', "select x from {{ source('raw', 'a') }} tablesample system (50)"],
  [
    'a table by the name of its own query',
    'with a as (select * from raw_shop.a), evs as (select * from evs) select * from evs',
  ],
])('a model that reads %s is built every time', async ([, sql]) => {
  await builds.pool.query('create table public.evs (x int)')
  const files = { 'models/_s.yml': sources('a'), 'models/c.sql': table(sql!) }
  await build(files)
  expect(statuses(await build(files))).toEqual({ c: 'built' })
})
