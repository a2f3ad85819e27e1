import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { FEED_ENTITIES, STATUS_DIAGNOSTICS, type FeedEntityName } from '../../../extract/geotab/entities.ts'
import { readFeed, type FeedOptions, type FeedPage } from '../../../extract/geotab/feed.ts'
import { connect, result, startGeotabServer, type ReceivedCall } from '../../support/geotab-server.ts'

const signal = new AbortController().signal
const hex = (version: number) => version.toString(16).padStart(16, '0')
const aRow = (version: number, changes = {}) => ({ id: `b${version}`, version: hex(version), ...changes })

/** A feed that is answered page by page, and its reader. */
async function feedOf(pages: { data: unknown[]; toVersion: string }[]) {
  const left = [...pages]
  const server = await startGeotabServer((call) =>
    call.method === 'GetFeed' ? result(left.shift() ?? { data: [], toVersion: call.params['fromVersion'] }) : undefined,
  )
  const client = connect(server)
  const read = (entity: FeedEntityName, from: string | null, options: Partial<FeedOptions> = {}): Promise<FeedPage[]> =>
    Array.fromAsync(readFeed(client, entity, from, { resultsLimit: 2, signal, ...options }))
  return { server, read, asked: () => server.callsOf('GetFeed').map((call) => call.params) }
}

test('case 10: pages follow one another at once, from version to version, up to the first that is not full', async () => {
  const { read, asked } = await feedOf([
    { data: [aRow(1), aRow(2)], toVersion: hex(2) },
    { data: [aRow(3), aRow(4)], toVersion: hex(4) },
    { data: [aRow(5)], toVersion: hex(9) },
  ])
  const pages = await read('FaultData', null)
  expect(pages).toEqual([
    { records: [aRow(1), aRow(2)], skipped: 0, toVersion: hex(2), full: true, stuck: false },
    { records: [aRow(3), aRow(4)], skipped: 0, toVersion: hex(4), full: true, stuck: false },
    { records: [aRow(5)], skipped: 0, toVersion: hex(9), full: false, stuck: false },
  ])
  expect(asked().map((params) => params['fromVersion'])).toEqual([hex(0), hex(2), hex(4)])
})

test('a seed by date goes with the first call alone, and history is read to its end', async () => {
  const { read, asked } = await feedOf([
    { data: [aRow(1), aRow(2)], toVersion: hex(2) },
    { data: [aRow(3), aRow(4)], toVersion: hex(4) },
    { data: [], toVersion: hex(4) },
  ])
  const pages = await read('LogRecord', null, { seedFromDate: '2026-03-01T00:00:00Z' })
  expect(pages.map((page) => page.records.length)).toEqual([2, 2, 0])
  expect(asked()).toEqual([
    { typeName: 'LogRecord', resultsLimit: 2, search: { fromDate: '2026-03-01T00:00:00Z' } },
    { typeName: 'LogRecord', resultsLimit: 2, fromVersion: hex(2) },
    { typeName: 'LogRecord', resultsLimit: 2, fromVersion: hex(4) },
  ])
})

test('case 12: a stored version is gone on from, whatever date there was', async () => {
  const { read, asked } = await feedOf([])
  await read('Trip', hex(7), { seedFromDate: '2026-03-01T00:00:00Z' })
  expect(asked()).toEqual([
    { typeName: 'Trip', resultsLimit: 2, fromVersion: hex(7), search: { includeDeleted: true } },
  ])
})

test.for<{ entity: FeedEntityName; search: unknown; version: string | undefined }>([
  { entity: 'Trip', search: { includeDeleted: true, fromDate: '2026-03-01' }, version: undefined },
  {
    entity: 'ExceptionEvent',
    search: { includeInvalidated: true, includeDismissedEvents: true, includeDeleted: true, fromDate: '2026-03-01' },
    version: undefined,
  },
  { entity: 'StatusData', search: { fromDate: '2026-03-01' }, version: undefined },
  { entity: 'DriverChange', search: { fromDate: '2026-03-01' }, version: undefined },
  { entity: 'DeviceStatusInfo', search: undefined, version: hex(0) },
  { entity: 'Device', search: undefined, version: hex(0) },
  { entity: 'User', search: undefined, version: hex(0) },
  { entity: 'Zone', search: undefined, version: hex(0) },
  { entity: 'Rule', search: undefined, version: hex(0) },
  { entity: 'Diagnostic', search: undefined, version: hex(0) },
])('the first call for $entity searches $search', async ({ entity, search, version }) => {
  const { read, asked } = await feedOf([{ data: [], toVersion: hex(3) }])
  await read(entity, null, { seedFromDate: '2026-03-01' })
  expect(asked()).toHaveLength(1)
  expect(asked()[0]?.['search']).toEqual(search)
  expect(asked()[0]?.['fromVersion']).toBe(version)
})

