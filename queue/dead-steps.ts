import { sql } from 'kysely'
import { PipelineError } from '../core/errors.ts'
import type { PipelineContext } from './context.ts'
import { failReading } from './extract-job.ts'
import type { StepKind } from './ledger.ts'
import { failStep } from './step-job.ts'

/**
 * Ends the steps whose job the queue has given up on without the step having heard of it: its worker was killed as
 * often as the queue tries again.
 */
export async function failDeadSteps(context: PipelineContext, runId: string): Promise<void> {
  const { rows } = await sql<{ step: string; kind: StepKind; feed: string | null; connection: string | null }>`
    select s.step, s.kind, s.feed, s.connection from ops.steps as s
    join pgboss.job as j on j.id = s.job_id
    where s.run_id = ${runId}::uuid and s.status in ('pending', 'running') and j.state in ('failed', 'cancelled')
  `.execute(context.db)
  const error = {
    code: 'WORKER_DIED',
    message: 'The worker of this step ended without a word, as often as it was tried again.',
  }
  for (const { step, kind, feed, connection } of rows) {
    const reading = { runId, step, feed: feed ?? '', connection: connection ?? '' }
    try {
      if (kind === 'extract') await failReading(context, reading, error)
      else await failStep(context, reading, error)
    } catch (thrown) {
      // The run ended in between: nothing is left to end.
      if (!(thrown instanceof PipelineError) || thrown.code !== 'RUN_SUPERSEDED') throw thrown
    }
  }
}
