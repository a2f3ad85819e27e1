import { sql } from 'kysely'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { readResult } from '../../../load/geotab/plans.ts'
import { openAlerts } from '../../../queue/alerts.ts'
import { requireVehicleSettings } from '../../../queue/chevin/vehicle-settings.ts'
import { approveSync, planSync } from '../../../queue/chevin/vehicle-sync.ts'
import { createTestDatabase, type TestDatabase } from '../../support/database.ts'
import {
  csv,
  FILE,
  openTestSync,
  type TestDevice,
  type TestSync,
  type TestSyncOptions,
} from '../../support/vehicle-sync.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await createTestDatabase()
})
afterAll(() => database.drop())

const VIN = '1M8GDM9AXKP042788'

async function open(options: Partial<TestSyncOptions> = {}): Promise<TestSync> {
  const devices: TestDevice[] = Array.from({ length: 30 }, (_, at) => ({ id: `b${at + 100}` }))
  const sync = await openTestSync(database, { devices, ...options })
  onTestFinished(() => sync.close())
  return sync
}

const names = (sync: TestSync, folder: string) => sync.sftp.files.names(`Export/geotab/${folder}`)

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

test('case 52, defect 26: the same content again is a no-op that is noted, also under another time', async () => {
  const sync = await open()
  const content = csv(['b100', 'New name'])
  sync.drop(content)
  await sync.apply()
  sync.edit('b100', { name: 'A person says so' })
  sync.pass(3600)
  sync.drop(content)
  expect(await sync.apply()).toMatchObject({ state: 'same' })
  expect(sync.device('b100').name).toBe('A person says so')
  expect(sync.sets()).toBe(1)
  const { rows } = await sql`
    select times_seen from raw.chevin__vehicle_files where connection = ${sync.connection}
  `.execute(database.db)
  expect(rows).toEqual([{ times_seen: 2 }])
})

test('content that comes back after another is carried out anew', async () => {
  const sync = await open()
  for (const name of ['One', 'Two', 'One']) {
    sync.pass(3600)
    sync.drop(csv(['b100', name]))
    expect(await sync.apply()).toMatchObject({ state: 'applied' })
    expect(sync.device('b100').name).toBe(name)
  }
})

test('case 62: what is dealt with is moved to processed/, under a name with time and hash, and kept here with its result', async () => {
  const sync = await open()
  const content = csv(['b100', 'New name'], ['b999', 'Nobody'])
  sync.drop(content)
  const output = await sync.apply()
  const [name = ''] = names(sync, 'processed')
  expect(name).toBe(`20260320T120000Z_${output.file?.sha256.slice(0, 8)}_fwgeotabinfo.csv`)
  expect(output.file?.archived_as).toBe(`Export/geotab/processed/${name}`)
  expect(sync.sftp.files.read(`Export/geotab/processed/${name}`)?.toString()).toBe(content)
  expect(sync.sftp.files.read(FILE)).toBeNull()
  const { rows } = await sql<{ content: Buffer }>`
    select content from raw.chevin__vehicle_files where connection = ${sync.connection}
  `.execute(database.db)
  expect(rows[0]?.content.toString()).toBe(content)
  const result = await readResult(database.db, output.plan?.plan_id ?? '')
  const lines = result?.content.toString().split('\r\n') ?? []
  expect(lines[1]).toContain('2,,b100,b100,applied,name,Unit b100,New name')
  expect(lines[2]).toMatch(/^3,,b999,,rejected,.*ID_UNKNOWN/)
  expect(await sync.apply()).toMatchObject({ state: 'missing' })
})

