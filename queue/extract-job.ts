import { PipelineError } from '../core/errors.ts'
import { endAlert, raiseAlert } from './alerts.ts'
import { isBackfillPlan } from './backfill-plan.ts'
import type { PipelineContext } from './context.ts'
import type { Feed } from './feed.ts'
import { finishStep, lockRun, readCursor, readStep, writeCursor } from './ledger.ts'
import { advanceRun, requestTransform } from './progress.ts'
import { planReading } from './reading-plan.ts'
import { readStream } from './stream-reading.ts'
import { readHistory, readWindows } from './window-reading.ts'
import type { Reading } from './windows.ts'

/** Reads one connection of one feed: on from the cursor, or the windows of a backfill, which leave the cursor alone. */
export async function extractStep(
  context: PipelineContext,
  feed: Feed,
  reading: Reading,
  signal: AbortSignal,
): Promise<void> {
  const { plan } = await readStep(context.db, reading.runId, reading.step)
  if (isBackfillPlan(plan)) await readHistory(context, feed, reading, signal)
  else if (feed.kind === 'stream') await readStream(context, feed, reading, signal)
  else {
    await planReading(context, feed, reading)
    await readWindows(context, feed, reading, signal)
  }
  await finishReading(context, feed, reading)
}

async function finishReading(context: PipelineContext, feed: Feed, reading: Reading): Promise<void> {
  const { runId, connection } = reading
  await context.db.transaction().execute(async (trx) => {
    await lockRun(trx, runId)
    const { plan } = await readStep(trx, runId, reading.step)
    if (!isBackfillPlan(plan)) await endAlert(trx, alertOf(reading))
    if (feed.kind === 'windows' && !isBackfillPlan(plan)) {
      const cursor = feed.cursorAfterPlan(await readCursor(trx, feed.name, connection), plan)
      if (cursor !== null) await writeCursor(trx, feed.name, connection, cursor, runId)
    }
    await finishStep(trx, runId, reading.step, { status: 'succeeded' })
    // Always once more at the end: it is this pass that finds the reading finished and closes the transform step.
    await requestTransform(context, trx, reading)
    await advanceRun(context, trx, runId)
  })
}

const alertOf = ({ feed, connection }: Reading) => ({ kind: 'feed_stopped', subject: `${feed} ${connection}` })

/** Ends a reading that failed for good, and tells of it until it succeeds; what landed before is still transformed. */
export async function failReading(
  context: PipelineContext,
  reading: Reading,
  error: { code: string; message: string },
): Promise<void> {
  await context.db.transaction().execute(async (trx) => {
    await lockRun(trx, reading.runId)
    await finishStep(trx, reading.runId, reading.step, { status: 'failed', error })
    const { plan } = await readStep(trx, reading.runId, reading.step)
    if (!isBackfillPlan(plan)) {
      await raiseAlert(trx, {
        ...alertOf(reading),
        severity: 'warning',
        message: error.message,
        nextStep: 'npx milepost status',
        runId: reading.runId,
      })
    }
    await requestTransform(context, trx, reading)
    await advanceRun(context, trx, reading.runId)
  })
}

export function feedNamed(feeds: readonly Feed[], name: string): Feed {
  const feed = feeds.find((candidate) => candidate.name === name)
  if (feed !== undefined) return feed
  throw new PipelineError(
    'FEED_UNKNOWN',
    `There is no feed ${name}; known: ${feeds.map((f) => f.name).join(', ')}.`,
    'never',
  )
}
