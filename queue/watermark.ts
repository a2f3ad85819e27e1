import { sql, type Kysely } from 'kysely'
import type { DB } from '../db/schema.ts'

/**
 * How far a consumer has read by arrival, and how far it will have read once it has read everything from there
 * (docs/decisions/0003). Taken before the reading: `advanceWatermark` stores `next` after it.
 */
export async function readWatermark(
  db: Kysely<DB>,
  consumer: string,
  fingerprint = '',
): Promise<{ next: string; since: string }> {
  const { rows } = await sql<{ next: string; since: string }>`
    select ops.next_watermark()::text as next, ops.watermark_of(${consumer}, ${fingerprint})::text as since
  `.execute(db)
  return rows[0] ?? { next: '0', since: '0' }
}

export async function advanceWatermark(
  db: Kysely<DB>,
  consumer: string,
  next: string,
  fingerprint = '',
): Promise<void> {
  await sql`select ops.advance_watermark(${consumer}, ${next}::xid8, ${fingerprint})`.execute(db)
}
