import { randomUUID } from 'node:crypto'
import { sql } from 'kysely'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { PipelineError } from '../../core/errors.ts'
import { landPage } from '../../extract/landing.ts'
import { assertRunning, readRun } from '../../queue/ledger.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { openTestPipeline, rowCounts, type TestPipeline } from '../support/pipeline.ts'

let database: TestDatabase
const open: TestPipeline[] = []
beforeEach(async () => {
  database = await createTestDatabase()
})
afterEach(async () => {
  for (const pipeline of open.splice(0)) await pipeline.close()
  await database.drop()
})

async function openPipeline(drain?: AbortSignal): Promise<TestPipeline> {
  const opened = await openTestPipeline(database, drain === undefined ? {} : { drain })
  open.push(opened)
  return opened
}

test('case 63: of two runs at once one runs and the other says who does; nothing is doubled', async () => {
  const [one, two] = [await openPipeline(), await openPipeline()]
  const results = await Promise.allSettled([one.run(), two.run()])
  const ran = results.filter((result) => result.status === 'fulfilled')
  const refused = results.filter((result) => result.status === 'rejected')
  expect(ran.map((result) => result.value.status)).toEqual(['succeeded'])
  expect(refused.map((result) => (result.reason as PipelineError).code)).toEqual(['RUN_BUSY'])
  const counts = await rowCounts(database)
  expect(counts['raw_versions']).toBe(ran[0]!.value.fetched)
  expect(counts['invoices']).toBe(ran[0]!.value.fetched)
})

test('a run whose owner is gone is ended as interrupted by the next, and its late workers cannot write', async () => {
  const dead = randomUUID()
  await sql`insert into ops.runs (run_id, lane, trigger, status, owner) values (${dead}::uuid, 'pipeline', 'manual', 'running', 'gone')`.execute(
    database.db,
  )
  const one = await openPipeline()
  expect((await one.run()).status).toBe('succeeded')
  expect(await readRun(database.db, dead)).toMatchObject({ status: 'interrupted', error_code: 'OWNER_DIED' })

  const late = database.db.transaction().execute(async (trx) => {
    await assertRunning(trx, dead)
    const target = { feed: 'fullbay.invoices', table: 'raw.fullbay__invoices', connection: 'DET', keyOf: () => 'late' }
    await landPage(trx, target, { runId: dead, window: null, records: [{}] })
  })
  await expect(late).rejects.toMatchObject({ code: 'RUN_SUPERSEDED' })
  const { rows } = await sql`select from raw.fullbay__invoices where record_key = 'late'`.execute(database.db)
  expect(rows).toHaveLength(0)
})

test('asked to stop, a run ends as interrupted at the next page, and the run after it ends like an undisturbed one', async () => {
  const controller = new AbortController()
  const stopped = await openPipeline(controller.signal)
  stopped.sandbox.faults.set({ fault: 'slow', ms: 100 })
  const running = stopped.run()
  await expect
    .poll(async () => (await rowCounts(database))['raw_versions'], { interval: 20, timeout: 10_000 })
    .toBeGreaterThan(0)
  controller.abort(new Error('stop'))
  expect((await running).status).toBe('interrupted')

  const next = await openPipeline()
  expect((await next.run()).status).toBe('succeeded')
  const undisturbed = await createTestDatabase()
  const other = await openTestPipeline(undisturbed)
  await other.run()
  const [resumed, whole] = [await rowCounts(database), await rowCounts(undisturbed)]
  await other.close()
  await undisturbed.drop()
  expect(resumed).toEqual(whole)
})

test('a database that holds sandbox data refuses real data', async () => {
  const one = await openPipeline()
  await one.run()
  one.context.fullbay.isSandbox = false
  await expect(one.run()).rejects.toMatchObject({ code: 'DATABASE_MIXED' })
})

test('a step that the queue gave up on ends its run instead of holding it open', async () => {
  const stuck = await openPipeline()
  stuck.sandbox.faults.set({ fault: 'hang' })
  const running = stuck.run()
  const job = async () =>
    (
      await sql<{
        id: string
      }>`select job_id as id from ops.steps where kind = 'extract' and status = 'running'`.execute(database.db)
    ).rows[0]
  await expect.poll(job, { timeout: 10_000 }).toBeDefined()
  await stuck.context.boss.cancel('extract', (await job())!.id)
  expect((await running).status).toBe('failed')
}, 30_000)
