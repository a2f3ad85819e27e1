import { expect, test } from 'vitest'
import { USUAL, WILD } from '../../../sandbox/geotab/disorder.ts'
import { idOf, type Row } from '../../../sandbox/geotab/wire.ts'
import { aFleet, aSandbox, NOW, wholeFeed, ZERO } from './geotab-client.ts'

const TYPES = ['Device', 'Diagnostic', 'User', 'Zone', 'Rule', 'Trip', 'ExceptionEvent', 'FaultData', 'LogRecord']
const MORE_TYPES = ['StatusData', 'DriverChange']

const wild = () => aFleet({ vehicles: 3, disorder: WILD, startDate: '2026-03-12' })

test.for([...TYPES, ...MORE_TYPES])(
  '%s: read page by page from zero it is the same with any limit',
  async (typeName) => {
    await using client = await aSandbox({ fleet: wild() })
    const whole = await wholeFeed(client, typeName, 50_000)
    expect(whole.length).toBeGreaterThan(0)
    for (const limit of [1, 2, 7, 100]) {
      if (whole.length / limit > 120) continue
      expect(await wholeFeed(client, typeName, limit)).toEqual(whole)
    }
  },
)

test('without fromVersion and search it is empty and tells the current version', async () => {
  await using client = await aSandbox()
  const first = await client.feed('LogRecord')
  expect(first.data).toEqual([])
  expect(first.toVersion).toMatch(/^[0-9a-f]{16}$/)
  expect(await client.feed('Trip', { search: { includeDeleted: true } })).toEqual(first)
  expect(await client.feed('LogRecord', { fromVersion: first.toVersion })).toEqual(first)
  client.setNow(new Date(NOW.getTime() + 3_600_000))
  const next = await client.feed('LogRecord', { fromVersion: first.toVersion })
  expect(next.data.length).toBeGreaterThan(0)
  expect(next.toVersion > first.toVersion).toBe(true)
})

test('toVersion is the version of the last row of a page', async () => {
  await using client = await aSandbox()
  const page = await client.feed('StatusData', { fromVersion: ZERO, resultsLimit: 10 })
  expect(page.data.length).toBe(10)
  expect(page.toVersion).toBe(page.data.at(-1)?.['version'])
  const versions = page.data.map(({ version }) => String(version))
  expect(versions).toEqual(versions.toSorted())
})

test('fromDate seeds a feed, and is ignored beside a fromVersion', async () => {
  await using client = await aSandbox({ fleet: wild() })
  const fromDate = '2026-03-13T12:00:00.000Z'
  const all = await wholeFeed(client, 'LogRecord', 50_000)
  const seeded = await client.feed('LogRecord', { search: { fromDate } })
  const later = all.filter(({ dateTime }) => String(dateTime) >= fromDate)
  expect(seeded.data.length).toBeGreaterThanOrEqual(later.length)
  expect(seeded.data.length).toBeLessThan(all.length)
  const ids = new Set(seeded.data.map(({ id }) => id))
  expect(later.filter(({ id }) => !ids.has(id))).toEqual([])
  const both = await client.feed('LogRecord', { fromVersion: ZERO, search: { fromDate } })
  expect(both.data.length).toBe(all.length)
  expect((await client.feed('LogRecord', { search: { fromDate: '2030-01-01T00:00:00Z' } })).data).toEqual([])
})

test('over-asking is capped without an error, each entity at its own limit', async () => {
  const fleet = aFleet({ vehicles: 2 })
  for (let index = 0; index < 5100; index += 1) {
    fleet.store.put('Device', { key: `x${index}`, row: { id: `x${index}` }, ms: 0 })
  }
  await using client = await aSandbox({ fleet })
  const page = await client.feed('Device', { fromVersion: ZERO, resultsLimit: 60_000 })
  expect(page.data.length).toBe(5000)
  expect((await client.feed('Device', { fromVersion: page.toVersion })).data.length).toBe(104)
})

test('deleted trips are hidden from those who do not ask for them', async () => {
  await using client = await aSandbox({ fleet: wild() })
  const plain = await wholeFeed(client, 'Trip', 50_000)
  const all = await wholeFeed(client, 'Trip', 50_000, { includeDeleted: true })
  const deleted = all.filter((trip) => 'deletedDateTime' in trip)
  expect(deleted.length).toBeGreaterThan(0)
  expect(plain).toEqual(all.filter((trip) => !('deletedDateTime' in trip)))
})

