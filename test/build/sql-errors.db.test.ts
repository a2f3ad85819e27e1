import { describe, expect, test } from 'vitest'
import { problemsOf, statuses, useBuilds } from './builds.ts'

const { build, rowsOf } = useBuilds()

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
      'in a seed with a short line',
      { 'seeds/s.csv': 'id,name\n1,Ada\n2\n' },
      'seeds/s.csv: cannot be read as CSV: Invalid Record Length: expect 2, got 1 on line 3',
    ],
    ['in a seed with an open quote', { 'seeds/s.csv': 'id,name\n1,"Ada\n' }, 'seeds/s.csv'],
    ['in a seed with a column twice', { 'seeds/s.csv': 'id,id\n1,2\n' }, 'seeds/s.csv'],
    [
      'in a snapshot',
      {
        'snapshots/s.sql':
          "{% snapshot s %}\n{{ config(strategy='check', unique_key='id', check_cols='all') }}\nselect 1 as id,\n  nope\n{% endsnapshot %}",
      },
      'snapshots/s.sql:4:3: column "nope" does not exist',
    ],
    [
      'in an ephemeral model',
      {
        'models/e.sql': "{{ config(materialized='ephemeral') }}select nope",
        'models/a.sql': "select * from {{ ref('e') }}",
      },
      'column "nope" does not exist',
    ],
    [
      'in a model behind an ephemeral one',
      {
        'models/e.sql': "{{ config(materialized='ephemeral') }}select 1 as id",
        'models/a.sql': "select\n  nope\nfrom {{ ref('e') }}",
      },
      'models/a.sql:2:3: column "nope" does not exist',
    ],
    [
      'in an increment',
      { 'models/a.sql': "{{ config(materialized='incremental') }}select 1 as id, 2 as x,\n  nope" },
      'models/a.sql:2:3: column "nope" does not exist',
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
    expect(await rowsOf(`select relname from pg_class where relnamespace = 'public'::regnamespace`)).toEqual([])
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
