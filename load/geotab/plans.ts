import { createHash, randomUUID } from 'node:crypto'
import { sql, type Kysely, type Transaction } from 'kysely'
import type { DB } from '../../db/schema.ts'
import type { DeviceValues, UpdatedField } from './device.ts'

type Db = Kysely<DB> | Transaction<DB>

export type PlanStatus = 'planned' | 'needs_approval' | 'applying' | 'done' | 'superseded'

/** A plan as the ledger holds it, without its rows and its result. */
export interface StoredPlan {
  plan_id: string
  connection: string
  file_id: string
  path: string
  sha256: string
  status: PlanStatus
  rules: unknown
  warnings: string[]
  fleet: number
  rows: number
  changes: number
  change_limit: number
  created_at: Date
  approved_at: Date | null
  approved_by: string | null
  began_at: Date | null
  ended_at: Date | null
  result_name: string | null
}

export interface StoredPlanRow {
  line: number
  decision: 'change' | 'unchanged' | 'reject'
  reasons: string[]
  warnings: string[]
  explanation: string
  deviceId: string | null
  rowDeviceId: string
  rowSerialNumber: string
  fields: UpdatedField[]
  before: DeviceValues | null
  after: DeviceValues | null
}

export interface NewPlan {
  connection: string
  fileId: string
  rules: unknown
  warnings: string[]
  fleet: number
  changes: number
  changeLimit: number
  rows: readonly StoredPlanRow[]
  runId: string | null
}

const BATCH_ROWS = 2000

/**
 * Writes a plan down, in place of the one that is open for the connection. The same rows by the same rules from the
 * same file are the plan that is there already, under the id that somebody may be about to approve. A plan that is
 * being carried out is never replaced: the caller goes on with it first.
 */
export async function storePlan(trx: Transaction<DB>, plan: NewPlan, now: Date): Promise<StoredPlan> {
  const fingerprint = fingerprintOf(plan)
  const open = await readOpenPlan(trx, plan.connection)
  if (open !== null) {
    const { rows } = await sql<{ fingerprint: string }>`
      select fingerprint from ops.sync_plans where plan_id = ${open.plan_id}::uuid
    `.execute(trx)
    if (open.file_id === plan.fileId && rows[0]?.fingerprint === fingerprint) return await renewed(trx, open, plan)
    if (open.status === 'applying') throw new Error(`plan ${open.plan_id} is being carried out`)
    await sql`update ops.sync_plans set status = 'superseded' where plan_id = ${open.plan_id}::uuid`.execute(trx)
  }
  const planId = randomUUID()
  const status = statusOf(plan)
  await sql`
    insert into ops.sync_plans (plan_id, connection, file_id, status, fingerprint, rules, warnings, fleet, rows, changes,
      change_limit, created_at, created_by_run)
    values (${planId}::uuid, ${plan.connection}, ${plan.fileId}::uuid, ${status}, ${fingerprint},
      ${JSON.stringify(plan.rules)}::jsonb, ${plan.warnings}::text[], ${plan.fleet}, ${plan.rows.length},
      ${plan.changes}, ${plan.changeLimit}, ${now}, ${plan.runId}::uuid)
  `.execute(trx)
  for (let from = 0; from < plan.rows.length; from += BATCH_ROWS) {
    await insertRows(trx, planId, plan.rows.slice(from, from + BATCH_ROWS))
  }
  const stored = await readPlan(trx, planId)
  if (stored === null) throw new Error('a plan that was just written is not there')
  return stored
}

const statusOf = ({ changes, changeLimit }: NewPlan) => (changes > changeLimit ? 'needs_approval' : 'planned')

/** The same plan under the limit of today's fleet and settings. */
async function renewed(trx: Transaction<DB>, open: StoredPlan, plan: NewPlan): Promise<StoredPlan> {
  await sql`
    update ops.sync_plans set status = ${statusOf(plan)}, fleet = ${plan.fleet}, change_limit = ${plan.changeLimit}
    where plan_id = ${open.plan_id}::uuid and status in ('planned', 'needs_approval')
  `.execute(trx)
  return (await readPlan(trx, open.plan_id)) ?? open
}

function fingerprintOf(plan: NewPlan): string {
  const hash = createHash('sha256').update(JSON.stringify([plan.fileId, plan.rules]))
  for (const { warnings: _, ...row } of plan.rows) hash.update(JSON.stringify(row))
  return hash.digest('hex')
}

