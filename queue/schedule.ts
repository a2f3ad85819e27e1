import type { JobWithMetadata } from 'pg-boss'
import { PipelineError } from '../core/errors.ts'
import { sendDue } from './chevin/send.ts'
import type { PipelineContext } from './context.ts'
import { runPipeline } from './pipeline-run.ts'

/**
 * Registers the schedule and the worker that begins its runs. A run that came due while no worker lived is made up for
 * once; a run that comes due while another is under way is skipped, since that one reads the same data.
 */
export async function scheduleRuns(context: PipelineContext): Promise<void> {
  const { pipeline, time_zone } = context.config.schedules
  await context.boss.schedule('pipeline', pipeline, {}, { tz: time_zone, missed: 'once' })
  await context.boss.work('pipeline', { includeMetadata: true }, async (jobs: JobWithMetadata[]) => {
    for (const job of jobs) await beginScheduledRun(context, job)
  })
  await context.boss.schedule('resend', '*/5 * * * *', {}, { tz: 'UTC', missed: 'skip' })
  await context.boss.work('resend', async () => await resend(context))
}

/** Sends what could not be sent when its run was: the ledger knows when each file is tried again. */
async function resend(context: PipelineContext): Promise<void> {
  // What an earlier configuration had planned waits until there is a server again.
  if (context.chevin === null) return
  const files = await sendDue(context, null, context.drain)
  for (const { file, outcome, error } of files) context.logger.info({ file, outcome, err: error }, 'file sent again')
}

async function beginScheduledRun(context: PipelineContext, job: JobWithMetadata): Promise<void> {
  try {
    const run = await runPipeline(context, { trigger: 'schedule' })
    context.logger.info({ run_id: run.run_id, status: run.status, job_id: job.id }, 'scheduled run ended')
  } catch (error) {
    if (!(error instanceof PipelineError) || error.code !== 'RUN_BUSY') {
      context.logger.error({ err: error, job_id: job.id }, 'scheduled run could not be carried out')
      throw error
    }
    context.logger.warn({ job_id: job.id }, `scheduled run skipped: ${error.message}`)
  }
}
