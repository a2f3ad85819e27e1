import type { PipelineContext } from './context.ts'
import { finishStep, lockRun } from './ledger.ts'
import { advanceRun } from './progress.ts'

interface StepOf {
  runId: string
  step: string
}

/** Ends a step that did its work, and begins what comes after it. */
export async function completeStep(context: PipelineContext, { runId, step }: StepOf, output: unknown): Promise<void> {
  await context.db.transaction().execute(async (trx) => {
    await lockRun(trx, runId)
    await finishStep(trx, runId, step, { status: 'succeeded', output })
    await advanceRun(context, trx, runId)
  })
}

/** Ends a step that failed for good; what does not depend on it goes on. */
export async function failStep(
  context: PipelineContext,
  { runId, step }: StepOf,
  error: { code: string; message: string },
): Promise<void> {
  await context.db.transaction().execute(async (trx) => {
    await lockRun(trx, runId)
    await finishStep(trx, runId, step, { status: 'failed', error })
    await advanceRun(context, trx, runId)
  })
}
