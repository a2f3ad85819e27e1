import { describe, expect, test } from 'vitest'
import { problemsOf, statuses, useBuilds } from './builds.ts'

const { build, rowsOf } = useBuilds()

/** A model `a` with a contract, and other files. */
const contract = (sql: string, columns: string, options: { config?: string; constraints?: string } = {}) => ({
  'models/a.sql': `{{ config(${options.config ?? "materialized='table'"}) }}${sql}`,
  'models/a.yml': `models:
    - name: a
      config: {contract: {enforced: true}}
      constraints: [${options.constraints ?? ''}]
      columns: [${columns}]`,
})

const columns = (name: string) =>
  rowsOf(`select string_agg(attname || ' ' || format_type(atttypid, atttypmod) || case when attnotnull then ' not null' else '' end,
    ', ' order by attnum) as columns from pg_attribute where attrelid = '${name}'::regclass and attnum > 0`)

const constraints = (name: string) =>
  rowsOf(
    `select conname as name, pg_get_constraintdef(oid) as text from pg_constraint where contype <> 'n' and conrelid = '${name}'::regclass order by 1`,
  )

describe('a model with an enforced contract', () => {
  test('has the columns of the contract in its order, of its types', async () => {
    const query = `select 'x'::text as name, 1.239::numeric as amount, 1::int as "Id", 2::bigint as n`
    const list =
      '{name: Id, quote: true, data_type: smallint}, {name: AMOUNT, data_type: "numeric(6,2)"}, {name: name, data_type: string}, {name: n, data_type: bigint}'
    expect(problemsOf(await build(contract(query, list)))).toEqual([])
    expect(await columns('a')).toEqual([{ columns: 'Id smallint, amount numeric(6,2), name text, n bigint' }])
    expect(await rowsOf('select * from a')).toEqual([{ Id: 1, amount: '1.24', name: 'x', n: expect.anything() }])
  })

  test('says what differs, column by column', async () => {
    const result = await build(
      contract(
        `select 1 as id, 'x'::text as day, 2 as extra`,
        '{name: id, data_type: bigint}, {name: day, data_type: date}, {name: name, data_type: text}',
      ),
    )
    expect(result.published).toBe(false)
    expect(problemsOf(result)).toEqual([
      `models/a.sql: the query does not keep the contract:
  column  contract  query
  id      bigint    integer  another type
  day     date      text     another type
  name    text      -        missing in the query
  extra   -         integer  not in the contract`,
    ])
  })

  test('is compared when it is a view too, which keeps the order of its query', async () => {
    const config = { config: "materialized='view'" }
    const list = '{name: name, data_type: varchar}, {name: id, data_type: int}'
    await build(contract(`select 1 as id, 'x'::text as name`, list, config))
    expect(await columns('a')).toEqual([{ columns: 'id integer, name text' }])
    expect(problemsOf(await build(contract('select 1 as id', list, config))).join()).toContain('missing in the query')
  })

  test('has all kinds of constraints, under their names', async () => {
    const list = `{name: id, data_type: int, constraints: [{type: primary_key, name: a_key}]}, {name: k, data_type: int, constraints: [{type: not_null}, {type: check, expression: k > 0, name: k_up}]}, {name: u, data_type: text, constraints: [{type: unique}]}`
    const more =
      '{type: unique, columns: [id, k], name: pair}, {type: check, expression: id < 9, name: few}, {type: not_null, columns: [u]}'
    expect(problemsOf(await build(contract(`select 1 as id, 2 as k, 'x' as u`, list, { constraints: more })))).toEqual(
      [],
    )
    expect(await columns('a')).toEqual([{ columns: 'id integer not null, k integer not null, u text not null' }])
    expect(await constraints('a')).toEqual([
      { name: 'a_key', text: 'PRIMARY KEY (id)' },
      { name: 'a_u_key', text: 'UNIQUE (u)' },
      { name: 'few', text: 'CHECK ((id < 9))' },
      { name: 'k_up', text: 'CHECK ((k > 0))' },
      { name: 'pair', text: 'UNIQUE (id, k)' },
    ])
  })

  test.for<[string, string, string, string]>([
    [
      'breaks a constraint',
      'select 1 as id union all select 1',
      '{name: id, data_type: int, constraints: [{type: unique}]}',
      'duplicate key value violates unique constraint',
    ],
    [
      'is wrong in its own SQL',
      'select\n  nope as id',
      '{name: id, data_type: int}',
      'models/a.sql:2:3: column "nope" does not exist',
    ],
    [
      'has a type that does not exist',
      'select 1 as id',
      '{name: id, data_type: intt}',
      'the contract cannot be read: type "intt" does not exist',
    ],
    [
      'has a constraint that is not whole',
      'select 1 as id',
      '{name: id, data_type: int, constraints: [{type: check}]}',
      'its constraint check needs an expression',
    ],
    [
      'has a constraint that Postgres refuses',
      'select 1 as id',
      '{name: id, data_type: int, constraints: [{type: check, expression: no > 1}]}',
      'its table cannot be made: column "no" does not exist',
    ],
  ])('that %s is not published', async ([, sql, list, message]) => {
    const result = await build(contract(sql, list))
    expect(result.published).toBe(false)
    expect(problemsOf(result).join()).toContain(message)
  })

  test('is made so at its first build when it is incremental', async () => {
    const config = { config: "materialized='incremental', unique_key='id', on_schema_change='fail'" }
    const list = `{name: note, data_type: text}, {name: id, data_type: int, constraints: [{type: not_null}]}`
    await build(contract(`select 1 as id, 'x' as note`, list, config))
    await build(contract(`select 2 as id, 'y' as note`, list, config))
    expect(await columns('a')).toEqual([{ columns: 'note text, id integer not null' }])
    expect(await rowsOf('select id, note from a order by id')).toEqual([
      { id: 1, note: 'x' },
      { id: 2, note: 'y' },
    ])
  })
})

