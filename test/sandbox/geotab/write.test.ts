import { expect, test } from 'vitest'
import type { Row } from '../../../sandbox/geotab/wire.ts'
import { aSandbox, NOW, USER, ZERO, type Client } from './geotab-client.ts'

const set = (client: Client, entity: Row, typeName = 'Device') => client.call('Set', { typeName, entity })
const device = async (client: Client, id: string): Promise<Row> => (await client.get('Device', { id }))[0] ?? {}

test('what is missing or null keeps its value; the device comes again on its feed', async () => {
  await using client = await aSandbox()
  const before = await device(client, 'b1')
  const { toVersion } = await client.feed('Device', { fromVersion: ZERO })
  expect(await set(client, { id: 'b1', name: 'New name', vehicleIdentificationNumber: null })).toBeNull()
  const { data } = await client.feed('Device', { fromVersion: toVersion })
  expect(data).toEqual([{ ...before, name: 'New name', version: expect.any(String) }])
  expect(String(data[0]?.['version']) > String(before['version'])).toBe(true)
  expect(await device(client, 'b1')).toEqual(data[0])
})

test('a list of groups is replaced as a whole, without doubles', async () => {
  await using client = await aSandbox()
  await set(client, { id: 'b1', groups: [{ id: 'b2868' }, { id: 'b27D5' }, { id: 'b2868' }] })
  expect((await device(client, 'b1'))['groups']).toEqual([{ id: 'b2868' }, { id: 'b27D5' }])
})

test('what cannot be set is left alone', async () => {
  await using client = await aSandbox()
  const before = await device(client, 'b1')
  const same = { ...before, devicePlans: ['Base'], engineVehicleIdentificationNumber: 'OTHER', hardwareId: 1 }
  await set(client, { ...same, version: ZERO, unknown: true })
  expect(await device(client, 'b1')).toEqual({ ...before, version: expect.any(String) })
})

test.for([
  { entity: { name: ' ' }, error: /^ArgumentException: The name of a device is required/ },
  { entity: { name: 'x'.repeat(51) }, error: /^ArgumentException: .*at most 50/ },
  { entity: { groups: [] }, error: /^ArgumentException: .*at least one group/ },
  { entity: { groups: [{ id: 'b2868' }, { id: 'b2868x' }] }, error: /^ArgumentException: Invalid group id/ },
  { entity: { groups: [{ id: 'b27d4' }] }, error: /^ArgumentException: Invalid group id/ },
  { entity: { activeTo: 'soon' }, error: /^JsonSerializerException/ },
  { entity: { name: 7 }, error: /^JsonSerializerException/ },
  { entity: { id: 'bFFF' }, error: /^ArgumentException: Device bFFF does not exist/ },
  { entity: { id: null }, error: /^ArgumentException/ },
])('Set $entity is refused and changes nothing', async ({ entity, error }) => {
  await using client = await aSandbox()
  const before = await client.get('Device')
  await expect(set(client, { id: 'b1', ...entity })).rejects.toThrow(error)
  expect(await client.get('Device')).toEqual(before)
})

test('fifty characters are a good name, and names may be the same', async () => {
  await using client = await aSandbox()
  for (const id of ['b1', 'b2']) await set(client, { id, name: 'é'.repeat(50) })
  expect((await client.get('Device', { name: 'é'.repeat(50) })).length).toBe(2)
})

test('a serial number of another active device is refused, that of an archived one is not', async () => {
  await using client = await aSandbox()
  const [one, two, sold] = await Promise.all(['b1', 'b2', 'b6'].map((id) => device(client, id)))
  const serialNumber = one?.['serialNumber']
  await expect(set(client, { id: 'b2', serialNumber })).rejects.toThrow(/^DuplicateException/)
  await set(client, { id: 'b1', serialNumber, comment: 'its own' })
  await set(client, { id: 'b2', serialNumber: sold?.['serialNumber'] ?? two?.['serialNumber'] })
})

test('activeTo in the past archives, any later date is for ever, and an archived device stays so', async () => {
  await using client = await aSandbox()
  await set(client, { id: 'b1', activeTo: '2026-09-01T00:00:00Z' })
  expect((await device(client, 'b1'))['activeTo']).toBe('2050-01-01T00:00:00.000Z')
  await set(client, { id: 'b1', activeTo: NOW.toISOString() })
  expect((await device(client, 'b1'))['activeTo']).toBe(NOW.toISOString())
  await expect(set(client, { id: 'b1', activeTo: '2050-01-01T00:00:00Z' })).rejects.toThrow(/archived device/)
  await set(client, { id: 'b1', comment: 'still writable' })
})

test('groups outside the scope of a user are refused', async () => {
  await using client = await aSandbox({ users: [{ ...USER, scope: ['b2867'] }] })
  await set(client, { id: 'b1', groups: [{ id: 'b286B' }, { id: 'b2867' }] })
  await expect(set(client, { id: 'b1', groups: [{ id: 'b27D5' }] })).rejects.toThrow(/outside the scope/)
})

test('a device is added and removed with its data', async () => {
  await using client = await aSandbox()
  const entity = { name: 'Added', serialNumber: 'G91234567890', groups: [{ id: 'b2701' }] }
  const id = String(await client.call('Add', { typeName: 'Device', entity }))
  expect(await device(client, id)).toMatchObject({ id, ...entity, activeTo: '2050-01-01T00:00:00.000Z' })
  await expect(client.call('Add', { typeName: 'Device', entity })).rejects.toThrow(/^DuplicateException/)
  await expect(client.call('Add', { typeName: 'Device', entity: { groups: [{ id: 'b2701' }] } })).rejects.toThrow(
    /name/,
  )
  expect(await client.call('Remove', { typeName: 'Device', entity: { id: 'b1' } })).toBeNull()
  expect(await device(client, 'b1')).toEqual({})
  expect(await client.get('Trip', { deviceSearch: { id: 'b1' } })).toEqual([])
  await expect(client.call('Remove', { typeName: 'Device', entity: { id: 'b1' } })).rejects.toThrow(/does not exist/)
})

test('a zone that is not closed is closed when it is written', async () => {
  await using client = await aSandbox()
  const points = [1, 2, 3].map((x) => ({ x, y: x * x }))
  const id = await client.call('Add', { typeName: 'Zone', entity: { name: 'Triangle', points } })
  const [zone] = await client.get('Zone', { id })
  expect(zone?.['points']).toEqual([...points, points[0]])
  await set(client, { id, points: [...points, points[0]], name: 'Closed' }, 'Zone')
  expect((await client.get('Zone', { id }))[0]?.['points']).toEqual([...points, points[0]])
  await client.call('Remove', { typeName: 'Zone', entity: { id } })
  expect(await client.get('Zone', { id })).toEqual([])
})

test.for([
  { method: 'Set', parameters: { typeName: 'Device' }, error: /^ArgumentNullException: entity/ },
  { method: 'Set', parameters: { typeName: 'Trip', entity: { id: 'b1' } }, error: /^ArgumentException/ },
  { method: 'Add', parameters: { typeName: 'Trip', entity: {} }, error: /^ArgumentException/ },
  { method: 'Remove', parameters: { typeName: 'User', entity: { id: 'b1' } }, error: /^ArgumentException/ },
  { method: 'Remove', parameters: { typeName: 'Group', entity: { id: 'b2867' } }, error: /^GroupRelationViolated/ },
])('$method $parameters is refused', async ({ method, parameters, error }) => {
  await using client = await aSandbox()
  await expect(client.call(method, parameters)).rejects.toThrow(error)
})
