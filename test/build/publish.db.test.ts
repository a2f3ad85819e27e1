import { setTimeout } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { buildModels } from '../../build/run/build.ts'
import { createPool } from '../../db/pool.ts'
import { table, useBuilds } from './builds.ts'
import { projectOf } from './project-files.ts'

const builds = useBuilds()
const { build, rowsOf, withClient } = builds

/** Waits until the database says so. */
async function until(sql: string): Promise<void> {
  for (let left = 500; left > 0; left -= 1) {
    if (
      (
        await rowsOf(
          `select from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid() and ${sql}`,
        )
      ).length > 0
    )
      return
    await setTimeout(10)
  }
  throw new Error(`it did not come to ${sql}`)
}

describe('publishing over an earlier build', () => {
  // Roles belong to the whole server: each run has its own.
  const role = `reader_${process.pid}_${Date.now()}`

  beforeAll(() => builds.pool.query(`create role ${role}`))
  afterAll(() => builds.pool.query(`drop owned by ${role}; drop role ${role}`))

  test('keeps the grants of a relation, and no others', async () => {
    await build({
      'models/a.sql': table('select 1 as id, 2 as secret'),
      'models/b.sql': 'select 1 as id',
      'models/c.sql': 'select 1 as id',
    })
    await builds.pool.query(`
      grant select (id) on a to ${role};
      grant insert on a to ${role} with grant option;
      grant select on b to public;
      alter default privileges grant select on tables to ${role};
    `)
    await build({
      'models/a.sql': table('select 1 as id'),
      'models/b.sql': table('select 1 as id'),
      'models/c.sql': 'select 2 as id',
    })
    await builds.pool.query(`alter default privileges revoke select on tables from ${role}`)
    expect(
      await rowsOf(`select has_table_privilege('${role}', 'a', 'insert with grant option') as insert_a,
        has_table_privilege('${role}', 'a', 'select') as select_a, has_column_privilege('${role}', 'a', 'id', 'select') as select_a_id,
        has_table_privilege('${role}', 'b', 'select') as select_b, has_table_privilege('${role}', 'c', 'select') as select_c`),
    ).toEqual([{ insert_a: true, select_a: false, select_a_id: true, select_b: true, select_c: false }])
  })

  test('gives a new relation the default privileges of its schema', async () => {
    await builds.pool.query(`alter default privileges in schema public grant select on tables to ${role}`)
    await build({ 'models/a.sql': 'select 1 as id' })
    expect(await rowsOf(`select has_table_privilege('${role}', 'a', 'select') as ok`)).toEqual([{ ok: true }])
  })

  test('makes the views of others again, with owner, grants, comments and options', async () => {
    await build({ 'models/a.sql': table('select 1 as id, 2 as x'), 'models/v.sql': "select * from {{ ref('a') }}" })
    await builds.pool.query(`
      create schema outside;
      create view outside.one with (security_barrier = true) as select id, x from a where id > 0;
      create view outside.two as select one.id as number, v.x from outside.one join v using (id);
      comment on view outside.one is 'Ones';
      comment on column outside.two.number is 'Numbers';
      grant select on outside.two to ${role};
      grant create, usage on schema outside to ${role};
      alter view outside.one owner to ${role};
      grant select on a to ${role};
    `)
    const state = `select c.relname, pg_get_userbyid(relowner) as owner, relacl::text, reloptions::text, obj_description(c.oid) as comment,
        col_description(c.oid, 1) as first_comment, pg_get_viewdef(c.oid) as definition
      from pg_class c where relnamespace = 'outside'::regnamespace order by 1`
    const before = await rowsOf(state)
    const result = await build({
      'models/a.sql': table('select 7 as new, 8 as x, 9 as id'),
      'models/v.sql': "select * from {{ ref('a') }}",
    })
    expect(result.published).toBe(true)
    expect(await rowsOf(state)).toEqual(before)
    expect(await rowsOf('select * from outside.two')).toEqual([{ number: 9, x: 8 }])
  })

  test('keeps views of others also when a table becomes a view and back', async () => {
    await build({ 'models/a.sql': table('select 1 as id') })
    await builds.pool.query('create schema outside; create view outside.one as select * from a')
    await build({ 'models/a.sql': 'select 2 as id' })
    expect(await rowsOf('select * from outside.one')).toEqual([{ id: 2 }])
    await build({ 'models/a.sql': table('select 3 as id') })
    expect(await rowsOf('select * from outside.one')).toEqual([{ id: 3 }])
  })

  test.for<[string, string, string, string]>([
    [
      'a view that reads a column that is gone',
      'create view outside.bi as select x from a; create view outside.top as select * from outside.bi',
      'select 1 as id',
      'view outside.bi: column ',
    ],
    [
      'a view of such a view',
      'create view outside.bi as select x from a; create view outside.top as select * from outside.bi',
      'select 1 as id',
      'view outside.top: relation "outside.bi" does not exist',
    ],
    [
      'a view whose column would change its type',
      'create view outside.bi as select x from a',
      "select 1 as id, 'two' as x",
      'view outside.bi: its column x would change from integer to text',
    ],
  ])('stops for %s and names it', async ([, made, second, expected]) => {
    await build({ 'models/a.sql': table('select 1 as id, 2 as x') })
    await builds.pool.query(`create schema outside; ${made}`)
    const before = await rowsOf(`select 'a'::regclass::oid as oid`)
    const refused = build({ 'models/a.sql': table(second) })
    await expect(refused).rejects.toMatchObject({
      code: 'BUILD_DEPENDENTS',
      retry: 'never',
      message: expect.stringContaining(expected),
    })
    expect(await rowsOf(`select 'a'::regclass::oid as oid`)).toEqual(before)
    expect(await rowsOf(`select count(*) as objects from pg_class where relname in ('bi', 'b')`)).not.toEqual([])
  })

  test('stops for a view of an owner that the builder cannot act for', async () => {
    const builder = `${role}_builder`
    await builds.pool.query(`
      create role ${builder} login password 'builder';
      do $$ begin execute format('grant create on database %I to ${builder}', current_database()); end $$;
      grant create, usage on schema public to ${builder};
      grant create, usage on schema ops to ${builder};
    `)
    const url = new URL(builds.database.url)
    url.username = builder
    url.password = 'builder'
    const pool = createPool(url.href)
    onTestFinished(async () => {
      await pool.end()
      await builds.pool.query(`drop owned by ${builder} cascade; drop role ${builder}`)
    })
    await build({ 'models/a.sql': table('select 1 as id') }, { pool })
    await builds.pool.query('create schema outside; create view outside.bi as select * from a')
    await expect(build({ 'models/a.sql': table('select 2 as id') }, { pool })).rejects.toMatchObject({
      code: 'BUILD_DEPENDENTS',
      message: expect.stringMatching(/view outside\.bi of \w+: permission denied/),
    })
  })

  test('waits for a reader, and gives up with its name when it does not end', async () => {
    const version = (id: number) => ({
      'models/a.sql': table(`select ${id} as id`),
      'models/v.sql': "select * from {{ ref('a') }}",
    })
    await build(version(1))
    await withClient(async (reader) => {
      await reader.query(`set application_name = 'slow report'; begin; select * from v`)
      await expect(build(version(2), { lockTimeoutMs: 500 })).rejects.toMatchObject({
        code: 'BUILD_LOCKED',
        retry: 'later',
        message: expect.stringMatching(/process \d+ \(slow report\) on (a|v)/),
      })
      const waiting = build(version(2))
      await until(`query like 'do $lock$%' and wait_event_type = 'Lock'`)
      await reader.query('commit')
      expect((await waiting).published).toBe(true)
    })
  })
})

