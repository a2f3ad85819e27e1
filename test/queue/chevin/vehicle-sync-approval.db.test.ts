import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openAlerts } from '../../../queue/alerts.ts'
import { requireVehicleSettings } from '../../../queue/chevin/vehicle-settings.ts'
import { planSync } from '../../../queue/chevin/vehicle-sync.ts'
import { createTestDatabase, type TestDatabase } from '../../support/database.ts'
import { csv, FILE, type TestSyncOptions } from '../../support/vehicle-sync.ts'
import { openThirty } from '../../support/thirty-devices.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await createTestDatabase()
})
afterAll(() => database.drop())

const open = (options: Partial<TestSyncOptions> = {}) => openThirty(database, options)

test('case 59, defect 29: a plan changes nothing, is kept, and the same file over the same fleet is the same plan', async () => {
  const sync = await open()
  sync.drop(csv(['b100', 'New name']))
  const first = await sync.plan()
  expect(first).toMatchObject({ state: 'planned', plan: { changes: 1, change_limit: 6, fleet: 30 } })
  expect((await sync.plan()).plan?.plan_id).toBe(first.plan?.plan_id)
  expect(sync.sets()).toBe(0)
  sync.edit('b100', { name: 'Between' })
  const second = await sync.plan()
  expect(second.plan?.plan_id).not.toBe(first.plan?.plan_id)
  expect(await sync.results(second)).toMatchObject([{ before: { name: 'Between' }, after: { name: 'New name' } }])
})

const everybody = (count = 30) =>
  csv(...Array.from({ length: count }, (_, at): [string, string] => [`b${at + 100}`, `Moved ${at}`]))

test('case 59, defect 29: a file that would move the whole fleet changes nothing without approval', async () => {
  const sync = await open()
  sync.drop(everybody())
  const output = await sync.apply()
  expect(output).toMatchObject({ state: 'needs_approval', plan: { changes: 30, change_limit: 6 } })
  expect(sync.sets()).toBe(0)
  expect(sync.sftp.files.read(FILE)).not.toBeNull()
  expect(await openAlerts(database.db)).toContainEqual(
    expect.objectContaining({ kind: 'vehicle_updates_approval', subject: sync.connection, severity: 'critical' }),
  )
  await sync.apply()
  expect(sync.sets()).toBe(0)
  const planId = output.plan?.plan_id ?? ''
  await expect(sync.approve('7c9e6679-7425-40de-944b-e07fc1f90ae7')).rejects.toMatchObject({
    code: 'SYNC_PLAN_UNKNOWN',
  })
  expect(await sync.approve(planId)).toMatchObject({ state: 'applied', results: { applied: 30 } })
  expect(sync.device('b129').name).toBe('Moved 29')
  expect((await openAlerts(database.db)).filter(({ subject }) => subject === sync.connection)).toEqual([])
  const { rows } =
    await sql`select approved_by, approved_at is not null as at from ops.sync_plans where plan_id = ${planId}::uuid`.execute(
      database.db,
    )
  expect(rows).toEqual([{ approved_by: 'tester', at: true }])
  await expect(sync.approve(planId)).rejects.toMatchObject({ message: expect.stringContaining('it is done') })
})

test('case 59: one device more than the limit waits, the limit itself does not', async () => {
  const sync = await open()
  sync.drop(everybody(7))
  expect(await sync.apply()).toMatchObject({ state: 'needs_approval' })
  sync.drop(everybody(6))
  expect(await sync.apply()).toMatchObject({ state: 'applied', results: { applied: 6 } })
})

test('a plan under another limit is the same plan, which then needs approval or no longer does', async () => {
  const sync = await open()
  sync.drop(everybody(7))
  const { plan } = await sync.plan()
  expect(plan?.status).toBe('needs_approval')
  const limited = { ...requireVehicleSettings(sync.context), limits: { maxPercent: 50, maxDevices: 50 } }
  const call = { runId: plan?.plan_id ?? '', signal: new AbortController().signal, fleet: 'now' as const }
  const again = await planSync(sync.context, limited, call)
  expect(again).toMatchObject({ state: 'planned', plan: { plan_id: plan?.plan_id, change_limit: 15 } })
  expect(await sync.plan()).toMatchObject({ state: 'needs_approval', plan: { plan_id: plan?.plan_id } })
})

test('a plan that a newer file has replaced cannot be approved', async () => {
  const sync = await open()
  sync.drop(everybody())
  const { plan } = await sync.apply()
  sync.drop(everybody(29))
  const newer = await sync.apply()
  await expect(sync.approve(plan?.plan_id ?? '')).rejects.toMatchObject({
    code: 'SYNC_PLAN_UNKNOWN',
    message: expect.stringContaining(newer.plan?.plan_id ?? 'none'),
  })
  expect(sync.sets()).toBe(0)
})

test('case 59, defect 29: a file that would take all groups of the whole fleet away changes nothing without approval', async () => {
  const sync = await open()
  sync.drop(csv(...Array.from({ length: 30 }, (_, at): [string, string, string] => [`b${at + 100}`, '', 'b1'])))
  expect(await sync.apply()).toMatchObject({ state: 'needs_approval', plan: { changes: 30 } })
  sync.drop(csv(...Array.from({ length: 30 }, (_, at): [string] => [`b${at + 100}`])))
  expect(await sync.apply()).toMatchObject({ state: 'applied', results: { applied: 0, unchanged: 30 } })
  expect(sync.sets()).toBe(0)
})
