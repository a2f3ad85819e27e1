import { sql } from 'kysely'
import { PipelineError } from '../../core/errors.ts'
import { openSftp, type SftpSession } from '../../core/sftp/session.ts'
import { tryLock } from '../../db/advisory-lock.ts'
import { applyPlan } from '../../load/geotab/apply.ts'
import {
  beginPlan,
  endPlan,
  readOpenPlan,
  readPlan,
  readPlanRows,
  storePlan,
  type StoredPlan,
} from '../../load/geotab/plans.ts'
import { resultCsv, rowResult, type RowResult } from '../../load/geotab/result-csv.ts'
import { readUpdates } from '../../load/geotab/updates.ts'
import { planDelivery } from '../../load/sftp/ledger.ts'
import { newestVehicleFile, type VehicleFileRecord } from '../../extract/landing-vehicles.ts'
import { changeableGroups } from '../../transform/chevin/groups.ts'
import { differingFields, intentOf } from '../../transform/chevin/intent.ts'
import { changeLimit, planVehicles } from '../../transform/chevin/plan.ts'
import { endAlert, raiseAlert } from '../alerts.ts'
import type { PipelineContext } from '../context.ts'
import { archiveVehicleFile } from './archive-vehicle-file.ts'
import { deviceApi, fleetNow, fleetOfFeeds, groupsNow } from './fleet.ts'
import { sendDue } from './send.ts'
import { rowsOfVehicleFile, takeVehicleFile, type Taken } from './take-vehicle-file.ts'
import { assertSyncOn, type VehicleSettings } from './vehicle-settings.ts'

/** What a call did. */
export interface SyncOutput {
  /**
   * `missing`, `waiting`: there is no (complete) file. `rejected`: it cannot be read. `same`: it was dealt with before.
   * `planned`: the plan was made and not carried out. `needs_approval`: it changes too much. `applied`: it was carried out.
   */
  state: 'missing' | 'waiting' | 'rejected' | 'same' | 'planned' | 'needs_approval' | 'applied'
  explanation: string
  file: { path: string; sha256: string; archived_as: string | null } | null
  plan: Pick<StoredPlan, 'plan_id' | 'status' | 'fleet' | 'rows' | 'changes' | 'change_limit' | 'warnings'> | null
  /** Rows of the file by what became of them; null before they were carried out. */
  results: Record<RowResult['result'], number> | null
}

export interface SyncOptions {
  runId: string
  signal: AbortSignal
  /** `feeds`: the run has read the fleet just now. `now`: it is asked for. */
  fleet: 'feeds' | 'now'
  /** Called as the devices of a plan are dealt with. */
  onProgress?: (done: number, of: number) => void
}

/** Reads the vehicle file and makes the plan of what it would change, which is stored. Nothing is changed. */
export function planSync(
  context: PipelineContext,
  settings: VehicleSettings,
  options: SyncOptions,
): Promise<SyncOutput> {
  return locked(context, settings, options, async (work) => await work.plan())
}

/** Reads the vehicle file, makes the plan and carries it out, unless it changes too much. */
export function applySync(
  context: PipelineContext,
  settings: VehicleSettings,
  options: SyncOptions,
): Promise<SyncOutput> {
  assertSyncOn(settings)
  return locked(context, settings, options, async (work) => await work.apply())
}

/** Carries a plan out that waits for approval, as it was shown. Throws SYNC_PLAN_UNKNOWN when it no longer holds. */
export function approveSync(
  context: PipelineContext,
  settings: VehicleSettings,
  approval: { planId: string; by: string },
  options: SyncOptions,
): Promise<SyncOutput> {
  assertSyncOn(settings)
  return locked(context, settings, options, async (work) => await work.approve(approval))
}

async function locked(
  context: PipelineContext,
  settings: VehicleSettings,
  options: SyncOptions,
  work: (sync: VehicleSync) => Promise<SyncOutput>,
): Promise<SyncOutput> {
  const lock = await tryLock(context.pool, `vehicle updates ${settings.connection}`)
  if (lock === null) {
    const message = `Vehicle updates of ${settings.connection} are under way in another process. Try again when it has ended.`
    throw new PipelineError('SYNC_BUSY', message, 'later')
  }
  const signal = AbortSignal.any([options.signal, lock.signal])
  const sync = new VehicleSync(context, settings, { ...options, signal })
  try {
    return await work(sync)
  } finally {
    await sync.close()
    await lock.release()
  }
}

/** The work of one holder of the lock. */
class VehicleSync {
  readonly #context: PipelineContext
  readonly #settings: VehicleSettings
  readonly #options: SyncOptions
  #session: SftpSession | null = null

  constructor(context: PipelineContext, settings: VehicleSettings, options: SyncOptions) {
    this.#context = context
    this.#settings = settings
    this.#options = options
  }

