import type { DateWindow } from '../core/date-window.ts'
import { PipelineError } from '../core/errors.ts'
import { assertAccounted, landPage } from '../extract/landing.ts'
import type { PipelineContext } from './context.ts'
import type { Feed, FeedPage, WindowFeed, WindowReader } from './feed.ts'
import { assertRunning, readCursor, writeCursor } from './ledger.ts'
import { requestTransform } from './progress.ts'
import { assertSameKind } from './reading-plan.ts'
import { prepareLanding } from './stream-reading.ts'
import { nextWindow, recordPage, restartWindow, splitWindow, type Reading } from './windows.ts'

/**
 * Reads a feed window by window, oldest first. Each page is one transaction: its records, the window's progress, the
 * cursor when the window is whole, the counts, and the job that transforms what landed. Killed anywhere, the next
 * attempt goes on at the page that was not committed.
 */
export async function readWindows(
  context: PipelineContext,
  feed: WindowFeed,
  reading: Reading,
  signal: AbortSignal,
): Promise<void> {
  await readEach(context, feed, feed, reading, feed, signal)
}

/** Reads the windows of a backfill: like any others, but the cursor stays where it is. */
export async function readHistory(
  context: PipelineContext,
  feed: Feed,
  reading: Reading,
  signal: AbortSignal,
): Promise<void> {
  const reader = feed.kind === 'windows' ? feed : feed.history
  if (reader === null) throw new PipelineError('HISTORY_UNKNOWN', `${feed.name} cannot be read by dates.`, 'never')
  await context.db.transaction().execute((trx) => assertSameKind(context, trx, feed, reading.connection))
  await readEach(context, feed, reader, reading, null, signal)
}

async function readEach(
  context: PipelineContext,
  feed: Feed,
  reader: WindowReader,
  reading: Reading,
  cursorOf: WindowFeed | null,
  signal: AbortSignal,
): Promise<void> {
  for (
    let next = await nextWindow(context.db, reading);
    next !== undefined;
    next = await nextWindow(context.db, reading)
  ) {
    const { window, progress } = next
    try {
      for await (const page of reader.extract(context, reading.connection, window, progress, signal)) {
        await landOne(context, { feed, reader, cursorOf }, reading, window, page)
        signal.throwIfAborted()
      }
    } catch (error) {
      if (reader.mustRestart(error)) await restartWindow(context.db, reading, window)
      if (!reader.isTooHeavy(error) || !(await split(context, reading, window))) throw error
      context.stepLogger.warn(
        { feed: feed.name, connection: reading.connection, window },
        'window did not get through, read in halves',
      )
    }
  }
}

async function landOne(
  context: PipelineContext,
  { feed, reader, cursorOf }: { feed: Feed; reader: WindowReader; cursorOf: WindowFeed | null },
  reading: Reading,
  window: DateWindow,
  page: FeedPage,
): Promise<void> {
  const { runId, connection } = reading
  const land =
    feed.kind === 'stream' ? await prepareLanding(context, feed, { runId, connection }, page.records) : undefined
  await context.db.transaction().execute(async (trx) => {
    await assertRunning(trx, runId)
    const target = { feed: feed.name, table: feed.table, connection, keyOf: feed.keyOf }
    const landed =
      land === undefined ? await landPage(trx, target, { runId, window, records: page.records }) : await land(trx)
    assertAccounted(landed, `${feed.name} ${connection} ${window.start} to ${window.end} page ${page.page}`)
    await recordPage(trx, reading, window, page, landed)
    if (page.last) {
      const cursor = cursorOf?.cursorAfterWindow(await readCursor(trx, feed.name, connection), window) ?? null
      if (cursor !== null) await writeCursor(trx, feed.name, connection, cursor, runId)
      await reader.windowDone(trx, { runId, connection, window })
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
