import { sql, type Kysely, type RawBuilder, type Transaction } from 'kysely'
import { PipelineError } from '../../core/errors.ts'
import type { DB } from '../../db/schema.ts'
import type { XlsCell, XlsColumn, XlsColumnType } from '../../load/xls/column.ts'
import type { Report } from './reports.ts'

type Db = Kysely<DB> | Transaction<DB>

/** A row of a report with what the ledger keeps of it. */
export interface ReportRow {
  row_key: string
  content_hash: string
  cells: XlsCell[]
}

/** Which rows are wanted: what is due by arrival, or what happened in a span of time, sent before or not. */
export type RowChoice = { since: string } | { from: Date; to: Date }

// Object ids of types in pg_type; they never change.
const TYPES: Record<number, XlsColumnType> = {
  16: 'boolean',
  20: 'number',
  21: 'number',
  23: 'number',
  700: 'number',
  701: 'number',
  1700: 'number',
  1082: 'date',
  1114: 'datetime',
}

/** The report's columns, in its order, by the types that its view has. */
export async function reportColumns(db: Db, report: Report): Promise<XlsColumn[]> {
  const [schema, name] = report.model.split('.')
  const { rows } = await sql<{ name: string; type: number }>`
    select a.attname as name, a.atttypid::int as type from pg_attribute as a
    join pg_class as c on c.oid = a.attrelid
    join pg_namespace as n on n.oid = c.relnamespace
    where n.nspname = ${schema} and c.relname = ${name} and a.attnum > 0 and not a.attisdropped
    order by a.attnum
  `.execute(db)
  if (rows.length === 0) {
    throw new PipelineError(
      'REPORT_NOT_BUILT',
      `${report.model} is not there: the models have not been built yet. Run \`npx milepost run\` first.`,
      'never',
    )
  }
  return rows.map((column) => ({ name: column.name, type: TYPES[column.type] ?? 'text' }))
}

const FETCH_ROWS = 2000

/** The rows of a report for a connection, oldest first, read by a cursor of the transaction. */
export async function* readReportRows(
  trx: Transaction<DB>,
  report: Report,
  columns: XlsColumn[],
  connection: string,
  choice: RowChoice,
): AsyncGenerator<ReportRow> {
  const cells = sql.join(columns.map((column) => sql.ref(`r.${column.name}`)))
  await sql`declare report_rows no scroll cursor for ${chosen(report, cells, connection, choice)}`.execute(trx)
  for (;;) {
    const { rows } = await sql<Record<string, unknown>>`fetch ${sql.lit(FETCH_ROWS)} from report_rows`.execute(trx)
    if (rows.length === 0) break
    for (const row of rows) {
      yield {
        row_key: String(row['row_key']),
        content_hash: String(row['content_hash']),
        cells: columns.map(({ name, type }) => cellOf(row[name], type)),
      }
    }
  }
  await sql`close report_rows`.execute(trx)
}

function chosen(report: Report, cells: RawBuilder<unknown>, connection: string, choice: RowChoice) {
  const model = sql.table(report.rowsModel)
  if (report.rows === 'state') {
    return sql`
      select r.row_key, r.content_hash, ${cells} from ${model} as r
      where r.connection = ${sql.lit(connection)} and r.is_reportable
      order by r.row_key
    `
  }
  const where =
    'since' in choice
      ? sql`r.landed_xid >= ${sql.lit(choice.since)}::xid8 and (
          sent.content_hash is distinct from r.content_hash or sent.retracted_at is not null
        )`
      : sql`r.occurred_at >= ${sql.lit(choice.from.toISOString())}::timestamptz
          and r.occurred_at < ${sql.lit(choice.to.toISOString())}::timestamptz`
  // Events that the source made anew under another id are one row: the newest tells. What was sent is looked up by key,
  // row for row: before its table has statistics, the planner would read all of it for each.
  return sql`
    select r.* from (
      select distinct on (r.row_key) r.row_key, r.content_hash, r.occurred_at, r.device_id as device, ${cells}
      from ${model} as r
      left join lateral (
        select held.content_hash, held.retracted_at from ops.report_rows as held
        where held.report = ${sql.lit(report.name)} and held.connection = r.connection and held.row_key = r.row_key
        limit 1
      ) as sent on true
      where r.connection = ${sql.lit(connection)} and r.is_reportable and ${where}
      order by r.row_key, r.landed_xid desc
    ) as r
    order by r.occurred_at, r.device, r.row_key
  `
}

function cellOf(value: unknown, type: XlsColumnType): XlsCell {
  if (value === null || value === undefined) return null
  // Decimals come as the text that Postgres wrote.
  if (type === 'number') return Number(value)
  return typeof value === 'boolean' || typeof value === 'number' || typeof value === 'string'
    ? value
    : JSON.stringify(value)
}

/** Writes down which rows a delivery holds, so that they are not sent again unless they change. */
export async function recordSentRows(
  trx: Transaction<DB>,
  report: Report,
  connection: string,
  deliveryId: string,
  rows: Pick<ReportRow, 'row_key' | 'content_hash'>[],
): Promise<void> {
  for (let from = 0; from < rows.length; from += FETCH_ROWS) {
    const batch = rows.slice(from, from + FETCH_ROWS)
    await sql`
      insert into ops.report_rows as held (report, connection, row_key, content_hash, delivery_id)
      select ${report.name}, ${connection}, k, h, ${deliveryId}::uuid
      from unnest(${batch.map((row) => row.row_key)}::text[], ${batch.map((row) => row.content_hash)}::text[]) as r (k, h)
      on conflict (report, connection, row_key) do update
        set content_hash = excluded.content_hash, delivery_id = excluded.delivery_id, sent_at = now(),
          deliveries = held.deliveries + 1, retracted_at = null
    `.execute(trx)
  }
}

/** Marks rows that were sent and that the source has withdrawn since. What was sent stays sent; returns how many. */
export async function markRetracted(
  trx: Transaction<DB>,
  report: Report,
  connection: string,
  since: string,
): Promise<number> {
  if (report.rows === 'state') return 0
  const model = sql.table(report.rowsModel)
  // Step by step: the planner cannot tell how few rows were withdrawn, and would ask the model for each one sent.
  const { numAffectedRows = 0n } = await sql`
    with withdrawn as materialized (
      select row_key, device_id, occurred_at from ${model}
      where connection = ${connection} and landed_xid >= ${since}::xid8 and not is_reportable
    ), told as materialized (
      select withdrawn.* from withdrawn
      join lateral (
        select from ops.report_rows as held
        where held.report = ${report.name} and held.connection = ${connection} and held.row_key = withdrawn.row_key
          and held.retracted_at is null
        limit 1
      ) as held on true
    ), gone as materialized (
      select distinct told.row_key from told
      left join lateral (
        select true as stands from ${model} as other
        where other.connection = ${connection} and other.device_id = told.device_id
          and other.occurred_at = told.occurred_at and other.row_key = told.row_key and other.is_reportable
        limit 1
      ) as other on true
      where other.stands is null
    )
    update ops.report_rows as sent set retracted_at = now() from gone
    where sent.report = ${report.name} and sent.connection = ${connection} and sent.row_key = gone.row_key
  `.execute(trx)
  return Number(numAffectedRows)
}
