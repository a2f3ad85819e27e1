import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { beforeEach, expect, test } from 'vitest'
import { compileProject } from '../../build/graph/graph.ts'
import { buildModels } from '../../build/run/build.ts'
import { problemsOf, sources, statuses, table, useBuilds } from './builds.ts'
import { projectOf } from './project-files.ts'

const builds = useBuilds()
const { build, rowsOf } = builds

const files = {
  'models/_s.yml': sources('events'),
  'models/events.sql': "select * from {{ source('raw', 'events') }}",
  'models/totals.sql': table("select id, count(*) as n from {{ ref('events') }} group by id"),
  'models/few.sql': "{{ config(materialized='ephemeral') }}select * from {{ source('raw', 'events') }}",
  'models/latest.sql':
    "{{ config(materialized='incremental', unique_key='id') }}select id from {{ ref('few') }} {% if is_incremental() %}where id > (select coalesce(max(id), 0) from {{ this }}){% endif %}",
  'tests/t.sql': "{{ config(severity='warn') }}select * from {{ ref('totals') }}",
}

beforeEach(() =>
  builds.pool.query(
    'create schema raw_shop; create table raw_shop.events (id int); insert into raw_shop.events values (1), (2)',
  ),
)

test('a build on no rows builds all on a fresh schema, with the columns of each', async () => {
  const result = await build(files, { empty: true })
  expect(problemsOf(result)).toEqual([])
  expect(statuses(result)).toEqual({ events: 'built', totals: 'built', latest: 'built' })
  expect(result.tests).toMatchObject([{ name: 't', status: 'pass' }])
  expect(result.nodes.map(({ name, rows }) => `${name} ${rows}`).toSorted()).toEqual([
    'events null',
    'latest 0',
    'totals 0',
  ])
  expect(await rowsOf('select count(*) as totals, (select count(*) from latest) as latest from totals')).toEqual([
    { totals: 0, latest: 0 },
  ])
  // The views read the sources, not what stood in for them.
  expect(await rowsOf('select count(*) as rows from events')).toEqual([{ rows: 2 }])
  const full = await build(files)
  expect(statuses(full)).toEqual({ events: 'unchanged', totals: 'built', latest: 'built' })
  expect(await rowsOf('select count(*) as totals, (select count(*) from latest) as latest from totals')).toEqual([
    { totals: 2, latest: 2 },
  ])
  expect(full.tests).toMatchObject([{ status: 'warn', failures: 2 }])
})

test('what was built and tested on no rows is built and tested again on all', async () => {
  const arriving = `{{ config(materialized='incremental', unique_key='id', meta={'milepost': {'increment': 'arrival'}}) }}
    select id, xid from {{ source('raw', 'events') }} {% if is_incremental() %}where {{ arrived_since_last_success('xid') }}{% endif %}`
  await builds.pool.query('alter table raw_shop.events add column xid xid8 not null default pg_current_xact_id()')
  const project = {
    'models/_s.yml': sources('events'),
    'macros/m.sql': readFileSync(
      fileURLToPath(new URL('../../sql/macros/arrived_since_last_success.sql', import.meta.url)),
      'utf8',
    ),
    'models/arrived.sql': arriving,
    'models/seen.sql': "select * from {{ source('raw', 'events') }}",
    'models/count.sql': table("select count(*) as n from {{ ref('seen') }}"),
    'tests/none.sql': "{{ config(severity='warn') }}select * from {{ source('raw', 'events') }}",
    'tests/none_seen.sql': "{{ config(severity='warn') }}select * from {{ ref('seen') }}",
  }
  expect((await build(project, { empty: true })).published).toBe(true)
  const full = await build(project)
  expect(full.tests.map(({ status, failures, isReused }) => [status, failures, isReused])).toEqual([
    ['warn', 2, false],
    ['warn', 2, false],
  ])
  expect(await rowsOf('select n, (select count(*) from arrived) as arrived from count')).toEqual([{ n: 2, arrived: 2 }])
  const again = await build(project)
  expect(new Set(Object.values(statuses(again)))).toEqual(new Set(['unchanged']))
  expect(again.tests.every(({ isReused }) => isReused)).toBe(true)
})

test('a build on no rows never takes the place of what stands', async () => {
  await build(files)
  const standing = `select c.relname, c.oid, c.relfilenode, c.xmin::text from pg_class c where relnamespace = 'public'::regnamespace order by 1`
  const before = [await rowsOf(standing), await rowsOf('select * from ops.model_relations order by model')]
  const result = await build({ ...files, 'models/new_one.sql': table('select 1 as x') }, { empty: true })
  expect(problemsOf(result)).toEqual([])
  expect(statuses(result)).toEqual({ events: 'built', totals: 'built', latest: 'built', new_one: 'built' })
  expect(result.nodes.filter((node) => node.isPublished)).toEqual([])
  expect(result.warnings).toEqual([expect.stringContaining('built on no rows as a trial: nothing is published')])
  expect([await rowsOf(standing), await rowsOf('select * from ops.model_relations order by model')]).toEqual(before)
  expect(statuses(await build(files))).toEqual({ events: 'unchanged', totals: 'unchanged', latest: 'unchanged' })
})

test('a build on no rows finds what cannot be built', async () => {
  const result = await build({ ...files, 'models/over.sql': "select nope from {{ ref('totals') }}" }, { empty: true })
  expect(statuses(result)).toMatchObject({ totals: 'built', over: 'failed' })
  expect(problemsOf(result)).toEqual([expect.stringContaining('models/over.sql:1:8: column "nope" does not exist')])
  expect(await rowsOf(`select to_regclass('totals') as totals`)).toEqual([{ totals: null }])
})

test('a part of the models reads no rows of those that are not built with it', async () => {
  await build(files)
  const project = projectOf({ ...files, 'models/over.sql': table("select count(*) as n from {{ ref('events') }}") })
  const selected = new Set([compileProject(project).byName.get('over')?.id ?? ''])
  const result = await buildModels({ pool: builds.pool, project, selected, empty: true })
  expect(problemsOf(result)).toEqual([])
  expect(result.nodes).toMatchObject([{ name: 'over', status: 'built', rows: 1 }])
})
