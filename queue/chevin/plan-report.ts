import { sql, type Transaction } from 'kysely'
import { transactionLock } from '../../db/advisory-lock.ts'
import type { DB } from '../../db/schema.ts'
import { sha256 } from '../../load/sftp/deliver.ts'
import { planDelivery, type PlannedFile } from '../../load/sftp/ledger.ts'
import { xlsFiles, type XlsFile } from '../../load/xls/write-xls.ts'
import type { PipelineContext } from '../context.ts'
import { geotabDatabase } from '../geotab/source.ts'
import {
  markRetracted,
  readReportRows,
  recordSentRows,
  reportColumns,
  type ReportRow,
  type RowChoice,
} from './report-rows.ts'
import { reportFileName, type Report } from './reports.ts'
import { requireChevin } from './target.ts'

/** A report's files, rendered and named; in the ledger unless it was only to be shown. */
export interface PlannedReport {
  report: string
  connection: string
  windowEnd: Date
  files: { name: string; rows: number; bytes: number; content: Uint8Array; notes: XlsFile['noteCounts'] }[]
  rows: number
  retracted: number
}

interface Rendered {
  files: XlsFile[]
  /** The rows of each file. */
  sent: Pick<ReportRow, 'row_key' | 'content_hash'>[][]
}

/**
 * Renders what is due of a report and puts its files into the delivery ledger, in one transaction with the record of
 * the rows that they hold and with the watermark: from then on names and bytes are fixed, whatever happens to the
 * sending. Of two that plan the same report at once, the second finds nothing due. A run plans a report once.
 */
export async function planReport(
  context: PipelineContext,
  report: Report,
  connection: string,
  run: { runId: string | null },
): Promise<PlannedReport | null> {
  const { destination } = requireChevin(context)
  return await context.db.transaction().execute(async (trx) => {
    await transactionLock(trx, `report ${report.name} ${connection}`)
    if (run.runId !== null && (await isPlanned(trx, report, connection, run.runId))) return null
    const consumer = `report ${report.name} ${connection}`
    const { rows: marks } = await sql<{ next: string; since: string; window_start: Date | null }>`
      select ops.next_watermark()::text as next, ops.watermark_of(${consumer})::text as since,
        (
          select max(window_end) from ops.deliveries
          where report = ${report.name} and connection = ${connection} and destination = ${destination}
        ) as window_start
    `.execute(trx)
    const { next = '0', since = '0', window_start = null } = marks[0] ?? {}
    const { files, sent } = await render(trx, report, connection, { since })
    const retracted = await markRetracted(trx, report, connection, since)
    const windowEnd = await freeSecond(context, trx, report, connection)
    const named = nameFiles(context, report, connection, windowEnd, files.map(asFile))
    const window = { ...(window_start === null ? {} : { windowStart: window_start }), windowEnd, sourceWatermark: next }
    for (const [index, file] of named.entries()) {
      const part = { partNumber: index + 1, parts: named.length, ...window, ...runOf(run) }
      const deliveryId = await planFile(context, trx, report, connection, file, part)
      if (report.rows === 'changes') await recordSentRows(trx, report, connection, deliveryId, sent[index] ?? [])
    }
    await sql`select ops.advance_watermark(${consumer}, ${next}::xid8)`.execute(trx)
    const rows = named.reduce((sum, file) => sum + file.rows, 0)
    return { report: report.name, connection, windowEnd, files: named, rows, retracted }
  })
}

/**
 * Puts files with the rows of a span of time, as they are now, into the delivery ledger: what a person asks for by hand,
 * sent before or not. What is due is not touched.
 */
export async function planSpan(
  context: PipelineContext,
  report: Report,
  connection: string,
  span: { from: Date; to: Date },
): Promise<void> {
  const { files, windowEnd: asked } = await renderReport(context, report, connection, span)
  await context.db.transaction().execute(async (trx) => {
    await transactionLock(trx, `report ${report.name} ${connection}`)
    const windowEnd = await untakenSecond(context, trx, report, connection, files, asked)
    for (const [index, file] of nameFiles(context, report, connection, windowEnd, files).entries()) {
      const part = { partNumber: index + 1, parts: files.length, windowStart: span.from, windowEnd }
      await planFile(context, trx, report, connection, file, part)
    }
  })
}

