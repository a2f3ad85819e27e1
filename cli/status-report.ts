import { sql, type Kysely } from 'kysely'
import type { Config } from '../core/config.ts'
import type { DB } from '../db/schema.ts'
import { openAlerts } from '../queue/alerts.ts'
import { DEAD_LETTERS } from '../queue/catalogue.ts'
import { reportsNotSent } from '../queue/chevin/target.ts'
import { readSteps, type Run } from '../queue/ledger.ts'
import { notSentLine } from './geotab-summary.ts'
import { count, renderTable } from './output.ts'

/** The last runs, newest first, and what waits. */
export async function readStatus(db: Kysely<DB>, config: Config, limit: number) {
  const runs = await sql<Run>`
    select r.run_id, r.lane, r.trigger, r.status, r.owner, r.started_at, r.finished_at, r.error_code, r.error_message,
      coalesce(sum(s.fetched), 0)::bigint as fetched, coalesce(sum(s.landed), 0)::bigint as landed,
      coalesce(sum(s.unchanged), 0)::bigint as unchanged, coalesce(sum(s.quarantined), 0)::bigint as quarantined
    from ops.runs as r left join ops.steps as s on s.run_id = r.run_id
    group by r.run_id order by r.started_at desc limit ${limit}
  `.execute(db)
  const newest = runs.rows[0]
  const steps = newest === undefined ? [] : await readSteps(db, newest.run_id)
  const quarantine = await sql<{ feed: string; stage: string; state: string; code: string; records: number }>`
    select feed, stage, state, code, count(*) as records from ops.quarantine
    where state in ('open', 'retry') group by feed, stage, state, code order by feed, stage, code
  `.execute(db)
  const alerts = await openAlerts(db)
  return {
    runs: runs.rows,
    steps,
    queues: await readQueues(db),
    quarantine: quarantine.rows,
    alerts,
    reports_not_sent: reportsNotSent(config),
  }
}

async function readQueues(db: Kysely<DB>) {
  const { rows: installed } = await sql<{
    exists: boolean
  }>`select to_regclass('pgboss.job') is not null as exists`.execute(db)
  if (installed[0]?.exists !== true) return []
  const { rows } = await sql<{
    queue: string
    waiting: number
    active: number
    failed: number
    oldest_waiting: Date | null
  }>`
    select q.name as queue,
      count(*) filter (where j.state in ('created', 'retry')) as waiting,
      count(*) filter (where j.state = 'active') as active,
      count(*) filter (where j.state = 'failed' and j.created_on > last_good.at) as failed,
      min(j.created_on) filter (where j.state in ('created', 'retry')) as oldest_waiting
    from pgboss.queue as q
    -- What failed before the last run that succeeded was made good by it.
    cross join (
      select coalesce(max(started_at), '-infinity') as at from ops.runs where status = 'succeeded'
    ) as last_good
    left join pgboss.job as j on j.name = q.name and (q.name <> ${DEAD_LETTERS} or j.created_on > last_good.at)
    where q.name not like '\\_\\_%'
    group by q.name order by q.name
  `.execute(db)
  return rows
}

export function renderStatus({
  runs,
  steps,
  queues,
  quarantine,
  alerts,
  reports_not_sent,
}: Awaited<ReturnType<typeof readStatus>>): string {
  if (runs.length === 0) return 'No run yet. Begin with `npm start` or `npx milepost run`.'
  const parts = [
    'Runs',
    renderTable(
      ['run', 'status', 'trigger', 'started', 'seconds', 'fetched', 'landed', 'unchanged', 'quarantined', 'owner'],
      runs.map((run) => [
        run.run_id,
        run.status,
        run.trigger,
        run.started_at,
        (((run.finished_at ?? new Date()).getTime() - run.started_at.getTime()) / 1000).toFixed(1),
        count(run.fetched),
        count(run.landed),
        count(run.unchanged),
        count(run.quarantined),
        run.owner,
      ]),
    ),
    '',
    'Steps of the newest run',
    renderTable(
      ['step', 'status', 'attempts', 'windows', 'fetched', 'error'],
      steps.map((step) => [
        step.step,
        step.status,
        step.attempts,
        step.windows_total > 0 ? `${step.windows_done}/${step.windows_total}` : '',
        step.kind === 'extract' ? count(step.fetched) : '',
        step.error_code ?? '',
      ]),
    ),
    ...steps.filter((step) => step.error_message !== null).map((step) => `  ${step.step}: ${step.error_message}`),
    '',
    'Queues',
    renderTable(
      ['queue', 'waiting', 'active', 'failed', 'oldest waiting'],
      queues.map((row) => [row.queue, row.waiting, row.active, row.failed, row.oldest_waiting]),
    ),
  ]
  const dead = queues.find((row) => row.queue === DEAD_LETTERS)?.waiting ?? 0
  if (dead > 0)
    parts.push(`${dead} job(s) failed for good since the last run that succeeded; the next run does their work again.`)
  parts.push('', quarantine.length === 0 ? 'Quarantine is empty.' : 'Quarantine (npx milepost quarantine)')
  if (quarantine.length > 0) {
    const rows = quarantine.map((row) => [row.feed, row.stage, row.state, row.code, row.records])
    parts.push(renderTable(['feed', 'stage', 'state', 'code', 'records'], rows))
  }
  if (reports_not_sent !== null) parts.push('', notSentLine(reports_not_sent))
  parts.push('', alerts.length === 0 ? 'No open alert.' : 'Alerts')
  for (const { severity, message, next_step, began_at, occurrences } of alerts) {
    parts.push(
      `  ${severity}, since ${began_at.toISOString()}, met ${occurrences} time(s): ${message}`,
      `    -> ${next_step}`,
    )
  }
  return parts.join('\n')
}
