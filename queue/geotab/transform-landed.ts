import { sql } from 'kysely'
import type { PoolClient } from 'pg'
import { messageOf } from '../../core/errors.ts'
import { upsertRecords, type UpsertRule } from '../../db/insert-records.ts'
import { ensurePartitions } from '../../db/partitions.ts'
import type { RowContext, RowResult } from '../../transform/geotab/row-result.ts'
import type { PipelineContext } from '../context.ts'
import type { TransformCounts } from '../feed.ts'
import { assertRunning } from '../ledger.ts'
import { isDataError, quarantineVersion, resolveQuarantined } from '../quarantine.ts'
import { advanceWatermark, readWatermark } from '../watermark.ts'

/** How an entity's landed records become rows of a base table. */
export interface EntityTransform<Row extends object = object> {
  /** The feed, such as `geotab.trips`. */
  feed: string
  raw: string
  base: string
  upsert: UpsertRule
  /** The column that the base table is partitioned by. */
  timeColumn?: string
  /** Reads everything each time and deletes rows without a record, for small tables that are read whole. */
  isWhole?: boolean
  /** Which rows of base.geotab__references are this entity's. */
  referenceEntity?: string
  /** What the rows depend on besides the payloads: its fingerprint decides whether all are made again. */
  rules(context: PipelineContext, connection: string, sample: () => Promise<unknown[]>): Promise<TransformRules<Row>>
  /** What else is kept of a pass, such as the newest row of each device. */
  startPass?(context: PipelineContext, connection: string): TransformPass<Row>
}

export interface TransformRules<Row> {
  fingerprint: string
  toRow(payload: unknown, context: RowContext): RowResult<Row>
}

/** Told of every row of a pass, and asked to write what it gathered when all rows are committed. */
export interface TransformPass<Row> {
  see(rows: readonly Row[]): void
  finish(): Promise<void>
}

interface RawRecord {
  record_key: string
  version: number
  payload: unknown
  read_at: Date
}

const BATCH_ROWS = 2000

/**
 * Makes base rows of every record of a connection that landed since this transform last came to an end, in batches of
 * one transaction each, in a single pass over what arrived. A pass that is cut off is begun again from the same
 * watermark, which changes nothing in rows that were written already.
 */
export async function transformLanded<Row extends object>(
  context: PipelineContext,
  entity: EntityTransform<Row>,
  run: { runId: string; connection: string },
  signal: AbortSignal,
): Promise<TransformCounts> {
  const { connection } = run
  const rules = await entity.rules(context, connection, () => sampleOf(context, entity.raw, connection))
  const consumer = `transform ${entity.feed} ${connection}`
  const { next, since } = await readWatermark(context.db, consumer, rules.fingerprint)
  const pass = entity.startPass?.(context, connection)
  const counts: TransformCounts = { records: 0, rewritten: 0, unchanged: 0, quarantined: 0 }
  const hasQuarantined = await isQuarantined(context, entity.feed, connection)
  const work: Work<Row> = { context, entity, rules, run, pass, counts, hasQuarantined }
  // New rules: what the old ones refused deserves another look.
  if (since === '0') await retryAll(context, entity.feed, connection)
  await writeBatch(work, await toRetry(context, entity.feed, connection))
  const keys = new Set<string>()
  for await (const batch of landedSince(context, entity.raw, connection, entity.isWhole === true ? '0' : since)) {
    signal.throwIfAborted()
    if (entity.isWhole === true) for (const { record_key } of batch) keys.add(record_key)
    await writeBatch(work, batch)
  }
  if (entity.isWhole === true) await deleteOthers(work, keys)
  await pass?.finish()
  await advanceWatermark(context.db, consumer, next, rules.fingerprint)
  return counts
}

interface Work<Row> {
  context: PipelineContext
  entity: EntityTransform<Row & object>
  rules: TransformRules<Row>
  run: { runId: string; connection: string }
  pass: TransformPass<Row> | undefined
  counts: TransformCounts
  /** Whether anything of the feed waits in quarantine, which good rows may then resolve. */
  hasQuarantined: boolean
}

async function sampleOf(context: PipelineContext, raw: string, connection: string): Promise<unknown[]> {
  const { rows } = await sql<{ payload: unknown }>`
    select payload from ${sql.table(raw)} where connection = ${connection} and is_current limit 500
  `.execute(context.db)
  return rows.map(({ payload }) => payload)
}

/** The current records that arrived at or after a watermark, read by a cursor in one snapshot, so that each comes once. */
async function* landedSince(
  context: PipelineContext,
  raw: string,
  connection: string,
  since: string,
): AsyncGenerator<RawRecord[]> {
  const client: PoolClient = await context.pool.connect()
  // A reader that stops half-way leaves a transaction open: its connection is not given back.
  let isBroken = true
  try {
    await client.query('begin isolation level repeatable read, read only')
    await client.query(
      `declare landed no scroll cursor for
       select record_key, version, payload, first_seen_at as read_at from ${raw}
       where connection = $1 and is_current and landed_xid >= $2::text::xid8`,
      [connection, since],
    )
    for (;;) {
      const { rows } = await client.query<RawRecord>(`fetch ${BATCH_ROWS} from landed`)
      if (rows.length === 0) break
      yield rows
    }
    await client.query('commit')
    isBroken = false
  } finally {
    client.release(isBroken)
  }
}

