import { setTimeout } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { buildModels } from '../../build/run/build.ts'
import { createPool } from '../../db/pool.ts'
import { table, useBuilds } from './builds.ts'
import { projectOf } from './project-files.ts'

const builds = useBuilds()
const leftovers = () => builds.rowsOf(`select nspname from pg_namespace where nspname ~ '__(next|delta|dropped)$'`)
const models = (count: number, sql: string) =>
  Object.fromEntries(Array.from({ length: count }, (_, n) => [`models/m${n}.sql`, table(sql)]))

test('an abort at any moment publishes all or nothing, leaves nothing behind and gives all connections back', async () => {
  const project = projectOf(models(20, "select {{ var('generation', 0) }} as generation"))
  await buildModels({ pool: builds.pool, project })
  const unions = Array.from({ length: 20 }, (_, n) => `select generation from m${n}`).join(' union all ')
  let standing = 0
  let cancelled = 0
  for (let generation = 1; generation <= 40; generation += 1) {
    // A pool of its own: `end` waits for connections that were not given back.
    const pool = createPool(builds.database.url)
    const stop = new AbortController()
    const building = buildModels({ pool, project, vars: { generation }, signal: stop.signal })
    const ended = building.then(
      ({ published }) => published,
      (error: { code: string }) => error.code,
    )
    await Promise.race([ended, setTimeout(3 * generation)])
    stop.abort(new Error('enough'))
    const outcome = await ended
    await pool.end()
    expect([true, 'BUILD_CANCELLED']).toContain(outcome)
    if (outcome === true) standing = generation
    else cancelled += 1
    expect(await builds.rowsOf(`select distinct generation from (${unions}) as u`)).toEqual([{ generation: standing }])
    expect(await leftovers()).toEqual([])
  }
  expect(cancelled).toBeGreaterThan(5)
})

test('the loss of one connection ends what runs on the others', async () => {
  const building = builds.build({
    'models/a.sql': table('select 1 as id from (select pg_sleep(20)) as slept'),
    'models/b.sql': table('select 2 as id from (select pg_sleep(21)) as slept'),
    'models/c.sql': table('select 3 as id'),
  })
  const from = performance.now()
  const outcome = building.then(
    ({ published }) => published,
    (error: { code: string }) => error.code,
  )
  const sleeping = `select pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and query like 'create table%pg_sleep(21)%'
    and exists (select from pg_stat_activity where datname = current_database() and query like 'create table%pg_sleep(20)%')`
  while ((await builds.rowsOf(sleeping)).length === 0) await setTimeout(20)
  expect(await outcome).toBe('BUILD_DISCONNECTED')
  expect(performance.now() - from).toBeLessThan(10_000)
  expect(await leftovers()).toEqual([])
})
