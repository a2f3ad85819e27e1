import { describe, expect, test } from 'vitest'
import { rollbackModels } from '../../build/run/undo.ts'
import { problemsOf, sources, statuses, table, useBuilds } from './builds.ts'
import { projectOf } from './project-files.ts'

const builds = useBuilds()
const { build, rowsOf } = builds

const rollback = (files: Record<string, string>) => rollbackModels({ pool: builds.pool, project: projectOf(files) })

/** What readers can tell of all relations in public: kind, columns, comments, grants, indexes and rows. */
async function visible() {
  const relations = await rowsOf(`
    select c.relname as name, c.relkind::text as kind, coalesce(c.relacl::text, '') as grants, obj_description(c.oid, 'pg_class') as comment,
      (select string_agg(a.attname || ' ' || format_type(a.atttypid, a.atttypmod) || coalesce(' ' || col_description(c.oid, a.attnum), '')
        || coalesce(' ' || a.attacl::text, ''), ', ' order by a.attnum)
       from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped) as columns,
      (select string_agg(pg_get_indexdef(indexrelid), '; ' order by 1) from pg_index where indrelid = c.oid) as indexes
    from pg_class c where relnamespace = 'public'::regnamespace and relkind in ('r', 'v') order by 1`)
  const rows = await Promise.all(
    relations.map(({ name }) =>
      rowsOf(`select coalesce(json_agg(t order by t::text), '[]')::text as rows from public."${String(name)}" t`),
    ),
  )
  return relations.map((relation, index) => ({ ...relation, rows: rows[index]?.[0]?.rows }))
}

describe('after a second build a rollback', () => {
  const increment = (config: string, columns: string, brought: string) =>
    `{{ config(materialized='incremental', ${config}) }}select * from (values ${brought}) as v (${columns})`
  const project = (generation: number): Record<string, string> => {
    const isFirst = generation === 1
    const brought = isFirst ? "(1, 'one'), (2, 'two')" : "(2, 'zwei'), (3, 'drei')"
    return {
      'models/a.sql': `{{ config(materialized='table', indexes=[{'columns': ['id']}]) }}select generate_series(1, ${generation}) as id, ${generation} as secret`,
      'models/seen.sql': `select id ${isFirst ? '' : ', 2 as more'} from {{ ref('a') }}`,
      'models/over_seen.sql': "select * from {{ ref('seen') }}",
      'models/becomes_table.sql': isFirst ? 'select 1 as x' : table('select 1 as x, 2 as y'),
      'models/becomes_view.sql': isFirst ? table('select 1 as x') : "select id as x from {{ ref('a') }}",
      'models/stays.sql': table('select 7 as x'),
      'models/added.sql': increment("incremental_strategy='append'", 'id, x', brought),
      'models/replaced.sql': increment("unique_key='id'", 'id, x', brought),
      'models/merged.sql': increment("unique_key='id', incremental_strategy='merge'", 'id, x', brought),
      'models/widened.sql': increment(
        "unique_key='id', on_schema_change='append_new_columns'",
        isFirst ? 'id, x' : 'id, x, y',
        isFirst ? brought : "(2, 'zwei', true), (3, 'drei', false)",
      ),
      'models/_m.yml': `models:
  - {name: a, description: "Generation ${generation}", columns: [{name: id, description: "Id ${generation}"}]}
  - {name: seen, description: "Seen ${generation}", columns: [{name: id, description: "Seen id ${generation}"}]}`,
      ...(isFirst ? {} : { 'models/new_one.sql': table('select 1 as x'), 'models/new_view.sql': 'select 1 as x' }),
    }
  }

  test('puts rows, columns, kinds, comments, indexes and grants back', async () => {
    await build(project(1))
    await builds.pool.query(`
      grant select (id) on a to public; grant select on seen, becomes_table, merged to public; grant select on becomes_view to public`)
    const before = await visible()
    const second = await build(project(2))
    expect(problemsOf(second)).toEqual([])
    expect(new Set(second.nodes.map(({ status, name }) => (name === 'stays' ? 'built' : status)))).toEqual(
      new Set(['built']),
    )
    const after = await visible()
    expect(after).toHaveLength(before.length + 2)
    const undone = await rollback(project(2))
    expect(undone.removed.map(({ name }) => name).toSorted()).toEqual(['new_one', 'new_view'])
    expect(undone.restored.map(({ name }) => name).toSorted()).toEqual([
      'a',
      'added',
      'becomes_table',
      'becomes_view',
      'merged',
      'over_seen',
      'replaced',
      'seen',
      'widened',
    ])
    expect(await visible()).toEqual(before)
    await expect(rollback(project(2))).rejects.toMatchObject({ code: 'ROLLBACK_NOTHING', retry: 'never' })
    // The next build makes the second generation again, except that rows are appended to what is there.
    const third = await build(project(2))
    expect(problemsOf(third)).toEqual([])
    expect(await visible()).toEqual(after)
  })

  test('lets a build of the first files find all as it left it', async () => {
    const { 'models/added.sql': _, ...first } = project(1)
    const { 'models/added.sql': __, ...second } = project(2)
    await build(first)
    await build(second)
    await rollback(second)
    const before = await visible()
    const again = await build(first)
    expect(Object.entries(statuses(again)).flatMap(([name, status]) => (status === 'unchanged' ? [] : name))).toEqual(
      [],
    )
    expect(await visible()).toEqual(before)
  })
})

