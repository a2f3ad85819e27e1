import { sql, type Kysely } from 'kysely'
import type { Config } from '../core/config.ts'
import type { DB } from '../db/schema.ts'
import { openAlerts, type OpenAlert } from '../queue/alerts.ts'
import type { BuildOutput } from '../queue/build-job.ts'
import type { DeliverOutput } from '../queue/chevin/reports-stage.ts'
import { reportsNotSent } from '../queue/chevin/target.ts'
import { readSteps, type Run, type Step } from '../queue/ledger.ts'
import { deliveriesOf, readGeotabSummary, renderGeotab, type GeotabSummary } from './geotab-summary.ts'
import { count, money, renderTable } from './output.ts'

/** Records of a source that a run read, and what became of them. */
interface SourceCounts {
  fetched: number
  landed: number
  unchanged: number
  quarantined: number
  /** Left out by the settings; not part of fetched. */
  skipped: number
}

export interface RunSummary extends Omit<SourceCounts, 'skipped'> {
  run_id: string
  status: Run['status']
  seconds: number
  /** The counts by source. */
  sources_read: Record<string, SourceCounts>
  geotab: GeotabSummary
  deliveries: DeliverOutput | null
  /** Why no report is sent, when none is for want of a server. */
  reports_not_sent: string | null
  alerts: OpenAlert[]
  refused_in_flattening: number
  failures: { step: string; code: string; message: string }[]
  missing_invoices: number
  /** Windows of this run that came back empty although they held invoices before. */
  emptied_windows: number
  lines: { line_item_type: string; lines: number; total: string }[]
  reconciliation: { status: string; invoices: number }[]
  build: BuildOutput | null
  top_customers: { customer_title: string; total_invoices: number; total_revenue: string }[]
}

/** What a run did and what the tables say after it. */
export async function readSummary(db: Kysely<DB>, config: Config, run: Run): Promise<RunSummary> {
  const steps = await readSteps(db, run.run_id)
  const build = steps.find((step) => step.kind === 'build' && step.status === 'succeeded')
  const lines = await sql<RunSummary['lines'][number]>`
    select line_item_type, count(*) as lines, sum(line_total) as total from base.fullbay__line_items
    group by line_item_type order by sum(line_total) desc
  `.execute(db)
  const reconciliation = await sql<RunSummary['reconciliation'][number]>`
    select reconciliation_status as status, count(*) as invoices from base.fullbay__invoices group by 1 order by 2 desc
  `.execute(db)
  const counts = await sql<{ missing: number; open: number; emptied: number }>`
    select (select count(*) from raw.fullbay__missing_invoices) as missing,
      (
        select count(*) from ops.windows as w
        where w.run_id = ${run.run_id}::uuid and w.status = 'done' and w.fetched = 0 and exists (
          select from base.fullbay__invoices as b
          where b.shop_id = w.connection and b.invoice_date between w.window_start and w.window_end
        )
      ) as emptied,
      (select count(*) from ops.quarantine where feed like 'fullbay.%' and stage = 'transform' and state = 'open' and run_id = ${run.run_id}::uuid) as open
  `.execute(db)
  return {
    run_id: run.run_id,
    status: run.status,
    sources_read: countsBySource(steps),
    geotab: await readGeotabSummary(db, steps),
    deliveries: deliveriesOf(steps),
    reports_not_sent: reportsNotSent(config),
    alerts: await openAlerts(db),
    seconds: ((run.finished_at?.getTime() ?? Date.now()) - run.started_at.getTime()) / 1000,
    fetched: run.fetched,
    landed: run.landed,
    unchanged: run.unchanged,
    quarantined: run.quarantined,
    refused_in_flattening: counts.rows[0]?.open ?? 0,
    failures: steps.flatMap(failureOf),
    missing_invoices: counts.rows[0]?.missing ?? 0,
    emptied_windows: counts.rows[0]?.emptied ?? 0,
    lines: lines.rows,
    reconciliation: reconciliation.rows,
    build: (build?.output as BuildOutput | undefined) ?? null,
    top_customers: await readTopCustomers(db),
  }
}

function countsBySource(steps: Step[]): Record<string, SourceCounts> {
  const bySource: Record<string, SourceCounts> = {}
  for (const step of steps) {
    if (step.kind !== 'extract' && step.kind !== 'enrich') continue
    const source = step.feed?.split('.')[0] ?? ''
    const counts = (bySource[source] ??= { fetched: 0, landed: 0, unchanged: 0, quarantined: 0, skipped: 0 })
    for (const name of Object.keys(counts) as (keyof SourceCounts)[]) counts[name] += step[name]
  }
  return bySource
}

function failureOf(step: Step): RunSummary['failures'] {
  if (step.status !== 'failed') return []
  return [{ step: step.step, code: step.error_code ?? 'FAILED', message: step.error_message ?? '' }]
}