test('readers see one generation of all relations, and no error, through 12 publications', async () => {
  const project = projectOf({
    'models/a.sql': table("select {{ var('generation', 0) }} as generation from generate_series(1, 50)"),
    'models/b.sql': table("select max(generation) as generation from {{ ref('a') }}"),
    'models/v.sql': "select generation from {{ ref('b') }}",
    'models/i.sql': `{{ config(materialized='incremental') }}select {{ var('generation', 0) }} as generation`,
  })
  await buildModels({ pool: builds.pool, project })
  const queries = [
    'select (select max(generation) from a) as x, (select max(generation) from v) as y, (select max(generation) from i) as z',
    'select max(v.generation) as x, max(a.generation) as y, (select max(generation) from i) as z from v, a',
    'select max(i.generation) as x, min(a.generation) as y, max(b.generation) as z from i, b, a',
  ]
  const over = new AbortController()
  const read = async (query: string) => {
    let reads = 0
    for (; !over.signal.aborted; reads += 1) {
      const [row] = await rowsOf(query)
      expect(row).toEqual({ x: row?.x, y: row?.x, z: row?.x })
    }
    return reads
  }
  const readers = Promise.all(queries.map(read))
  try {
    for (let generation = 1; generation <= 12; generation += 1) {
      const result = await buildModels({ pool: builds.pool, project, vars: { generation } })
      expect(result.published).toBe(true)
    }
  } finally {
    over.abort()
  }
  for (const reads of await readers) expect(reads).toBeGreaterThan(12)
  expect(await rowsOf('select max(generation) as generation from v')).toEqual([{ generation: 12 }])
})