test.for([
  { entity: 'Device', asked: 50_000, limit: 5_000 },
  { entity: 'User', asked: 50_000, limit: 5_000 },
  { entity: 'Rule', asked: 10_001, limit: 10_000 },
  { entity: 'Zone', asked: 9_000, limit: 9_000 },
  { entity: 'LogRecord', asked: 1_000_000, limit: 50_000 },
  { entity: 'Trip', asked: 0, limit: 1 },
] as const)(
  'case 13: $entity is asked for $limit rows when $asked are wanted',
  async ({ entity, asked: resultsLimit, limit }) => {
    const { read, asked } = await feedOf([{ data: [], toVersion: hex(3) }])
    await read(entity, null, { resultsLimit })
    expect(asked()[0]?.['resultsLimit']).toBe(limit)
  },
)

test('case 11: a feed that goes backwards is stopped before anything of it is taken', async () => {
  const { read } = await feedOf([{ data: [aRow(1)], toVersion: '0000000000000fff' }])
  await expect(read('Trip', '0000000000001000')).rejects.toMatchObject({
    code: 'GEOTAB_FEED_BACKWARDS',
    retry: 'never',
    message: expect.stringMatching(
      /fleet, feed Trip: .*0000000000001000.*0000000000000fff.*`npx milepost state reset`/s,
    ) as string,
  })
})

test.for([
  { from: '00000000021568D6', to: '00000000021568d6' },
  { from: '21568d6', to: '00000000021568d6' },
  { from: 'fffffffffffffffe', to: 'ffffffffffffffff' },
])('versions are compared as numbers: $to does not lie before $from', async ({ from, to }) => {
  const { read } = await feedOf([{ data: [], toVersion: to }])
  expect(await read('Trip', from)).toMatchObject([{ toVersion: to, full: false }])
})

test('the recorded empty page is a page without rows', async () => {
  const recorded = readFileSync(new URL('../../fixtures/geotab/rpc/getfeed.empty.json', import.meta.url), 'utf8')
  const server = await startGeotabServer((call) => (call.method === 'GetFeed' ? { body: recorded } : undefined))
  const pages = await Array.fromAsync(readFeed(connect(server), 'Trip', null, { resultsLimit: 9, signal }))
  expect(pages).toEqual([{ records: [], skipped: 0, toVersion: '00000000021568d6', full: false, stuck: false }])
})

test('case 11: a full page whose version does not move is given once, and said to be stuck', async () => {
  const page = { data: [aRow(7), aRow(7)], toVersion: hex(7) }
  const { read, asked } = await feedOf([page, page, page])
  expect(await read('Trip', hex(7))).toMatchObject([{ full: true, stuck: true }])
  expect(asked()).toHaveLength(1)
})

test.for([
  { name: 'null', page: null },
  { name: 'no data', page: { toVersion: hex(9) } },
  { name: 'data that is null', page: { data: null, toVersion: hex(9) } },
  { name: 'no version', page: { data: [] } },
  { name: 'an empty version', page: { data: [], toVersion: '' } },
  { name: 'a version that is no number', page: { data: [], toVersion: 'newest' } },
  { name: 'a version that is 0', page: { data: [], toVersion: 0 } },
  { name: 'a list', page: [] },
])('case 30: a page of $name is asked for again, and never taken for the end', async ({ page }) => {
  let bad = 1
  const server = await startGeotabServer((call) => {
    if (call.method !== 'GetFeed') return undefined
    bad -= 1
    return result(bad >= 0 ? page : { data: [aRow(3)], toVersion: hex(3) })
  })
  const pages = await Array.fromAsync(readFeed(connect(server), 'Trip', hex(1), { resultsLimit: 2, signal }))
  expect(pages).toMatchObject([{ records: [aRow(3)] }])
  expect(server.callsOf('GetFeed').map((call) => call.params['fromVersion'])).toEqual([hex(1), hex(1)])
})

test('rows come in the order of their versions; equal ones keep theirs, and rows without one their place', async () => {
  const odd = [null, 'text', { id: 'without' }, { id: 'odd', version: 'x' }]
  const data = [
    aRow(20),
    odd[0],
    { ...aRow(10), n: 1 },
    odd[1],
    { ...aRow(10), n: 2 },
    odd[2],
    aRow(3, { version: '3' }),
    odd[3],
  ]
  const { read } = await feedOf([{ data, toVersion: hex(20) }])
  const [page] = await read('Trip', null, { resultsLimit: 50 })
  expect(page?.records).toEqual([
    aRow(3, { version: '3' }),
    odd[0],
    { ...aRow(10), n: 1 },
    odd[1],
    { ...aRow(10), n: 2 },
    odd[2],
    aRow(20),
    odd[3],
  ])
})