// The view is missing until the first build has been published.
async function readTopCustomers(db: Kysely<DB>): Promise<RunSummary['top_customers']> {
  const { rows: found } = await sql<{ exists: boolean }>`
    select to_regclass('marts.v_customer_analysis') is not null as exists
  `.execute(db)
  if (found[0]?.exists !== true) return []
  const { rows } = await sql<RunSummary['top_customers'][number]>`
    select customer_title, total_invoices, total_revenue from marts.v_customer_analysis order by total_revenue desc limit 5
  `.execute(db)
  return rows
}

const HEADLINE: Record<Run['status'], string> = {
  succeeded: 'The run succeeded',
  partial: 'The run is partly done',
  failed: 'The run failed',
  interrupted: 'The run was interrupted; what it committed stays, and the next run goes on from there',
  running: 'The run is still going',
}

export function renderSummary(summary: RunSummary & { database: string; sources: string[] }): string {
  const parts = [
    `${HEADLINE[summary.status]} (${summary.seconds.toFixed(1)} s, run ${summary.run_id}).`,
    ...summary.failures.map(({ step, code, message }) => `  FAILED ${step}\n    ${code}: ${message}`),
    '',
    ...summary.sources.map((source) => `Source     ${source}`),
    `Invoices   ${countsLine(summary.sources_read['fullbay'])}`,
    ...noticeLines(summary),
    `Geotab     ${countsLine(summary.sources_read['geotab'])}`,
    ...modelLines(summary),
    ...summary.alerts.map((alert) => `ALERT      ${alert.severity}: ${alert.message} -> ${alert.next_step}`),
    '',
    ...(summary.sources_read['geotab'] === undefined
      ? []
      : renderGeotab(summary.geotab, summary.deliveries, summary.reports_not_sent)),
    ...section(
      'Lines',
      ['type', 'lines', 'total'],
      summary.lines.map((row) => [row.line_item_type, count(row.lines), money(row.total)]),
    ),
    ...section(
      'Top customers (v_customer_analysis)',
      ['customer', 'invoices', 'revenue'],
      summary.top_customers.map((row) => [row.customer_title, count(row.total_invoices), money(row.total_revenue)]),
    ),
    `Database   ${summary.database}`,
    'Next       npx milepost sql "select * from v_parts_analysis order by total_revenue desc limit 10"',
    summary.failures.length > 0
      ? '           npx milepost status     what failed, and doctor: what is missing'
      : '           npx milepost status     runs, queues, quarantine',
    '           npx milepost --help     everything else',
  ]
  return parts.join('\n')
}

function countsLine(counts: SourceCounts | undefined): string {
  if (counts === undefined) return 'not read'
  const { fetched, landed, unchanged, quarantined, skipped } = counts
  const line = `${count(fetched)} fetched = ${count(landed)} landed + ${count(unchanged)} unchanged + ${count(quarantined)} quarantined`
  const left = skipped === 0 ? '' : `; ${count(skipped)} readings left out by the settings`
  if (quarantined > 0) return `${line} (npx milepost quarantine)${left}`
  return landed === 0 && fetched > 0 ? `${line}: nothing new${left}` : `${line}${left}`
}

function noticeLines(summary: RunSummary): string[] {
  const lines: string[] = []
  if (summary.sources_read['fullbay'] === undefined) return lines
  const of = (status: string) => summary.reconciliation.find((row) => row.status === status)?.invoices ?? 0
  const total = summary.reconciliation.reduce((sum, row) => sum + row.invoices, 0)
  lines.push(
    `Reconcile  ${count(of('RECONCILED'))} of ${count(total)} invoices to the cent, ${count(of('ROUNDING'))} within 0.05, ` +
      `${count(of('UNRECONCILED'))} not (see v_reconciliation)`,
  )
  if (summary.refused_in_flattening > 0) {
    lines.push(`Refused    ${count(summary.refused_in_flattening)} could not be flattened: npx milepost quarantine`)
  }
  if (summary.emptied_windows > 0) {
    lines.push(
      `WARNING    ${count(summary.emptied_windows)} window(s) that held invoices before came back empty: is the source well?`,
    )
  }
  if (summary.missing_invoices > 0) {
    lines.push(
      `Missing    ${count(summary.missing_invoices)} invoices are no longer listed by the source; their lines are kept`,
    )
  }
  return lines
}

function modelLines({ build }: RunSummary): string[] {
  if (build === null) return ['Models     not published by this run; readers keep the last good ones']
  const warned = build.tests_warned.map((name) => `Warned     ${name} found rows: npx milepost models test`)
  const kept = (build.unchanged ?? 0) > 0 ? `, ${count(build.unchanged ?? 0)} unchanged` : ''
  const counts = `${count(build.models)} built${kept}, ${count(build.tests_passed)} tests passed`
  return [`Models     ${counts}, published in ${build.seconds.toFixed(1)} s`, ...warned]
}

function section(title: string, columns: string[], rows: string[][]): string[] {
  if (rows.length === 0) return []
  const table = renderTable(columns, rows)
  return [title, ...table.split('\n').map((line) => `  ${line}`), '']
}