describe('a foreign key', () => {
  const key = (to: string) =>
    `{name: id, data_type: int, constraints: [{type: foreign_key, to: "${to}", to_columns: [id]}]}`
  const parent = (config: string, sql = 'select 1 as id') => ({ 'models/p.sql': `{{ config(${config}) }}${sql}` })
  const child = (sql = "select 1 as id from {{ ref('p') }}") => contract(sql, key("ref('p')"))
  const table = "materialized='table', indexes=[{'columns': ['id'], 'unique': true}]"

  test('refers to the published table, whether it is made anew with it or not', async () => {
    const target = () =>
      rowsOf(`select confrelid::regclass::text as target, confrelid = 'p'::regclass as is_standing
      from pg_constraint where conrelid = 'a'::regclass and contype = 'f'`)
    await build({ ...parent(table), ...child() })
    expect(await target()).toEqual([{ target: 'p', is_standing: true }])
    await build({ ...parent(table), ...child() }, { fullRefresh: true })
    expect(await target()).toEqual([{ target: 'p', is_standing: true }])
    const result = await build({ ...parent(table), ...child("select 1 as id from {{ ref('p') }} where true") })
    expect(statuses(result)).toEqual({ p: 'unchanged', a: 'built' })
    expect(await target()).toEqual([{ target: 'p', is_standing: true }])
  })

  test('that is broken stops the build', async () => {
    const result = await build({ ...parent(table), ...child("select 2 as id from {{ ref('p') }}") })
    expect(problemsOf(result).join()).toContain('violates foreign key constraint')
  })

  test.for<[string, Record<string, string>, string]>([
    [
      'a view',
      { ...parent("materialized='view'"), ...child() },
      "its foreign key to ref('p') can refer to only a table",
    ],
    [
      'what the query does not name',
      { ...parent(table), ...child('select 1 as id') },
      "names ref('p'), which the query does not: add -- depends_on: {{ ref('p') }}",
    ],
    ['no reference', contract('select 1 as id', key('p')), "needs ref('…') or source('…', '…') after to, not p"],
  ])('to %s is refused', async ([, files, message]) => {
    const result = await build(files)
    expect(result.published).toBe(false)
    expect(problemsOf(result).join()).toContain(message)
  })
})
