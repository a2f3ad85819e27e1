import type { Kysely, Transaction } from 'kysely'
import { withLock } from '../db/advisory-lock.ts'
import type { DB } from '../db/schema.ts'
import type { PipelineContext } from './context.ts'
import type { Feed, TransformCounts } from './feed.ts'
import { finishStep, lockRun, noteStepOutput, readStep } from './ledger.ts'
import { advanceRun, extractStepName, requestTransform } from './progress.ts'
import type { Reading } from './windows.ts'

/**
 * Transforms what has landed for one connection. The pass that finds the reading ended and nothing left to do closes
 * the step; any other pass was sent while pages still come in and leaves it open.
 */
export async function transformStep(
  context: PipelineContext,
  feed: Feed,
  reading: Reading,
  signal: AbortSignal,
): Promise<void> {
  const { runId, connection } = reading
  const extractStep = extractStepName(feed.name, connection)
  // One pass at a time for a connection, in whichever process: a second one waits and then finds what is left.
  const { endedBefore, counts } = await withLock(context.pool, `transform ${feed.name} ${connection}`, async () => ({
    endedBefore: await hasEnded(context.db, runId, extractStep),
    counts: await feed.transform(context, { runId, connection }, signal),
  }))
  await context.db.transaction().execute(async (trx) => {
    await lockRun(trx, runId)
    const step = await readStep(trx, runId, reading.step)
    const output = addCounts(step.output as TransformCounts | null, counts)
    if (endedBefore) {
      await finishStep(trx, runId, reading.step, { status: 'succeeded', output })
      await advanceRun(context, trx, runId)
      return
    }
    await noteStepOutput(trx, runId, reading.step, output)
    // The reading may have ended during this pass, with its request merged into the job that is this one.
    if (await hasEnded(trx, runId, extractStep)) await requestTransform(context, trx, reading)
  })
}

// Only when the reading had ended before a pass began does the pass's empty end mean that nothing can follow.
async function hasEnded(db: Kysely<DB> | Transaction<DB>, runId: string, step: string): Promise<boolean> {
  const { status } = await readStep(db, runId, step)
  return status === 'succeeded' || status === 'failed'
}

function addCounts(before: TransformCounts | null, now: TransformCounts): TransformCounts {
  if (before === null) return now
  return {
    records: before.records + now.records,
    rewritten: before.rewritten + now.rewritten,
    unchanged: before.unchanged + now.unchanged,
    quarantined: before.quarantined + now.quarantined,
  }
}
