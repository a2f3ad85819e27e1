import { sql } from 'kysely'
import { PipelineError } from '../../core/errors.ts'
import { openSftp, type SftpSession } from '../../core/sftp/session.ts'
import { tryLock } from '../../db/advisory-lock.ts'
import { readOpenPlan, readPlan, storePlan, type StoredPlan } from '../../load/geotab/plans.ts'
import { newestVehicleFile, type VehicleFileRecord } from '../../extract/landing-vehicles.ts'
import { changeLimit, planVehicles } from '../../transform/chevin/plan.ts'
import { raiseAlert } from '../alerts.ts'
import type { PipelineContext } from '../context.ts'
import { archiveVehicleFile } from './archive-vehicle-file.ts'
import { approvalAlert, carryOut } from './carry-out.ts'
import { fleetNow, fleetOfFeeds } from './fleet.ts'
import { countsLine, syncOutput, type SyncOutput } from './sync-output.ts'
import { rowsOfVehicleFile, takeVehicleFile, type Taken } from './take-vehicle-file.ts'
import { requireChevin } from './target.ts'
import { assertSyncOn, type VehicleSettings } from './vehicle-settings.ts'

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
      return syncOutput('planned', 'this plan was begun and not finished; applying goes on with it', { plan: open })
    }
    const found = await this.#findPlan({ archives: false })
    if (!('status' in found)) return found
    const told = found.status === 'needs_approval' ? tooMuch(found) : 'nothing was changed'
    return syncOutput(found.status === 'needs_approval' ? 'needs_approval' : 'planned', told, { plan: found })
  }

  async apply(): Promise<SyncOutput> {
    // What was begun is finished first; a newer file is for the next call, which sees the fleet as this one leaves it.
    const open = await this.#openPlan()
    if (open?.status === 'applying') return await this.#carryOut(open)
    const plan = await this.#findPlan({ archives: true })
    if (!('status' in plan)) return plan
    if (plan.status !== 'needs_approval') return await this.#carryOut(plan)
    await raiseAlert(this.#context.db, {
      ...approvalAlert(this.#settings.connection),
      severity: 'critical',
      message: tooMuch(plan),
      nextStep: `npx milepost sync plan, then: npx milepost sync apply --approve ${plan.plan_id}`,
      runId: this.#options.runId,
    })
    return syncOutput('needs_approval', tooMuch(plan), { plan })
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

  #openPlan(): Promise<StoredPlan | null> {
    return readOpenPlan(this.#context.db, this.#settings.connection)
  }

  /** The plan of the file that is on the server, or what there is to say instead. */
  async #findPlan({ archives }: { archives: boolean }): Promise<StoredPlan | SyncOutput> {
    const taken = await this.#take()
    if (!('file' in taken)) return syncOutput(taken.outcome, taken.why, {})
    const { file } = taken
    if (file.outcome === 'rejected') {
      const archived = archives ? await this.#archive(file) : null
      const state = taken.outcome === 'new' ? 'rejected' : 'same'
      return syncOutput(state, file.reason ?? 'it cannot be read', { file, archived })
    }
    const done = await this.#donePlan(file)
    if (done === null) return await this.#makePlan(file)
    const archived = archives ? await this.#archive(file) : null
    return syncOutput('same', `the same file was dealt with by plan ${done}`, { file, archived })
  }

  async #take(): Promise<Taken> {
    const { runId, signal } = this.#options
    return await takeVehicleFile(this.#context, await this.#sftp(), this.#settings, { runId, signal })
  }

  async #sftp(): Promise<SftpSession> {
    if (this.#session?.isOpen() !== true) {
      this.#session = await openSftp(requireChevin(this.#context).server, { signal: this.#options.signal })
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
    const done = await carryOut(this.#context, this.#settings, plan, { ...this.#options, approvedBy })
    const file = await newestVehicleFile(this.#context.db, plan.connection)
    const archived = file?.file_id === plan.file_id ? await this.#archive(file) : null
    return syncOutput('applied', countsLine(done.results), { ...done, archived })
  }

  async #archive(file: VehicleFileRecord): Promise<string | null> {
    return await archiveVehicleFile(this.#context, () => this.#sftp(), file)
  }
}

const tooMuch = ({ plan_id, changes, fleet, change_limit }: StoredPlan) =>
  `plan ${plan_id} would change ${changes} of ${fleet} devices, more than the ${change_limit} that need no approval; nothing was changed`