test('case 62: where moving is not permitted the file stays, somebody is told, and it is not applied again', async () => {
  const sync = await open()
  sync.sftp.faults.set({ fault: 'denied', operation: 'rename' })
  sync.drop(csv(['b100', 'New name']))
  expect(await sync.apply()).toMatchObject({ state: 'applied', file: { archived_as: null } })
  expect(await openAlerts(database.db)).toContainEqual(
    expect.objectContaining({ kind: 'vehicle_file_archive', subject: sync.connection }),
  )
  sync.edit('b100', { name: 'A person says so' })
  expect(await sync.apply()).toMatchObject({ state: 'same' })
  sync.sftp.faults.clear()
  await sync.apply()
  expect(names(sync, 'processed')).toHaveLength(1)
  expect(sync.sets()).toBe(1)
  expect((await openAlerts(database.db)).filter(({ subject }) => subject === sync.connection)).toEqual([])
})

test('case 62: a file that has taken the place of the one dealt with is not moved', async () => {
  const sync = await open()
  sync.drop(csv(['b100', 'New name']))
  let dropped = false
  await sync.apply({
    onProgress() {
      if (!dropped) sync.drop(csv(['b100', 'Newer name']))
      dropped = true
    },
  })
  expect(names(sync, 'processed')).toEqual([])
  await sync.apply()
  expect(sync.device('b100').name).toBe('Newer name')
  expect(names(sync, 'processed')).toHaveLength(1)
})

test('case 53: an undecodable file is rejected whole, told, moved to rejected/ and changes nothing', async () => {
  const sync = await open()
  sync.drop(Buffer.from(csv(['b100', 'New name']), 'utf16le'))
  expect(await sync.apply()).toMatchObject({ state: 'rejected', explanation: expect.stringContaining('zero') })
  expect(names(sync, 'rejected')).toEqual([expect.stringMatching(/^20260320T120000Z_[0-9a-f]{8}_fwgeotabinfo\.csv$/)])
  expect(sync.sets()).toBe(0)
  expect(await openAlerts(database.db)).toContainEqual(
    expect.objectContaining({ kind: 'vehicle_file_rejected', subject: sync.connection }),
  )
})

test('case 53: bad rows are quarantined with line, field and reason; the good ones go on', async () => {
  const sync = await open()
  sync.drop(`${csv(['b100', 'New, name'.replace(',', '')])}G1,too few\r\n,b101,,"Caf\u00e9, No. 1",\r\n`)
  const output = await sync.apply()
  expect(output.results).toMatchObject({ applied: 2, rejected: 1 })
  expect(sync.device('b101').name).toBe('Café, No. 1')
  const quarantined = () =>
    sql`
      select path, message, payload ->> 'text' as text from ops.quarantine
      where feed = 'chevin.vehicles' and connection = ${sync.connection} and state = 'open'
    `.execute(database.db)
  expect((await quarantined()).rows).toEqual([
    { path: 'line 3, row', message: '2 columns where 5 are expected', text: 'G1,too few' },
  ])
  sync.drop(csv(['b100', 'Another name']))
  await sync.apply()
  expect((await quarantined()).rows).toEqual([])
})

test('every row lands in raw under the hash of its file', async () => {
  const sync = await open()
  sync.drop(csv(['b100', 'New name'], ['b999', 'Nobody']))
  const { file } = await sync.plan()
  const { rows } = await sql`
    select record_key, payload from raw.chevin__vehicle_rows where connection = ${sync.connection} order by 1
  `.execute(database.db)
  const values = { serial: '', vin: '', groups: '' }
  expect(rows).toEqual([
    {
      record_key: `${file?.sha256}/0000002`,
      payload: { file: file?.sha256, line: 2, values: { ...values, id: 'b100', name: 'New name' } },
    },
    {
      record_key: `${file?.sha256}/0000003`,
      payload: { file: file?.sha256, line: 3, values: { ...values, id: 'b999', name: 'Nobody' } },
    },
  ])
})

