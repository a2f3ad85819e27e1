import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { beforeEach, expect, test } from 'vitest'
import { buildModels } from '../../build/run/build.ts'
import { compileProject } from '../../build/graph/graph.ts'
import { problemsOf, sources, statuses, table, useBuilds } from './builds.ts'
import { projectOf } from './project-files.ts'

const builds = useBuilds()
const { build, rowsOf, withClient } = builds

const MACRO = readFileSync(
  fileURLToPath(new URL('../../sql/macros/arrived_since_last_success.sql', import.meta.url)),
  'utf8',
)

/** A model that sums up, for each key of `from`, the amounts of all of its rows when one of them has arrived. */
const arriving = (
  from: string,
) => `{{ config(materialized='incremental', unique_key='key', meta={'milepost': {'increment': 'arrival'}}) }}
select key, sum(amount)::int as amount, max(xid::text::bigint)::text::xid8 as xid
from ${from}
{% if is_incremental() %}where key in (select key from ${from} where {{ arrived_since_last_success('xid') }}){% endif %}
group by key`

const files = {
  'macros/arrived.sql': MACRO,
  'models/_s.yml': sources('events'),
  'models/totals.sql': arriving("{{ source('raw', 'events') }}"),
}

const insert = (key: string, amount: number) => `insert into raw_shop.events (key, amount) values ('${key}', ${amount})`
const totals = async (model = 'totals') =>
  Object.fromEntries(
    (await rowsOf(`select key, amount from ${model} order by key`)).map((row) => [row.key, row.amount]),
  )
const truth = async () =>
  Object.fromEntries(
    (await rowsOf('select key, sum(amount)::int as amount from raw_shop.events group by key order by key')).map(
      (row) => [row.key, row.amount],
    ),
  )

beforeEach(() =>
  builds.pool.query(`
    create schema raw_shop;
    create table raw_shop.events (key text, amount int, xid xid8 not null default pg_current_xact_id());
    insert into raw_shop.events (key, amount) select 'k' || n % 50, n from generate_series(1, 500) n;`),
)

test('only keys of which a row has arrived are touched', async () => {
  expect((await build(files)).nodes).toMatchObject([{ status: 'built', rows: 50, replaced: null }])
  expect((await build(files)).nodes).toMatchObject([{ status: 'unchanged', rows: null }])
  const before = await rowsOf(`select key, ctid, xmin::text from totals where key not in ('k1', 'k2') order by key`)
  await builds.pool.query(
    `${insert('k1', 1000)}; update raw_shop.events set amount = 0, xid = pg_current_xact_id() where key = 'k2'; ${insert('new', 7)}`,
  )
  const result = await build(files)
  expect(problemsOf(result)).toEqual([])
  expect(result.nodes).toMatchObject([{ status: 'built', rows: 3, replaced: 2 }])
  expect(await totals()).toEqual(await truth())
  expect(await totals()).toMatchObject({ k1: 3260, k2: 0, new: 7 })
  expect(
    await rowsOf(`select key, ctid, xmin::text from totals where key not in ('k1', 'k2', 'new') order by key`),
  ).toEqual(before)
  expect((await build(files)).nodes).toMatchObject([{ status: 'unchanged' }])
})

test('rows of a transaction that began before a build and ends after it are taken by the next', async () => {
  await build(files)
  await withClient(async (late) => {
    await late.query(`begin; ${insert('late', 1)}`)
    await builds.pool.query(insert('soon', 2))
    expect((await build(files)).nodes).toMatchObject([{ rows: 1, replaced: 0 }])
    // Another one with a higher number is done before the late one commits.
    await builds.pool.query(insert('later', 3))
    expect((await build(files)).nodes).toMatchObject([{ rows: 1, replaced: 0 }])
    expect(await totals()).toMatchObject({ soon: 2, later: 3 })
    expect(await totals()).not.toHaveProperty('late')
    await late.query('commit')
  })
  expect((await build(files)).nodes).toMatchObject([{ rows: 1, replaced: 0 }])
  expect(await totals()).toEqual(await truth())
  expect(await totals()).toMatchObject({ late: 1 })
})

