import type { Transaction } from 'kysely'
import type { DB } from '../db/schema.ts'
import { sendJob } from './boss.ts'
import { STAGES } from './catalogue.ts'
import type { PipelineContext } from './context.ts'
import {
  endRun,
  finishStep,
  readRun,
  readSteps,
  setStepJob,
  type RunStatus,
  type Step,
  type StepKind,
} from './ledger.ts'
import type { Stage } from './stage.ts'
import type { Reading } from './windows.ts'

export const BUILD_STEP = 'build'
export const extractStepName = (feed: string, connection: string) => `extract ${feed} ${connection}`
export const stageStepName = (kind: Stage['kind'], name: string, connection: string) => `${kind} ${name} ${connection}`
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
 * Called in the transaction that ends a step and holds the run's lock (`lockRun`): enqueues what comes next once all
 * before it has ended, and ends the run after its last step. The order is reading and transforming, then enriching,
 * then the build, then what is sent out, then what is changed at a source.
 */
export async function advanceRun(context: PipelineContext, trx: Transaction<DB>, runId: string): Promise<void> {
  const steps = await readSteps(trx, runId)
  if (steps.some((step) => READING.has(step.kind) && isOpen(step))) return
  const retries = (await readRun(trx, runId))?.retries ?? null
  for (const kind of LATER) {
    const open = steps.filter((step) => step.kind === kind && isOpen(step))
    const next = open.filter((step) => step.status === 'pending' && step.job_id === null)
    for (const step of next) {
      const reason = reasonToSkip(step, steps)
      if (reason === null) {
        const jobId = await sendJob(context.boss, trx, kind, {
          run_id: runId,
          step: step.step,
          ...(retries === null ? {} : { retries }),
        })
        await setStepJob(trx, runId, step.step, jobId)
      } else {
        await finishStep(trx, runId, step.step, { status: 'skipped', output: { reason } })
        step.status = 'skipped'
      }
    }
    if (open.some(isOpen)) return
  }
  await closeRun(trx, runId, steps)
}

const READING = new Set<StepKind>(['extract', 'transform'])
const LATER = ['enrich', 'build', 'deliver', 'sync'] as const

function reasonToSkip(step: Step, steps: Step[]): string | null {
  // When every reading failed and none brought a record, there is nothing new to build from.
  const hasRead = steps.some((one) => one.kind === 'extract' && (one.status === 'succeeded' || one.landed > 0))
  if (!hasRead) return 'no source could be read'
  if (step.kind === 'sync') return missingNeed(step, steps)
  if (step.kind !== 'deliver') return null
  const build = steps.find((one) => one.kind === 'build')
  return build === undefined || build.status === 'skipped' ? 'no models were built' : null
}

/** The feed without which a stage would work on what is not known to be so; null when none failed. */
function missingNeed({ feed, connection }: Step, steps: Step[]): string | null {
  const needs = STAGES.find((stage) => stage.name === feed)?.needs ?? []
  const missing = needs.find((need) => {
    const own = steps.filter((one) => one.feed === need && one.connection === connection)
    return own.length === 0 || own.some((one) => one.status !== 'succeeded')
  })
  return missing === undefined ? null : `${missing} was not read in this run`
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

/** A run in which something failed is partial when models were published or files sent all the same, from what did come. */
export function outcomeOf(steps: Pick<Step, 'kind' | 'status'>[]): RunStatus {
  if (steps.every((step) => step.status !== 'failed')) return 'succeeded'
  return steps.some((step) => /^(build|deliver)$/.test(step.kind) && step.status === 'succeeded') ? 'partial' : 'failed'
}