test('a plan changes nothing, and the same file over the same fleet is the same plan', async () => {
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

test('looking at a plan moves no file', async () => {
  const sync = await open()
  sync.drop(Buffer.from('PK\u0003\u0004 a workbook\n', 'latin1'))
  expect(await sync.plan()).toMatchObject({ state: 'rejected', file: { archived_as: null } })
  expect(sync.sftp.files.read(FILE)).not.toBeNull()
  expect(await sync.apply()).toMatchObject({ state: 'same' })
  expect(names(sync, 'rejected')).toHaveLength(1)
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

test('case 58, defect 25: what people changed between plan and apply is never overwritten', async () => {
  const sync = await open()
  sync.drop(csv(['b100', 'File 0', 'c2'], ['b101', 'File 1'], ['b102', '', 'c2'], ['b103', 'File 3'], ...everyOther))
  const { plan } = await sync.plan()
  sync.edit('b100', { name: 'Person 0' })
  sync.edit('b101', { name: 'File 1' })
  sync.edit('b102', { groups: [{ id: 'b2' }, { id: 'c1' }], comment: 'by hand' })
  sync.edit('b103', { name: 'Person 3' })
  sync.edit('b104', { groups: [{ id: 'b1' }, { id: 'c3' }] })
  const output = await sync.approve(plan?.plan_id ?? '')
  expect(sync.device('b100')).toMatchObject({ name: 'Person 0', groups: ['b1', 'c2'] })
  expect(sync.device('b102')).toMatchObject({ groups: ['b2', 'c2'] })
  expect(sync.fleet.store.table('Device').get('b102')?.row['comment']).toBe('by hand')
  expect(sync.device('b103').name).toBe('Person 3')
  expect(sync.device('b104').groups).toEqual(['b1', 'c3'])
  expect((await sync.results(output)).map(({ device_id, result, reasons }) => [device_id, result, ...reasons])).toEqual(
    [
      ['b100', 'applied', 'NAME_DIFFERS', 'GROUPS_DIFFERS', 'EDITED_MEANWHILE'],
      ['b101', 'unchanged', 'ALREADY'],
      ['b102', 'applied', 'GROUPS_DIFFERS'],
      ['b103', 'rejected', 'EDITED_MEANWHILE'],
      ['b104', 'rejected', 'EDITED_MEANWHILE'],
    ],
  )
  expect(sync.sets()).toBe(2)
})
const everyOther: [string, string, string][] = [['b104', '', 'c2']]

test('case 61: a device that is gone or archived since the plan is rejected, and none is ever added', async () => {
  const sync = await open()
  sync.drop(csv(['b100', 'New'], ['b101', 'New'], ['b102', 'New']))
  const { plan } = await sync.plan()
  sync.remove('b100')
  sync.edit('b101', { activeTo: '2026-03-01T00:00:00.000Z' })
  const output = await sync.approve(plan?.plan_id ?? '')
  expect((await sync.results(output)).map(({ result, reasons }) => [result, ...reasons])).toEqual([
    ['rejected', 'DEVICE_GONE'],
    ['rejected', 'DEVICE_ARCHIVED'],
    ['applied', 'NAME_DIFFERS'],
  ])
  expect(sync.geotab.requests.filter(({ method }) => /Add|Remove|MultiCall/.test(method))).toEqual([])
})

test('case 56, 58: a group that is no longer changeable when it comes to it is not touched', async () => {
  const sync = await open({
    devices: Array.from({ length: 30 }, (_, at) => ({ id: `b${at + 100}`, groups: ['b1', 'c1'] })),
  })
  sync.drop(csv(['b100', '', 'c2']))
  const { plan } = await sync.plan()
  sync.fleet.store.put('Group', {
    key: 'b2867',
    row: { id: 'b2867', name: 'Departments', children: [{ id: 'c2' }] },
    ms: 0,
  })
  await sync.approve(plan?.plan_id ?? '')
  expect(sync.device('b100').groups).toEqual(['b1', 'c1', 'c2'])
})

test('case 60, defect 24: one Set that fails does not stop the others, and the result says why', async () => {
  const sync = await open()
  sync.drop(csv(['b100', 'New'], ['b101', 'New'], ['b102', 'New']))
  sync.geotab.faults.set({
    fault: 'error',
    type: 'ArgumentException',
    message: 'no',
    method: 'Set',
    after: 1,
    times: 1,
  })
  const output = await sync.apply()
  expect((await sync.results(output)).map(({ result, reasons }) => [result, ...reasons])).toEqual([
    ['applied', 'NAME_DIFFERS'],
    ['failed', 'GEOTAB_BAD_REQUEST'],
    ['applied', 'NAME_DIFFERS'],
  ])
  expect(output.results).toMatchObject({ applied: 2, failed: 1 })
  expect(names(sync, 'processed')).toHaveLength(1)
})

test.for([
  { fault: 'status', status: 503 },
  { fault: 'closeSocket' },
  { fault: 'emptyBody' },
  { fault: 'dbUnavailable' },
  { fault: 'overLimit', retryAfter: 0 },
] as const)('case 60: a Set that fails in passing ($fault) is tried again and done once', async (fault) => {
  const sync = await open()
  sync.drop(csv(['b100', 'New']))
  sync.geotab.faults.set({ ...fault, method: 'Set', times: 1 })
  expect(await sync.apply()).toMatchObject({ results: { applied: 1 } })
  expect(sync.device('b100').name).toBe('New')
})

test.for([{ fault: 'truncated' }, { fault: 'invalidJson' }] as const)(
  'case 60: a Set that was done and whose answer is lost ($fault) is not sent again',
  async (fault) => {
    const sync = await open()
    sync.drop(csv(['b100', 'New']))
    sync.geotab.faults.set({ ...fault, method: 'Set', times: 1 })
    expect(await sync.apply()).toMatchObject({ results: { applied: 1 } })
    expect(await sync.audit()).toMatchObject([{ outcome: 'applied', attempts: 1 }])
    expect(sync.device('b100').name).toBe('New')
    expect(sync.sets()).toBe(1)
  },
)

test('case 60: while Geotab is not well the plan stays open, and the next call goes on with it', async () => {
  const sync = await open()
  sync.drop(csv(...Array.from({ length: 5 }, (_, at): [string, string] => [`b10${at}`, 'New'])))
  sync.geotab.faults.set({ fault: 'status', status: 503, method: 'Set' })
  await expect(sync.apply()).rejects.toMatchObject({ code: 'GEOTAB_UNAVAILABLE', retry: 'later' })
  expect(await sync.plan()).toMatchObject({ state: 'planned', plan: { status: 'applying' } })
  sync.geotab.faults.clear()
  // A newer file waits until what was begun is done.
  sync.drop(csv(['b105', 'Newer']))
  expect(await sync.apply()).toMatchObject({ results: { applied: 5 } })
  expect(await sync.apply()).toMatchObject({ results: { applied: 1 } })
  expect(sync.device('b105').name).toBe('Newer')
})

test('case 60: one device that always fails in passing has an end', async () => {
  const sync = await open({ updates: { attempts: 2 } })
  sync.drop(csv(['b100', 'New'], ['b101', 'New']))
  sync.geotab.faults.set({ fault: 'error', type: 'GenericException', message: 'odd', method: 'Set', times: 3 })
  await expect(sync.apply()).rejects.toMatchObject({ code: 'SYNC_INCOMPLETE', retry: 'later' })
  expect(sync.device('b101').name).toBe('New')
  sync.geotab.faults.set({ fault: 'error', type: 'GenericException', message: 'odd', method: 'Set', times: 3 })
  expect(await sync.apply()).toMatchObject({ results: { applied: 1, failed: 1 } })
})

test('a value that reads back otherwise than it was sent is a failure', async () => {
  const sync = await open()
  sync.drop(csv(['b100', 'New']))
  sync.geotab.faults.set({ fault: 'nullResult', method: 'Set' })
  const table = sync.fleet.store.table('Device')
  const put = sync.fleet.store.put.bind(sync.fleet.store)
  sync.fleet.store.put = (typeName, draft, gap) => {
    if (draft.key === 'b100') draft.row['name'] = 'NEW'
    put(typeName, draft, gap)
  }
  const output = await sync.apply()
  expect(table.get('b100')?.row['name']).toBe('NEW')
  expect(await sync.results(output)).toMatchObject([{ result: 'failed', reasons: ['NOT_AS_SENT'] }])
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
