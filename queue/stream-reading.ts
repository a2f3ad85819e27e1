import { isDeepStrictEqual } from 'node:util'
import { sql, type Transaction } from 'kysely'
import { PipelineError } from '../core/errors.ts'
import { ensurePartitions } from '../db/partitions.ts'
import type { DB } from '../db/schema.ts'
import { assertAccounted, landPage, retireMissing, type LandedPage } from '../extract/landing.ts'
import { landTimed, sortTimed } from '../extract/landing-timed.ts'
import type { PipelineContext } from './context.ts'
import type { StreamFeed, StreamPage } from './feed.ts'
import { assertRunning, lockCursor, readCursor, writeCursor } from './ledger.ts'
import { requestTransform } from './progress.ts'
import { assertSameKind } from './reading-plan.ts'
import type { Reading } from './windows.ts'

/**
 * Reads what a source has to tell since the cursor, page by page. Each page is one transaction: its records, the
 * cursor, the counts, and the job that transforms what landed. Killed anywhere, the next attempt goes on from the last
 * commit; of two that read the same stream at once, one finds the cursor moved and steps back.
 */
export async function readStream(
  context: PipelineContext,
  feed: StreamFeed,
  reading: Reading,
  signal: AbortSignal,
): Promise<void> {
  const { connection } = reading
  let cursor = await context.db.transaction().execute(async (trx) => {
    await assertRunning(trx, reading.runId)
    await assertSameKind(context, trx, feed, connection)
    return readCursor(trx, feed.name, connection)
  })
  const seen = new Set<string>()
  let isWhole = feed.isWhole
  for await (const page of feed.read(context, connection, cursor, signal)) {
    const landed = await landStreamPage(context, feed, reading, { page, cursor })
    for (const key of landed.keys) seen.add(key)
    // A record without its key may be any of those that seem to be missing.
    if (landed.quarantined > 0) isWhole = false
    cursor = page.cursor ?? cursor
    signal.throwIfAborted()
  }
  if (isWhole) await retire(context, feed, reading, seen)
}

async function landStreamPage(
  context: PipelineContext,
  feed: StreamFeed,
  reading: Reading,
  { page, cursor }: { page: StreamPage; cursor: unknown },
): Promise<LandedPage> {
  const land = await prepareLanding(context, feed, reading, page.records)
  return await context.db.transaction().execute(async (trx) => {
    await assertRunning(trx, reading.runId)
    const landed = await land(trx)
    // After landing, which lets one reading of a connection in at a time.
    if (page.cursor !== null) await assertCursor(trx, feed, reading, cursor)
    assertAccounted(landed, `${feed.name} ${reading.connection}`)
    await recordStreamPage(trx, reading, landed, page.skipped)
    if (page.cursor !== null) await writeCursor(trx, feed.name, reading.connection, page.cursor, reading.runId)
    if (landed.landed > 0) await requestTransform(context, trx, reading)
    return landed
  })
}

/** Readies the tables for these records, and says how to land them in a transaction. */
export async function prepareLanding(
  context: PipelineContext,
  feed: StreamFeed,
  { runId, connection }: Pick<Reading, 'runId' | 'connection'>,
  records: unknown[],
): Promise<(trx: Transaction<DB>) => Promise<LandedPage>> {
  const { name, table, keyOf, placeOf, versionOf } = feed
  const told = async (trx: Transaction<DB>, landed: LandedPage) => {
    await feed.arrived?.(trx, connection, landed.keys)
    return landed
  }
  const target = { feed: name, table, connection, keyOf, ...(versionOf === undefined ? {} : { versionOf }) }
  if (placeOf === undefined) {
    return async (trx) => told(trx, await landPage(trx, target, { runId, window: null, records }))
  }
  const timed = { ...target, placeOf }
  const sorted = sortTimed(timed, records)
  await ensurePartitions(context.pool, table, sorted.instants)
  return async (trx) => told(trx, await landTimed(trx, timed, { runId, sorted }))
}

async function assertCursor(trx: Transaction<DB>, feed: StreamFeed, reading: Reading, cursor: unknown): Promise<void> {
  const held = await lockCursor(trx, feed.name, reading.connection)
  if (isDeepStrictEqual(held, cursor)) return
  throw new PipelineError(
    'CURSOR_MOVED',
    `${feed.name} ${reading.connection}: the cursor was moved while a page was read, so the page was not kept. The next attempt reads on from where it stands.`,
    'later',
  )
}

async function recordStreamPage(
  trx: Transaction<DB>,
  { runId, step, feed, connection }: Reading,
  landed: LandedPage,
  skipped: number,
): Promise<void> {
  await sql`
    insert into ops.pages (run_id, feed, connection, page, fetched, landed, unchanged, quarantined, skipped, record_keys)
    select run_id, feed, connection, pages + 1, ${landed.fetched}, ${landed.landed}, ${landed.unchanged},
      ${landed.quarantined}, ${skipped}, '{}'
    from ops.steps where run_id = ${runId}::uuid and step = ${step} and feed = ${feed} and connection = ${connection}
  `.execute(trx)
  await sql`
    update ops.steps set pages = pages + 1, fetched = fetched + ${landed.fetched}, landed = landed + ${landed.landed},
      unchanged = unchanged + ${landed.unchanged}, quarantined = quarantined + ${landed.quarantined},
      skipped = skipped + ${skipped}
    where run_id = ${runId}::uuid and step = ${step}
  `.execute(trx)
}

/** Ends the life of records that a whole reading no longer brought. */
async function retire(context: PipelineContext, feed: StreamFeed, reading: Reading, seen: Set<string>): Promise<void> {
  await context.db.transaction().execute(async (trx) => {
    await assertRunning(trx, reading.runId)
    const held = await retireMissing(trx, { feed: feed.name, table: feed.table, connection: reading.connection }, seen)
    if (held.retired > 0) await requestTransform(context, trx, reading)
  })
}
