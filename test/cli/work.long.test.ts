import type { ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sql } from 'kysely'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createLogger } from '../../core/logger.ts'
import { Secret } from '../../core/secret.ts'
import { openQueue } from '../../queue/boss.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { startMilepost, type Running } from '../support/milepost.ts'

let database: TestDatabase
let folder: string
const children: ChildProcess[] = []
beforeEach(async () => {
  database = await createTestDatabase()
  folder = mkdtempSync(join(tmpdir(), 'milepost-work-'))
  writeFileSync(join(folder, 'milepost.yaml'), 'schedules: { pipeline: "0 0 1 1 *" }\n')
})
afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
  rmSync(folder, { recursive: true })
  await database.drop()
})

function milepost(...args: string[]): Running {
  const running = startMilepost(args, { cwd: folder, env: { DATABASE_URL: database.url } })
  children.push(running.child)
  return running
}

const runs = async () =>
  (
    await sql<{ status: string; trigger: string }>`select status, trigger from ops.runs order by started_at`.execute(
      database.db,
    )
  ).rows

async function sendScheduledRun(): Promise<void> {
  const boss = await openQueue(new Secret(database.url), createLogger('silent'), { schedules: false })
  await boss.send('pipeline', {})
  await boss.stop()
}

test(
  'a worker carries out a run that came due, is seen to be busy meanwhile, and ends with 0 when it is told to',
  { timeout: 90_000 },
  async () => {
    const worker = milepost('work')
    await expect.poll(() => worker.said(), { timeout: 20_000 }).toContain('Working.')
    const schedules = await sql<{ cron: string }>`select cron from pgboss.schedule where name = 'pipeline'`.execute(
      database.db,
    )
    expect(schedules.rows).toEqual([{ cron: '0 0 1 1 *' }])

    await sendScheduledRun()
    await expect.poll(runs, { timeout: 20_000 }).toEqual([{ status: 'running', trigger: 'schedule' }])
    const second = milepost('run')
    expect((await second.ended).code).toBe(4)
    expect(second.said()).toMatch(/RUN_BUSY.*already under way/)

    await expect.poll(runs, { timeout: 60_000 }).toEqual([{ status: 'succeeded', trigger: 'schedule' }])
    worker.child.kill('SIGTERM')
    expect(await worker.ended).toMatchObject({ code: 0, signal: null })
  },
)

test(
  'the first Ctrl-C ends a run at the next page with 130 and a summary, and leaves it interrupted',
  { timeout: 60_000 },
  async () => {
    const run = milepost('run')
    await expect
      .poll(async () => (await sql`select from raw.fullbay__invoices limit 1`.execute(database.db)).rows.length, {
        timeout: 20_000,
      })
      .toBe(1)
    run.child.kill('SIGINT')
    expect(await run.ended).toMatchObject({ code: 130, signal: null })
    expect(run.said()).toMatch(/interrupted/)
    expect(await runs()).toEqual([{ status: 'interrupted', trigger: 'manual' }])
  },
)
