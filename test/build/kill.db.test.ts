import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { Client } from 'pg'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { loadProject } from '../../build/project/project.ts'
import { buildModels } from '../../build/run/build.ts'
import { clientConfig } from '../../db/pool.ts'
import { startMilepost, type Running } from '../support/milepost.ts'
import { useBuilds } from './builds.ts'

const builds = useBuilds()
const table = "{{ config(materialized='table') }}"
const files = {
  'dbt_project.yml': 'name: tiny\n',
  'models/a.sql': `${table}select {{ var('generation', 0) }} as generation`,
  'models/b.sql': `${table}select generation, pg_sleep({{ var('seconds', 0) }})::text as slept from {{ ref('a') }}`,
  'models/v.sql': "select a.generation from {{ ref('a') }} as a join {{ ref('b') }} as b using (generation)",
  'models/i.sql': `{{ config(materialized='incremental') }}select {{ var('generation', 0) }} as generation`,
}
let dir: string
let running: Running | undefined

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'milepost-models-'))
  mkdirSync(join(dir, 'models'))
  for (const [path, text] of Object.entries(files)) writeFileSync(join(dir, path), text)
  for (const generation of [-1, 0]) await build({ generation })
})
afterEach(async () => {
  running?.child.kill('SIGKILL')
  await running?.ended
  rmSync(dir, { recursive: true, force: true })
})

const build = (vars: Record<string, unknown>) =>
  buildModels({ pool: builds.pool, project: loadProject(dir, { vars }), vars })

/** The command, as a process of its own. */
function startBuild(vars: Record<string, unknown>): Running {
  running = startMilepost(['build', '--project-dir', dir, '--vars', JSON.stringify(vars)], {
    cwd: dir,
    env: { DATABASE_URL: builds.database.url },
  })
  return running
}

const generations = async () =>
  (
    await builds.rowsOf(
      `select (select max(generation) from a) as a, (select max(generation) from b) as b,
       (select max(generation) from v) as v, (select max(generation) from i) as i`,
    )
  )[0]
const all = (generation: number) => ({ a: generation, b: generation, v: generation, i: generation })
const leftovers = () => builds.rowsOf(`select nspname from pg_namespace where nspname ~ '__(next|delta|dropped)$'`)

/** Waits until another session of the database is at a statement, and returns its process. */
async function until(condition: string): Promise<number> {
  for (let left = 1000; left > 0; left -= 1) {
    const [found] = await builds.rowsOf(
      `select pid from pg_stat_activity
       where datname = current_database() and pid <> pg_backend_pid() and state = 'active' and ${condition}`,
    )
    if (found !== undefined) return Number(found['pid'])
    await setTimeout(10)
  }
  throw new Error(`it did not come to ${condition}; the command said: ${running?.said()}`)
}

/** Moments of a build: what keeps it there, and how to see that it has come there. */
const moments = [
  {
    name: 'building aside',
    vars: { generation: 1, seconds: 30 },
    hold: '',
    at: `query like 'create table%pg_sleep(30)%'`,
  },
  {
    name: 'waiting to publish',
    vars: { generation: 1 },
    hold: 'begin; select * from a',
    at: `query like 'do $lock$%' and wait_event_type = 'Lock'`,
  },
  {
    name: 'publishing, with all swapped and nothing committed',
    vars: { generation: 1 },
    hold: 'begin; lock table ops.model_relations in share row exclusive mode',
    at: `query like 'insert into ops.model_relations%' and wait_event_type = 'Lock'`,
  },
]

/** Brings the command to a moment, does `work` there, and lets go. */
async function atMoment<T>(
  { vars, hold, at }: (typeof moments)[number],
  work: (command: Running, pid: number) => Promise<T>,
) {
  const holder = new Client(clientConfig(builds.database.url, { label: 'holder' }))
  await holder.connect()
  try {
    if (hold !== '') await holder.query(hold)
    const command = startBuild(vars)
    return await work(command, await until(at))
  } finally {
    await holder.end()
  }
}

describe.for(moments)('while a build is $name', (moment) => {
  test('kill -9 leaves the old generation, and the next build cleans up and publishes', async () => {
    await atMoment(moment, async (command) => {
      command.child.kill('SIGKILL')
      expect(await command.ended).toMatchObject({ signal: 'SIGKILL' })
    })
    const from = performance.now()
    expect(await generations()).toEqual(all(0))
    let result = await build({ generation: 2 }).catch((error: { code: string }) => error.code)
    // The server may need a moment to see that the holder of the lock is gone.
    for (; result === 'BUILD_BUSY' && performance.now() - from < 5000; await setTimeout(50)) {
      result = await build({ generation: 2 }).catch((error: { code: string }) => error.code)
    }
    expect(result).toMatchObject({ published: true })
    expect(await generations()).toEqual(all(2))
    expect(await leftovers()).toEqual([])
    expect(performance.now() - from).toBeLessThan(15_000)
  })

  test('a first Ctrl-C ends it with 130 and publishes nothing', async () => {
    const { code, err } = await atMoment(moment, async (command) => {
      command.child.kill('SIGINT')
      return command.ended
    })
    expect({ code, err }).toEqual({ code: 130, err: expect.stringContaining('BUILD_CANCELLED') })
    expect(await generations()).toEqual(all(0))
    expect(await leftovers()).toEqual([])
  })

  test('the loss of its connection ends it and publishes nothing', async () => {
    const { code, err } = await atMoment(moment, async (command, pid) => {
      await builds.rowsOf(`select pg_terminate_backend(${pid})`)
      return command.ended
    })
    expect({ code, err }).toEqual({ code: 1, err: expect.stringContaining('BUILD_DISCONNECTED') })
    expect(await generations()).toEqual(all(0))
    expect(await leftovers()).toEqual([])
    expect(await build({ generation: 3 })).toMatchObject({ published: true })
    expect(await generations()).toEqual(all(3))
  })
})

test('a build with nothing to do drops what a killed one has left', async () => {
  const mark = `is 'Made and dropped by the model builder of Milepost.'`
  await builds.rowsOf(`
    create schema public__next; create table public__next.a (n int); create schema public__dropped;
    comment on schema public__next ${mark}; comment on schema public__dropped ${mark};
  `)
  expect(await build({ generation: 0 })).toMatchObject({ published: true })
  expect(await leftovers()).toEqual([])
})

test('a schema of that name that somebody else made is not dropped', async () => {
  await builds.rowsOf('create schema public__delta; create table public__delta.theirs (n int)')
  await expect(build({ generation: 1 })).rejects.toMatchObject({ code: 'BUILD_CONFLICT' })
  expect(await builds.rowsOf('select count(*)::int as n from public__delta.theirs')).toEqual([{ n: 0 }])
  expect(await generations()).toEqual(all(0))
  await builds.rowsOf('drop schema public__delta cascade')
})

test('the loss of its lock ends it and publishes nothing', async () => {
  const command = startBuild({ generation: 1, seconds: 30 })
  await until(`query like 'create table%pg_sleep(30)%'`)
  await builds.rowsOf(
    `select pg_terminate_backend(a.pid) from pg_locks l join pg_stat_activity a using (pid)
     where l.locktype = 'advisory' and a.datname = current_database()`,
  )
  const { code, err } = await command.ended
  expect({ code, err }).toEqual({ code: 1, err: expect.stringContaining('LOCK_LOST') })
  expect(await generations()).toEqual(all(0))
  expect(await leftovers()).toEqual([])
})