test('of StatusData the chosen diagnostics are kept, in either form, and the others are counted', async () => {
  const kept = [
    { id: '1', diagnostic: { id: 'DiagnosticOdometerId' } },
    { id: '2', diagnostic: 'DiagnosticEngineHoursId' },
    { id: '3' },
    { id: '4', diagnostic: null },
    'no object',
  ]
  const others = [
    { id: '5', diagnostic: { id: 'DiagnosticFuelLevelId' } },
    { id: '6', diagnostic: 'diagnosticodometerid' },
  ]
  const { read } = await feedOf([
    { data: [...kept, ...others], toVersion: hex(1) },
    { data: Array.from({ length: 7 }, () => others[0]), toVersion: hex(2) },
    { data: [], toVersion: hex(3) },
  ])
  const pages = await read('StatusData', null, { resultsLimit: 7, diagnostics: new Set(STATUS_DIAGNOSTICS) })
  expect(pages).toMatchObject([
    { records: kept, skipped: 2, toVersion: hex(1), full: true },
    { records: [], skipped: 7, toVersion: hex(2), full: true },
    { records: [], skipped: 0, toVersion: hex(3), full: false },
  ])
})

test('reading stops between pages when it is told to', async () => {
  const stop = new AbortController()
  const { server, read } = await feedOf([{ data: [aRow(1), aRow(2)], toVersion: hex(2) }])
  stop.abort(new Error('stop'))
  await expect(read('Trip', null, { signal: stop.signal })).rejects.toThrow('stop')
  expect(server.calls).toEqual([])
})

/** A vendor's feed: rows above a version, oldest first, with rows sent again and out of order as it sometimes does. */
interface Vendor {
  versions: number[]
  limit: number
  resent: number
  arriving: number[]
}

function answerFrom(vendor: Vendor, call: ReceivedCall) {
  const from = Number(`0x${call.params['fromVersion'] as string}`)
  const arrived = vendor.arriving.shift()
  if (arrived !== undefined) vendor.versions.push((vendor.versions.at(-1) ?? 0) + arrived)
  const old = vendor.versions.filter((version) => version <= from).slice(0, Math.min(vendor.resent, vendor.limit - 1))
  const fresh = vendor.versions.flatMap((version, i) => (version > from ? [{ version, i }] : []))
  const taken = fresh.slice(0, vendor.limit - old.length)
  const cut = fresh[taken.length]
  // Rows of one version that a page's edge divides are told whole with the next page.
  const whole = cut === undefined ? taken : taken.filter(({ version }) => version < cut.version)
  const to = whole.at(-1)?.version ?? from
  const data = taken.map(({ version, i }) => ({ id: `r${i}`, version: hex(version) })).toReversed()
  return {
    data: [...data, ...old.map((version) => ({ id: `old${version}`, version: hex(version) }))],
    toVersion: hex(to),
  }
}

test('whatever the page size, ties and repeats: every row is seen, the cursor only rises, any resumption sees the rest', async () => {
  let vendor: Vendor = { versions: [], limit: 1, resent: 0, arriving: [] }
  const server = await startGeotabServer((call) =>
    call.method === 'GetFeed' ? result(answerFrom(vendor, call)) : undefined,
  )
  const client = connect(server)
  const read = (from: string | null) =>
    Array.fromAsync(readFeed(client, 'Trip', from, { resultsLimit: vendor.limit, signal }))
  const idsOf = (pages: FeedPage[]) =>
    new Set(pages.flatMap((page) => page.records.map((row) => (row as { id: string }).id)))

  const arbitrary = fc.record({
    // Gaps of 0 are ties; no tie is longer than the smallest page less the rows that are sent again.
    gaps: fc.array(fc.constantFrom(0, 1, 1, 1, 2, 300), { maxLength: 40 }),
    limit: fc.integer({ min: 6, max: 12 }),
    resent: fc.integer({ min: 0, max: 2 }),
    arriving: fc.array(fc.integer({ min: 1, max: 5 }), { maxLength: 6 }),
  })
  await fc.assert(
    fc.asyncProperty(arbitrary, async ({ gaps, limit, resent, arriving }) => {
      let version = 1
      let ties = 0
      const versions = gaps.map((gap) => {
        ties = gap === 0 ? ties + 1 : 0
        if (ties > 2) ties = 0
        version += gap === 0 && ties === 0 ? 1 : gap
        return version
      })
      vendor = { versions, limit, resent, arriving: [...arriving] }
      const pages = await read(null)
      const cursors = pages.map((page) => page.toVersion)
      expect(cursors).toEqual(cursors.toSorted())
      expect(cursors.at(-1)).toBe(hex(vendor.versions.at(-1) ?? 0))
      const seen = idsOf(pages)
      for (const i of vendor.versions.keys()) expect(seen).toContain(`r${i}`)
      for (const page of pages) {
        const order = page.records.map((row) => (row as { version: string }).version)
        expect(order).toEqual(order.toSorted())
      }
      vendor.arriving = []
      for (const [i, cursor] of cursors.entries()) {
        const again = idsOf([...pages.slice(0, i + 1), ...(await read(cursor))])
        for (const row of vendor.versions.keys()) expect(again).toContain(`r${row}`)
      }
    }),
    { numRuns: 40 },
  )
})

test('there are twelve feeds', () => {
  expect(Object.keys(FEED_ENTITIES)).toHaveLength(12)
})
