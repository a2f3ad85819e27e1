import { sql, type Kysely, type Transaction } from 'kysely'
import { withoutSecrets } from '../core/secret.ts'
import type { DB } from '../db/schema.ts'

type Db = Kysely<DB> | Transaction<DB>

export interface Alert {
  /** What kind of trouble, such as `delivery_failed`. */
  kind: string
  /** What it is about: with the kind, what makes one trouble the same as another. */
  subject: string
  severity: 'warning' | 'critical'
  message: string
  /** What a person does next. */
  nextStep: string
  runId?: string
}

/** Tells of a trouble: one row from its beginning to its end, however often it is met. */
export async function raiseAlert(db: Db, alert: Alert): Promise<void> {
  await sql`
    insert into ops.alerts (kind, subject, severity, message, next_step, run_id)
    values (${alert.kind}, ${alert.subject}, ${alert.severity}, ${withoutSecrets(alert.message)}, ${alert.nextStep},
      ${alert.runId ?? null}::uuid)
    on conflict (kind, subject) where ended_at is null
    do update set severity = excluded.severity, message = excluded.message, next_step = excluded.next_step,
      run_id = excluded.run_id, occurrences = ops.alerts.occurrences + 1, last_at = now()
  `.execute(db)
}

/** Ends a trouble; nothing happens where there was none. */
export async function endAlert(db: Db, { kind, subject }: Pick<Alert, 'kind' | 'subject'>): Promise<void> {
  await sql`
    update ops.alerts set ended_at = now() where kind = ${kind} and subject = ${subject} and ended_at is null
  `.execute(db)
}

export interface OpenAlert extends Omit<Alert, 'runId' | 'nextStep'> {
  next_step: string
  occurrences: number
  began_at: Date
}

/** The troubles that have no end yet, the gravest first. */
export async function openAlerts(db: Db): Promise<OpenAlert[]> {
  const { rows } = await sql<OpenAlert>`
    select kind, subject, severity, message, next_step, occurrences, began_at from ops.alerts
    where ended_at is null order by severity, began_at
  `.execute(db)
  return rows
}
