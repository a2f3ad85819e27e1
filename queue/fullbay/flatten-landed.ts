import { sql } from 'kysely'
import { sha256 } from '../../core/json.ts'
import { messageOf } from '../../core/errors.ts'
import { compileRules, type ClassificationRule } from '../../transform/fullbay/classification.ts'
import { flattenInvoice, TRANSFORM_VERSION, type FlattenOptions } from '../../transform/fullbay/invoice.ts'
import type { PipelineContext } from '../context.ts'
import type { TransformCounts } from '../feed.ts'
import { assertRunning } from '../ledger.ts'
import { isDataError, quarantineVersion } from '../quarantine.ts'
import { advanceWatermark, readWatermark } from '../watermark.ts'
import { writeInvoices, type FlattenedVersion, type RawVersion } from './base-writer.ts'
import type { FullbayShopSource } from './source.ts'

const BATCH_INVOICES = 100

/**
 * Flattens every invoice version of a shop that landed since this transform last came to an end, in batches of one
 * transaction each. Work is chosen by arrival (see ops.next_watermark), so a batch that a killed run left behind and
 * a page that committed late are both found.
 */
export async function flattenLanded(
  context: PipelineContext,
  shop: FullbayShopSource,
  runId: string,
  signal: AbortSignal,
): Promise<TransformCounts> {
  const { options, fingerprint } = await flattenOptions(context, shop)
  const consumer = `fullbay.flatten ${shop.connection}`
  const { next, since } = await readWatermark(context.db, consumer, fingerprint)
  // New rules: what the old ones refused deserves another look.
  if (since === '0') await retryQuarantined(context, shop.connection)
  const counts: TransformCounts = { records: 0, rewritten: 0, unchanged: 0, quarantined: 0 }
  let afterId = 0
  for (;;) {
    signal.throwIfAborted()
    const batch = await readBatch(context, shop.connection, { since, fingerprint, afterId })
    const last = batch.at(-1)
    if (last === undefined) break
    afterId = last.id
    await flattenBatch(context, { runId, options, fingerprint, batch, counts })
  }
  await advanceWatermark(context.db, consumer, next, fingerprint)
  return counts
}

async function flattenOptions(context: PipelineContext, shop: FullbayShopSource) {
  const { rows } = await sql<ClassificationRule>`
    select rule_id, shop_id, priority, field, match, words, except_words, line_item_type
    from base.fullbay__classification_rules
    where shop_id is null or shop_id = ${shop.connection}
    order by rule_id
  `.execute(context.db)
  const settings = {
    shopId: shop.connection,
    timeZone: shop.timeZone,
    quantityRule: shop.quantityRule,
    ...(shop.expectedTitle === undefined ? {} : { expectedShopTitle: shop.expectedTitle }),
  }
  const fingerprint = sha256(JSON.stringify([TRANSFORM_VERSION, settings, rows])).slice(0, 16)
  const options: FlattenOptions = { ...settings, rules: compileRules(rows, shop.connection) }
  return { options, fingerprint }
}

async function retryQuarantined(context: PipelineContext, connection: string): Promise<void> {
  await sql`
    update ops.quarantine set state = 'retry'
    where feed = 'fullbay.invoices' and connection = ${connection} and stage = 'transform' and state = 'open'
  `.execute(context.db)
}

/** The next current versions that have no base rows of these rules yet, oldest first; those in quarantine wait there. */
async function readBatch(
  context: PipelineContext,
  connection: string,
  from: { since: string; fingerprint: string; afterId: number },
): Promise<RawVersion[]> {
  const { rows } = await sql<RawVersion>`
    with candidates as (
      select r.id from raw.fullbay__invoices as r
      where r.connection = ${connection} and r.is_current and r.landed_xid >= ${from.since}::xid8 and r.id > ${from.afterId}
      union
      select r.id from ops.quarantine as q
      join raw.fullbay__invoices as r
        on r.connection = q.connection and r.record_key = q.record_key and r.version = q.raw_version and r.is_current
      where q.feed = 'fullbay.invoices' and q.connection = ${connection} and q.stage = 'transform'
        and q.state = 'retry' and r.id > ${from.afterId}
    )
    select r.id, r.connection, r.record_key, r.version, r.content_hash, r.payload
    from candidates as c
    join raw.fullbay__invoices as r on r.id = c.id
    left join base.fullbay__invoices as b on b.shop_id = r.connection and b.fullbay_invoice_id = r.record_key
    where (b.raw_version is distinct from r.version or b.transform_fingerprint <> ${from.fingerprint})
      and not exists (
        select from ops.quarantine as q
        where q.feed = 'fullbay.invoices' and q.connection = r.connection and q.stage = 'transform'
          and q.record_key = r.record_key and q.raw_version = r.version and q.state in ('open', 'ignored')
      )
    order by r.id
    limit ${BATCH_INVOICES}
  `.execute(context.db)
  return rows
}

interface Batch {
  runId: string
  options: FlattenOptions
  fingerprint: string
  batch: RawVersion[]
  counts: TransformCounts
}

async function flattenBatch(context: PipelineContext, work: Batch): Promise<void> {
  try {
    await writeBatch(context, work, work.batch)
  } catch (error) {
    if (!isDataError(error)) throw error
    // One invoice holds a value that the tables refuse: each gets its own transaction, so that only that one is left out.
    for (const raw of work.batch) await flattenAlone(context, work, raw)
  }
}

async function flattenAlone(context: PipelineContext, work: Batch, raw: RawVersion): Promise<void> {
  try {
    await writeBatch(context, work, [raw])
  } catch (error) {
    if (!isDataError(error)) throw error
    await context.db.transaction().execute(async (trx) => {
      await assertRunning(trx, work.runId)
      const reason = { code: 'NOT_STORABLE', path: '$', message: `Postgres refused its rows: ${messageOf(error)}` }
      await quarantineVersion(trx, { feed: 'fullbay.invoices', connection: raw.connection }, raw, work.runId, reason)
    })
    work.counts.records += 1
    work.counts.quarantined += 1
  }
}

async function writeBatch(context: PipelineContext, work: Batch, batch: RawVersion[]): Promise<void> {
  const flattened: FlattenedVersion[] = []
  const refused: { raw: RawVersion; reason: { code: string; path: string; message: string } }[] = []
  for (const raw of batch) {
    const result = flattenInvoice(raw.payload, work.options)
    if (result.kind === 'flattened') flattened.push({ raw, result })
    else refused.push({ raw, reason: result })
  }
  const written = await context.db.transaction().execute(async (trx) => {
    await assertRunning(trx, work.runId)
    for (const { raw, reason } of refused)
      await quarantineVersion(trx, { feed: 'fullbay.invoices', connection: raw.connection }, raw, work.runId, reason)
    return await writeInvoices(trx, flattened, { runId: work.runId, fingerprint: work.fingerprint })
  })
  work.counts.records += batch.length
  work.counts.rewritten += written.rewritten
  work.counts.unchanged += written.unchanged
  work.counts.quarantined += refused.length
}
