import { sql, type Kysely } from 'kysely'
import type { DB } from '../db/schema.ts'
import type { DeliverOutput } from '../queue/chevin/reports-stage.ts'
import type { SyncOutput } from '../queue/chevin/sync-output.ts'
import type { ContextsOutput } from '../queue/geotab/contexts-stage.ts'
import type { Step } from '../queue/ledger.ts'
import { count, renderTable } from './output.ts'

/** What the tables say of the Geotab fleets, and what this run laid beside each other. */
export interface GeotabSummary {
  vehicles: number
  trips: number
  exceptions: number
  faults: number
  positions: number
  contexts: ContextsOutput[]
  /** What Chevin's vehicle file changed; null when that is switched off or failed. */
  updates: SyncOutput | null
}

export async function readGeotabSummary(db: Kysely<DB>, steps: Step[]): Promise<GeotabSummary> {
  // Of the tables without end an estimate is enough: counting them would cost as much as reading them.
  const { rows } = await sql<Omit<GeotabSummary, 'contexts' | 'updates'>>`
    select
      (select count(*) from base.geotab__devices where removed_at is null and (active_to is null or active_to > now())) as vehicles,
      (select count(*) from base.geotab__exceptions where deleted_at is null and state = 'valid') as exceptions,
      (select count(*) from base.geotab__faults) as faults,
      ${estimate('base.geotab__trips')} as trips,
      ${estimate('base.geotab__positions')} as positions
  `.execute(db)
  const contexts = steps.filter((step) => step.feed === 'geotab.contexts' && step.status === 'succeeded')
  const counts = rows[0] ?? { vehicles: 0, trips: 0, exceptions: 0, faults: 0, positions: 0 }
  const sync = steps.find((step) => step.kind === 'sync' && step.status === 'succeeded')
  const updates = (sync?.output as SyncOutput | undefined) ?? null
  return { ...counts, contexts: contexts.map((step) => step.output as ContextsOutput), updates }
}

const estimate = (table: string) => sql`(
  select coalesce(sum(greatest(s.n_live_tup, 0)), 0)::bigint from pg_inherits as i
  join pg_stat_user_tables as s on s.relid = i.inhrelid where i.inhparent = ${table}::regclass
)`

/** What the run delivered, over all connections; null when nothing was to be. */
export function deliveriesOf(steps: Step[]): DeliverOutput | null {
  const outputs = steps.flatMap((step) =>
    step.kind === 'deliver' && step.output !== null && 'files' in (step.output as object)
      ? [step.output as DeliverOutput]
      : [],
  )
  const [first] = outputs
  if (first === undefined) return null
  return {
    place: first.place,
    planned: outputs.flatMap(({ planned }) => planned),
    missing: outputs.flatMap(({ missing }) => missing),
    files: outputs.flatMap(({ files }) => files),
  }
}

/** What became of the vehicle file, in a line, with the command that tells more. */
export function updatesLine({ state, explanation, plan, results }: SyncOutput): string {
  const id = plan?.plan_id ?? ''
  switch (state) {
    case 'applied': {
      const isWhole = results === null || results.rejected + results.failed === 0
      return `${explanation}: npx milepost sync history${isWhole ? '' : ` --plan ${id}`}`
    }
    case 'needs_approval':
      return `WAITING FOR APPROVAL: ${explanation}: npx milepost sync apply --approve ${id}`
    case 'rejected':
      return `THE FILE WAS REJECTED: ${explanation}`
    case 'missing':
      return `nothing to do: ${explanation}`
    default:
      return explanation
  }
}

export const notSentLine = (reason: string) => `Reports    not sent: ${reason}`

/** `notSent`: why no report is sent, when none is for want of a server. */
export function renderGeotab(
  geotab: GeotabSummary,
  deliveries: DeliverOutput | null,
  notSent: string | null,
): string[] {
  const { vehicles, trips, exceptions, faults, positions } = geotab
  const fleet = `Fleet      ${count(vehicles)} vehicles, ${count(trips)} trips, ${count(exceptions)} exceptions, ${count(faults)} faults, ${count(positions)} positions`
  const waiting = geotab.contexts.reduce((sum, { addresses }) => sum + addresses.waiting, 0)
  const lines = [fleet]
  if (waiting > 0)
    lines.push(`Addresses  ${count(waiting)} are still to be asked for; their rows are sent again once they are known`)
  const { updates } = geotab
  if (updates !== null) lines.push(`Updates    ${updatesLine(updates)}`)
  if (notSent !== null) lines.push(notSentLine(notSent))
  lines.push('')
  if (deliveries === null) return lines
  const outcomes = new Map(deliveries.files.map(({ file, outcome }) => [file, outcome]))
  const rows = deliveries.planned.map(({ file, rows: number }) => [
    file,
    count(number),
    outcomes.get(file) ?? 'planned',
  ])
  const planned = new Set(deliveries.planned.map(({ file }) => file))
  const earlier = deliveries.files.filter(({ file }) => !planned.has(file))
  for (const { file, outcome } of earlier) rows.push([file, '', `${outcome} (of an earlier run)`])
  const table = renderTable(['file', 'rows', 'delivery'], rows)
  lines.push(`Reports, in ${deliveries.place}`, ...table.split('\n').map((line) => `  ${line}`))
  for (const { report, reason } of deliveries.missing) lines.push(`  NOT MADE ${report}: ${reason}`)
  lines.push('')
  return lines
}
