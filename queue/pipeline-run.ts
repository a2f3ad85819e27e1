import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import { setTimeout as delay } from 'node:timers/promises'
import { sql, type Transaction } from 'kysely'
import { PipelineError } from '../core/errors.ts'
import { tryLock } from '../db/advisory-lock.ts'
import { ensureComingPartitions } from '../db/partitions.ts'
import type { DB } from '../db/schema.ts'
import { cancelJobs, sendJob } from './boss.ts'
import { FEEDS, STAGES } from './catalogue.ts'
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
  type RunTrigger,
} from './ledger.ts'
import { advanceRun, BUILD_STEP, extractStepName, stageStepName, transformStepName } from './progress.ts'
import type { Stage } from './stage.ts'
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

/** What the runs of a kind do: each kind has a lane of its own, in which one run is under way at a time. */
export interface Lane {
  name: 'pipeline' | 'backfill'
  trigger: RunTrigger
  /** How often its steps are tried again; undefined = as the catalogue says. */
  retries: number | undefined
  /** Writes the run's steps and enqueues its first jobs, in the transaction that makes the run. */
  begin(trx: Transaction<DB>, runId: string): Promise<void>
}

const TICK_MS = 150

/**
 * Runs the pipeline once: enqueues a reading for every connection of every feed and waits until the run has ended, in
 * whichever workers. At most one run of a lane is under way in a database: the lane's lock is held by the process that
 * owns the run, so it is free at once when that process dies, and a second call throws RUN_BUSY. Aborting
 * `context.drain` ends the run as interrupted; what was committed stays and the next run goes on from there.
 */
export async function runPipeline(context: PipelineContext, options: RunOptions): Promise<Run> {
  const retry = options.retries === undefined ? {} : { retries: options.retries }
  return await runLane(context, options, {
    name: 'pipeline',
    trigger: options.trigger,
    retries: options.retries,
    async begin(trx, runId) {
      for (const feed of FEEDS) {
        for (const { connection } of feed.connections(context)) {
          await insertReading(context, trx, runId, { feed: feed.name, connection }, retry)
        }
      }
      await insertLaterSteps(context, trx, runId, STAGES)
    },
  })
}

/** Runs a lane once, as `runPipeline` says. */
export async function runLane(
  context: PipelineContext,
  options: Pick<RunOptions, 'onAllowed' | 'onTick'>,
  lane: Lane,
): Promise<Run> {
  await checkConnections(context)
  const lock = await tryLock(context.pool, `milepost run ${lane.name}`)
  if (lock === null) throw await busy(context, lane)
  try {
    await ensureComingPartitions(context.pool, context.clock.now())
    await options.onAllowed?.()
    const runId = await context.db.transaction().execute((trx) => beginRun(context, trx, lane))
    return await waitForEnd(context, runId, options)
  } finally {
    await lock.release()
  }
}

async function beginRun(context: PipelineContext, trx: Transaction<DB>, lane: Lane): Promise<string> {
  const leftovers = await interruptLeftoverRuns(trx, lane.name)
  await cancelJobs(context.boss, trx, leftovers)
  for (const leftover of leftovers)
    context.stepLogger.warn({ run_id: leftover }, 'the last run was cut off; going on from what it committed')
  await syncConnections(context, trx)
  const runId = randomUUID()
  const owner = `${hostname()} pid ${process.pid}`
  await insertRun(trx, { runId, lane: lane.name, trigger: lane.trigger, owner, retries: lane.retries ?? null })
  await lane.begin(trx, runId)
  // A run of which nothing is read ends here: no job will.
  await lockRun(trx, runId)
  await advanceRun(context, trx, runId)
  return runId
}

/** The steps that read one connection of a feed and transform what lands; its job is enqueued. */
export async function insertReading(
  context: PipelineContext,
  trx: Transaction<DB>,
  runId: string,
  of: { feed: string; connection: string; plan?: unknown },
  retry: { retries?: number },
): Promise<string> {
  const { feed, connection } = of
  const step = extractStepName(feed, connection)
  const transform = transformStepName(feed, connection)
  await insertStep(trx, { runId, step, kind: 'extract', ...of })
  await insertStep(trx, { runId, step: transform, kind: 'transform', feed, connection })
  await setStepJob(trx, runId, step, await sendJob(context.boss, trx, 'extract', { run_id: runId, step, ...retry }))
  return step
}

/** The build and these stages, which wait for what comes before them. */
export async function insertLaterSteps(
  context: PipelineContext,
  trx: Transaction<DB>,
  runId: string,
  stages: readonly Stage[],
): Promise<void> {
  for (const stage of stages) {
    const { name, kind } = stage
    for (const { connection } of stage.connections(context)) {
      const step = stageStepName(kind, name, connection)
      await insertStep(trx, { runId, step, kind, feed: name, connection })
    }
  }
  await insertStep(trx, { runId, step: BUILD_STEP, kind: 'build' })
}

async function waitForEnd(context: PipelineContext, runId: string, options: Pick<RunOptions, 'onTick'>): Promise<Run> {
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

async function busy(context: PipelineContext, lane: Lane): Promise<PipelineError> {
  const { rows } = await sql<{ run_id: string; owner: string; started_at: Date }>`
    select run_id, owner, started_at from ops.runs where lane = ${lane.name} and status = 'running'
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
