import { sql } from 'kysely'
import { readSteps } from '../../queue/ledger.ts'
import type { TestDatabase } from './database.ts'

/** Raw tables by the base table that their rows become; references share one. */
const TABLES: Record<string, string> = {
  devices: 'devices',
  users: 'users',
  zones: 'zones',
  rules: 'rules',
  diagnostics: 'diagnostics',
  device_status_info: 'device_status',
  driver_changes: 'driver_changes',
  exception_events: 'exceptions',
  fault_data: 'faults',
  log_records: 'positions',
  status_data: 'status_data',
  trips: 'trips',
  groups: 'groups',
  controllers: "references where entity = 'controller'",
  sources: "references where entity = 'source'",
  failure_modes: "references where entity = 'failure_mode'",
  units_of_measure: "references where entity = 'unit_of_measure'",
}

export interface FeedCount {
  feed: string
  current: number
  base: number
  quarantined: number
}

/** How many records of each feed are current, how many became rows, and how many wait in quarantine instead. */
export async function feedCounts({ db }: TestDatabase): Promise<FeedCount[]> {
  const selects = Object.entries(TABLES).map(
    ([name, base]) => sql`
      select ${`geotab.${name}`}::text as feed,
        (select count(*) from ${sql.table(`raw.geotab__${name}`)} where is_current) as current,
        (select count(*) from base.geotab__${sql.raw(base)}) as base,
        (
          select count(*) from ops.quarantine
          where feed = ${`geotab.${name}`} and stage = 'transform' and state in ('open', 'retry')
        ) as quarantined
    `,
  )
  const { rows } = await sql<FeedCount>`${sql.join(selects, sql` union all `)}`.execute(db)
  return rows
}

/** What does not add up: in the steps of a run, and between raw and base. None when all is well. */
export async function unaccounted(database: TestDatabase, runId: string): Promise<string[]> {
  const steps = await readSteps(database.db, runId)
  const counts = await feedCounts(database)
  return [
    ...steps
      .filter((step) => step.fetched !== step.landed + step.unchanged + step.quarantined)
      .map((step) => `${step.step}: ${step.fetched} fetched, ${step.landed} landed, ${step.unchanged} unchanged`),
    ...counts
      .filter(({ current, base, quarantined }) => current !== base + quarantined)
      .map(
        ({ feed, current, base, quarantined }) =>
          `${feed}: ${current} current, ${base} rows, ${quarantined} quarantined`,
      ),
  ]
}
