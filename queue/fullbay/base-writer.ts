import { sql, type Transaction } from 'kysely'
import { insertRecords } from '../../db/insert-records.ts'
import type { DB } from '../../db/schema.ts'
import type { FlattenedInvoice } from '../../transform/fullbay/invoice.ts'
import { resolveQuarantined } from '../quarantine.ts'

/** A version of an invoice as it stands in raw.fullbay__invoices. */
export interface RawVersion {
  id: number
  connection: string
  record_key: string
  version: number
  content_hash: string
  payload: unknown
}

export interface FlattenedVersion {
  raw: RawVersion
  result: FlattenedInvoice
}

interface HeldInvoice {
  fullbay_invoice_id: string
  raw_version: number
  material_hash: string
  transform_fingerprint: string
  total: string | null
  line_count: number
}

/**
 * Writes flattened invoices of one shop in the caller's transaction: an invoice's header, lines, taxes and warnings
 * change together or not at all. Where nothing that matters changed (same material hash, same rules) only the header's
 * volatile columns are touched; a re-issue that did change leaves a change record with both totals.
 */
export async function writeInvoices(
  trx: Transaction<DB>,
  versions: FlattenedVersion[],
  run: { runId: string; fingerprint: string },
): Promise<{ rewritten: number; unchanged: number }> {
  const shopId = versions[0]?.raw.connection
  if (shopId === undefined) return { rewritten: 0, unchanged: 0 }
  await sql`select pg_advisory_xact_lock(hashtextextended(${`flatten:fullbay:${shopId}`}, 0))`.execute(trx)
  const held = await readHeld(trx, shopId, versions)
  const rewrite: FlattenedVersion[] = []
  let unchanged = 0
  for (const version of versions) {
    const before = held.get(version.raw.record_key)
    // A worker that was overtaken must not put an older version back.
    if (before !== undefined && before.raw_version > version.raw.version) continue
    if (before !== undefined && isSame(before, version, run.fingerprint)) {
      await touchHeader(trx, version, run.runId)
      unchanged += 1
    } else rewrite.push(version)
  }
  await replaceInvoices(trx, shopId, rewrite, held, run)
  await resolveQuarantined(
    trx,
    { feed: 'fullbay.invoices', connection: shopId },
    versions.map(({ raw }) => raw.record_key),
  )
  return { rewritten: rewrite.length, unchanged }
}

const isSame = (before: HeldInvoice, { result }: FlattenedVersion, fingerprint: string) =>
  before.material_hash === result.materialHash && before.transform_fingerprint === fingerprint

async function readHeld(
  trx: Transaction<DB>,
  shopId: string,
  versions: FlattenedVersion[],
): Promise<Map<string, HeldInvoice>> {
  const { rows } = await sql<HeldInvoice>`
    select fullbay_invoice_id, raw_version, material_hash, transform_fingerprint, total, line_count
    from base.fullbay__invoices
    where shop_id = ${shopId} and fullbay_invoice_id = any(${versions.map(({ raw }) => raw.record_key)}::text[])
  `.execute(trx)
  return new Map(rows.map((row) => [row.fullbay_invoice_id, row]))
}

async function touchHeader(trx: Transaction<DB>, { raw, result }: FlattenedVersion, runId: string): Promise<void> {
  const { exported, quickbooks_id, balance, promise_to_pay_date } = result.invoice
  await sql`
    update base.fullbay__invoices set raw_data_id = ${raw.id}, raw_version = ${raw.version}, content_hash = ${raw.content_hash},
      exported = ${exported}, quickbooks_id = ${quickbooks_id}, balance = ${balance}::numeric,
      promise_to_pay_date = ${promise_to_pay_date}::date, run_id = ${runId}::uuid, processed_at = now(),
      landed_xid = pg_current_xact_id()
    where shop_id = ${raw.connection} and fullbay_invoice_id = ${raw.record_key}
  `.execute(trx)
}

async function replaceInvoices(
  trx: Transaction<DB>,
  shopId: string,
  versions: FlattenedVersion[],
  held: Map<string, HeldInvoice>,
  run: { runId: string; fingerprint: string },
): Promise<void> {
  if (versions.length === 0) return
  const replaced = versions.filter(({ raw }) => held.has(raw.record_key)).map(({ raw }) => raw.record_key)
  if (replaced.length > 0) {
    // Lines, taxes and warnings go with their invoice (on delete cascade).
    await sql`
      delete from base.fullbay__invoices where shop_id = ${shopId} and fullbay_invoice_id = any(${replaced}::text[])
    `.execute(trx)
  }
  const invoices = versions.map(({ raw, result }) => ({
    ...result.invoice,
    raw_data_id: raw.id,
    raw_version: raw.version,
    content_hash: raw.content_hash,
    material_hash: result.materialHash,
    transform_fingerprint: run.fingerprint,
    run_id: run.runId,
  }))
  await insertRecords(trx, 'base.fullbay__invoices', invoices)
  const lines = versions.flatMap(({ raw, result }) => {
    for (const line of result.lines) Object.assign(line, { raw_version: raw.version })
    return result.lines
  })
  await insertRecords(trx, 'base.fullbay__line_items', lines)
  await insertRecords(
    trx,
    'base.fullbay__invoice_taxes',
    versions.flatMap(({ result }) => result.taxes),
  )
  await insertRecords(
    trx,
    'base.fullbay__invoice_warnings',
    versions.flatMap(({ result }) => result.warnings),
  )
  await insertRecords(
    trx,
    'base.fullbay__invoice_changes',
    versions.flatMap((version) => changeOf(version, held, run.runId)),
  )
}

/** The change record of a re-issue; none when the invoice is new or only our rules changed. */
function changeOf({ raw, result }: FlattenedVersion, held: Map<string, HeldInvoice>, runId: string) {
  const before = held.get(raw.record_key)
  if (before === undefined || before.raw_version === raw.version || before.material_hash === result.materialHash)
    return []
  return [
    {
      shop_id: raw.connection,
      fullbay_invoice_id: raw.record_key,
      from_version: before.raw_version,
      to_version: raw.version,
      old_total: before.total,
      new_total: result.invoice.total,
      old_line_count: before.line_count,
      new_line_count: result.lines.length,
      run_id: runId,
    },
  ]
}
