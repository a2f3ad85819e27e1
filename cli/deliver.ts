import { mkdir, writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import type { PipelineContext } from '../queue/context.ts'
import type { PlannedReport } from '../queue/chevin/plan-report.ts'
import type { SentFile } from '../queue/chevin/send.ts'
import { drainOnSignals } from './drain.ts'
import { EXIT, usageError } from './exit.ts'
import { count, print, renderJson, renderTable, say } from './output.ts'

interface Options {
  report: string[]
  connection: string[]
  from?: string
  to?: string
  dryRun?: boolean
  out?: string
  retryFailed?: boolean
  receipts?: boolean
  json?: boolean
}

const collect = (value: string, before: string[]) => [...before, value]

export function addDeliverCommand(program: Command): void {
  program
    .command('deliver')
    .description("render the reports that are due and send them to Chevin's SFTP")
    .option(
      '--report <name>',
      'asset_status, trips_history, exceptions_details or engine_faults; may be given several times',
      collect,
      [],
    )
    .option('--connection <id>', 'a Geotab database; may be given several times (default: all)', collect, [])
    .option('--from <instant>', 'what happened from here on instead of what is due: a day or an ISO instant, UTC')
    .option('--to <instant>', 'up to here, not included')
    .option('--out <dir>', 'write the files there instead of sending them; nothing is recorded')
    .option('--dry-run', 'only say which files would be sent; nothing is recorded')
    .option('--retry-failed', 'give files that failed for good another round of attempts')
    .option('--receipts', 'list what was sent, newest first, and do nothing else')
    .option('--json', 'as JSON')
    .addHelpText(
      'after',
      `
Without --from and --to a file holds what arrived or changed since the last one (asset_status: the present state); a
row is sent again only when what it tells has changed. The models are taken as they stand: \`npx milepost run\` reads
and builds first. With --from and --to the rows of that span are sent as they are now, sent before or not.
Without chevin.sftp nothing can be sent; --out and --dry-run work all the same.
Exit codes: 0 all arrived, 3 some wait or failed.

Examples:
  $ npx milepost deliver --dry-run
  $ npx milepost deliver --report trips_history --from 2026-03-01 --to 2026-03-02 --out ./files
  $ npx milepost deliver --receipts --json`,
    )
    .action(async (options: Options) => {
      const span = spanOf(options)
      const drain = drainOnSignals()
      const { openPipeline } = await import('./pipeline.ts')
      const { REPORTS } = await import('../core/config-geotab-schema.ts')
      const unknown = options.report.find((name) => !(REPORTS as readonly string[]).includes(name))
      if (unknown !== undefined) throw usageError(`there is no report ${unknown}; there are ${REPORTS.join(', ')}`)
      const { context, sources, close } = await openPipeline(drain, { schedules: false })
      try {
        for (const notice of sources.notices) say(notice)
        if (options.receipts === true) await showReceipts(context, options)
        else if (options.dryRun === true || options.out !== undefined) await renderOnly(context, options, span)
        else await deliver(context, options, span, drain)
      } finally {
        await close()
      }
    })
}

function spanOf({ from, to }: Options): { from: Date; to: Date } | null {
  if (from === undefined && to === undefined) return null
  if (from === undefined || to === undefined) throw usageError('--from and --to go together')
  const span = { from: instantOf('--from', from), to: instantOf('--to', to) }
  if (span.from >= span.to) throw usageError(`--from (${from}) is not before --to (${to})`)
  return span
}

function instantOf(option: string, text: string): Date {
  const isInstant = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d))?$/.test(text)
  const instant = new Date(text)
  if (isInstant && !Number.isNaN(instant.getTime())) return instant
  throw usageError(
    `${option} takes a day (2026-03-01, UTC) or an instant with its zone (2026-03-01T06:00:00Z), not ${text}`,
  )
}

