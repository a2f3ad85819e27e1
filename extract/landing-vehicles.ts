import { randomUUID } from 'node:crypto'
import { sql, type Kysely, type Transaction } from 'kysely'
import { storableJson } from '../core/json.ts'
import type { DB } from '../db/schema.ts'
import { assertAccounted, landPage } from './landing.ts'
import { quarantineReject } from './landing-rejects.ts'

type Db = Kysely<DB> | Transaction<DB>

export const VEHICLES_FEED = 'chevin.vehicles'
const PAGE_ROWS = 5000
// Of a row in quarantine; the file itself is kept whole.
const LONGEST_TEXT = 10_000

/** A vehicle file as it was read. */
export interface IncomingVehicleFile {
  connection: string
  path: string
  sha256: string
  content: Buffer
  modifiedAt: Date
  /** What was read of it, or why nothing could be. */
  reading:
    | { encoding: string; rows: readonly { line: number }[]; bad: readonly BadRow[] }
    | { rejected: { code: string; message: string } }
}

interface BadRow {
  line: number
  field: string
  text: string
  reason: string
}

/** A vehicle file as it is held, without its bytes. */
export interface VehicleFileRecord {
  file_id: string
  connection: string
  path: string
  sha256: string
  bytes: number
  modified_at: Date
  outcome: 'taken' | 'rejected'
  reason: string | null
  rows: number
  bad_rows: number
  first_seen_at: Date
  archive_path: string | null
  archived_at: Date | null
}

/**
 * Writes a file down, byte for byte, with all its rows; rows that cannot be read go to quarantine with their line. What
 * was quarantined of earlier files is over: this one takes their place.
 */
export async function landVehicleFile(
  trx: Transaction<DB>,
  file: IncomingVehicleFile,
  { runId, now }: { runId: string; now: Date },
): Promise<VehicleFileRecord> {
  const { connection, path, sha256, content, modifiedAt, reading } = file
  const rejected = 'rejected' in reading ? reading.rejected : null
  const [rows, bad] = 'rejected' in reading ? [[], []] : [reading.rows, reading.bad]
  const target = { feed: VEHICLES_FEED, table: 'raw.chevin__vehicle_rows', connection, keyOf }
  await sql`
    update ops.quarantine set state = 'resolved', resolved_at = now()
    where feed = ${VEHICLES_FEED} and connection = ${connection} and state in ('open', 'retry')
  `.execute(trx)
  for (let from = 0; from < rows.length; from += PAGE_ROWS) {
    const records = rows.slice(from, from + PAGE_ROWS).map((row) => ({ file: sha256, ...row }))
    const page = await landPage(trx, target, { runId, window: null, records })
    assertAccounted(page, `${VEHICLES_FEED} ${connection}`)
  }
  for (const { line, field, text, reason } of bad) {
    const payload = storableJson({ file: sha256, line, text: text.slice(0, LONGEST_TEXT) })
    await quarantineReject(trx, target, runId, {
      payload,
      code: 'ROW_UNREADABLE',
      path: `line ${line}, ${field}`,
      message: reason,
    })
  }
  if (rejected !== null) {
    const payload = storableJson({ file: sha256, path, bytes: content.length })
    await quarantineReject(trx, target, runId, { payload, path: '$', ...rejected })
  }
  const fileId = randomUUID()
  await sql`
    insert into raw.chevin__vehicle_files (file_id, connection, path, sha256, bytes, modified_at, content, encoding,
      outcome, reason, rows, bad_rows, first_seen_at, last_seen_at, run_id)
    values (${fileId}::uuid, ${connection}, ${path}, ${sha256}, ${content.length}, ${modifiedAt}, ${content},
      ${'rejected' in reading ? null : reading.encoding}, ${rejected === null ? 'taken' : 'rejected'},
      ${rejected?.message ?? null}, ${rows.length}, ${bad.length}, ${now}, ${now}, ${runId}::uuid)
  `.execute(trx)
  const held = await newestVehicleFile(trx, connection)
  if (held?.file_id !== fileId) throw new Error('a vehicle file that was just written is not the newest')
  return held
}

function keyOf(record: unknown): string {
  const { file, line } = record as { file: string; line: number }
  return `${file}/${String(line).padStart(7, '0')}`
}

/** The file that came last, whatever became of it. */
export async function newestVehicleFile(db: Db, connection: string): Promise<VehicleFileRecord | null> {
  const { rows } = await sql<VehicleFileRecord>`
    select file_id, connection, path, sha256, bytes, modified_at, outcome, reason, rows, bad_rows, first_seen_at, archive_path,
      archived_at
    from raw.chevin__vehicle_files where connection = ${connection}
    order by file_number desc limit 1
  `.execute(db)
  return rows[0] ?? null
}

/** How many rows the file had that was taken last, those included that could not be read; null when none was yet. */
export async function rowsTakenLast(db: Db, connection: string): Promise<number | null> {
  const { rows } = await sql<{ rows: number }>`
    select rows + bad_rows as rows from raw.chevin__vehicle_files
    where connection = ${connection} and outcome = 'taken' order by file_number desc limit 1
  `.execute(db)
  return rows[0]?.rows ?? null
}

/** Notes that a file's content was there again. */
export async function noteVehicleFileSeen(db: Db, fileId: string, now: Date): Promise<void> {
  await sql`
    update raw.chevin__vehicle_files set times_seen = times_seen + 1, last_seen_at = ${now} where file_id = ${fileId}::uuid
  `.execute(db)
}

/** Notes where a file is to be moved on its server (before it is), that it was, or why it was not. */
export async function noteVehicleFileArchive(
  db: Db,
  fileId: string,
  archive: { path: string; at?: Date; problem?: string },
): Promise<void> {
  await sql`
    update raw.chevin__vehicle_files
    set archive_path = ${archive.path}, archived_at = ${archive.at ?? null}, archive_problem = ${archive.problem ?? null}
    where file_id = ${fileId}::uuid
  `.execute(db)
}

/** The bytes of a file. */
export async function vehicleFileContent(db: Db, fileId: string): Promise<Buffer> {
  const { rows } = await sql<{ content: Buffer }>`
    select content from raw.chevin__vehicle_files where file_id = ${fileId}::uuid
  `.execute(db)
  if (rows[0] === undefined) throw new Error(`there is no vehicle file ${fileId}`)
  return rows[0].content
}
