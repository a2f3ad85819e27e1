import { beforeEach, describe, expect, test } from 'vitest'
import { compileProject } from '../../build/graph/graph.ts'
import { publishedPlaces, renderNode } from '../../build/graph/render-node.ts'
import { withConnections } from '../../build/run/session.ts'
import { stageSnapshot } from '../../build/run/snapshot.ts'
import { problemsOf, sources, useBuilds } from './builds.ts'
import { projectOf } from './project-files.ts'

const builds = useBuilds()
const { build, rowsOf } = builds

const snapshot = (config: string, columns = '*', key = "'id'") => ({
  'models/s.yml': sources('t'),
  'snapshots/s.sql': `{% snapshot s %}{{ config(unique_key=${key}, ${config}) }} select ${columns} from {{ source('raw', 't') }}{% endsnapshot %}`,
})

const TIMESTAMP = "strategy='timestamp', updated_at='upd'"
const CHECK = "strategy='check', check_cols='all'"

beforeEach(() =>
  builds.pool.query(`create schema raw_shop; create table raw_shop.t (id int, name varchar(9), upd timestamp);
    insert into raw_shop.t values (1, 'a', '2024-01-01'), (2, 'b', '2024-01-01')`),
)

const change = (sql: string) => builds.pool.query(sql)
/** The versions, in which a time of this build is `now`. */
const versions = async (more = '') => {
  const time = (column: string) =>
    `case when ${column} > now() - interval '1 hour' and ${column} < now() + interval '1 hour' then 'now' else ${column}::date::text end`
  const rows = await rowsOf(`select id || ':' || coalesce(name, '') || ' ' || ${time('dbt_valid_from')} || '..' ||
    coalesce(${time('dbt_valid_to')}, '') ${more} as version from s order by id, dbt_valid_to nulls last, dbt_valid_from`)
  return rows.map((row) => row.version)
}

describe('the timestamp strategy', () => {
  test("has dbt's columns, of dbt's types, and dbt's ids", async () => {
    expect(problemsOf(await build(snapshot(TIMESTAMP)))).toEqual([])
    expect(
      await rowsOf(`select string_agg(attname || ' ' || format_type(atttypid, atttypmod), ', ' order by attnum) as columns
        from pg_attribute where attrelid = 's'::regclass and attnum > 3`),
    ).toEqual([
      {
        columns:
          'dbt_scd_id text, dbt_updated_at timestamp without time zone, dbt_valid_from timestamp without time zone, dbt_valid_to timestamp without time zone',
      },
    ])
    expect(await rowsOf(`select distinct dbt_scd_id = md5(id || '|2024-01-01 00:00:00') as is_equal from s`)).toEqual([
      { is_equal: true },
    ])
  })

  test('ends a version where the next begins, and leaves alone what only looks changed', async () => {
    await build(snapshot(TIMESTAMP))
    await change(
      `update raw_shop.t set name = 'a2', upd = '2024-02-01' where id = 1; update raw_shop.t set name = 'b2' where id = 2`,
    )
    await build(snapshot(TIMESTAMP))
    expect(await versions()).toEqual(['1:a 2024-01-01..2024-02-01', '1:a2 2024-02-01..', '2:b 2024-01-01..'])
  })

  test('keeps its history in a full refresh', async () => {
    await build(snapshot(TIMESTAMP))
    await change(`update raw_shop.t set upd = '2024-02-01' where id = 1`)
    await build(snapshot(TIMESTAMP), { fullRefresh: true })
    expect(await versions()).toEqual(['1:a 2024-01-01..2024-02-01', '1:a 2024-02-01..', '2:b 2024-01-01..'])
  })

  test('takes a far day for no end', async () => {
    const config = `${TIMESTAMP}, dbt_valid_to_current="'9999-12-31'::timestamp"`
    await build(snapshot(config))
    await change(`update raw_shop.t set upd = '2024-02-01' where id = 1`)
    await build(snapshot(config))
    expect(await versions()).toEqual([
      '1:a 2024-01-01..2024-02-01',
      '1:a 2024-02-01..9999-12-31',
      '2:b 2024-01-01..9999-12-31',
    ])
  })
})

describe('the check strategy', () => {
  test('compares all columns, nulls too', async () => {
    await build(snapshot(CHECK, 'id, name'))
    await change(`update raw_shop.t set name = null where id = 1; update raw_shop.t set upd = now() where id = 2`)
    await build(snapshot(CHECK, 'id, name'))
    expect(await versions()).toEqual(['1:a now..now', '1: now..', '2:b now..'])
  })

  test('makes a version of every row when it gets a column', async () => {
    await build(snapshot(CHECK))
    await change('alter table raw_shop.t add column extra varchar(4)')
    await build(snapshot(CHECK))
    expect(await rowsOf(`select count(*)::int as rows, count(dbt_valid_to)::int as ended from s`)).toEqual([
      { rows: 4, ended: 2 },
    ])
    expect(
      await rowsOf(
        `select format_type(atttypid, atttypmod) as type from pg_attribute where attrelid = 's'::regclass and attname = 'extra'`,
      ),
    ).toEqual([{ type: 'character varying(4)' }])
  })

  test('counts only the columns that it names', async () => {
    const config = "strategy='check', check_cols=['name'], updated_at='upd'"
    await build(snapshot(config))
    await change(`update raw_shop.t set upd = '2024-02-01'; update raw_shop.t set name = 'b2' where id = 2`)
    await build(snapshot(config))
    expect(await versions()).toEqual(['1:a 2024-01-01..', '2:b 2024-01-01..2024-02-01', '2:b2 2024-02-01..'])
  })
})