async function insertRows(trx: Transaction<DB>, planId: string, rows: readonly StoredPlanRow[]): Promise<void> {
  await sql`
    insert into ops.sync_plan_rows (plan_id, line, decision, reasons, warnings, explanation, device_id, row_device_id,
      row_serial_number, fields, before, after)
    select ${planId}::uuid, r.line, r.decision, r.reasons, r.warnings, r.explanation, r."deviceId", r."rowDeviceId",
      r."rowSerialNumber", r.fields, r.before, r.after
    from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as r (line integer, decision text, reasons text[],
      warnings text[], explanation text, "deviceId" text, "rowDeviceId" text, "rowSerialNumber" text, fields text[],
      before jsonb, after jsonb)
  `.execute(trx)
}

const PLAN_COLUMNS = sql`p.plan_id, p.connection, p.file_id, f.path, f.sha256, p.status, p.rules, p.warnings, p.fleet,
  p.rows, p.changes, p.change_limit, p.created_at, p.approved_at, p.approved_by, p.began_at, p.ended_at, p.result_name
  from ops.sync_plans as p join raw.chevin__vehicle_files as f on f.file_id = p.file_id`

export async function readPlan(db: Db, planId: string): Promise<StoredPlan | null> {
  const { rows } = await sql<StoredPlan>`select ${PLAN_COLUMNS} where p.plan_id = ${planId}::uuid`.execute(db)
  return rows[0] ?? null
}

/** The plan of a connection that waits or is under way; there is one at most. */
export async function readOpenPlan(db: Db, connection: string): Promise<StoredPlan | null> {
  const { rows } = await sql<StoredPlan>`
    select ${PLAN_COLUMNS} where p.connection = ${connection} and p.status in ('planned', 'needs_approval', 'applying')
  `.execute(db)
  return rows[0] ?? null
}

/** A plan with how many of its rows were rejected when it was made; null when they are no longer kept. */
export interface ListedPlan extends StoredPlan {
  rejected: number | null
}

/** The newest plans, newest first, of one connection or of all. */
export async function readPlans(db: Db, connection: string | null, limit: number): Promise<ListedPlan[]> {
  const { rows } = await sql<ListedPlan>`
    select (
      select case when count(*) = p.rows then count(*) filter (where r.decision = 'reject') end
      from ops.sync_plan_rows as r where r.plan_id = p.plan_id
    ) as rejected, ${PLAN_COLUMNS} where ${connection}::text is null or p.connection = ${connection}
    order by f.file_number desc, p.created_at desc limit ${limit}
  `.execute(db)
  return rows
}

export async function readPlanRows(
  db: Db,
  planId: string,
  decision: StoredPlanRow['decision'] | null = null,
): Promise<StoredPlanRow[]> {
  const { rows } = await sql<StoredPlanRow>`
    select line, decision, reasons, warnings, explanation, device_id as "deviceId", row_device_id as "rowDeviceId",
      row_serial_number as "rowSerialNumber", fields, before, after
    from ops.sync_plan_rows
    where plan_id = ${planId}::uuid and (${decision}::text is null or decision = ${decision})
    order by line
  `.execute(db)
  return rows
}

/** Marks a plan as under way, with whoever approved it where that was needed. */
export async function beginPlan(db: Db, planId: string, approvedBy: string | null, now: Date): Promise<void> {
  await sql`
    update ops.sync_plans
    set status = 'applying', began_at = coalesce(began_at, ${now}),
      approved_by = coalesce(approved_by, ${approvedBy}),
      approved_at = coalesce(approved_at, case when ${approvedBy}::text is null then null else ${now}::timestamptz end)
    where plan_id = ${planId}::uuid and status in ('planned', 'needs_approval', 'applying')
  `.execute(db)
}

/** Ends a plan with its result. */
export async function endPlan(
  db: Db,
  planId: string,
  result: { name: string; content: Buffer },
  now: Date,
): Promise<void> {
  await sql`
    update ops.sync_plans set status = 'done', ended_at = ${now}, result_name = ${result.name}, result = ${result.content}
    where plan_id = ${planId}::uuid and status <> 'done'
  `.execute(db)
}

export async function readResult(db: Db, planId: string): Promise<{ name: string; content: Buffer } | null> {
  const { rows } = await sql<{ name: string; content: Buffer }>`
    select result_name as name, result as content from ops.sync_plans
    where plan_id = ${planId}::uuid and octet_length(result) > 0
  `.execute(db)
  return rows[0] ?? null
}

/** Drops the rows and results of the plans of a file. The plans themselves stay, and so does the audit. */
export async function dropPlanRows(trx: Transaction<DB>, fileId: string): Promise<void> {
  await sql`
    delete from ops.sync_plan_rows where plan_id in (select plan_id from ops.sync_plans where file_id = ${fileId}::uuid)
  `.execute(trx)
  await sql`
    update ops.sync_plans set result = '' where file_id = ${fileId}::uuid and status = 'done'
  `.execute(trx)
}
