import { expect, test } from 'vitest'
import { WILD } from '../../../sandbox/geotab/disorder.ts'
import { idOf, type Row } from '../../../sandbox/geotab/wire.ts'
import { aFleet, aSandbox, NOW } from './geotab-client.ts'

const idsOf = (rows: Row[]) => rows.map(({ id }) => String(id))

test.for([
  { typeName: 'Device', search: { id: 'b2' }, count: 1 },
  { typeName: 'Device', search: { name: 'unit 10%' }, count: 4 },
  { typeName: 'Device', search: { name: 'Unit 10' }, count: 0 },
  { typeName: 'Device', search: { groups: [{ id: 'b2867' }] }, count: 7 },
  { typeName: 'Device', search: { fromDate: NOW.toISOString() }, count: 5 },
  { typeName: 'Device', search: {}, count: 7 },
  { typeName: 'Device', search: { deviceType: 'CustomDevice' }, count: 1 },
  { typeName: 'Group', search: { name: 'Shared Pool' }, count: 2 },
  { typeName: 'User', search: { isDriver: true }, count: 5 },
  { typeName: 'User', search: { userSearchType: 'Driver', fromDate: NOW.toISOString() }, count: 4 },
  { typeName: 'Zone', search: { name: 'Ward %' }, count: 1 },
  { typeName: 'Rule', search: { baseType: 'Stock' }, count: 4 },
  { typeName: 'Rule', search: { baseType: 'ZoneStop' }, count: 1 },
  { typeName: 'Diagnostic', search: { code: 5 }, count: 1 },
  { typeName: 'Diagnostic', search: { sourceSearch: { id: 'SourceObdId' } }, count: 2 },
  { typeName: 'DeviceStatusInfo', search: { deviceSearch: { id: 'b2' } }, count: 1 },
  { typeName: 'DeviceStatusInfo', search: { deviceSearch: { groups: [{ id: 'b2702' }] } }, count: 2 },
  { typeName: 'Device', search: { id: 'nowhere' }, count: 0 },
])('Get $typeName $search finds $count', async ({ typeName, search, count }) => {
  await using client = await aSandbox()
  expect((await client.get(typeName, search)).length).toBe(count)
  expect(await client.call('GetCountOf', { typeName, search })).toBe(count)
})

test('trips and records are found by device and dates', async () => {
  await using client = await aSandbox()
  const span = { fromDate: '2026-03-11T12:00:00Z', toDate: '2026-03-12T12:00:00Z' }
  const trips = await client.get('Trip', { deviceSearch: { id: 'b1' }, ...span })
  expect(trips.length).toBeGreaterThan(0)
  for (const { device, start } of trips) {
    expect(idOf(device)).toBe('b1')
    expect(Date.parse(String(start))).toBeGreaterThanOrEqual(Date.parse(span.fromDate))
  }
  const overlapping = await client.get('Trip', { deviceSearch: { id: 'b1' }, ...span, includeOverlappedTrips: true })
  expect(overlapping.length).toBe(trips.length + 1)
  const driver = idOf(trips[0]?.['driver'])
  const driven = await client.get('Trip', { userSearch: { id: driver }, ...span })
  expect(driven.every((trip) => idOf(trip['driver']) === driver)).toBe(true)
  const everywhere = await client.get('LogRecord', span)
  expect(everywhere.every((log) => 'id' in log)).toBe(true)
})

test('at one instant a device has an interpolated position, odometer and engine hours, without an id', async () => {
  await using client = await aSandbox()
  const truth = client.truthOf('db')
  const trip = truth.trips().find(({ deviceId, drivingSeconds }) => deviceId === 'b1' && drivingSeconds > 900)
  const instant = new Date(Date.parse(trip?.start ?? '') + 333_333)
  const at = { deviceSearch: { id: 'b1' }, fromDate: instant.toISOString(), toDate: instant.toISOString() }
  const there = truth.position('b1', instant)
  expect(await client.get('LogRecord', at)).toEqual([
    {
      device: { id: 'b1' },
      dateTime: instant.toISOString(),
      latitude: there?.lat,
      longitude: there?.lon,
      speed: expect.any(Number),
    },
  ])
  for (const id of ['DiagnosticOdometerAdjustmentId', 'DiagnosticOdometerId', 'DiagnosticRawOdometerId']) {
    const [row, ...more] = await client.get('StatusData', { ...at, diagnosticSearch: { id } })
    expect(more).toEqual([])
    expect(row).toMatchObject({ diagnostic: { id }, dateTime: instant.toISOString() })
    expect('id' in (row ?? {})).toBe(false)
    if (!id.includes('Raw')) expect(row?.['data']).toBe(truth.odometerM('b1', instant))
  }
  const [hours] = await client.get('StatusData', {
    ...at,
    diagnosticSearch: { id: 'DiagnosticEngineHoursAdjustmentId' },
  })
  expect(hours?.['data']).toBe(truth.engineSeconds('b1', instant))
  const fuel = await client.get('StatusData', { ...at, diagnosticSearch: { id: 'DiagnosticFuelLevelId' } })
  expect(fuel).toEqual([])
})

test('between two instants the records of a device come with both ends', async () => {
  await using client = await aSandbox()
  const search = {
    deviceSearch: { id: 'b1' },
    fromDate: '2026-03-10T10:00:00.000Z',
    toDate: '2026-03-10T20:00:00.000Z',
  }
  const logs = await client.get('LogRecord', search)
  const ends = logs.filter((log) => !('id' in log)).map(({ dateTime }) => dateTime)
  expect(ends).toEqual([search.fromDate, search.toDate])
  expect(logs.length).toBeGreaterThan(5)
})

