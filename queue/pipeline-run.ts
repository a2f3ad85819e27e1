import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import { setTimeout as delay } from 'node:timers/promises'
import { sql, type Transaction } from 'kysely'
import { PipelineError } from '../core/errors.ts'
import { tryLock } from '../db/advisory-lock.ts'
import type { DB } from '../db/schema.ts'
import { cancelJobs, sendJob } from './boss.ts'
import { FEEDS } from './catalogue.ts'
import { checkConnections, syncConnections } from './connections.ts'
import type { PipelineContext } from './context.ts'
import {
  endRun,
  insertRun,
  insertStep,
  interruptLeftoverRuns,
  lockRun,
  readRun,
  setStepJob,
  type Run,
} from './ledger.ts'
import { BUILD_STEP, extractStepName, transformStepName } from './progress.ts'
import { failDeadSteps } from './dead-steps.ts'

export interface RunOptions {
  trigger: 'manual' | 'schedule'
  /** How often a failed reading is tried again by the queue; undefined = as the catalogue says. */
  retries?: number
  /** Called once the run is known to be allowed, before its first job is there. */
  onAllowed?: () => Promise<void>
  /** Called a few times a second while the run is under way. */
  onTick?: (runId: string) => Promise<void>
}

const LANE = 'pipeline'
const TICK_MS = 150

/**
 * Runs the pipeline once: enqueues a reading for every connection of every feed and waits until the run has ended, in
 * whichever workers. At most one run is under way in a database: the lane's lock is held by the process that owns the
 * run, so it is free at once when that process dies, and a second call throws RUN_BUSY. Aborting `context.drain` ends
 * the run as interrupted; what was committed stays and the next run goes on from there.
 */
export async function runPipeline(context: PipelineContext, options: RunOptions): Promise<Run> {
  await checkConnections(context)
  const lock = await tryLock(context.pool, `milepost run ${LANE}`)
  if (lock === null) throw await busy(context)
  try {
    await options.onAllowed?.()
    const runId = await context.db.transaction().execute((trx) => beginRun(context, trx, options))
    return await waitForEnd(context, runId, options)
  } finally {
    await lock.release()
  }
}

async function beginRun(context: PipelineContext, trx: Transaction<DB>, options: RunOptions): Promise<string> {
  const leftovers = await interruptLeftoverRuns(trx, LANE)
  await cancelJobs(context.boss, trx, leftovers)
  for (const leftover of leftovers)
    context.stepLogger.warn({ run_id: leftover }, 'the last run was cut off; going on from what it committed')
  await syncConnections(context, trx)
  const runId = randomUUID()
  await insertRun(trx, { runId, lane: LANE, trigger: options.trigger, owner: `${hostname()} pid ${process.pid}` })
  const retry = options.retries === undefined ? {} : { retries: options.retries }
  for (const feed of FEEDS) {
    for (const { connection } of feed.connections(context)) {
      const step = extractStepName(feed.name, connection)
      await insertStep(trx, { runId, step, kind: 'extract', feed: feed.name, connection })
      await insertStep(trx, {
        runId,
        step: transformStepName(feed.name, connection),
        kind: 'transform',
        feed: feed.name,
        connection,
      })
      await setStepJob(trx, runId, step, await sendJob(context.boss, trx, 'extract', { run_id: runId, step, ...retry }))
    }
  }
  await insertStep(trx, { runId, step: BUILD_STEP, kind: 'build' })
  return runId
}

async function waitForEnd(context: PipelineContext, runId: string, options: RunOptions): Promise<Run> {
  for (let tick = 1; ; tick += 1) {
    const run = await readRun(context.db, runId)
    if (run === undefined) throw new PipelineError('RUN_LOST', `Run ${runId} vanished from ops.runs.`, 'never')
    await options.onTick?.(runId)
    if (run.status !== 'running') return run
    if (context.drain.aborted) await interrupt(context, runId)
    else await delay(TICK_MS)
    // A worker that was killed cannot say so itself; the queue knows.
    if (tick % 40 === 0) await failDeadSteps(context, runId)
  }
}

async function interrupt(context: PipelineContext, runId: string): Promise<void> {
  await context.db.transaction().execute(async (trx) => {
    const { rows } = await sql`select from ops.runs where run_id = ${runId}::uuid and status = 'running'`.execute(trx)
    if (rows.length === 0) return
    await lockRun(trx, runId)
    await endRun(trx, runId, {
      status: 'interrupted',
      error: { code: 'INTERRUPTED', message: 'The process was asked to stop.' },
    })
  })
}

async function busy(context: PipelineContext): Promise<PipelineError> {
  const { rows } = await sql<{ run_id: string; owner: string; started_at: Date }>`
    select run_id, owner, started_at from ops.runs where lane = ${LANE} and status = 'running'
  `.execute(context.db)
  const holder = rows[0]
  const who =
    holder === undefined
      ? 'another process'
      : `run ${holder.run_id} (${holder.owner}, since ${holder.started_at.toISOString()})`
  return new PipelineError(
    'RUN_BUSY',
    `A run is already under way: ${who}. Watch it with \`npx milepost status\`.`,
    'later',
  )
}
