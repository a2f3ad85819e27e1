import { randomBytes } from 'node:crypto'
import { expect, onTestFinished, test } from 'vitest'
import { buildModels } from '../../build/run/build.ts'
import { rollbackModels } from '../../build/run/undo.ts'
import { createPool } from '../../db/pool.ts'
import { table, useBuilds } from './builds.ts'
import { projectOf } from './project-files.ts'

const builds = useBuilds()
const a = {
  'models/a.sql': table("select 1 as id, {{ var('generation', 0) }} as generation"),
  'models/v.sql': "select * from {{ ref('a') }}",
}
const outcomeOf = (building: Promise<{ published: boolean }>) =>
  building.then(
    ({ published }) => published,
    (error: { code: string }) => error.code,
  )
const target = (schema: string) => ({ target: { name: 'default', schema } })

test('of builders of the same schemas that begin together one builds, and the others are told that they are busy', async () => {
  const files = {
    ...a,
    'models/b.sql': "{{ config(schema='b') }}select 1 as id",
    'models/c.sql': "{{ config(schema='c') }}select 1 as id",
  }
  for (let round = 0; round < 10; round += 1) {
    const outcomes = await Promise.all(
      [1, 2, 3].map((n) => outcomeOf(builds.build(files, { vars: { generation: 3 * round + n } }))),
    )
    expect(outcomes).toContain(true)
    for (const outcome of outcomes) expect([true, 'BUILD_BUSY']).toContain(outcome)
  }
})

test('targets of one project are built at the same time, also by the first builds of a database', async () => {
  for (let round = 0; round < 5; round += 1) {
    await builds.pool.query(
      'drop table if exists ops.model_relations, ops.model_tests, ops.model_undo; drop schema if exists s_a, s_b, s_c cascade',
    )
    for (const generation of [1, 2]) {
      const built = ['s_a', 's_b', 's_c'].map((schema) => builds.build(a, { ...target(schema), vars: { generation } }))
      expect((await Promise.all(built)).map(({ published }) => published)).toEqual([true, true, true])
      const read =
        'select (select generation from s_a.v) as a, (select generation from s_b.v) as b, (select generation from s_c.v) as c'
      expect(await builds.rowsOf(read)).toEqual([{ a: generation, b: generation, c: generation }])
    }
  }
})

test('a project that shares a schema with another waits for its turn', async () => {
  const other = { 'dbt_project.yml': 'name: other\n', 'models/o.sql': table('select 2 as id') }
  const slow = { ...a, 'models/b.sql': table('select 1 as id from (select pg_sleep(0.5)) as slept') }
  const first = builds.build(slow)
  while ((await builds.rowsOf(`select from pg_namespace where nspname = 'public__next'`)).length === 0);
  await expect(builds.build(other)).rejects.toMatchObject({
    code: 'BUILD_BUSY',
    message: expect.stringContaining('process'),
  })
  expect(await first).toMatchObject({ published: true })
  expect(await builds.build(other)).toMatchObject({ published: true })
  expect(await builds.rowsOf('select a.id as a, o.id as o from a, o')).toEqual([{ a: 1, o: 2 }])
})

test('a publish to a shared schema ends what another target could take back there', async () => {
  const files = {
    'macros/schema.sql': '{% macro generate_schema_name(custom, node) %}{{ custom or target.schema }}{% endmacro %}',
    'models/a.sql': table("select {{ var('generation') }} as generation"),
    'models/b.sql': "{{ config(materialized='table', schema='public') }}select {{ var('generation') }} as generation",
  }
  const vars = { generation: 0 }
  for (const [schema, generation] of [
    ['s_d', 1],
    ['s_d', 2],
    ['s_e', 3],
    ['s_e', 4],
  ] as const) {
    const told = { vars: { generation }, ...target(schema) }
    await buildModels({ pool: builds.pool, project: projectOf(files, told), ...told })
  }
  const rollback = (schema: string) => {
    const told = { vars, ...target(schema) }
    return rollbackModels({ pool: builds.pool, project: projectOf(files, told), ...told })
  }
  await expect(rollback('s_d')).rejects.toMatchObject({ code: 'ROLLBACK_NOTHING' })
  await rollback('s_e')
  const read =
    'select (select generation from s_d.a) as a, (select generation from s_e.a) as b, generation from public.b'
  expect(await builds.rowsOf(read)).toEqual([{ a: 2, b: 3, generation: 3 }])
})

test('a role that may not create schemas is told so, and nothing changes', async () => {
  const role = `poor_${randomBytes(4).toString('hex')}`
  await builds.build(a)
  await builds.pool.query(`create role ${role} login password 'poor'; grant all on schema public, ops to ${role};
    grant all on all tables in schema ops to ${role}; grant all on all tables in schema public to ${role}`)
  const url = new URL(builds.database.url)
  url.username = role
  url.password = 'poor'
  const pool = createPool(url.href)
  onTestFinished(async () => {
    await pool.end()
    await builds.pool.query(`drop owned by ${role}; drop role ${role}`)
  })
  await expect(builds.build(a, { pool, vars: { generation: 1 } })).rejects.toMatchObject({
    code: 'BUILD_REFUSED',
    retry: 'never',
    message: expect.stringMatching(/permission denied for database .*Nothing was published/),
  })
  expect(await builds.rowsOf('select generation from v')).toEqual([{ generation: 0 }])
})