test.for([
  { flag: 'includeInvalidated', state: 'invalidated' },
  { flag: 'includeDismissedEvents', state: 'dismissed' },
  { flag: 'includeDeleted', state: 'deleted' },
])('$state exceptions are hidden without $flag', async ({ flag, state }) => {
  await using client = await aSandbox({ fleet: aFleet({ vehicles: 12, disorder: WILD }) })
  const plain = await wholeFeed(client, 'ExceptionEvent', 50_000)
  const more = await wholeFeed(client, 'ExceptionEvent', 50_000, { [flag]: true })
  const known = new Set(plain.map(({ id }) => id))
  const extra = more.filter(({ id }) => !known.has(id)).map(({ id }) => id)
  const meant = client
    .truthOf('db')
    .exceptions()
    .filter((event) => event.state === state)
  expect(extra.length).toBeGreaterThan(0)
  expect(new Set(extra)).toEqual(new Set(meant.map(({ id }) => id)))
})

test('a search does not narrow the feed of measurements', async () => {
  await using client = await aSandbox({ fleet: wild() })
  const all = await wholeFeed(client, 'StatusData', 50_000)
  const search = { diagnosticSearch: { id: 'DiagnosticOdometerId' }, deviceSearch: { id: 'b1' } }
  expect(await wholeFeed(client, 'StatusData', 50_000, search)).toEqual(all)
})

test('the state of a device comes once, as it is now, and again when the device has moved', async () => {
  await using client = await aSandbox()
  const first = await client.feed('DeviceStatusInfo', { fromVersion: ZERO })
  expect(first.data.map(({ device }) => String(idOf(device))).toSorted()).toEqual(['b1', 'b2', 'b3', 'b4', 'b5'])
  expect(first.data.some((row) => 'id' in row)).toBe(false)
  client.setNow(new Date(NOW.getTime() + 6 * 3_600_000))
  const next = await client.feed('DeviceStatusInfo', { fromVersion: first.toVersion })
  expect(next.data.length).toBeGreaterThan(0)
  await expect(
    client.feed('DeviceStatusInfo', { fromVersion: ZERO, search: { deviceSearch: { id: 'b1' } } }),
  ).rejects.toThrow(/^ArgumentException/)
})

test.for(['Group', 'Controller', 'FailureMode', 'UnitOfMeasure', 'Source', 'ZoneType'])(
  '%s has no feed and can be read with Get',
  async (typeName) => {
    await using client = await aSandbox()
    await expect(client.feed(typeName, { fromVersion: ZERO })).rejects.toThrow(
      /^ArgumentException: GetFeed is not supported/,
    )
    expect((await client.get(typeName)).length).toBeGreaterThan(1)
  },
)

test.for([
  { parameters: { fromVersion: 'latest' }, error: /^ArgumentException/ },
  { parameters: { fromVersion: 12 }, error: /^ArgumentException/ },
  { parameters: { resultsLimit: -1 }, error: /^ArgumentException/ },
  { parameters: { resultsLimit: '10' }, error: /^JsonSerializerException/ },
  { parameters: { search: { fromDate: '2026-03-12 16:00:32 UTC' } }, error: /^JsonSerializerException/ },
  { parameters: { search: [] }, error: /^JsonSerializerException/ },
])('$parameters is refused', async ({ parameters, error }) => {
  await using client = await aSandbox()
  await expect(client.feed('Trip', parameters)).rejects.toThrow(error)
})

test('null stands for a parameter that is not there', async () => {
  await using client = await aSandbox()
  const page = await client.feed('Trip', { fromVersion: null, search: null, resultsLimit: null })
  expect(page.data).toEqual([])
})

test('a bare NaN makes a page that strict parsers refuse', async () => {
  const fleet = aFleet({ vehicles: 2, disorder: { bareNaN: 0.5 } })
  await using client = await aSandbox({ fleet })
  const body = {
    method: 'GetFeed',
    params: { credentials: client.credentials, typeName: 'LogRecord', fromVersion: ZERO },
  }
  const text = await (await client.post(JSON.stringify(body))).text()
  expect(text).toContain('"speed":NaN')
  expect(() => JSON.parse(text)).toThrow(SyntaxError)
})

test('two databases have nothing in common', async () => {
  const other = aFleet({ seed: 99, disorder: USUAL })
  const user = { userName: 'other@fleet.example', password: 'other' }
  await using client = await aSandbox({ others: [{ name: 'other', fleet: other, users: [user] }] })
  const mine = await client.feed('Device', { fromVersion: ZERO })
  const { credentials } = (await client.call('Authenticate', { ...user, credentials: null })) as Row
  expect(credentials).toMatchObject({ database: 'other' })
  const theirs = await client.feed('Device', { fromVersion: ZERO, credentials })
  expect(theirs.data[0]?.['serialNumber']).not.toBe(mine.data[0]?.['serialNumber'])
})
