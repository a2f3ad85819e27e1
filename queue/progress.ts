import type { Transaction } from 'kysely'
import type { DB } from '../db/schema.ts'
import { sendJob } from './boss.ts'
import type { PipelineContext } from './context.ts'
import { endRun, finishStep, readSteps, setStepJob, type RunStatus, type Step } from './ledger.ts'
import type { Reading } from './windows.ts'

export const BUILD_STEP = 'build'
export const extractStepName = (feed: string, connection: string) => `extract ${feed} ${connection}`
export const transformStepName = (feed: string, connection: string) => `transform ${feed} ${connection}`

/** Asks for a pass of the transform over what landed; one that is already waiting serves for several requests. */
export async function requestTransform(
  context: PipelineContext,
  trx: Transaction<DB>,
  reading: Reading,
): Promise<void> {
  const step = transformStepName(reading.feed, reading.connection)
  await setStepJob(
    trx,
    reading.runId,
    step,
    await sendJob(context.boss, trx, 'transform', { run_id: reading.runId, step }),
  )
}

const isOpen = (step: Step) => step.status === 'pending' || step.status === 'running'

/**
 * Called in the transaction that ends a step and holds the run's lock (`lockRun`): enqueues the build when every
 * reading and transform has ended, and ends the run when the build has.
 */
export async function advanceRun(context: PipelineContext, trx: Transaction<DB>, runId: string): Promise<void> {
  const steps = await readSteps(trx, runId)
  if (steps.some((step) => step.kind !== 'build' && isOpen(step))) return
  const build = steps.find((step) => step.kind === 'build')
  if (build !== undefined && build.status === 'pending') {
    if (isWorthBuilding(steps)) {
      const jobId = await sendJob(context.boss, trx, 'build', { run_id: runId, step: BUILD_STEP })
      await setStepJob(trx, runId, BUILD_STEP, jobId)
      return
    }
    await finishStep(trx, runId, BUILD_STEP, { status: 'skipped' })
  }
  if (build !== undefined && build.status === 'running') return
  await closeRun(trx, runId, await readSteps(trx, runId))
}

// When every reading failed and none brought a record, the models would only be built from what they are built from.
function isWorthBuilding(steps: Step[]): boolean {
  return steps.some((step) => step.kind === 'extract' && (step.status === 'succeeded' || step.landed > 0))
}

async function closeRun(trx: Transaction<DB>, runId: string, steps: Step[]): Promise<void> {
  const unaccounted = steps.find((step) => step.fetched !== step.landed + step.unchanged + step.quarantined)
  if (unaccounted !== undefined) {
    const { step, fetched, landed, unchanged, quarantined } = unaccounted
    const message = `${step}: ${fetched} records were fetched, but landed ${landed} + unchanged ${unchanged} + quarantined ${quarantined} do not add up to that.`
    await endRun(trx, runId, { status: 'failed', error: { code: 'COUNTS_DISAGREE', message } })
    return
  }
  const failed = steps.find((step) => step.status === 'failed')
  const error =
    failed === undefined
      ? undefined
      : { code: failed.error_code ?? 'FAILED', message: `${failed.step}: ${failed.error_message ?? ''}` }
  await endRun(trx, runId, { status: outcomeOf(steps), error })
}

/** A run in which something failed is partial when models were published all the same, from what did come. */
export function outcomeOf(steps: Pick<Step, 'kind' | 'status'>[]): RunStatus {
  if (steps.every((step) => step.status !== 'failed')) return 'succeeded'
  return steps.some((step) => step.kind === 'build' && step.status === 'succeeded') ? 'partial' : 'failed'
}