/** The first second at or after an instant whose names no other files have: rows of a span change with time. */
async function untakenSecond(
  context: PipelineContext,
  trx: Transaction<DB>,
  report: Report,
  connection: string,
  files: PlannedReport['files'],
  from: Date,
): Promise<Date> {
  const { destination, importDir } = requireChevin(context)
  for (let at = from; ; at = new Date(at.getTime() + 1000)) {
    const named = nameFiles(context, report, connection, at, files)
    const { rows } = await sql<{ name: string; sha256: string }>`
      select file_name as name, sha256 from ops.deliveries
      where destination = ${destination} and folder = ${importDir} and file_name = any(${named.map(({ name }) => name)}::text[])
    `.execute(trx)
    const isTaken = rows.some(({ name, sha256: held }) =>
      named.some((file) => file.name === name && sha256(Buffer.from(file.content)) !== held),
    )
    if (!isTaken) return at
  }
}

type Part = Pick<PlannedFile, 'partNumber' | 'parts' | 'windowStart' | 'windowEnd' | 'sourceWatermark' | 'runId'>

const runOf = ({ runId }: { runId: string | null }) => (runId === null ? {} : { runId })

async function planFile(
  context: PipelineContext,
  trx: Transaction<DB>,
  report: Report,
  connection: string,
  file: PlannedReport['files'][number],
  part: Part,
): Promise<string> {
  const { destination, importDir } = requireChevin(context)
  const { deliveryId } = await planDelivery(
    trx,
    {
      report: report.name,
      connection,
      destination,
      folder: importDir,
      fileName: file.name,
      rows: file.rows,
      content: Buffer.from(file.content),
      ...part,
    },
    context.clock,
  )
  return deliveryId
}

/** Renders a report without recording anything: what is due, or what happened in a span of time. */
export async function renderReport(
  context: PipelineContext,
  report: Report,
  connection: string,
  span: { from: Date; to: Date } | null,
): Promise<PlannedReport> {
  return await context.db.transaction().execute(async (trx) => {
    const { rows: marks } = await sql<{ since: string }>`
      select ops.watermark_of(${`report ${report.name} ${connection}`})::text as since
    `.execute(trx)
    const { files } = await render(trx, report, connection, span ?? { since: marks[0]?.since ?? '0' })
    // A state is that of now, whatever span is asked for.
    const asked = report.rows === 'state' ? undefined : span?.to
    const windowEnd = asked ?? wholeSecond(context.clock.now())
    const named = nameFiles(context, report, connection, windowEnd, files.map(asFile))
    const rows = named.reduce((sum, file) => sum + file.rows, 0)
    return { report: report.name, connection, windowEnd, files: named, rows, retracted: 0 }
  })
}

async function render(trx: Transaction<DB>, report: Report, connection: string, choice: RowChoice): Promise<Rendered> {
  const columns = await reportColumns(trx, report)
  const all: Rendered['sent'][number] = []
  async function* cells() {
    for await (const { row_key, content_hash, cells: row } of readReportRows(
      trx,
      report,
      columns,
      connection,
      choice,
    )) {
      all.push({ row_key, content_hash })
      yield row
    }
  }
  const files: XlsFile[] = []
  for await (const file of xlsFiles({ columns, rows: cells() })) files.push(file)
  let from = 0
  const sent = files.map((file) => all.slice(from, (from += file.rows)))
  return { files, sent }
}

function nameFiles(
  context: PipelineContext,
  report: Report,
  connection: string,
  windowEnd: Date,
  files: Omit<PlannedReport['files'][number], 'name'>[],
): PlannedReport['files'] {
  const { reportPrefix } = geotabDatabase(context, connection)
  return files.map((file, index) => ({
    ...file,
    name: reportFileName(reportPrefix, report, windowEnd, { number: index + 1, of: files.length }),
  }))
}

const asFile = ({ rows, content, noteCounts }: XlsFile) => ({
  rows,
  bytes: content.length,
  content,
  notes: noteCounts,
})

async function isPlanned(trx: Transaction<DB>, report: Report, connection: string, runId: string): Promise<boolean> {
  const { rows } = await sql`
    select from ops.deliveries where report = ${report.name} and connection = ${connection} and run_id = ${runId}::uuid limit 1
  `.execute(trx)
  return rows.length > 0
}

const wholeSecond = (instant: Date) => new Date(Math.floor(instant.getTime() / 1000) * 1000)

/** The window's end, in whole seconds as file names tell it, and later than that of the report's last file. */
async function freeSecond(
  context: PipelineContext,
  trx: Transaction<DB>,
  report: Report,
  connection: string,
): Promise<Date> {
  const { rows } = await sql<{ last: Date | null }>`
    select max(window_end) as last from ops.deliveries where report = ${report.name} and connection = ${connection}
  `.execute(trx)
  const now = wholeSecond(context.clock.now())
  const last = rows[0]?.last ?? null
  return last !== null && last >= now ? new Date(last.getTime() + 1000) : now
}