describe('a rollback', () => {
  const files = (generation: number) => ({
    'models/_s.yml': sources('numbers'),
    'models/a.sql': table("select max(n) as n from {{ source('raw', 'numbers') }}"),
    'models/b.sql': table(`select ${generation} as n`),
  })

  test('goes one generation back and no further, and the next build sees what it has to build', async () => {
    await builds.pool.query(
      'create schema raw_shop; create table raw_shop.numbers (n int); insert into raw_shop.numbers values (1)',
    )
    for (const generation of [1, 2, 3]) await build(files(generation))
    await builds.pool.query('insert into raw_shop.numbers values (2)')
    expect(statuses(await build(files(3)))).toEqual({ a: 'built', b: 'unchanged' })
    const state = 'select a.n as a, b.n as b from a, b'
    await rollback(files(3))
    expect(await rowsOf(state)).toEqual([{ a: 1, b: 3 }])
    await expect(rollback(files(3))).rejects.toMatchObject({ code: 'ROLLBACK_NOTHING' })
    expect(statuses(await build(files(3)))).toEqual({ a: 'built', b: 'unchanged' })
    expect(await rowsOf(state)).toEqual([{ a: 2, b: 3 }])
    expect(await rowsOf(`select nspname from pg_namespace where nspname ~ '__(next|delta|dropped)$'`)).toEqual([])
  })

  test('carries over what others have hung on the new generation', async () => {
    await build({ 'models/a.sql': table('select 1 as n') })
    await build({ 'models/a.sql': table('select 2 as n') })
    await builds.pool.query('create schema outside; create view outside.seen as select n from a')
    await rollback({ 'models/a.sql': table('select 2 as n') })
    expect(await rowsOf('select n from outside.seen')).toEqual([{ n: 1 }])
  })

  test('after a build that changed nothing goes back past it', async () => {
    await build({ 'models/a.sql': table('select 1 as n') })
    await build({ 'models/a.sql': table('select 2 as n') })
    await build({ 'models/a.sql': table('select 2 as n') })
    await rollback({ 'models/a.sql': table('select 2 as n') })
    expect(await rowsOf('select n from a')).toEqual([{ n: 1 }])
  })

  test('lets rows that had arrived since arrive again', async () => {
    await builds.pool
      .query(`create schema raw_shop; create table raw_shop.events (id int, xid xid8 not null default pg_current_xact_id());
      insert into raw_shop.events values (1)`)
    const arriving = {
      'models/_s.yml': sources('events'),
      'models/a.sql': `{{ config(materialized='incremental', unique_key='id', meta={'milepost': {'increment': 'arrival'}}) }}
        select id, xid from {{ source('raw', 'events') }}
        {% if is_incremental() %}where not pg_visible_in_snapshot(xid, '{{ var("last_success_snapshot", "1:1:") }}'){% endif %}`,
    }
    await build(arriving)
    await builds.pool.query('insert into raw_shop.events values (2)')
    expect((await build(arriving)).nodes).toMatchObject([{ rows: 1 }])
    await rollback(arriving)
    expect(await rowsOf('select id from a order by 1')).toEqual([{ id: 1 }])
    await builds.pool.query('insert into raw_shop.events values (3)')
    expect((await build(arriving)).nodes).toMatchObject([{ status: 'built', rows: 2, replaced: 0 }])
    expect(await rowsOf('select id from a order by 1')).toEqual([{ id: 1 }, { id: 2 }, { id: 3 }])
  })

  test('of a first build removes it', async () => {
    await build({ 'models/a.sql': table('select 1 as n'), 'models/b.sql': "select * from {{ ref('a') }}" })
    const undone = await rollback({
      'models/a.sql': table('select 1 as n'),
      'models/b.sql': "select * from {{ ref('a') }}",
    })
    expect(undone).toMatchObject({ restored: [], publishedAt: expect.any(Date) })
    expect(await rowsOf(`select to_regclass('a') as a, to_regclass('b') as b`)).toEqual([{ a: null, b: null }])
  })

  test('with nothing built says so', async () => {
    await expect(rollback({ 'models/a.sql': 'select 1 as n' })).rejects.toMatchObject({ code: 'ROLLBACK_NOTHING' })
  })
})