  async plan(): Promise<SyncOutput> {
    const open = await this.#openPlan()
    if (open?.status === 'applying') {
      return this.#tell('planned', 'this plan was begun and not finished; applying goes on with it', { plan: open })
    }
    const found = await this.#findPlan({ archives: false })
    if (!('status' in found)) return found
    const told = found.status === 'needs_approval' ? tooMuch(found) : 'nothing was changed'
    return this.#tell(found.status === 'needs_approval' ? 'needs_approval' : 'planned', told, { plan: found })
  }

  async apply(): Promise<SyncOutput> {
    // What was begun is finished first; a newer file is for the next call, which sees the fleet as this one leaves it.
    const open = await this.#openPlan()
    if (open?.status === 'applying') return await this.#carryOut(open)
    const plan = await this.#findPlan({ archives: true })
    if (!('status' in plan)) return plan
    if (plan.status !== 'needs_approval') return await this.#carryOut(plan)
    await raiseAlert(this.#context.db, {
      ...this.#approvalAlert,
      severity: 'critical',
      message: tooMuch(plan),
      nextStep: `npx milepost sync plan, then: npx milepost sync apply --approve ${plan.plan_id}`,
      runId: this.#options.runId,
    })
    return this.#tell('needs_approval', tooMuch(plan), { plan })
  }

  async approve({ planId, by }: { planId: string; by: string }): Promise<SyncOutput> {
    const open = await this.#openPlan()
    if (open?.plan_id === planId) return await this.#carryOut(open, by)
    const plan = await readPlan(this.#context.db, planId)
    const why = plan === null ? 'there is no such plan' : `it is ${plan.status}`
    const instead = open === null ? '' : ` The one that waits is ${open.plan_id}.`
    const message = `Plan ${planId} cannot be approved: ${why}.${instead} Look at it with: npx milepost sync plan`
    throw new PipelineError('SYNC_PLAN_UNKNOWN', message, 'never')
  }

  async close(): Promise<void> {
    await this.#session?.close()
  }

  get #approvalAlert() {
    return { kind: 'vehicle_updates_approval', subject: this.#settings.connection }
  }

  #openPlan(): Promise<StoredPlan | null> {
    return readOpenPlan(this.#context.db, this.#settings.connection)
  }

  /** The plan of the file that is on the server, or what there is to say instead. */
  async #findPlan({ archives }: { archives: boolean }): Promise<StoredPlan | SyncOutput> {
    const taken = await this.#take()
    if (!('file' in taken)) return this.#tell(taken.outcome, taken.why, {})
    const { file } = taken
    if (file.outcome === 'rejected') {
      const archived = archives ? await this.#archive(file) : null
      const state = taken.outcome === 'new' ? 'rejected' : 'same'
      return this.#tell(state, file.reason ?? 'it cannot be read', { file, archived })
    }
    const done = await this.#donePlan(file)
    if (done === null) return await this.#makePlan(file)
    const archived = archives ? await this.#archive(file) : null
    return this.#tell('same', `the same file was dealt with by plan ${done}`, { file, archived })
  }

  async #take(): Promise<Taken> {
    const { runId, signal } = this.#options
    return await takeVehicleFile(this.#context, await this.#sftp(), this.#settings, { runId, signal })
  }

  async #sftp(): Promise<SftpSession> {
    if (this.#session?.isOpen() !== true) {
      this.#session = await openSftp(this.#context.chevin.server, { signal: this.#options.signal })
    }
    return this.#session
  }

  async #donePlan(file: VehicleFileRecord): Promise<string | null> {
    const { rows } = await sql<{ plan_id: string }>`
      select plan_id from ops.sync_plans where file_id = ${file.file_id}::uuid and status = 'done' limit 1
    `.execute(this.#context.db)
    return rows[0]?.plan_id ?? null
  }

  async #makePlan(file: VehicleFileRecord): Promise<StoredPlan> {
    const { connection, rules, limits } = this.#settings
    const { runId, signal } = this.#options
    const { rows, bad, warnings } = await rowsOfVehicleFile(this.#context, file.file_id)
    const { devices, tree } =
      this.#options.fleet === 'feeds'
        ? await fleetOfFeeds(this.#context, connection)
        : await fleetNow(this.#context, connection, signal)
    const plan = planVehicles({ rows, bad, devices, tree, rules })
    const limit = changeLimit(plan.fleet, limits)
    return await this.#context.db.transaction().execute((trx) =>
      storePlan(
        trx,
        {
          connection,
          fileId: file.file_id,
          rules,
          warnings: [...warnings, ...plan.warnings],
          fleet: plan.fleet,
          changes: plan.changes,
          changeLimit: limit,
          rows: plan.rows,
          runId,
        },
        this.#context.clock.now(),
      ),
    )
  }

  async #carryOut(plan: StoredPlan, approvedBy: string | null = null): Promise<SyncOutput> {
    const { db, clock, config } = this.#context
    const { connection, rules } = this.#settings
    const { signal, runId, onProgress } = this.#options
    // Whoever approves a plan lets it go beyond the limit; nobody else does, however the plan came to be open.
    await beginPlan(db, plan.plan_id, approvedBy, clock.now())
    await endAlert(db, this.#approvalAlert)
    if (plan.changes > 0) {
      const tree = await groupsNow(this.#context, connection, signal)
      const changeable = changeableGroups(tree, rules.changeableRoots, rules.includeRoots)
      const allowed = new Set(rules.fields)
      const { waiting, lastError } = await applyPlan({
        db,
        api: deviceApi(this.#context, connection),
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
      if (waiting > 0) {
        const message = `${waiting} device(s) of plan ${plan.plan_id} could not be changed for now; the next call goes on with them. The last one: ${lastError?.message ?? ''}`
        throw new PipelineError('SYNC_INCOMPLETE', message, 'later')
      }
    }
    return await this.#finish(plan)
  }

  async #finish(plan: StoredPlan): Promise<SyncOutput> {
    const { db, clock, config } = this.#context
    const results = await planResults(this.#context, plan.plan_id)
    const content = resultCsv(results)
    const now = clock.now()
    const stamp = now.toISOString().replaceAll(/[-:]/g, '').slice(0, 15)
    const name = `vehicle_updates_${stamp}Z_${plan.sha256.slice(0, 8)}.csv`
    const { deliver_result, result_dir } = config.chevin.vehicle_updates
    const counts = countResults(results)
    await db.transaction().execute(async (trx) => {
      await endPlan(trx, plan.plan_id, { name, content }, now)
      if (deliver_result) {
        await planDelivery(
          trx,
          {
            report: 'vehicle_updates',
            connection: plan.connection,
            destination: this.#context.chevin.destination,
            folder: result_dir,
            fileName: name,
            rows: results.length,
            content,
          },
          clock,
        )
      }
    })
    await this.#tellOfRows(plan, counts)
    if (deliver_result) await sendDue(this.#context, null, this.#options.signal)
    const file = await newestVehicleFile(db, plan.connection)
    const archived = file?.file_id === plan.file_id ? await this.#archive(file) : null
    const ended = (await readPlan(db, plan.plan_id)) ?? plan
    const { applied, unchanged, rejected, failed } = counts
    const explanation = `${applied} applied, ${unchanged} unchanged, ${rejected} rejected, ${failed} failed`
    return this.#tell('applied', explanation, { plan: ended, archived, results: counts })
  }

  async #tellOfRows(plan: StoredPlan, { rejected, failed }: Record<RowResult['result'], number>): Promise<void> {
    const alert = { kind: 'vehicle_updates_rows', subject: plan.connection }
    if (rejected + failed === 0) return await endAlert(this.#context.db, alert)
    await raiseAlert(this.#context.db, {
      ...alert,
      severity: 'warning',
      message: `Of the vehicle file ${plan.path} (${plan.sha256.slice(0, 8)}), ${rejected} row(s) were rejected and ${failed} failed.`,
      nextStep: `npx milepost sync history --plan ${plan.plan_id}`,
      runId: this.#options.runId,
    })
  }

  async #archive(file: VehicleFileRecord): Promise<string | null> {
    return await archiveVehicleFile(this.#context, await this.#sftp(), file)
  }

  #tell(
    state: SyncOutput['state'],
    explanation: string,
    of: {
      plan?: StoredPlan
      file?: VehicleFileRecord
      archived?: string | null
      results?: Record<RowResult['result'], number>
    },
  ): SyncOutput {
    const { plan, file = plan, archived = null, results = null } = of
    return {
      state,
      explanation,
      file: file === undefined ? null : { path: file.path, sha256: file.sha256, archived_as: archived },
      plan:
        plan === undefined
          ? null
          : {
              plan_id: plan.plan_id,
              status: plan.status,
              fleet: plan.fleet,
              rows: plan.rows,
              changes: plan.changes,
              change_limit: plan.change_limit,
              warnings: plan.warnings,
            },
      results,
    }
  }
}

const tooMuch = ({ plan_id, changes, fleet, change_limit }: StoredPlan) =>
  `plan ${plan_id} would change ${changes} of ${fleet} devices, more than the ${change_limit} that need no approval; nothing was changed`

/** Every row of a plan with what became of it. */
export async function planResults({ db }: PipelineContext, planId: string): Promise<RowResult[]> {
  const rows = await readPlanRows(db, planId)
  const updates = await readUpdates(db, planId)
  return rows.map((row) => rowResult(row, updates.get(row.line)))
}

function countResults(results: RowResult[]): Record<RowResult['result'], number> {
  const counts = { applied: 0, unchanged: 0, rejected: 0, failed: 0, planned: 0 }
  for (const { result } of results) counts[result] += 1
  return counts
}
