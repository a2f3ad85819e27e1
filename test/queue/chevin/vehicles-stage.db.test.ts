import { randomUUID } from 'node:crypto'
import { sql } from 'kysely'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { PipelineError } from '../../../core/errors.ts'
import { tryLock } from '../../../db/advisory-lock.ts'
import { requireChevin } from '../../../queue/chevin/target.ts'
import { applySync } from '../../../queue/chevin/vehicle-sync.ts'
import { readSteps, type Run } from '../../../queue/ledger.ts'
import { requireVehicleSettings, vehicleSettings } from '../../../queue/chevin/vehicle-settings.ts'
import { createTestDatabase, type TestDatabase } from '../../support/database.ts'
import { openGeotabPipeline, type GeotabPipeline } from '../../support/geotab-pipeline.ts'
import { FILE } from '../../support/vehicle-sync.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await createTestDatabase()
})
afterAll(() => database.drop())

let fleets = 0
async function open(): Promise<GeotabPipeline & { id: string; drop(name: string, rows?: number): void }> {
  fleets += 1
  const id = `fleet${fleets}`
  const pipeline = await openGeotabPipeline(database, { fleets: [{ id, vehicles: 12, prefix: id }] })
  onTestFinished(() => pipeline.close())
  pipeline.context.config.chevin.vehicle_updates.settle_seconds = 0
  const drop = (name: string, rows = 1) => {
    const lines = Array.from({ length: rows }, (_, at) => `,b${(at + 1).toString(16).toUpperCase()},,${name} ${at},\n`)
    pipeline.sftp.files.put(FILE, `Serial,ID,VIN,Name,Groups\n${lines.join('')}`)
  }
  return { ...pipeline, id, drop }
}

async function syncStep(run: Run) {
  const steps = await readSteps(database.db, run.run_id)
  return steps.find((step) => step.kind === 'sync')
}

const nameOf = (pipeline: GeotabPipeline, device: string) =>
  pipeline.fleet().store.table('Device').get(device)?.row['name']

test('a run reads the file, changes the fleet and tells of it; the next Device feed closes the loop', async () => {
  const pipeline = await open()
  pipeline.drop('By Chevin', 2)
  const first = await pipeline.run()
  expect(first).toMatchObject({ status: 'succeeded' })
  expect(await syncStep(first)).toMatchObject({
    status: 'succeeded',
    output: { state: 'applied', results: { applied: 2 } },
  })
  expect(nameOf(pipeline, 'b1')).toBe('By Chevin 0')
  const told = async () => {
    const { rows } = await sql<{ device_id: string; status: string }>`
      select device_id, status from marts.fct_vehicle_updates where connection = ${pipeline.id} order by device_id
    `.execute(database.db)
    return rows.map(({ device_id, status }) => [device_id, status])
  }
  expect(await told()).toEqual([
    ['b1', 'not_read_yet'],
    ['b2', 'not_read_yet'],
  ])
  const held = pipeline.fleet().store.table('Device').get('b2')
  const row = { ...held?.row, name: 'By a person' }
  pipeline.fleet().store.put('Device', { key: 'b2', row, ms: 0 })
  pipeline.setNow('2026-03-03T18:00:00Z')
  expect(await syncStep(await pipeline.run())).toMatchObject({ output: { state: 'missing' } })
  expect(await told()).toEqual([
    ['b1', 'held'],
    ['b2', 'changed_since'],
  ])
})

test('a run whose file changes too much says so and changes nothing', async () => {
  const pipeline = await open()
  pipeline.drop('Everybody', 12)
  const run = await pipeline.run()
  expect(run.status).toBe('succeeded')
  expect(await syncStep(run)).toMatchObject({
    output: { state: 'needs_approval', plan: { changes: 12, change_limit: 2 } },
  })
  expect(nameOf(pipeline, 'b1')).not.toContain('Everybody')
  const again = await syncStep(await pipeline.run())
  expect(again).toMatchObject({ output: { state: 'needs_approval' } })
})

test.for(['Device', 'Group'])('without the %s feed of this run no plan is made', async (entity) => {
  const pipeline = await open()
  pipeline.drop('By Chevin')
  pipeline.vendor.faults.set({ fault: 'error', type: 'ArgumentException', message: 'no', typeName: entity })
  const run = await pipeline.run()
  expect(run.status).toMatch(/partial|failed/)
  expect(await syncStep(run)).toMatchObject({ status: 'skipped' })
  expect(pipeline.sftp.files.read(FILE)).not.toBeNull()
  expect(nameOf(pipeline, 'b1')).not.toContain('By Chevin')
})

