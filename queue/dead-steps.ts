import { sql } from 'kysely'
import type { PipelineContext } from './context.ts'
import { finishStep, lockRun } from './ledger.ts'
import { advanceRun } from './progress.ts'

/**
 * Ends the steps whose job the queue has given up on without the step having heard of it: its worker was killed as
 * often as the queue tries again.
 */
export async function failDeadSteps(context: PipelineContext, runId: string): Promise<void> {
  const { rows } = await sql<{ step: string }>`
    select s.step from ops.steps as s
    join pgboss.job as j on j.id = s.job_id
    where s.run_id = ${runId}::uuid and s.status in ('pending', 'running') and j.state in ('failed', 'cancelled')
  `.execute(context.db)
  for (const { step } of rows) {
    await context.db.transaction().execute(async (trx) => {
      await lockRun(trx, runId)
      const message = 'The worker of this step ended without a word, as often as it was tried again.'
      await finishStep(trx, runId, step, { status: 'failed', error: { code: 'WORKER_DIED', message } })
      await advanceRun(context, trx, runId)
    })
  }
}
