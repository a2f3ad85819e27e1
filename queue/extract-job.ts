import type { DateWindow } from '../core/date-window.ts'
import { PipelineError } from '../core/errors.ts'
import { assertAccounted, landPage } from '../extract/landing.ts'
import type { PipelineContext } from './context.ts'
import type { Feed, FeedPage } from './feed.ts'
import { assertRunning, finishStep, lockRun, readCursor, readStep, writeCursor } from './ledger.ts'
import { advanceRun, requestTransform } from './progress.ts'
import { planReading } from './reading-plan.ts'
import { nextWindow, recordPage, restartWindow, splitWindow, type Reading } from './windows.ts'

/**
 * Reads one connection of one feed, window by window, oldest first. Each page is one transaction: its records, the
 * window's progress, the cursor when the window is whole, the counts, and the job that transforms what landed. Killed
 * anywhere, the next attempt goes on at the page that was not committed.
 */
export async function extractStep(
  context: PipelineContext,
  feed: Feed,
  reading: Reading,
  signal: AbortSignal,
): Promise<void> {
  await planReading(context, feed, reading)
  for (
    let next = await nextWindow(context.db, reading);
    next !== undefined;
    next = await nextWindow(context.db, reading)
  ) {
    const { window, progress } = next
    try {
      for await (const page of feed.extract(context, reading.connection, window, progress, signal)) {
        await landOne(context, feed, reading, window, page)
        signal.throwIfAborted()
      }
    } catch (error) {
      if (feed.mustRestart(error)) await restartWindow(context.db, reading, window)
      if (!feed.isTooHeavy(error) || !(await split(context, reading, window))) throw error
      context.stepLogger.warn(
        { feed: feed.name, connection: reading.connection, window },
        'window did not get through, read in halves',
      )
    }
  }
  await finishReading(context, feed, reading)
}

async function landOne(
  context: PipelineContext,
  feed: Feed,
  reading: Reading,
  window: DateWindow,
  page: FeedPage,
): Promise<void> {
  const { runId, connection } = reading
  await context.db.transaction().execute(async (trx) => {
    await assertRunning(trx, runId)
    const target = { feed: feed.name, table: feed.table, connection, keyOf: feed.keyOf }
    const landed = await landPage(trx, target, { runId, window, records: page.records })
    assertAccounted(landed, `${feed.name} ${connection} ${window.start} to ${window.end} page ${page.page}`)
    await recordPage(trx, reading, window, page, landed)
    if (page.last) {
      const cursor = feed.cursorAfterWindow(await readCursor(trx, feed.name, connection), window)
      if (cursor !== null) await writeCursor(trx, feed.name, connection, cursor, runId)
      await feed.windowDone(trx, { runId, connection, window })
    }
    if (landed.landed > 0) await requestTransform(context, trx, reading)
  })
}

async function split(context: PipelineContext, reading: Reading, window: DateWindow): Promise<boolean> {
  return await context.db.transaction().execute(async (trx) => {
    await assertRunning(trx, reading.runId)
    return await splitWindow(trx, reading, window)
  })
}

async function finishReading(context: PipelineContext, feed: Feed, reading: Reading): Promise<void> {
  const { runId, connection } = reading
  await context.db.transaction().execute(async (trx) => {
    await lockRun(trx, runId)
    const step = await readStep(trx, runId, reading.step)
    const cursor = feed.cursorAfterPlan(await readCursor(trx, feed.name, connection), step.plan)
    if (cursor !== null) await writeCursor(trx, feed.name, connection, cursor, runId)
    await finishStep(trx, runId, reading.step, { status: 'succeeded' })
    // Always once more at the end: it is this pass that finds the reading finished and closes the transform step.
    await requestTransform(context, trx, reading)
    await advanceRun(context, trx, runId)
  })
}

/** Ends a reading that failed for good; what landed before is still transformed. */
export async function failReading(
  context: PipelineContext,
  reading: Reading,
  error: { code: string; message: string },
): Promise<void> {
  await context.db.transaction().execute(async (trx) => {
    await lockRun(trx, reading.runId)
    await finishStep(trx, reading.runId, reading.step, { status: 'failed', error })
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
