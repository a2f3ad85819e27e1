import { expect, test } from 'vitest'
import { statuses, useBuilds } from './builds.ts'

const { build, rowsOf } = useBuilds()

const inGroup = (group: string, sql: string, kind = 'table') =>
  `{{ config(materialized='${kind}', meta={'milepost': {'publish': '${group}'}}) }}${sql}`

/** Two groups that read a third, and a fourth that reads one of the two. */
const files = (changed: Record<string, string> = {}, generation = 1) => ({
  'models/base.sql': inGroup('base', `select ${generation} as generation`),
  'models/left.sql': inGroup('left', "select generation from {{ ref('base') }}"),
  'models/left_too.sql': inGroup('left', `select ${generation} as generation`),
  'models/right.sql': inGroup('right', "select generation from {{ ref('base') }}"),
  'models/over.sql': inGroup('over', "select generation from {{ ref('right') }}", 'view'),
  'models/top.sql': inGroup('top', "select generation from {{ ref('over') }}"),
  ...changed,
})

const generations = async () =>
  Object.values(
    (
      await rowsOf(
        `select (select generation from base) as base, (select generation from left) as left_, (select generation from left_too) as left_too,
      (select generation from right) as right_, (select generation from over) as over, (select generation from top) as top`.replaceAll(
          /from (left|right)\)/g,
          'from "$1")',
        ),
      )
    )[0] ?? {},
  )

const groupsOf = (result: Awaited<ReturnType<typeof build>>) =>
  Object.fromEntries(result.groups.map(({ name, isPublished }) => [name, isPublished]))

test('all groups are published when nothing fails', async () => {
  const result = await build(files())
  expect(result.published).toBe(true)
  expect(groupsOf(result)).toEqual({ base: true, left: true, right: true, over: true, top: true })
  expect(await generations()).toEqual([1, 1, 1, 1, 1, 1])
})

test.for<[string, Record<string, string>, string[], number[]]>([
  [
    'whose model fails is held back whole, with those that read from it',
    { 'models/right.sql': inGroup('right', "select 1 / 0 as generation from {{ ref('base') }}") },
    ['right', 'over', 'top'],
    [2, 2, 2, 1, 1, 1],
  ],
  [
    'whose test fails is held back with those that read from it',
    { 'tests/t.sql': "select * from {{ ref('right') }} where generation = 2" },
    ['right', 'over', 'top'],
    [2, 2, 2, 1, 1, 1],
  ],
  [
    'whose model fails takes its other models with it',
    { 'models/left_too.sql': inGroup('left', 'select 1 / 0 as generation') },
    ['left'],
    [2, 1, 1, 2, 2, 2],
  ],
  [
    'that others read is held back with all of them but those that do not need it',
    { 'tests/t.sql': "select * from {{ ref('base') }} where generation = 2" },
    ['base', 'left', 'right', 'over', 'top'],
    [1, 1, 1, 1, 1, 1],
  ],
  [
    'and another one that a test reads are both held back',
    { 'tests/t.sql': "select * from {{ ref('left') }} join {{ ref('top') }} using (generation) where generation = 2" },
    ['left', 'top'],
    [2, 1, 1, 2, 2, 1],
  ],
  [
    'is held back by a model that others do not read, with those that read from the rest of it',
    { 'models/right_too.sql': inGroup('right', 'select 1 / 0 as generation') },
    ['right', 'over', 'top'],
    [2, 2, 2, 1, 1, 1],
  ],
  [
    'with a warning is published',
    { 'tests/t.sql': "{{ config(severity='warn') }}select * from {{ ref('right') }} where generation = 2" },
    [],
    [2, 2, 2, 2, 2, 2],
  ],
])('a group %s', async ([, changed, held, expected]) => {
  await build(files())
  const result = await build(files(changed, 2))
  expect(Object.entries(groupsOf(result)).flatMap(([name, isPublished]) => (isPublished ? [] : name))).toEqual(
    expect.arrayContaining(held),
  )
  expect(Object.values(groupsOf(result)).filter((isPublished) => !isPublished)).toHaveLength(held.length)
  expect(result.published).toBe(held.length === 0)
  expect(await generations()).toEqual(expected)
  const names = ['base', 'left', 'left_too', 'right', 'over', 'top']
  for (const node of result.nodes) {
    const isNew = expected[names.indexOf(node.name)] === 2
    // A view that reads what was held back is as it was; so is what reads it.
    if (node.status === 'built') expect([node.name, node.isPublished]).toEqual([node.name, isNew])
  }
  // What was held back is built again when it is right; what was published is not.
  const mended = await build(files({}, 2))
  expect(groupsOf(mended)).toEqual({ base: true, left: true, right: true, over: true, top: true })
  expect(await generations()).toEqual([2, 2, 2, 2, 2, 2])
  expect(statuses(await build(files({}, 2)))).toEqual(Object.fromEntries(names.map((name) => [name, 'unchanged'])))
})

test('a group is set for a folder, and a message says why a model was not published', async () => {
  const project = {
    'dbt_project.yml':
      'name: tiny\nmodels:\n  tiny:\n    +materialized: table\n    safety:\n      +meta: {milepost: {publish: safety}}\n',
    'models/safety/a.sql': 'select 1 as id',
    'models/safety/b.sql': 'select 1 / 0 as id',
    'models/c.sql': 'select 3 as id',
  }
  const result = await build(project)
  expect(result.nodes.find(({ name }) => name === 'a')).toMatchObject({
    status: 'built',
    isPublished: false,
    message: 'built, not published: its group was held back',
  })
  expect(groupsOf(result)).toEqual({ safety: false, default: true })
  expect(await rowsOf(`select id, to_regclass('a') as a from c`)).toEqual([{ id: 3, a: null }])
})

test('what reads an increment that is held back through a view that stays is held back too', async () => {
  const increments = (generation: number, other: string) => ({
    'models/grows.sql': `{{ config(materialized='incremental', unique_key='id', meta={'milepost': {'publish': 'grows'}}) }}select ${generation} as id`,
    'models/other.sql': inGroup('grows', other),
    'models/seen.sql': inGroup('seen', "select id from {{ ref('grows') }}", 'view'),
    'models/inline.sql': inGroup('inline', "select id from {{ ref('seen') }}", 'ephemeral'),
    'models/count.sql': inGroup('count', "select count(*) as n from {{ ref('inline') }}"),
  })
  await build(increments(1, 'select 1 as x'))
  const result = await build(increments(2, 'select 1 / 0 as x'))
  expect(statuses(result)).toEqual({ grows: 'built', other: 'failed', seen: 'unchanged', count: 'built' })
  expect(groupsOf(result)).toMatchObject({ grows: false, count: false })
  expect(await rowsOf('select n, (select count(*) from seen) as seen from count')).toEqual([{ n: 1, seen: 1 }])
  await build(increments(2, 'select 1 as x'))
  expect(await rowsOf('select n, (select count(*) from seen) as seen from count')).toEqual([{ n: 2, seen: 2 }])
})
