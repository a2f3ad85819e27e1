import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { buildModels, type BuildResult } from '../../build/run/build.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { projectOf } from './project-files.ts'
import { emptyModels } from './shop.ts'

let database: TestDatabase

beforeAll(async () => {
  database = await createTestDatabase()
})
beforeEach(() => emptyModels(database.pool))
afterAll(() => database.drop())

const rowsOf = async (sql: string) => (await database.pool.query(sql)).rows as Record<string, unknown>[]
const build = async (
  files: Record<string, string>,
  options: { fullRefresh?: boolean; vars?: Record<string, unknown> } = {},
) => buildModels({ pool: database.pool, project: await projectOf(files), ...options })
const statuses = (result: BuildResult) => Object.fromEntries(result.nodes.map((node) => [node.name, node.status]))
const problemsOf = (result: BuildResult) =>
  [...result.nodes, ...result.tests].flatMap((item) => item.error?.message ?? [])

describe('an error of Postgres', () => {
  test.for<[string, Record<string, string>, string]>([
    [
      'in copied text',
      { 'models/a.sql': "{{ config(\n  materialized='table'\n) }}\n\nselect 1 as x,\n  nope\n" },
      'models/a.sql:6:3: column "nope" does not exist\n  6 |   nope\n    |   ^',
    ],
    [
      'behind characters outside of the basic plane',
      { 'models/a.sql': "select '😀😀' as x, nope" },
      'models/a.sql:1:21: column "nope" does not exist',
    ],
    [
      'in a macro of many lines',
      { 'macros/m.sql': '{% macro m() %}\n1 as x,\n\nnope\n{% endmacro %}', 'models/a.sql': 'select\n  {{ m() }}\n' },
      'models/a.sql:2:3: column "nope" does not exist\n  2 |   {{ m() }}\n    |   ^',
    ],
    [
      'behind a macro of many lines',
      { 'macros/m.sql': '{% macro m() %}\n1 as x,\n\n{% endmacro %}', 'models/a.sql': 'select\n  {{ m() }}\n\tnope\n' },
      'models/a.sql:3:2: column "nope" does not exist\n  3 | \tnope\n    | \t^',
    ],
    ['in a view', { 'models/a.sql': 'select * from nowhere' }, 'models/a.sql:1:15: relation "nowhere" does not exist'],
    ['at the end', { 'models/a.sql': 'select 1 as x where' }, 'models/a.sql:1:20: syntax error at end of input'],
    [
      'in a second statement',
      { 'models/a.sql': 'select 1 as x; drop table y' },
      'cannot insert multiple commands into a prepared statement',
    ],
    [
      'without a position',
      { 'models/a.sql': "{{ config(materialized='table') }}select 1 / (1 - x) as y from generate_series(1, 1) x" },
      'models/a.sql: division by zero',
    ],
    [
      'in a singular test',
      { 'models/a.sql': 'select 1 as x', 'tests/t.sql': "select *\nfrom {{ ref('a') }} where nope" },
      'tests/t.sql:2:27: column "nope" does not exist',
    ],
    [
      'in a generic test',
      {
        'models/a.sql': 'select 1 as x',
        'models/_a.yml': 'models:\n  - name: a\n    columns:\n      - name: nope\n        tests: [unique]',
      },
      'models/_a.yml:5:17: column "nope" does not exist',
    ],
  ])('%s is shown at its line', async ([, files, expected]) => {
    const result = await build(files)
    expect(result.published).toBe(false)
    expect(problemsOf(result).join('\n')).toContain(expected)
  })
})

test('a failed model skips what reads it, and the rest goes on, so that all failures show at once', async () => {
  const result = await build({
    'models/a.sql': 'select nope',
    'models/b.sql': "select * from {{ ref('a') }}",
    'models/c.sql': 'select 1 as x',
    'models/d.sql': 'select nope2',
    'tests/assert_b.sql': "select * from {{ ref('b') }}",
    'tests/assert_c.sql': "select * from {{ ref('c') }}",
  })
  expect(result.published).toBe(false)
  expect(statuses(result)).toEqual({ a: 'failed', b: 'skipped', c: 'built', d: 'failed' })
  expect(result.tests.map((item) => [item.name, item.status])).toEqual([
    ['assert_b', 'skipped'],
    ['assert_c', 'fail'],
  ])
  expect(await rowsOf(`select to_regclass('public.c') as c`)).toEqual([{ c: null }])
})
