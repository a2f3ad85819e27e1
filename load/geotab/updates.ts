import { sql, type Kysely, type Transaction } from 'kysely'
import type { DB } from '../../db/schema.ts'
import type { DeviceValues, UpdatedField } from './device.ts'
import type { StoredPlan } from './plans.ts'

type Db = Kysely<DB> | Transaction<DB>

/** How the change of a device ended. `already`: nothing was left to do. `left_alone`: somebody else had changed it. */
export type UpdateOutcome = 'applied' | 'already' | 'left_alone' | 'rejected' | 'failed'

/** A line of the audit. */
export interface DeviceUpdate {
  update_id: number
  plan_id: string
  line: number
  connection: string
  device_id: string
  file_path: string
  file_sha256: string
  fields: UpdatedField[]
  before: DeviceValues
  after: DeviceValues
  left_alone: UpdatedField[]
  attempts: number
  troubles: number
  intended_at: Date
  outcome: UpdateOutcome | null
  read_back: DeviceValues | null
  error_code: string | null
  error_message: string | null
  ended_at: Date | null
}

interface Of {
  plan: StoredPlan
  line: number
  deviceId: string
  runId: string | null
}

interface Change {
  fields: UpdatedField[]
  before: DeviceValues
  after: DeviceValues
  leftAlone: UpdatedField[]
}

/** Writes down what is about to be sent. It is committed before it is sent, so that a process that dies leaves a trace. */
export async function recordIntent(db: Db, of: Of, change: Change, now: Date): Promise<void> {
  await upsert(db, of, change, now, 1)
}

/** Ends an update, sent or not. */
export async function recordOutcome(
  db: Db,
  of: Of,
  end: { outcome: UpdateOutcome; readBack?: DeviceValues; error?: { code: string; message: string }; change?: Change },
  now: Date,
): Promise<void> {
  const { outcome, readBack, error, change = { fields: [], before: {}, after: {}, leftAlone: [] } } = end
  // What was sent before stays written; only the end is new.
  const existing = await sql`
    select from ops.device_updates where plan_id = ${of.plan.plan_id}::uuid and line = ${of.line}
  `.execute(db)
  if (existing.rows.length === 0) await upsert(db, of, change, now, 0)
  await sql`
    update ops.device_updates set outcome = ${outcome}, ended_at = ${now}, settled_at = now(),
      left_alone = case when ${change.leftAlone.length > 0} then ${change.leftAlone}::text[] else left_alone end,
      read_back = ${readBack === undefined ? null : JSON.stringify(readBack)}::jsonb,
      error_code = ${error?.code ?? null}, error_message = ${error?.message ?? null}
    where plan_id = ${of.plan.plan_id}::uuid and line = ${of.line} and outcome is null
  `.execute(db)
}

/** Notes what a row ran into that may pass, once for each pass over the plan. */
export async function noteTrouble(db: Db, of: Of, error: { code: string; message: string }, now: Date): Promise<void> {
  await sql`
    insert into ops.device_updates as held (plan_id, line, connection, device_id, file_path, file_sha256, fields, before,
      after, left_alone, intended_at, run_id, troubles, error_code, error_message)
    values (${of.plan.plan_id}::uuid, ${of.line}, ${of.plan.connection}, ${of.deviceId}, ${of.plan.path},
      ${of.plan.sha256}, '{}', '{}', '{}', '{}', ${now}, ${of.runId}::uuid, 1, ${error.code}, ${error.message})
    on conflict (plan_id, line) do update
      set troubles = held.troubles + 1, error_code = excluded.error_code, error_message = excluded.error_message
      where held.outcome is null
  `.execute(db)
}

async function upsert(db: Db, of: Of, change: Change, now: Date, attempts: 0 | 1): Promise<void> {
  const { plan, line, deviceId, runId } = of
  await sql`
    insert into ops.device_updates as held (plan_id, line, connection, device_id, file_path, file_sha256, fields, before,
      after, left_alone, attempts, intended_at, run_id)
    values (${plan.plan_id}::uuid, ${line}, ${plan.connection}, ${deviceId}, ${plan.path}, ${plan.sha256},
      ${change.fields}::text[], ${JSON.stringify(change.before)}::jsonb, ${JSON.stringify(change.after)}::jsonb,
      ${change.leftAlone}::text[], ${attempts}, ${now}, ${runId}::uuid)
    on conflict (plan_id, line) do update
      set fields = excluded.fields, before = excluded.before, after = excluded.after, left_alone = excluded.left_alone,
        attempts = held.attempts + 1, intended_at = excluded.intended_at, run_id = excluded.run_id
  `.execute(db)
}

/** The audit of a plan, by line. */
export async function readUpdates(db: Db, planId: string): Promise<Map<number, DeviceUpdate>> {
  const { rows } = await sql<DeviceUpdate>`
    select * from ops.device_updates where plan_id = ${planId}::uuid order by line
  `.execute(db)
  return new Map(rows.map((row) => [row.line, row]))
}

/** The newest changes, newest first, of one device or of all. */
export async function readHistory(db: Db, of: { device: string | null; limit: number }): Promise<DeviceUpdate[]> {
  const { rows } = await sql<DeviceUpdate>`
    select * from ops.device_updates
    where ${of.device}::text is null or device_id = ${of.device}
    order by update_id desc limit ${of.limit}
  `.execute(db)
  return rows
}
