import type { Kysely } from 'kysely'
import { backoffMs, sleep, type BackoffPolicy } from '../../core/backoff.ts'
import type { Clock } from '../../core/clock.ts'
import { PipelineError } from '../../core/errors.ts'
import { withoutSecrets } from '../../core/secret.ts'
import type { DB } from '../../db/schema.ts'
import { deviceChange, type DeviceApi, type DeviceNow, type DeviceValues, type UpdatedField } from './device.ts'
import { readPlanRows, type StoredPlan, type StoredPlanRow } from './plans.ts'
import { noteTrouble, readUpdates, recordIntent, recordOutcome } from './updates.ts'

/** What is to be sent for a device as it is at this moment. */
export interface ChangeNow {
  fields: UpdatedField[]
  before: DeviceValues
  after: DeviceValues
  already: UpdatedField[]
  leftAlone: UpdatedField[]
  isEmpty: boolean
}

/** The judgement that changes are made by; it knows the groups as they are now. */
export interface Judgement {
  /** Lays a planned row beside the device as it is now. */
  changeNow(row: Pick<StoredPlanRow, 'fields' | 'before' | 'after'>, now: DeviceNow): ChangeNow
  /** The fields in which a device is not as it was to be. */
  differing(fields: readonly UpdatedField[], wanted: DeviceValues, now: DeviceNow): UpdatedField[]
}

export interface ApplyOptions {
  db: Kysely<DB>
  api: DeviceApi
  judgement: Judgement
  plan: StoredPlan
  clock: Clock
  signal: AbortSignal
  runId: string | null
  /** Tries of one device in one go, and the waits between them. */
  retry: BackoffPolicy
  /** After how many passes over the plan a failure in passing counts as final. */
  attempts: number
  onProgress?: (done: number, of: number) => void
}

// After so many devices in a row that failed in passing it is Geotab that is not well, not the devices.
const MOST_IN_A_ROW = 3
// What is wrong with the account is wrong for every device.
const FOR_ALL = new Set(['GEOTAB_AUTH', 'GEOTAB_DATABASE_UNKNOWN', 'GEOTAB_SERVER'])

/**
 * Carries a plan out, device by device: each is read just before, set with nothing but its id and the fields that
 * change, read back and compared; what is intended is committed before it is sent, so that after a kill at any moment
 * the same call goes on and sends nothing twice. One device's failure does not stop the others. Returns how many rows
 * still wait because they failed in passing; throws what is wrong for all.
 */
export async function applyPlan(options: ApplyOptions): Promise<{ waiting: number; lastError: PipelineError | null }> {
  const { db, plan, signal, clock } = options
  const rows = await readPlanRows(db, plan.plan_id, 'change')
  const held = await readUpdates(db, plan.plan_id)
  const waiting: { of: Of; error: PipelineError; troubles: number }[] = []
  let [done, inARow] = [0, 0]
  for (const row of rows) {
    signal.throwIfAborted()
    const update = held.get(row.line)
    if (update === undefined || update.outcome === null) {
      const of = { plan, line: row.line, deviceId: row.deviceId ?? '', runId: options.runId }
      const error = await applyRow(options, row, of, { attempts: update?.attempts ?? 0 })
      inARow = error === null ? 0 : inARow + 1
      if (error !== null) {
        if (inARow >= MOST_IN_A_ROW) throw error
        waiting.push({ of, error, troubles: update?.troubles ?? 0 })
      }
    }
    done += 1
    options.onProgress?.(done, rows.length)
  }
  let open = 0
  for (const { of, error, troubles } of waiting) {
    const told = { code: error.code, message: withoutSecrets(error.message) }
    await noteTrouble(db, of, told, clock.now())
    if (troubles + 1 >= options.attempts) await recordOutcome(db, of, { outcome: 'failed', error: told }, clock.now())
    else open += 1
  }
  return { waiting: open, lastError: waiting.at(-1)?.error ?? null }
}

/** Null once the row has an outcome; else what it ran into that may pass. */
async function applyRow(
  options: ApplyOptions,
  row: StoredPlanRow,
  of: Of,
  sent: { attempts: number },
): Promise<PipelineError | null> {
  const { db, retry, clock, signal } = options
  for (let attempt = 1; ; attempt += 1) {
    try {
      await changeDevice(options, row, of, sent)
      return null
    } catch (error) {
      if (signal.aborted || !(error instanceof PipelineError) || FOR_ALL.has(error.code)) throw error
      if (error.retry === 'never') {
        const told = { code: error.code, message: withoutSecrets(error.message) }
        await recordOutcome(db, of, { outcome: 'failed', error: told }, clock.now())
        return null
      }
      const askedMs = error.retryAfterSeconds === undefined ? undefined : error.retryAfterSeconds * 1000
      if (attempt >= retry.attempts || (askedMs ?? 0) > retry.maxMs) return error
      await sleep(backoffMs(retry, attempt, askedMs), signal)
    }
  }
}

type Of = Parameters<typeof recordIntent>[1]

async function changeDevice(
  { db, api, judgement, clock, signal }: ApplyOptions,
  row: StoredPlanRow,
  of: Of,
  sent: { attempts: number },
): Promise<void> {
  const end = (how: Parameters<typeof recordOutcome>[2]) => recordOutcome(db, of, how, clock.now())
  const refuse = (code: string, message: string) => end({ outcome: 'rejected', error: { code, message } })
  const now = await api.read(of.deviceId, signal)
  if (now === null) return await refuse('DEVICE_GONE', `device ${of.deviceId} is gone`)
  if (now.isArchived) return await refuse('DEVICE_ARCHIVED', `device ${of.deviceId} was archived meanwhile`)
  const change = judgement.changeNow(row, now)
  if (change.isEmpty) return await refuse('GROUPS_EMPTY', 'the device would be left without any group')
  if (change.fields.length === 0) {
    const readBack = valuesOf(row.fields, now)
    const isOurs = sent.attempts > 0 && change.already.length > 0
    if (change.leftAlone.length > 0 && !isOurs) {
      const message = `${change.leftAlone.join(', ')} changed since the plan was made, so that it was left alone`
      const error = { code: 'EDITED_MEANWHILE', message }
      return await end({ outcome: 'left_alone', readBack, error, change })
    }
    // As intended, and we had sent it: an answer was lost, or we were.
    return await end({ outcome: isOurs ? 'applied' : 'already', readBack, change })
  }
  sent.attempts += 1
  await recordIntent(db, of, change, clock.now())
  await api.set(deviceChange(of.deviceId, change.fields, change.after), signal)
  const after = await api.read(of.deviceId, signal)
  if (after === null) return await refuse('DEVICE_GONE', `device ${of.deviceId} was gone after it was changed`)
  const readBack = valuesOf(change.fields, after)
  const wrong = judgement.differing(change.fields, change.after, after)
  if (wrong.length === 0) return await end({ outcome: 'applied', readBack, change })
  const message = `${wrong.join(', ')} read back otherwise than it was sent: Geotab changed it, or somebody else did`
  return await end({ outcome: 'failed', readBack, error: { code: 'NOT_AS_SENT', message } })
}

function valuesOf(fields: readonly UpdatedField[], { name, vin, groups }: DeviceNow): DeviceValues {
  const all = { name, vin, groups }
  return Object.fromEntries(fields.map((field) => [field, all[field]]))
}
