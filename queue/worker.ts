import type { JobResult, JobWithMetadata } from 'pg-boss'
import { messageOf, PipelineError } from '../core/errors.ts'
import { withoutSecrets } from '../core/secret.ts'
import type { JobData } from './boss.ts'
import { buildStep } from './build-job.ts'
import { FEEDS, QUEUES, STAGES, type QueueName } from './catalogue.ts'
import type { PipelineContext } from './context.ts'
import { extractStep, failReading, feedNamed } from './extract-job.ts'
import { noteStepError, readStep, startStep } from './ledger.ts'
import { completeStep, failStep } from './step-job.ts'
import { transformStep } from './transform-job.ts'
import type { Reading } from './windows.ts'

interface Handler {
  run(context: PipelineContext, data: JobData, signal: AbortSignal): Promise<void>
  fail(context: PipelineContext, data: JobData, error: PipelineError): Promise<void>
}

const HANDLERS: Record<Exclude<QueueName, 'pipeline' | 'resend'>, Handler> = {
  extract: {
    async run(context, data, signal) {
      const reading = await readingOf(context, data)
      await extractStep(context, feedNamed(FEEDS, reading.feed), reading, signal)
    },
    fail: async (context, data, error) => failReading(context, await readingOf(context, data), error),
  },
  transform: {
    async run(context, data, signal) {
      const reading = await readingOf(context, data)
      await transformStep(context, feedNamed(FEEDS, reading.feed), reading, signal)
    },
    fail: failStepOf,
  },
  enrich: { run: runStage, fail: failStepOf },
  build: {
    run: (context, data, signal) => buildStep(context, data.run_id, signal),
    fail: failStepOf,
  },
  deliver: { run: runStage, fail: failStepOf },
  sync: { run: runStage, fail: failStepOf },
}

async function runStage(context: PipelineContext, data: JobData, signal: AbortSignal): Promise<void> {
  const { runId, step, feed, connection } = await readingOf(context, data)
  const stage = STAGES.find((candidate) => candidate.name === feed)
  if (stage === undefined) throw new PipelineError('STAGE_UNKNOWN', `There is no stage ${feed}.`, 'never')
  const output = await stage.run(context, { runId, step, connection }, signal)
  await completeStep(context, { runId, step }, output)
}

async function failStepOf(context: PipelineContext, { run_id, step }: JobData, error: PipelineError): Promise<void> {
  await failStep(context, { runId: run_id, step }, error)
}

async function readingOf(context: PipelineContext, { run_id, step }: JobData): Promise<Reading> {
  const { feed, connection } = await readStep(context.db, run_id, step)
  return { runId: run_id, step, feed: feed ?? '', connection: connection ?? '' }
}

/**
 * Starts working the queues in this process; returns once the workers are registered. When the process is asked to
 * drain it takes no further job, and gives back those it holds.
 */
export async function startWorkers(context: PipelineContext): Promise<void> {
  context.drain.addEventListener('abort', () => void stopTaking(context), { once: true })
  for (const [name, handler] of Object.entries(HANDLERS)) {
    const { concurrency } = QUEUES[name as QueueName]
    for (let nth = 0; nth < concurrency; nth += 1) await startWorker(context, name, handler)
  }
}

async function startWorker(context: PipelineContext, queue: string, handler: Handler): Promise<void> {
  const options = {
    perJobResults: true,
    includeMetadata: true,
    pollingIntervalSeconds: 0.5,
    notifyPollingIntervalSeconds: 1,
  } as const
  let id: string | null = null
  id = await context.boss.work(queue, options, async (jobs: JobWithMetadata<JobData>[]) => {
    try {
      return await Promise.all(jobs.map((job) => settle(context, handler, job)))
    } finally {
      // Else the worker would rest until its next poll, with jobs waiting: a second after each of forty.
      if (id !== null) context.boss.notifyWorker(id)
    }
  })
}

async function stopTaking(context: PipelineContext): Promise<void> {
  try {
    for (const name of Object.keys(HANDLERS)) await context.boss.offWork(name, { wait: false })
  } catch (error) {
    context.logger.error({ err: error }, 'the workers could not be stopped')
  }
}

async function settle(context: PipelineContext, handler: Handler, job: JobWithMetadata<JobData>): Promise<JobResult> {
  const { run_id, step } = job.data
  const signal = AbortSignal.any([job.signal, context.drain])
  try {
    if (await startStep(context.db, run_id, step)) await handler.run(context, job.data, signal)
    return { id: job.id, status: 'completed' }
  } catch (thrown) {
    return await settleFailure(context, handler, job, asPipelineError(thrown, signal))
  }
}

// Says nothing about the work: this worker stops, or is not configured for it.
const GIVEN_BACK = new Set([
  'INTERRUPTED',
  'SHOP_UNKNOWN',
  'CONNECTION_UNKNOWN',
  'CHEVIN_NOT_CONFIGURED',
  'DATABASE_MIXED',
])

async function settleFailure(
  context: PipelineContext,
  handler: Handler,
  job: JobWithMetadata<JobData>,
  error: PipelineError,
): Promise<JobResult> {
  const { run_id, step } = job.data
  const output = { code: error.code, message: withoutSecrets(error.message) }
  // Nothing is wrong with the work of a run that was replaced; the run that replaced it does it.
  if (error.code === 'RUN_SUPERSEDED') return { id: job.id, status: 'completed', output }
  // Given back to the queue: another worker, or this one after its restart, goes on from the last commit.
  if (GIVEN_BACK.has(error.code)) return { id: job.id, status: 'failed', output }
  const final = error.retry === 'never' || job.retryCount >= Math.min(job.data.retries ?? Infinity, job.retryLimit)
  const log = { err: error, run_id, step, attempt: job.retryCount + 1 }
  if (final) {
    context.stepLogger.error(log, 'step failed')
    await handler.fail(context, job.data, error)
  } else {
    context.stepLogger.warn(log, 'step failed, will be tried again')
    await noteStepError(context.db, run_id, step, error)
  }
  return { id: job.id, status: final ? 'deadletter' : 'failed', output }
}

/**
 * Gives anything that was thrown a code and a retry class; what we did not foresee is tried again, then kept. Whatever
 * a job throws once it was told to stop, or once the queue has given it to another worker, is no fault of its work.
 */
function asPipelineError(thrown: unknown, stopped: AbortSignal): PipelineError {
  if (stopped.aborted) return new PipelineError('INTERRUPTED', 'The job was asked to stop.', 'later', { cause: thrown })
  if (thrown instanceof PipelineError) return thrown
  // Class 42 is a statement that Postgres does not understand: it will not understand it later either.
  const isStatement = thrown instanceof Error && 'code' in thrown && String(thrown.code).startsWith('42')
  return new PipelineError('UNEXPECTED', messageOf(thrown), isStatement ? 'never' : 'later', { cause: thrown })
}