test('rows that come while a build goes on, before or after a model reads, are never missed', async () => {
  const both = {
    ...files,
    'models/other.sql': arriving("{{ source('raw', 'events') }}"),
    'models/last.sql': table("select count(*) as n from {{ ref('totals') }}, {{ ref('other') }}"),
  }
  const project = projectOf(both)
  await buildModels({ pool: builds.pool, project })
  let number = 0
  for (let round = 0; round < 4; round += 1) {
    await builds.pool.query(insert(`k${round}`, 1))
    const during: Promise<unknown>[] = []
    await buildModels({
      pool: builds.pool,
      project,
      threads: 1 + (round % 3),
      onProgress: () => {
        number += 1
        during.push(builds.pool.query(insert(number % 2 === 0 ? 'k3' : `new ${number}`, number)))
      },
    })
    await Promise.all(during)
  }
  const last = await buildModels({ pool: builds.pool, project })
  expect(problemsOf(last)).toEqual([])
  expect(number).toBe(12)
  const expected = await truth()
  expect([await totals(), await totals('other')]).toEqual([expected, expected])
})

test('rows of a build that was held back are taken by the next', async () => {
  await build(files)
  await builds.pool.query(insert('k1', 1000))
  const held = await build({ ...files, 'tests/small.sql': "select * from {{ ref('totals') }} where amount > 3000" })
  expect(held.nodes).toMatchObject([{ status: 'built', rows: 1, isPublished: false }])
  expect(await totals()).toMatchObject({ k1: 2260 })
  await builds.pool.query(insert('k2', 1))
  expect((await build(files)).nodes).toMatchObject([{ status: 'built', rows: 2, replaced: 2, isPublished: true }])
  expect(await totals()).toEqual(await truth())
})

test.for<[string, string]>([
  ['arrivals too', arriving("{{ source('raw', 'events') }}")],
  ['a table', table("select key, amount, xid from {{ source('raw', 'events') }}")],
])('building the child alone and then its parent, of %s, misses nothing', async ([, parent]) => {
  const both = { ...files, 'models/parent.sql': parent, 'models/totals.sql': arriving("{{ ref('parent') }}") }
  const project = projectOf(both)
  const only = (...names: string[]) => {
    const graph = compileProject(project)
    const selected = new Set(names.flatMap((name) => graph.byName.get(name)?.id ?? []))
    return buildModels({ pool: builds.pool, project, selected })
  }
  await build(both)
  await builds.pool.query(insert('k1', 1000))
  expect(statuses(await only('totals'))).toEqual({ totals: 'unchanged' })
  await only('parent')
  await builds.pool.query(insert('k2', 1000))
  await only('totals')
  expect(await totals()).toMatchObject({ k1: 3260 })
  await only('parent')
  // The child has been built after the transactions of k2, but on rows from before.
  await only('totals')
  expect(await totals()).toEqual(await truth())
  expect(statuses(await build(both))).toEqual({ parent: 'unchanged', totals: 'unchanged' })
})

test.for<[string, string]>([
  ['of another cluster', `update ops.model_relations set system = '1'`],
  ['that the builder knows no moment of', 'update ops.model_relations set snapshot = null'],
  ['that somebody has emptied', 'truncate totals'],
  [
    'that somebody has made',
    'create table copy as select * from totals; drop table totals; alter table copy rename to totals',
  ],
])('a table %s is built anew', async ([, change]) => {
  await build(files)
  await builds.pool.query(`${change}; ${insert('k1', 1)}`)
  expect((await build(files)).nodes).toMatchObject([{ status: 'built', rows: 50, replaced: null }])
  expect(await totals()).toEqual(await truth())
  await builds.pool.query(insert('k1', 1))
  expect((await build(files)).nodes).toMatchObject([{ status: 'built', rows: 1, replaced: 1 }])
})

test('statistics are renewed when much of a table has changed, and not for a little', async () => {
  const analyses = async () =>
    (await rowsOf(`select analyze_count::int as count from pg_stat_user_tables where relid = 'totals'::regclass`))[0]
  await builds.pool.query(
    `insert into raw_shop.events (key, amount) select 'n' || n, n from generate_series(1, 2000) n`,
  )
  await build(files)
  // The rows with which the table was made count as changes too.
  await builds.pool.query(insert('k1', 1))
  await build(files)
  const first = await analyses()
  await builds.pool.query(insert('k1', 1))
  await build(files)
  expect(await analyses()).toEqual(first)
  await builds.pool.query(`insert into raw_shop.events (key, amount) select 'm' || n, n from generate_series(1, 900) n`)
  await build(files)
  expect(await analyses()).toEqual({ count: Number(first?.count) + 1 })
})
