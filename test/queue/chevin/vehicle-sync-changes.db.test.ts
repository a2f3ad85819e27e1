import { afterAll, beforeAll, expect, test } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../../support/database.ts'
import { csv, type TestSyncOptions } from '../../support/vehicle-sync.ts'
import { openThirty } from '../../support/thirty-devices.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await createTestDatabase()
})
afterAll(() => database.drop())

const open = (options: Partial<TestSyncOptions> = {}) => openThirty(database, options)

const VIN = '1M8GDM9AXKP042788'

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

test('case 23, case 56, case 58: a group that is no longer changeable when it comes to it is not touched', async () => {
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

test('case 58: a value that reads back otherwise than it was sent is a failure', async () => {
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

test('case 58, defect 25: what is sent is the id and the fields that change, after the device was read, and it is read again', async () => {
  const sync = await open()
  const [fleet] = sync.context.geotab.databases
  if (fleet === undefined) throw new Error('the test has a fleet')
  const calls: unknown[] = []
  const { client } = fleet
  fleet.client = {
    ...client,
    async call(method, params, ...rest) {
      calls.push([method, params])
      return await client.call(method, params, ...rest)
    },
  }
  sync.drop(csv(['b100', 'New name', 'c2'], ['b101', '', '', VIN], ['b102', 'Unit b102']))
  await sync.apply()
  const read = (id: string) => ['Get', { typeName: 'Device', search: { id } }]
  const set = (entity: object) => ['Set', { typeName: 'Device', entity }]
  const from = calls.findIndex((call) => JSON.stringify(call).includes('"search":{"id"'))
  expect(calls.slice(from)).toEqual([
    read('b100'),
    set({ id: 'b100', name: 'New name', groups: [{ id: 'b1' }, { id: 'c2' }] }),
    read('b100'),
    read('b101'),
    set({ id: 'b101', vehicleIdentificationNumber: VIN }),
    read('b101'),
  ])
})

test('case 56, defect 21: a device that would be left without a group when it comes to it is rejected, and nothing is sent', async () => {
  const sync = await open()
  sync.drop(csv(['b100', 'New name', 'b1']))
  const { plan } = await sync.plan()
  expect(plan?.changes).toBe(1)
  sync.edit('b100', { groups: [{ id: 'c1' }] })
  const output = await sync.approve(plan?.plan_id ?? '')
  expect(await sync.results(output)).toMatchObject([{ result: 'rejected', reasons: ['GROUPS_EMPTY'] }])
  expect(sync.device('b100')).toMatchObject({ name: 'Unit b100', groups: ['c1'] })
  expect(sync.sets()).toBe(0)
})

test('case 56, defect 21: taking a group away, and nothing else, is sent', async () => {
  const sync = await openThirty(database, { devices: manyGroups })
  sync.drop(csv(['b100', '', 'c1']))
  expect(await sync.apply()).toMatchObject({ results: { applied: 1 } })
  expect(sync.device('b100')).toEqual({ name: 'Unit b100', vin: '', groups: ['b1', 'c1'] })
})
const manyGroups = Array.from({ length: 30 }, (_, at) => ({ id: `b${at + 100}`, groups: ['b1', 'c1', 'c2'] }))
