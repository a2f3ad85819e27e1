import { expect, test } from 'vitest'
import { compileProject } from '../../build/graph/graph.ts'
import { buildModels } from '../../build/run/build.ts'
import { planModels, type PlannedNode } from '../../build/run/plan.ts'
import { sources, statuses, table, useBuilds } from './builds.ts'
import { projectOf } from './project-files.ts'

const builds = useBuilds()
const { build, rowsOf } = builds

const incremental = (sql: string) => `{{ config(materialized='incremental', unique_key='id') }}${sql}`
const files: Record<string, string> = {
  'models/_s.yml': sources('events', 'others'),
  'models/events.sql': "select * from {{ source('raw', 'events') }}",
  'models/few.sql': "{{ config(materialized='ephemeral') }}select * from {{ ref('events') }} where id < 3",
  'models/totals.sql': table("select count(*) as n from {{ ref('few') }}"),
  'models/latest.sql': incremental("select id, now() as at from {{ ref('events') }}"),
  'models/over.sql': "select * from {{ ref('totals') }}",
  'models/others.sql': table("select count(*) as n from {{ source('raw', 'others') }}"),
  'models/clock.sql': table('select now() as at'),
}
const kept = (action: PlannedNode['action']) => action === 'keep' || action === 'keep view'

test.for<[string, string, Record<string, string>, Record<string, PlannedNode['action']>]>([
  [
    'nothing',
    '',
    {},
    { events: 'keep view', totals: 'keep', latest: 'increment', over: 'keep view', others: 'keep', clock: 'replace' },
  ],
  [
    'a row',
    'insert into raw_shop.events values (2)',
    {},
    { events: 'keep view', totals: 'replace', latest: 'increment', over: 'replace', others: 'keep', clock: 'replace' },
  ],
  [
    'a model',
    '',
    { 'models/others.sql': "select 1 as n from {{ source('raw', 'others') }}" },
    {
      events: 'keep view',
      totals: 'keep',
      latest: 'increment',
      over: 'keep view',
      others: 'replace',
      clock: 'replace',
    },
  ],
  [
    'an ephemeral model',
    '',
    { 'models/few.sql': "{{ config(materialized='ephemeral') }}select * from {{ ref('events') }} where id < 9" },
    { totals: 'replace', over: 'replace', others: 'keep' },
  ],
  ['a new model', '', { 'models/more.sql': table('select 1 as n') }, { more: 'create', totals: 'keep' }],
  ['a table by hand', 'truncate totals', {}, { totals: 'replace', over: 'replace', others: 'keep' }],
  ['a relation that is gone', 'drop view over', {}, { over: 'create', totals: 'keep' }],
])('when %s has changed, a plan says what the build then does', async ([, change, changed, expected]) => {
  await builds.pool.query(`
    create schema raw_shop; create table raw_shop.events (id int); create table raw_shop.others (id int);
    insert into raw_shop.events values (1)`)
  const first = await planModels({ pool: builds.pool, project: projectOf(files) })
  expect(new Set(first.map(({ action }) => action))).toEqual(new Set(['create']))
  expect(await rowsOf(`select to_regclass('totals') as t, to_regclass('ops.model_relations') as ledger`)).toEqual([
    { t: null, ledger: null },
  ])
  expect(first).toHaveLength(6)
  await build(files)
  if (change !== '') await builds.pool.query(change)
  const project = projectOf({ ...files, ...changed })
  const plan = await planModels({ pool: builds.pool, project })
  const actions = Object.fromEntries(plan.map(({ name, action }) => [name, action]))
  expect(actions).toMatchObject(expected)
  const result = await buildModels({ pool: builds.pool, project })
  const planned = Object.fromEntries(plan.map(({ name, action }) => [name, kept(action) ? 'unchanged' : 'built']))
  expect(statuses(result)).toEqual(planned)
  const refresh = await planModels({ pool: builds.pool, project, fullRefresh: true })
  expect(refresh.filter(({ action }) => action !== 'replace')).toEqual([])
})

test('a plan is of the selected nodes only', async () => {
  const project = projectOf({ 'models/a.sql': table('select 1 as x'), 'models/b.sql': "select * from {{ ref('a') }}" })
  await buildModels({ pool: builds.pool, project })
  const selected = new Set([compileProject(project).byName.get('b')?.id ?? ''])
  expect(await planModels({ pool: builds.pool, project, selected })).toMatchObject([
    { name: 'b', schema: 'public', kind: 'view', action: 'keep view' },
  ])
})
