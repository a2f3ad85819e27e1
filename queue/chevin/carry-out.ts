import { applyPlan } from '../../load/geotab/apply.ts'
import { beginPlan, endPlan, readPlan, readPlanRows, type StoredPlan } from '../../load/geotab/plans.ts'
import { resultCsv, rowResult, type RowResult } from '../../load/geotab/result-csv.ts'
import { readUpdates } from '../../load/geotab/updates.ts'
import { planDelivery } from '../../load/sftp/ledger.ts'
import { PipelineError } from '../../core/errors.ts'
import { changeableGroups } from '../../transform/chevin/groups.ts'
import { differingFields, intentOf } from '../../transform/chevin/intent.ts'
import { endAlert, raiseAlert } from '../alerts.ts'
import type { PipelineContext } from '../context.ts'
import { deviceApi, groupsNow } from './fleet.ts'
import { sendDue } from './send.ts'
import { countResults, type RowCounts } from './sync-output.ts'
import { requireChevin } from './target.ts'
import type { VehicleSettings } from './vehicle-settings.ts'

export interface CarryOutOptions {
  runId: string
  signal: AbortSignal
  /** Whoever approves a plan lets it go beyond the limit; nobody else does, however the plan came to be open. */
  approvedBy: string | null
  /** Called as the devices of a plan are dealt with. */
  onProgress?: (done: number, of: number) => void
}

/** The trouble that lasts while a plan waits for approval. */
export const approvalAlert = (connection: string) => ({ kind: 'vehicle_updates_approval', subject: connection })

/**
 * Carries a plan out and ends it with its result. Throws SYNC_INCOMPLETE when devices could not be changed for now;
 * the next call goes on with them.
 */
export async function carryOut(
  context: PipelineContext,
  settings: VehicleSettings,
  plan: StoredPlan,
  options: CarryOutOptions,
): Promise<{ plan: StoredPlan; results: RowCounts }> {
  const { db, clock } = context
  await beginPlan(db, plan.plan_id, options.approvedBy, clock.now())
  await endAlert(db, approvalAlert(settings.connection))
  if (plan.changes > 0) await changeDevices(context, settings, plan, options)
  return await finish(context, plan, options)
}

async function changeDevices(
  context: PipelineContext,
  { connection, rules }: VehicleSettings,
  plan: StoredPlan,
  { signal, runId, onProgress }: CarryOutOptions,
): Promise<void> {
  const { db, clock, config } = context
  const tree = await groupsNow(context, connection, signal)
  const changeable = changeableGroups(tree, rules.changeableRoots, rules.includeRoots)
  const allowed = new Set(rules.fields)
  const { waiting, lastError } = await applyPlan({
    db,
    api: deviceApi(context, connection),
    judgement: {
      changeNow: ({ fields, before, after }, now) =>
        intentOf(
          { fields: fields.filter((field) => allowed.has(field)), before: before ?? {}, after: after ?? {} },
          now,
          changeable,
        ),
      differing: differingFields,
    },
    plan,
    clock,
    signal,
    runId,
    retry: {
      attempts: config.geotab.retry.attempts,
      baseMs: config.geotab.retry.base_ms,
      maxMs: config.geotab.retry.max_ms,
    },
    attempts: config.chevin.vehicle_updates.attempts,
    ...(onProgress === undefined ? {} : { onProgress }),
  })
  if (waiting === 0) return
  const message = `${waiting} device(s) of plan ${plan.plan_id} could not be changed for now; the next call goes on with them. The last one: ${lastError?.message ?? ''}`
  throw new PipelineError('SYNC_INCOMPLETE', message, 'later')
}

async function finish(
  context: PipelineContext,
  plan: StoredPlan,
  { signal, runId }: CarryOutOptions,
): Promise<{ plan: StoredPlan; results: RowCounts }> {
  const { db, clock, config } = context
  const rows = await planResults(context, plan.plan_id)
  const content = resultCsv(rows)
  const now = clock.now()
  const stamp = now.toISOString().replaceAll(/[-:]/g, '').slice(0, 15)
  const name = `vehicle_updates_${stamp}Z_${plan.sha256.slice(0, 8)}.csv`
  const { deliver_result, result_dir } = config.chevin.vehicle_updates
  await db.transaction().execute(async (trx) => {
    await endPlan(trx, plan.plan_id, { name, content }, now)
    if (!deliver_result) return
    await planDelivery(
      trx,
      {
        report: 'vehicle_updates',
        connection: plan.connection,
        destination: requireChevin(context).destination,
        folder: result_dir,
        fileName: name,
        rows: rows.length,
        content,
      },
      clock,
    )
  })
  const results = countResults(rows)
  await tellOfRows(context, plan, results, runId)
  if (deliver_result) await sendDue(context, null, signal)
  return { plan: (await readPlan(db, plan.plan_id)) ?? plan, results }
}

async function tellOfRows(
  { db, chevin }: PipelineContext,
  plan: StoredPlan,
  { rejected, failed }: RowCounts,
  runId: string,
): Promise<void> {
  const alert = { kind: 'vehicle_updates_rows', subject: plan.connection }
  // A stand-in's file holds rows on purpose that have to be rejected, so that these are no trouble.
  if (failed + (chevin?.isSandbox === true ? 0 : rejected) === 0) return await endAlert(db, alert)
  const counts = [rejected === 0 ? '' : `${rejected} rejected`, failed === 0 ? '' : `${failed} failed`]
  await raiseAlert(db, {
    ...alert,
    severity: 'warning',
    message: `Of the ${plan.rows} rows of the vehicle file ${plan.path} (${plan.sha256.slice(0, 8)}), ${counts.filter(Boolean).join(' and ')}; the others were carried out.`,
    nextStep: `npx milepost sync history --plan ${plan.plan_id}`,
    runId,
  })
}

/** Every row of a plan with what became of it. */
export async function planResults({ db }: PipelineContext, planId: string): Promise<RowResult[]> {
  const rows = await readPlanRows(db, planId)
  const updates = await readUpdates(db, planId)
  return rows.map((row) => rowResult(row, updates.get(row.line)))
}