test.for<[string, string, string[], string[]]>([
  ['ignore', '', ['1:a 2024-01-01..', '2:b 2024-01-01..'], ['1:a 2024-01-01..', '2:b 2024-01-01..']],
  [
    'invalidate',
    '',
    ['1:a 2024-01-01..', '2:b 2024-01-01..now'],
    ['1:a 2024-01-01..', '2:b 2024-01-01..now', '2:b 2024-01-01..'],
  ],
  [
    'new_record',
    `|| ' ' || dbt_is_deleted`,
    ['1:a 2024-01-01.. False', '2:b 2024-01-01..now False', '2:b now.. True'],
    ['1:a 2024-01-01.. False', '2:b now..2024-01-01 True', '2:b 2024-01-01..now False', '2:b 2024-01-01.. False'],
  ],
])('a row that goes and comes back, with hard_deletes %s', async ([hardDeletes, more, gone, back]) => {
  const files = snapshot(`${TIMESTAMP}, hard_deletes='${hardDeletes}'`)
  await build(files)
  await change('delete from raw_shop.t where id = 2')
  await build(files)
  expect(await versions(more)).toEqual(gone)
  await change('insert into raw_shop.t values (3, null, null)')
  await change('delete from raw_shop.t where id = 3') // the source is another one, its rows are not
  await build(files)
  expect(await versions(more)).toEqual(gone)
  await change(`insert into raw_shop.t values (2, 'b', '2024-01-01')`)
  await build(files)
  expect(await versions(more)).toEqual(back)
})

test('a key of several columns takes all of them', async () => {
  const files = snapshot(TIMESTAMP, '*', "['id', 'name']")
  await build(files)
  await change(
    `insert into raw_shop.t values (1, 'other', '2024-01-01'); update raw_shop.t set upd = '2024-02-01' where name = 'a'`,
  )
  await build(files)
  expect(await versions()).toEqual([
    '1:a 2024-01-01..2024-02-01',
    '1:other 2024-01-01..',
    '1:a 2024-02-01..',
    '2:b 2024-01-01..',
  ])
})

test('a build without changes writes nothing', async () => {
  const files = snapshot(CHECK)
  await build(files)
  await change('update raw_shop.t set id = id')
  const before = await rowsOf('select ctid, xmin::text, * from s')
  expect((await build(files)).nodes.map((node) => [node.status, node.rows])).toEqual([['built', 0]])
  expect(await rowsOf('select ctid, xmin::text, * from s')).toEqual(before)
})

test('a change that is applied twice is there once, as its query foretold', async () => {
  // Old and new versions have the same dbt_scd_id here, as updated_at stays.
  const files = snapshot("strategy='check', check_cols=['name'], updated_at='upd'")
  await build(files)
  await change(`update raw_shop.t set name = 'a2' where id = 1`)
  const graph = compileProject(projectOf(files))
  const [node] = graph.nodes
  if (node === undefined) throw new Error('there is no snapshot')
  const places = publishedPlaces(graph)
  const compiled = renderNode(graph, node, places, { isIncremental: false })
  const delta = { schema: 'public', name: 'delta' }
  const foretold = await withConnections(builds.pool, new AbortController().signal, async (connections) =>
    (await connections.open()).transaction(async (session) => {
      const making = { node, compiled, shadow: delta, delta, isIncrement: true, places }
      const { increment } = await stageSnapshot(session, making, compiled)
      if (increment === null) throw new Error('there is no increment')
      const { rows } = await session.query(`select * from (${increment.merged}) as merged order by id, name`)
      await session.script([...increment.apply, ...increment.apply])
      return rows
    }),
  )
  expect(await rowsOf('select * from s order by id, name')).toEqual(foretold)
  expect(await versions()).toEqual(['1:a 2024-01-01..2024-01-01', '1:a2 2024-01-01..', '2:b 2024-01-01..'])
})

test('nulls in the key pile up as in dbt, with a warning', async () => {
  await build(snapshot(TIMESTAMP))
  await change(`insert into raw_shop.t values (null, 'n', '2024-01-01')`)
  const result = await build(snapshot(TIMESTAMP))
  expect(result.warnings).toEqual(['s: 1 new rows have a null in unique_key (id) and will pile up'])
})

test('a value that is too long for the table stops the build, and so does a table without the columns', async () => {
  await build(snapshot(TIMESTAMP))
  await change(
    `alter table raw_shop.t alter column name type text; update raw_shop.t set name = 'much too long', upd = now()`,
  )
  expect(problemsOf(await build(snapshot(TIMESTAMP))).join()).toContain('value too long for type character varying(9)')
  const result = await build(snapshot(`${TIMESTAMP}, hard_deletes='new_record'`))
  expect(problemsOf(result).join()).toContain('public.s lacks dbt_is_deleted, which this snapshot needs')
})