async function chosen(context: PipelineContext, options: Options) {
  const { REPORTS } = await import('../queue/chevin/reports.ts')
  const wanted: string[] = options.report.length === 0 ? context.config.chevin.reports : options.report
  const all = context.geotab.databases.map(({ connection }) => connection)
  const stranger = options.connection.find((connection) => !all.includes(connection))
  const known = all.length === 0 ? 'none is configured' : `there are ${all.join(', ')}`
  if (stranger !== undefined) throw usageError(`there is no Geotab database ${stranger}; ${known}`)
  const connections = options.connection.length === 0 ? all : options.connection
  return REPORTS.filter(({ name }) => wanted.includes(name)).flatMap((report) =>
    connections.map((connection) => ({ report, connection })),
  )
}

async function renderOnly(context: PipelineContext, options: Options, span: { from: Date; to: Date } | null) {
  const { renderReport } = await import('../queue/chevin/plan-report.ts')
  const planned: PlannedReport[] = []
  for (const { report, connection } of await chosen(context, options)) {
    planned.push(await renderReport(context, report, connection, span))
  }
  if (options.out !== undefined && options.dryRun !== true) {
    const folder = resolve(options.out)
    await mkdir(folder, { recursive: true })
    for (const { files } of planned) {
      for (const { name, content } of files) await writeFile(resolve(folder, name), content)
    }
  }
  const files = planned.flatMap(({ report, connection, files: of }) =>
    of.map(({ name, rows, bytes }) => ({ report, connection, file: name, rows, bytes })),
  )
  if (options.json === true) print(renderJson({ files, written_to: options.dryRun === true ? null : options.out }))
  else {
    print(
      renderTable(
        ['file', 'rows', 'bytes'],
        files.map(({ file, rows, bytes }) => [file, rows, bytes]),
      ),
    )
    if (options.dryRun === true) print('Nothing was recorded or sent.')
    else print(`Written to ${options.out}; nothing was recorded or sent.`)
  }
}

async function deliver(
  context: PipelineContext,
  options: Options,
  span: { from: Date; to: Date } | null,
  drain: AbortSignal,
): Promise<void> {
  const { planReport, planSpan } = await import('../queue/chevin/plan-report.ts')
  const { sendDue } = await import('../queue/chevin/send.ts')
  const { assertMayDeliver, requireChevin } = await import('../queue/chevin/target.ts')
  const { checkConnections } = await import('../queue/connections.ts')
  const { requeueDeliveries } = await import('../load/sftp/ledger.ts')
  assertMayDeliver(context)
  await checkConnections(context)
  const { destination, place } = requireChevin(context)
  if (options.retryFailed === true) {
    const again = await context.db
      .transaction()
      .execute((trx) => requeueDeliveries(trx, { destination }, context.clock))
    say(`${count(again)} file(s) get another round.`)
  }
  for (const { report, connection } of await chosen(context, options)) {
    if (span === null) await planReport(context, report, connection, { runId: null })
    else await planSpan(context, report, connection, span)
  }
  const files = await sendDue(context, null, drain)
  if (options.json === true) print(renderJson({ files, place }))
  else {
    print(
      renderTable(
        ['file', 'outcome', 'error'],
        files.map(({ file, outcome, error }) => [file, outcome, error?.message]),
      ),
    )
    print(`At ${place}`)
  }
  if (files.some(isOpen)) process.exitCode = EXIT.partial
}

const isOpen = ({ outcome }: SentFile) => outcome !== 'delivered' && outcome !== 'was_there'

async function showReceipts(context: PipelineContext, options: Options): Promise<void> {
  const { readReceipts } = await import('../load/sftp/ledger.ts')
  const { CHEVIN } = await import('../queue/chevin/target.ts')
  const destination = context.chevin?.destination ?? CHEVIN
  const all = await readReceipts(context.db, { destination, limit: 200 })
  const receipts = all.filter(({ report }) => options.report.length === 0 || options.report.includes(report))
  if (options.json === true) return print(renderJson(receipts))
  print(
    renderTable(
      ['file', 'status', 'rows', 'bytes', 'sha256', 'attempts', 'delivered_at', 'error'],
      receipts.map((one) => [
        one.file_name,
        one.status,
        one.rows,
        one.bytes,
        one.sha256.slice(0, 12),
        one.attempts,
        one.delivered_at,
        one.error_code,
      ]),
    ),
  )
}