async function writeBatch<Row extends object>(work: Work<Row>, batch: RawRecord[]): Promise<void> {
  if (batch.length === 0) return
  try {
    await writeRows(work, batch)
  } catch (error) {
    if (!isDataError(error)) throw error
    // One record holds a value that the table refuses: each gets its own transaction, so that only that one is left out.
    for (const raw of batch) await writeAlone(work, raw)
  }
}

async function writeAlone<Row extends object>(work: Work<Row>, raw: RawRecord): Promise<void> {
  try {
    await writeRows(work, [raw])
  } catch (error) {
    if (!isDataError(error)) throw error
    const reason = { code: 'NOT_STORABLE', path: '$', message: `Postgres refused its row: ${messageOf(error)}` }
    await work.context.db.transaction().execute(async (trx) => {
      await assertRunning(trx, work.run.runId)
      await quarantineVersion(trx, quarantineOf(work), raw, work.run.runId, reason)
    })
    work.counts.records += 1
    work.counts.quarantined += 1
  }
}

async function writeRows<Row extends object>(work: Work<Row>, batch: RawRecord[]): Promise<void> {
  const { context, entity, rules, run } = work
  const rows: Row[] = []
  const refused: { raw: RawRecord; reason: { code: string; path: string; message: string } }[] = []
  const rowContext: RowContext = {
    connection: run.connection,
    rawVersion: 0,
    readAt: 0,
    fingerprint: rules.fingerprint,
  }
  for (const raw of batch) {
    rowContext.rawVersion = raw.version
    rowContext.readAt = raw.read_at.getTime()
    const result = rules.toRow(raw.payload, rowContext)
    if (result.kind === 'row') rows.push(result.row)
    else refused.push({ raw, reason: result })
  }
  const { timeColumn } = entity
  if (timeColumn !== undefined) {
    const instants = rows.map((row) => Date.parse(String((row as Record<string, unknown>)[timeColumn])))
    await ensurePartitions(context.pool, entity.base, instants)
  }
  const written = await context.db.transaction().execute(async (trx) => {
    await assertRunning(trx, run.runId)
    for (const { raw, reason } of refused) await quarantineVersion(trx, quarantineOf(work), raw, run.runId, reason)
    if (work.hasQuarantined) {
      const good = batch.filter((raw) => refused.every((one) => one.raw !== raw))
      await resolveQuarantined(
        trx,
        quarantineOf(work),
        good.map((raw) => raw.record_key),
      )
    }
    return await upsertRecords(trx, entity.base, entity.upsert, rows)
  })
  work.pass?.see(rows)
  work.counts.records += batch.length
  work.counts.rewritten += written
  work.counts.unchanged += rows.length - written
  work.counts.quarantined += refused.length
}

function quarantineOf<Row extends object>({ entity, run }: Work<Row>) {
  return { feed: entity.feed, connection: run.connection }
}

async function retryAll(context: PipelineContext, feed: string, connection: string): Promise<void> {
  await sql`
    update ops.quarantine set state = 'retry'
    where feed = ${feed} and connection = ${connection} and stage = 'transform' and state = 'open'
  `.execute(context.db)
}

async function isQuarantined(context: PipelineContext, feed: string, connection: string): Promise<boolean> {
  const { rows } = await sql`
    select from ops.quarantine
    where feed = ${feed} and connection = ${connection} and stage = 'transform' and state in ('open', 'retry') limit 1
  `.execute(context.db)
  return rows.length > 0
}

/** What is to be tried again, as it was when it was refused. */
async function toRetry(context: PipelineContext, feed: string, connection: string): Promise<RawRecord[]> {
  const { rows } = await sql<RawRecord>`
    select record_key, raw_version as version, payload, first_seen_at as read_at from ops.quarantine
    where feed = ${feed} and connection = ${connection} and stage = 'transform' and state = 'retry'
    order by quarantine_id
  `.execute(context.db)
  return rows
}

async function deleteOthers<Row extends object>({ context, entity, run }: Work<Row>, keys: Set<string>): Promise<void> {
  if (keys.size === 0) return
  const key = entity.upsert.keys.at(-1) ?? ''
  const others = entity.referenceEntity === undefined ? sql`` : sql`and entity = ${entity.referenceEntity}`
  await context.db.transaction().execute(async (trx) => {
    await assertRunning(trx, run.runId)
    await sql`
      delete from ${sql.table(entity.base)}
      where connection = ${run.connection} ${others} and ${sql.ref(key)} <> all(${[...keys]}::text[])
    `.execute(trx)
  })
}
