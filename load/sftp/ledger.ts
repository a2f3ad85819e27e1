import { randomUUID } from 'node:crypto'
import { sql, type Kysely, type Transaction } from 'kysely'
import type { Clock } from '../../core/clock.ts'
import { PipelineError } from '../../core/errors.ts'
import { checkRemoteFolder, checkRemoteName } from '../../core/sftp/names.ts'
import type { DB } from '../../db/schema.ts'
import { partPath, sha256 } from './deliver.ts'

type Db = Kysely<DB> | Transaction<DB>

export type DeliveryStatus = 'planned' | 'sending' | 'delivered' | 'failed' | 'conflict'

/** A file to be sent: what it is, where it goes and the name it will have there, fixed from now on. */
export interface PlannedFile {
  report: string
  connection: string
  destination: string
  folder: string
  fileName: string
  /** Which of how many files of one report; 1 of 1 by default. */
  partNumber?: number
  parts?: number
  windowStart?: Date
  windowEnd?: Date
  rows: number
  sourceWatermark?: string
  runId?: string
  content: Buffer
}

export interface PlannedDelivery {
  deliveryId: string
  status: DeliveryStatus
  /** False when the same file had been planned before. */
  isNew: boolean
}

/**
 * Puts a file into the ledger, to be sent by `deliverPending`. Planning the same name with the same bytes again is the
 * delivery that is there already; with other bytes it throws SFTP_CONFLICT, also when the first was never delivered.
 */
export async function planDelivery(trx: Transaction<DB>, file: PlannedFile, clock: Clock): Promise<PlannedDelivery> {
  checkRemoteFolder(file.folder)
  checkRemoteName(file.fileName)
  const deliveryId = randomUUID()
  // The part file has the longer name, so it has to fit too; attempts never get to six digits.
  partPath(file, ownerOf(deliveryId), 999_999)
  const hash = sha256(file.content)
  const { rows: planned } = await sql`
    insert into ops.deliveries (delivery_id, report, connection, destination, folder, file_name, part_number, parts,
      window_start, window_end, rows, bytes, sha256, source_watermark, next_attempt_at, run_id, created_at)
    values (${deliveryId}::uuid, ${file.report}, ${file.connection}, ${file.destination}, ${file.folder},
      ${file.fileName}, ${file.partNumber ?? 1}, ${file.parts ?? 1}, ${file.windowStart ?? null},
      ${file.windowEnd ?? null}, ${file.rows}, ${file.content.length}, ${hash}, ${file.sourceWatermark ?? null},
      ${clock.now()}, ${file.runId ?? null}::uuid, ${clock.now()})
    on conflict (destination, folder, file_name) do nothing
    returning delivery_id
  `.execute(trx)
  if (planned.length === 1) {
    await sql`
      insert into ops.delivery_files (delivery_id, content) values (${deliveryId}::uuid, ${file.content})
    `.execute(trx)
    return { deliveryId, status: 'planned', isNew: true }
  }
  return existing(trx, file, hash)
}

async function existing(trx: Transaction<DB>, file: PlannedFile, hash: string): Promise<PlannedDelivery> {
  const { rows } = await sql<{ delivery_id: string; sha256: string; status: DeliveryStatus }>`
    select delivery_id, sha256, status from ops.deliveries
    where destination = ${file.destination} and folder = ${file.folder} and file_name = ${file.fileName}
  `.execute(trx)
  const [found] = rows
  if (found?.sha256 === hash) return { deliveryId: found.delivery_id, status: found.status, isNew: false }
  throw new PipelineError(
    'SFTP_CONFLICT',
    `${file.destination}: ${file.folder}/${file.fileName} is in the ledger already with other content ` +
      `(delivery ${found?.delivery_id ?? 'unknown'}, ${found?.status ?? 'gone'}). A name is never given to two files: ` +
      'deliver this one under another name.',
    'never',
  )
}

/** The part of a delivery's id that its part files on the server carry. */
export function ownerOf(deliveryId: string): string {
  return deliveryId.slice(0, 8)
}

/** A delivery as the ledger holds it, without its bytes. */
export interface DeliveryReceipt {
  delivery_id: string
  report: string
  connection: string
  destination: string
  folder: string
  file_name: string
  part_number: number
  parts: number
  window_start: Date | null
  window_end: Date | null
  rows: number
  bytes: number
  sha256: string
  source_watermark: string | null
  status: DeliveryStatus
  attempts: number
  next_attempt_at: Date
  error_code: string | null
  error_message: string | null
  run_id: string | null
  created_at: Date
  delivered_at: Date | null
  was_there: boolean | null
  remote_size: number | null
  remote_modified_at: Date | null
  server_address: string | null
  server_fingerprint: string | null
  read_back: boolean | null
  seconds: string | null
}

export interface ReceiptFilter {
  destination?: string
  report?: string
  status?: DeliveryStatus
  runId?: string
  /** Newest first, at most so many; 100 by default. */
  limit?: number
}

/** The newest deliveries, with how they ended. */
export async function readReceipts(db: Db, filter: ReceiptFilter = {}): Promise<DeliveryReceipt[]> {
  const { rows } = await sql<DeliveryReceipt>`
    select delivery_id, report, connection, destination, folder, file_name, part_number, parts, window_start,
      window_end, rows, bytes, sha256, source_watermark, status, attempts, next_attempt_at, error_code, error_message,
      run_id, created_at, delivered_at, was_there, remote_size, remote_modified_at, server_address,
      server_fingerprint, read_back, seconds
    from ops.deliveries
    where (${filter.destination ?? null}::text is null or destination = ${filter.destination ?? null})
      and (${filter.report ?? null}::text is null or report = ${filter.report ?? null})
      and (${filter.status ?? null}::text is null or status = ${filter.status ?? null})
      and (${filter.runId ?? null}::uuid is null or run_id = ${filter.runId ?? null}::uuid)
    order by created_at desc, file_name
    limit ${filter.limit ?? 100}
  `.execute(db)
  return rows
}

/** Drops the bytes of what arrived more than so many days ago; the receipts stay. Answers how many. */
export async function dropDeliveredContent(db: Db, olderThanDays: number, clock: Clock): Promise<number> {
  const before = new Date(clock.now().getTime() - olderThanDays * 86_400_000)
  const { numAffectedRows } = await sql`
    delete from ops.delivery_files as f using ops.deliveries as d
    where d.delivery_id = f.delivery_id and d.status = 'delivered' and d.delivered_at < ${before}
  `.execute(db)
  return Number(numAffectedRows ?? 0)
}

/** Gives what failed, or met a conflict that a person has resolved, a new round of attempts. Answers how many. */
export async function requeueDeliveries(
  trx: Transaction<DB>,
  which: { destination: string; deliveryIds?: readonly string[] },
  clock: Clock,
): Promise<number> {
  const { numAffectedRows } = await sql`
    update ops.deliveries
    set status = 'planned', attempts_before = attempts, next_attempt_at = ${clock.now()}
    where destination = ${which.destination} and status in ('failed', 'conflict')
      and (${which.deliveryIds === undefined} or delivery_id = any(${[...(which.deliveryIds ?? [])]}::uuid[]))
  `.execute(trx)
  await sql`delete from ops.delivery_breakers where destination = ${which.destination}`.execute(trx)
  return Number(numAffectedRows ?? 0)
}