test('a run that meets a server it cannot log in to fails that step and no other', async () => {
  const pipeline = await open()
  pipeline.sftp.swapHostKey()
  const run = await pipeline.run()
  const step = await syncStep(run)
  expect(step).toMatchObject({ status: 'failed', error_code: 'SFTP_HOST_KEY_CHANGED' })
})

test('a run that comes while the file is being carried out by hand leaves it to that, and is whole', async () => {
  const pipeline = await open()
  await pipeline.run()
  pipeline.drop('By hand')
  const settings = requireVehicleSettings(pipeline.context)
  const lock = await tryLock(database.pool, `vehicle updates ${settings.connection}`)
  const run = await pipeline.run()
  expect(run.status).toBe('succeeded')
  expect(await syncStep(run)).toMatchObject({ status: 'succeeded', output: { state: 'busy' } })
  await lock?.release()
  expect(await syncStep(await pipeline.run())).toMatchObject({ output: { state: 'applied', results: { applied: 1 } } })
})

test('of a run and a call by hand at the same time one carries the file out, and each device is set once', async () => {
  const pipeline = await open()
  await pipeline.run()
  pipeline.drop('At once', 2)
  pipeline.vendor.faults.set({ fault: 'slow', ms: 200, method: 'Set', times: 2 })
  const byHand = async () => {
    const call = { runId: randomUUID(), signal: new AbortController().signal, fleet: 'now' as const }
    const states: string[] = []
    // Again and again, until the file is dealt with, as somebody would who is told that another is at it.
    while (states.at(-1) !== 'applied' && states.at(-1) !== 'missing') {
      const output = await applySync(pipeline.context, requireVehicleSettings(pipeline.context), call).catch(
        (error: unknown) => {
          if (!(error instanceof PipelineError) || error.code !== 'SYNC_BUSY') throw error
          return { state: 'busy' }
        },
      )
      states.push(output.state)
    }
    return states.at(-1)
  }
  const [run, state] = await Promise.all([pipeline.run(), byHand()])
  expect(run.status).toBe('succeeded')
  const { output } = (await syncStep(run)) as { output: { state: string } }
  expect([state, output.state]).toContain('applied')
  expect(nameOf(pipeline, 'b1')).toBe('At once 0')
  const { rows } = await sql`
    select device_id, outcome, attempts from ops.device_updates where connection = ${pipeline.id} order by device_id
  `.execute(database.db)
  expect(rows).toEqual(['b1', 'b2'].map((device_id) => ({ device_id, outcome: 'applied', attempts: 1 })))
})

test('a run drops what is older than keep_days', async () => {
  const pipeline = await open()
  pipeline.context.config.chevin.vehicle_updates.keep_days = 1
  pipeline.drop('First')
  await pipeline.run()
  pipeline.setNow('2026-03-06T18:00:00Z')
  pipeline.drop('Second')
  await pipeline.run()
  const { rows } = await sql`
    select octet_length(content) > 0 as kept from raw.chevin__vehicle_files where connection = ${pipeline.id}
    order by file_number
  `.execute(database.db)
  expect(rows).toEqual([{ kept: false }, { kept: true }])
})

test.for<{ name: string; fleet: boolean; server: boolean | null; enabled: boolean | undefined; off: string | null }>([
  { name: 'stand-ins', fleet: true, server: true, enabled: undefined, off: null },
  { name: 'stand-ins, switched off', fleet: true, server: true, enabled: false, off: 'is false' },
  { name: 'vendors', fleet: false, server: false, enabled: undefined, off: 'not set to true' },
  { name: 'vendors, switched on', fleet: false, server: false, enabled: true, off: null },
  { name: 'a real fleet and a made-up file', fleet: false, server: true, enabled: true, off: 'is a stand-in' },
  { name: 'a real fleet and nothing', fleet: false, server: null, enabled: true, off: 'chevin.sftp is not configured' },
  { name: 'a made-up fleet and a real file', fleet: true, server: false, enabled: true, off: 'is a stand-in' },
])('between $name: off because $off', async ({ fleet, server, enabled, off }) => {
  const { context } = await open()
  const { vehicle_updates, ...chevin } = context.config.chevin
  const { enabled: _none, ...others } = vehicle_updates
  const settings = vehicleSettings({
    ...context,
    config: {
      ...context.config,
      chevin: { ...chevin, vehicle_updates: { ...others, ...(enabled === undefined ? {} : { enabled }) } },
    },
    geotab: { ...context.geotab, isSandbox: fleet },
    chevin: server === null ? null : { ...requireChevin(context), isSandbox: server },
  })
  if (off === null) expect(settings?.offBecause).toBeNull()
  else expect(settings?.offBecause).toContain(off)
})
