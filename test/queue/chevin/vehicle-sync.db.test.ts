import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { requireVehicleSettings } from '../../../queue/chevin/vehicle-settings.ts'
import { approveSync } from '../../../queue/chevin/vehicle-sync.ts'
import { createTestDatabase, type TestDatabase } from '../../support/database.ts'
import { csv, FILE, type TestSyncOptions } from '../../support/vehicle-sync.ts'
import { openThirty } from '../../support/thirty-devices.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await createTestDatabase()
})
afterAll(() => database.drop())

const open = (options: Partial<TestSyncOptions> = {}) => openThirty(database, options)

const VIN = '1M8GDM9AXKP042788'

test('a file changes what differs and nothing else, each device by one Set of its id and those fields', async () => {
  const sync = await open()
  sync.drop(csv(['b100', 'New name'], ['b101', '', 'c2'], ['b102', 'Unit b102', 'c1'], ['b103', '', '', VIN]))
  const output = await sync.apply()
  expect(output).toMatchObject({ state: 'applied', results: { applied: 3, unchanged: 1, rejected: 0, failed: 0 } })
  expect(sync.device('b100')).toEqual({ name: 'New name', vin: '', groups: ['b1', 'c1'] })
  expect(sync.device('b101')).toEqual({ name: 'Unit b101', vin: '', groups: ['b1', 'c2'] })
  expect(sync.device('b103')).toEqual({ name: 'Unit b103', vin: VIN, groups: ['b1', 'c1'] })
  expect(sync.sets()).toBe(3)
  expect(sync.fleet.store.table('Device').get('b100')?.row['comment']).toBe('kept')
})

test('SFTP-14: every change is in the audit with before, after, file, row and time', async () => {
  const sync = await open()
  sync.drop(csv(['b100', 'New name', 'c2|d1'], ['b999', 'Nobody']))
  const output = await sync.apply()
  const { rows } = await sql`
    select device_id, line, fields, before, after, read_back, outcome, file_path, file_sha256, attempts,
      intended_at is not null and ended_at is not null as has_times
    from ops.device_updates where connection = ${sync.connection}
  `.execute(database.db)
  expect(rows).toEqual([
    {
      device_id: 'b100',
      line: 2,
      fields: ['name', 'groups'],
      before: { name: 'Unit b100', groups: ['b1', 'c1'] },
      after: { name: 'New name', groups: ['b1', 'c2', 'd1'] },
      read_back: { name: 'New name', groups: ['b1', 'c2', 'd1'] },
      outcome: 'applied',
      file_path: FILE,
      file_sha256: output.file?.sha256,
      attempts: 1,
      has_times: true,
    },
  ])
})

test('the kill switch stops everything, and a plan can still be looked at', async () => {
  const sync = await open({ updates: { enabled: false } })
  sync.drop(csv(['b100', 'New']))
  await expect(async () => await sync.apply()).rejects.toMatchObject({ code: 'SYNC_OFF' })
  const planned = await sync.plan()
  expect(planned).toMatchObject({ state: 'planned' })
  await expect(async () => await sync.approve(planned.plan?.plan_id ?? '')).rejects.toMatchObject({ code: 'SYNC_OFF' })
  expect(sync.sets()).toBe(0)
  expect(sync.sftp.files.read(FILE)).not.toBeNull()
})

test('SEC-16: a field that is not allowed is not changed, also by a plan that was made when it was', async () => {
  const sync = await open()
  sync.drop(csv(['b100', 'New', 'c2']))
  const { plan } = await sync.plan()
  sync.context.config.chevin.vehicle_updates.fields = ['groups']
  const call = { runId: plan?.plan_id ?? '', signal: new AbortController().signal, fleet: 'now' as const }
  await approveSync(sync.context, requireVehicleSettings(sync.context), { planId: plan?.plan_id ?? '', by: 'x' }, call)
  expect(sync.device('b100')).toMatchObject({ name: 'Unit b100', groups: ['b1', 'c2'] })
})

test('two at once: the second is told that the first is at work', async () => {
  const sync = await open()
  sync.drop(csv(['b100', 'New']))
  sync.geotab.faults.set({ fault: 'slow', ms: 300, method: 'Set', times: 1 })
  const [first, second] = await Promise.allSettled([sync.apply(), sync.apply()])
  const ends = [first, second].map((one) =>
    one.status === 'fulfilled' ? one.value.state : (one.reason as { code: string }).code,
  )
  expect(ends.toSorted()).toEqual(['SYNC_BUSY', 'applied'])
  expect(sync.sets()).toBe(1)
})

test('the result is delivered back where that is set', async () => {
  const sync = await open({ updates: { deliver_result: true } })
  sync.drop(csv(['b100', '=New']))
  await sync.apply()
  const [name = ''] = sync.sftp.files.names('Import')
  expect(name).toMatch(/^vehicle_updates_20260320T120000Z_[0-9a-f]{8}\.csv$/)
  // What a spreadsheet would take for a formula is text.
  expect(sync.sftp.files.read(`Import/${name}`)?.toString()).toContain("2,,b100,b100,applied,name,Unit b100,'=New")
})