test('a device that the fleet does not know has no interpolated position', async () => {
  await using client = await aSandbox()
  const at = { fromDate: NOW.toISOString(), toDate: NOW.toISOString() }
  expect(await client.get('LogRecord', { deviceSearch: { id: 'bFFF' }, ...at })).toEqual([])
  const future = '2026-05-01T00:00:00Z'
  expect(await client.get('LogRecord', { deviceSearch: { id: 'b1' }, fromDate: future, toDate: future })).toEqual([])
})

test.for([
  { typeName: 'Device', sortBy: 'id', offsetOf: (row: Row) => row['id'] },
  { typeName: 'Device', sortBy: 'name', offsetOf: (row: Row) => row['name'] },
  { typeName: 'Trip', sortBy: 'start', offsetOf: (row: Row) => row['start'] },
  { typeName: 'Trip', sortBy: 'stop', offsetOf: (row: Row) => row['stop'] },
  { typeName: 'ExceptionEvent', sortBy: 'date', offsetOf: (row: Row) => row['activeFrom'] },
  { typeName: 'ExceptionEvent', sortBy: 'version', offsetOf: (row: Row) => row['version'] },
])('$typeName is paged by $sortBy, in both directions', async ({ typeName, sortBy, offsetOf }) => {
  await using client = await aSandbox({ fleet: aFleet({ vehicles: 4, disorder: WILD }) })
  const all = new Set(idsOf(await client.get(typeName)))
  for (const sortDirection of ['asc', 'desc']) {
    const read: string[] = []
    let place: Row = {}
    for (;;) {
      const page = await client.get(typeName, {}, { resultsLimit: 3, sort: { sortBy, sortDirection, ...place } })
      read.push(...idsOf(page))
      const last = page.at(-1)
      if (page.length < 3 || last === undefined) break
      place = { offset: offsetOf(last), lastId: last['id'] }
    }
    expect(read.length).toBe(all.size)
    expect(new Set(read)).toEqual(all)
  }
})

test('properties are selected where the entity allows it, and nested entities have only an id', async () => {
  await using client = await aSandbox()
  const only = { propertySelector: { fields: ['name', 'groups'], isIncluded: true } }
  const [device] = await client.get('Device', { id: 'b1' }, only)
  expect(Object.keys(device ?? {}).toSorted()).toEqual(['groups', 'id', 'name'])
  expect(device?.['groups']).toEqual([{ id: 'b2701' }, { id: 'b2868' }])
  const without = { propertySelector: { fields: ['keys'], isIncluded: false } }
  const [user] = await client.get('User', { isDriver: true }, without)
  expect([user?.['keys'], user?.['name']]).toEqual([undefined, 'driver1@fleet.example'])
  await expect(
    client.get('LogRecord', {}, { propertySelector: { fields: ['speed'], isIncluded: true } }),
  ).rejects.toThrow(/ArgumentException: .*dateTime/)
})

test.for([
  { parameters: { typeName: 'Driver' }, error: /^InvalidCastException/ },
  { parameters: { typeName: 'Spaceship' }, error: /^ArgumentException/ },
  { parameters: { typeName: 'constructor' }, error: /^ArgumentException/ },
  { parameters: {}, error: /^ArgumentException/ },
  { parameters: { typeName: 'Zone', search: { viewport: {} } }, error: /^ArgumentException/ },
  {
    parameters: { typeName: 'Trip', search: { fromDate: '2026-03-12 16:00:32 UTC' } },
    error: /^JsonSerializerException/,
  },
  { parameters: { typeName: 'Trip', search: { fromDate: 1_700_000_000 } }, error: /^JsonSerializerException/ },
  { parameters: { typeName: 'Device', search: 'b1' }, error: /^JsonSerializerException/ },
  { parameters: { typeName: 'Device', sort: { sortBy: 'colour' } }, error: /^ArgumentException/ },
  {
    parameters: { typeName: 'Device', resultsLimit: 50_001 },
    error: /^OverLimitException: Supplied results limit \(50001\)/,
  },
])('Get $parameters is refused', async ({ parameters, error }) => {
  await using client = await aSandbox()
  await expect(client.call('Get', parameters)).rejects.toThrow(error)
})

test('more rows than one Get may answer are an error, unless a limit was given', async () => {
  await using client = await aSandbox({ mostRows: 5 })
  await expect(client.get('Zone')).rejects.toThrow(
    /^OverLimitException: Supplied results limit \(51\) exceeds maximum limit \(5\)/,
  )
  expect((await client.get('Zone', {}, { resultsLimit: 5 })).length).toBe(5)
})

test('the distances of trips are in kilometres, or in metres where a database is set so', async () => {
  const read = async (tripDistanceUnit: 'km' | 'm') => {
    await using client = await aSandbox({ fleet: aFleet({ tripDistanceUnit }) })
    const [trip] = await client.get('Trip', { deviceSearch: { id: 'b1' } })
    const truth = client.truthOf('db').trip('b1', String(trip?.['start']))
    return { distance: Number(trip?.['distance']), metres: truth?.distanceM ?? NaN }
  }
  const [km, m] = [await read('km'), await read('m')]
  expect(km.distance).toBeCloseTo(km.metres / 1000, 4)
  expect(m.distance).toBeCloseTo(m.metres, 1)
})
