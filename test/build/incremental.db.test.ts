import { describe, expect, test } from 'vitest'
import { problemsOf, statuses, table, testStatuses, useBuilds } from './builds.ts'

const { build, rowsOf } = useBuilds()

/** A model that takes its rows from a variable, so that each build may bring others. */
const model = (config: string, columns = 'id int, x text') => {
  const nulls = columns.split(', ').map((column) => `null::${column.split(' ')[1]} as ${column.split(' ')[0]}`)
  const empty = `select ${nulls.join(', ')} where false`
  return {
    'models/a.sql': `{{ config(materialized='incremental', ${config}) }}
      select * from (${empty} union all {{ var('rows', '${empty}') }}) as brought`,
  }
}
const rows = (...values: string[]) => ({ vars: { rows: `values ${values.join(', ')}` } })
const held = async (columns = 'id, x') =>
  (await rowsOf(`select ${columns} from a order by 1, 2`)).map((row) => Object.values(row))

describe('an incremental model', () => {
  test.for<[string, string, unknown[][], { rows: number; replaced: number | null }]>([
    [
      'append adds all rows',
      "incremental_strategy='append'",
      [
        [1, 'one'],
        [2, 'two'],
        [2, 'zwei'],
        [3, 'drei'],
      ],
      { rows: 2, replaced: 0 },
    ],
    [
      'delete+insert takes the place of rows with the same key',
      "unique_key='id'",
      [
        [1, 'one'],
        [2, 'zwei'],
        [3, 'drei'],
      ],
      { rows: 2, replaced: 1 },
    ],
    [
      'merge takes the place of rows with the same key',
      "unique_key='id', incremental_strategy='merge'",
      [
        [1, 'one'],
        [2, 'zwei'],
        [3, 'drei'],
      ],
      { rows: 2, replaced: 1 },
    ],
    [
      'merge without a key adds all rows',
      "incremental_strategy='merge'",
      [
        [1, 'one'],
        [2, 'two'],
        [2, 'zwei'],
        [3, 'drei'],
      ],
      { rows: 2, replaced: 0 },
    ],
    [
      'delete+insert by two columns',
      "unique_key=['id', 'x']",
      [
        [1, 'one'],
        [2, 'two'],
        [2, 'zwei'],
        [3, 'drei'],
      ],
      { rows: 2, replaced: 0 },
    ],
  ])('by %s', async ([, config, expected, counted]) => {
    const files = model(config)
    const first = await build(files, rows("(1, 'one')", "(2, 'two')"))
    expect(first.nodes).toMatchObject([{ status: 'built', rows: 2, replaced: null }])
    const [before] = await rowsOf(`select 'a'::regclass::oid as oid`)
    const second = await build(files, rows("(2, 'zwei')", "(3, 'drei')"))
    expect(problemsOf(second)).toEqual([])
    expect(second.nodes).toMatchObject([{ status: 'built', isPublished: true, ...counted }])
    expect(await held()).toEqual(expected)
    expect(await rowsOf(`select 'a'::regclass::oid as oid`)).toEqual([before])
  })

  test('that brings no rows leaves the table and all that reads it as they are', async () => {
    const files = { ...model("unique_key='id'"), 'models/b.sql': table("select count(*) as n from {{ ref('a') }}") }
    await build(files, rows("(1, 'one')"))
    const result = await build(files, { vars: { rows: "select 1, 'one' where false" } })
    expect(statuses(result)).toEqual({ a: 'built', b: 'unchanged' })
    expect(result.nodes.find(({ name }) => name === 'a')).toMatchObject({ rows: 0, replaced: null })
    expect(await held()).toEqual([[1, 'one']])
  })

  test('with several rows of a key deletes once and inserts all, but refuses to merge them', async () => {
    const brought = rows("(1, 'eins')", "(1, 'uno')")
    await build(model("unique_key='id'"), rows("(1, 'one')", "(2, 'two')"))
    expect((await build(model("unique_key='id'"), brought)).nodes).toMatchObject([{ rows: 2, replaced: 1 }])
    expect(await held()).toEqual([
      [1, 'eins'],
      [1, 'uno'],
      [2, 'two'],
    ])
    const merge = model("unique_key='id', incremental_strategy='merge'")
    const result = await build(merge, brought)
    expect(problemsOf(result)).toEqual([
      'models/a.sql: merge found 1 keys on several rows; a row could not tell which to take. Make the query unique by id.',
    ])
    expect(await held()).toEqual([
      [1, 'eins'],
      [1, 'uno'],
      [2, 'two'],
    ])
  })

  test.for(['delete+insert', 'merge'])(
    'by %s lets rows with a null in the key pile up, as dbt does, with a warning',
    async (strategy) => {
      const files = model(`unique_key=['id', 'x'], incremental_strategy='${strategy}'`)
      await build(files, rows("(1, 'one')", "(null, 'none')"))
      const result = await build(files, rows("(1, 'one')", "(null, 'none')", '(1, null)'))
      expect(result.warnings).toEqual(['a: 2 rows have a null in unique_key (id, x) and will pile up'])
      expect(result.nodes).toMatchObject([{ rows: 3, replaced: 1 }])
      expect(await held()).toEqual([
        [1, 'one'],
        [1, null],
        [null, 'none'],
        [null, 'none'],
      ])
    },
  )

  test.for<[string, string, string, string, string]>([
    ['with a column gone', '', 'select 1 as id, 2 as x', 'select 1 as id', 'x is gone'],
    [
      'with a new column that it must not get',
      ", on_schema_change='fail'",
      'select 1 as id',
      'select 1 as id, 2 as y',
      'y is new',
    ],
    [
      'with a column of another type',
      ", on_schema_change='fail'",
      'select 1 as id',
      "select 'x' as id",
      'id was integer, is text',
    ],
  ])('%s stops and says so', async ([, config, first, second, expected]) => {
    const version = (sql: string) => ({
      'models/a.sql': `{{ config(materialized='incremental', unique_key='id'${config}) }}${sql}`,
    })
    await build(version(first))
    const result = await build(version(second))
    expect(result.published).toBe(false)
    expect(problemsOf(result).join()).toContain(
      `models/a.sql: the query no longer fits the table it adds to: ${expected}`,
    )
    expect((await build(version(second), { fullRefresh: true })).published).toBe(true)
  })

  test('leaves out a new column with a warning', async () => {
    await build(model("unique_key='id'", 'id int'), rows('(1)'))
    const result = await build(model("unique_key='id'", 'y int, id int'), rows('(2, 1)'))
    expect(result.warnings).toEqual(['a: column y is new and left out until a full refresh'])
    expect(await rowsOf('select * from a')).toEqual([{ id: 1 }])
  })

  test.for(['append', 'delete+insert', 'merge'])(
    'by %s gets new columns where it may, for it and for those that read it',
    async (strategy) => {
      const config = `unique_key='id', incremental_strategy='${strategy}', on_schema_change='append_new_columns'`
      const key = strategy === 'append' ? config.replace("unique_key='id', ", '') : config
      const reader = {
        'models/b.sql': "select * from {{ ref('a') }}",
        'models/c.sql': table("select * from {{ ref('b') }}"),
      }
      await build({ ...model(key), ...reader }, rows("(1, 'one')", "(2, 'two')"))
      // A column that the query lacks is null in the rows that it brings; merge leaves it as it was.
      const result = await build({ ...model(key, 'id int, y text'), ...reader }, rows("(2, 'zwei')", "(3, 'drei')"))
      expect(problemsOf(result)).toEqual([])
      const replaced =
        {
          append: [
            [2, null, 'zwei'],
            [2, 'two', null],
          ],
          'delete+insert': [[2, null, 'zwei']],
          merge: [[2, 'two', 'zwei']],
        }[strategy] ?? []
      const expected = [[1, 'one', null], ...replaced, [3, null, 'drei']]
      for (const relation of ['a', 'b', 'c']) {
        const found = await rowsOf(`select id, x, y from ${relation} order by id, x nulls first`)
        expect(found.map((row) => Object.values(row))).toEqual(expected)
      }
    },
  )

  test('is read merged by models and tests of the same build, before the publish', async () => {
    const files = {
      ...model("unique_key='id'"),
      'models/b.sql': "select id, x from {{ ref('a') }}",
      'models/c.sql': table("select count(*) as n, max(x) as x from {{ ref('b') }}"),
      'tests/all_are_there.sql': "select * from {{ ref('a') }} where id = 9",
      'models/_a.yml': 'models: [{name: a, columns: [{name: id, tests: [unique, not_null]}]}]',
    }
    await build(files, rows("(1, 'one')", "(2, 'two')"))
    const result = await build(files, rows("(2, 'zwei')", "(3, 'drei')"))
    expect(problemsOf(result)).toEqual([])
    expect(statuses(result)).toEqual({ a: 'built', b: 'unchanged', c: 'built' })
    expect(testStatuses(result)).toEqual({ all_are_there: 'pass', unique_a_id: 'pass', not_null_a_id: 'pass' })
    expect(await rowsOf('select n, x from c')).toEqual([{ n: 3, x: 'zwei' }])
    const wrong = await build(files, rows("(9, 'nine')", "(null, 'none')"))
    expect(testStatuses(wrong)).toMatchObject({ all_are_there: 'fail', not_null_a_id: 'fail', unique_a_id: 'pass' })
    expect(wrong).toMatchObject({ published: false, groups: [{ name: 'default', isPublished: false }] })
    expect(await held()).toEqual([
      [1, 'one'],
      [2, 'zwei'],
      [3, 'drei'],
    ])
    expect(await rowsOf('select n, x from c')).toEqual([{ n: 3, x: 'zwei' }])
  })

  test('becomes a table again when it was a view', async () => {
    await build({ 'models/a.sql': 'select 1 as id' })
    await build({
      'models/a.sql':
        "{{ config(materialized='incremental', unique_key='id') }}select 2 as id {% if is_incremental() %}where false{% endif %}",
    })
    expect(await rowsOf('select * from a')).toEqual([{ id: 2 }])
  })

  test('is never built anew by a full refresh when it says so', async () => {
    const files = model("unique_key='id', full_refresh=false")
    await build(files, rows("(1, 'one')"))
    await build(files, { ...rows("(2, 'two')"), fullRefresh: true })
    expect(await held()).toEqual([
      [1, 'one'],
      [2, 'two'],
    ])
  })
})
