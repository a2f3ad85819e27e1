import { sql, type Kysely, type Transaction } from 'kysely'
import type { DB } from '../db/schema.ts'

/**
 * The vehicle files, oldest first, that nothing needs any more since an instant: not the newest of the connection, not
 * the newest that was taken (the next one is compared with both), and none with a plan that is open or ended later.
 */
export async function vehicleFilesToDrop(
  db: Kysely<DB>,
  of: { connection: string; unusedSince: Date; limit: number },
): Promise<string[]> {
  const { rows } = await sql<{ file_id: string }>`
    select f.file_id from raw.chevin__vehicle_files as f
    where f.connection = ${of.connection} and f.last_seen_at < ${of.unusedSince} and octet_length(f.content) > 0
      and exists (
        select from raw.chevin__vehicle_files as n
        where n.connection = f.connection and n.file_number > f.file_number and n.outcome = 'taken'
      )
      and not exists (
        select from ops.sync_plans as p
        where p.file_id = f.file_id
          and (p.status in ('planned', 'needs_approval', 'applying') or coalesce(p.ended_at, p.created_at) >= ${of.unusedSince})
      )
      -- The rows of a content that came back belong to both files.
      and not exists (
        select from raw.chevin__vehicle_files as s
        where s.connection = f.connection and s.sha256 = f.sha256 and s.file_id <> f.file_id
          and s.last_seen_at >= ${of.unusedSince}
      )
    order by f.file_number limit ${of.limit}
  `.execute(db)
  return rows.map((row) => row.file_id)
}

/** Drops the bytes and the rows of a file. What it was, its hash and what became of it stay. */
export async function dropVehicleFileContent(trx: Transaction<DB>, fileId: string): Promise<void> {
  // Keys are hash, slash and line, so that the two ends hold in every collation; the pattern makes sure.
  await sql`
    delete from raw.chevin__vehicle_rows as r using raw.chevin__vehicle_files as f
    where f.file_id = ${fileId}::uuid and r.connection = f.connection
      and r.record_key between f.sha256 || '/0000000' and f.sha256 || '/9999999' and r.record_key like f.sha256 || '/%'
  `.execute(trx)
  await sql`update raw.chevin__vehicle_files set content = '' where file_id = ${fileId}::uuid`.execute(trx)
}