describe('while a build waits inside a model', () => {
  const blocked = {
    'models/a.sql': table('select 1 as id'),
    'models/b.sql': table(`select 2 as id from {{ ref('a') }}, (select pg_advisory_xact_lock(42)) as gate`),
  }
  const isAtTheGate = `wait_event = 'advisory' and query like 'create table%'`

  test('a second one is told who holds the lock', async () => {
    await withClient(async (gate) => {
      await gate.query('select pg_advisory_lock(42)')
      const first = build(blocked)
      await until(isAtTheGate)
      await expect(build(blocked)).rejects.toMatchObject({
        code: 'BUILD_BUSY',
        retry: 'later',
        message: expect.stringMatching(/tiny are being built already, by database process \d+ \(milepost:\d+ test\)/),
      })
      await gate.query('select pg_advisory_unlock(42)')
      expect((await first).published).toBe(true)
    })
    expect((await build(blocked)).published).toBe(true)
  })

  test('an abort cancels it and leaves the old generation', async () => {
    await build({ 'models/a.sql': table('select 0 as id') })
    const stop = new AbortController()
    await withClient(async (gate) => {
      await gate.query('select pg_advisory_lock(42)')
      const aborted = build(blocked, { signal: stop.signal })
      await until(isAtTheGate)
      stop.abort()
      await expect(aborted).rejects.toMatchObject({ code: 'BUILD_CANCELLED', retry: 'later' })
    })
    expect(await rowsOf(`select id, to_regclass('b') as b, to_regnamespace('public__next') as next from a`)).toEqual([
      { id: 0, b: null, next: null },
    ])
    expect((await build(blocked)).published).toBe(true)
  })

  test('a killed connection leaves the old generation', async () => {
    await build({ 'models/a.sql': table('select 0 as id') })
    await withClient(async (gate) => {
      await gate.query('select pg_advisory_lock(42)')
      const killed = build(blocked)
      await until(isAtTheGate)
      await Promise.all([
        expect(killed).rejects.toMatchObject({ code: 'BUILD_DISCONNECTED', retry: 'later' }),
        rowsOf(
          `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and ${isAtTheGate}`,
        ),
      ])
    })
    expect(await rowsOf('select id from a')).toEqual([{ id: 0 }])
    expect((await build(blocked)).published).toBe(true)
  })
})

test('a build that was aborted before it began does nothing', async () => {
  await expect(build({ 'models/a.sql': 'select 1 as id' }, { signal: AbortSignal.abort() })).rejects.toMatchObject({
    code: 'BUILD_CANCELLED',
  })
})

test('a new view reads a new table of another schema, in which something is replaced at the same time', async () => {
  const files = (a: number) => ({
    'macros/schema.sql': '{% macro generate_schema_name(custom, node) %}{{ custom or target.schema }}{% endmacro %}',
    'models/a.sql': `{{ config(schema='staging') }}select ${a} as id`,
  })
  await build(files(1))
  const result = await build({
    ...files(2),
    'models/t.sql': table("{{ config(schema='staging') }}select id + 1 as id from {{ ref('a') }}"),
    'models/v.sql': "{{ config(schema='marts') }}select id + 1 as id from {{ ref('t') }}",
  })
  expect(result.published).toBe(true)
  expect(await rowsOf('select id from marts.v')).toEqual([{ id: 4 }])
})
