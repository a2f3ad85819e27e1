import { afterAll, beforeAll, expect, test } from 'vitest'
import { readResult } from '../../../load/geotab/plans.ts'
import { openAlerts } from '../../../queue/alerts.ts'
import { createTestDatabase, type TestDatabase } from '../../support/database.ts'
import { csv, FILE, type TestSync, type TestSyncOptions } from '../../support/vehicle-sync.ts'
import { openThirty } from '../../support/thirty-devices.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await createTestDatabase()
})
afterAll(() => database.drop())

const open = (options: Partial<TestSyncOptions> = {}) => openThirty(database, options)

const names = (sync: TestSync, folder: string) => sync.sftp.files.names(`Export/geotab/${folder}`)

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
  // What will not pass is not tried again.
  expect(sync.sets()).toBe(3)
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

test.for(['ArgumentException', 'InvalidCastException', 'JsonSerializerException'])(
  'case 60: a Set that is refused for good (%s) is not tried again',
  async (type) => {
    const sync = await open()
    sync.drop(csv(['b100', 'New']))
    sync.geotab.faults.set({ fault: 'error', type, message: 'no', method: 'Set' })
    expect(await sync.apply()).toMatchObject({ results: { applied: 0, failed: 1 } })
    expect(sync.sets()).toBe(1)
  },
)

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

test.for(['Get', 'Set', undefined])(
  'case 60: while Geotab answers 503 to every call (%s), nothing is lost, and the next call does it all once',
  async (method) => {
    const sync = await open()
    sync.drop(csv(['b100', 'New'], ['b101', 'New'], ['b102', 'New'], ['b103', 'New']))
    await sync.plan()
    sync.geotab.faults.set({ fault: 'status', status: 503, ...(method === undefined ? {} : { method }) })
    for (let call = 0; call < 3; call += 1)
      await expect(sync.apply()).rejects.toMatchObject({ code: 'GEOTAB_UNAVAILABLE', retry: 'later' })
    expect(sync.sftp.files.read(FILE)).not.toBeNull()
    expect(sync.device('b100').name).toBe('Unit b100')
    sync.geotab.faults.clear()
    expect(await sync.apply()).toMatchObject({ state: 'applied', results: { applied: 4, failed: 0 } })
    expect(names(sync, 'processed')).toHaveLength(1)
  },
)

test('case 60: the result file lists applied, unchanged, rejected and failed rows, each with its reason', async () => {
  const sync = await open()
  sync.drop(csv(['b100', 'New'], ['b101', 'Unit b101'], ['b999', 'New'], ['b102', 'New']))
  sync.geotab.faults.set({
    fault: 'error',
    type: 'ArgumentException',
    message: 'no',
    method: 'Set',
    after: 1,
    times: 1,
  })
  const { plan } = await sync.apply()
  const result = await readResult(database.db, plan?.plan_id ?? '')
  const lines = result?.content.toString().split('\r\n').slice(1, -1) ?? []
  expect(lines.map((line) => line.split(',').slice(0, 6).join(','))).toEqual([
    '2,,b100,b100,applied,name',
    '3,,b101,b101,unchanged,',
    '4,,b999,,rejected,',
    '5,,b102,b102,failed,name',
  ])
  for (const [at, reason] of ['NAME_DIFFERS', 'SAME', 'ID_UNKNOWN', 'GEOTAB_BAD_REQUEST'].entries())
    expect(lines[at]).toContain(reason)
})

test('rows that were rejected are told by an alert until a file comes without any', async () => {
  const sync = await open({ isReal: true })
  const alerts = async () => (await openAlerts(database.db)).filter(({ subject }) => subject === sync.connection)
  sync.drop(csv(['b100', 'New name'], ['b999', 'Nobody']))
  await sync.apply()
  expect(await alerts()).toMatchObject([
    {
      kind: 'vehicle_updates_rows',
      severity: 'warning',
      message: expect.stringMatching(/^Of the 2 rows .* 1 rejected; the others/),
    },
  ])
  sync.drop(csv(['b100', 'Newer name'], ['b101', 'Known']))
  await sync.apply()
  expect(await alerts()).toEqual([])
})

test("a stand-in's rejected rows are no trouble, and rows that failed are", async () => {
  const sync = await open()
  const alerts = async () => (await openAlerts(database.db)).filter(({ subject }) => subject === sync.connection)
  sync.drop(csv(['b100', 'New name'], ['b999', 'Nobody']))
  expect(await sync.apply()).toMatchObject({ explanation: '1 changed, 0 unchanged, 1 rejected' })
  expect(await alerts()).toEqual([])
  sync.geotab.faults.set({ fault: 'error', type: 'ArgumentException', message: 'no', method: 'Set', times: 1 })
  sync.drop(csv(['b100', 'Newer name']))
  expect(await sync.apply()).toMatchObject({ explanation: '0 changed, 0 unchanged, 0 rejected, 1 failed' })
  expect(await alerts()).toMatchObject([{ message: expect.stringContaining('1 failed') }])
})
