import { expect, test } from 'vitest'
import type { FeedEntityName } from '../../../extract/geotab/entities.ts'
import { readHistory, type HistoryOptions } from '../../../extract/geotab/history.ts'
import { connect, result, startGeotabServer, type ReceivedCall } from '../../support/geotab-server.ts'

const signal = new AbortController().signal
const window = { from: '2026-03-02T00:00:00.000Z', to: '2026-03-02T01:00:00.000Z', resultsLimit: 10, signal }

interface LogRow {
  id?: string
  dateTime: string
}

interface Search {
  search: { fromDate: string; toDate: string }
  sort: { offset?: string; lastId?: string }
  resultsLimit: number
}

/** Rows at these seconds of the hour. */
function rowsAt(seconds: number[]): LogRow[] {
  return seconds.map((second, i) => ({
    id: `r${String(i).padStart(4, '0')}`,
    dateTime: new Date(Date.parse(window.from) + second * 1000).toISOString(),
  }))
}

const inSpan = (rows: LogRow[], { search }: Search) =>
  rows.filter(({ dateTime }) => dateTime >= search.fromDate && dateTime <= search.toDate)

/** A vendor that orders and goes on as asked. */
function paging(rows: LogRow[], asked: Search): LogRow[] {
  const { offset, lastId } = asked.sort
  const keyOf = (row: { dateTime: string; id?: string }) => `${row.dateTime} ${row.id}`
  const after = offset === undefined ? '' : `${offset} ${lastId}`
  const ordered = inSpan(rows, asked).toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1))
  return ordered.filter((row) => keyOf(row) > after).slice(0, asked.resultsLimit)
}

async function historyOf(answer: (asked: Search, call: ReceivedCall) => unknown) {
  const server = await startGeotabServer((call) =>
    call.method === 'Get' ? result(answer(call.params as unknown as Search, call)) : undefined,
  )
  const client = connect(server)
  return {
    asked: () => server.callsOf('Get').map((call) => call.params),
    read: (entity: FeedEntityName = 'LogRecord', options: Partial<HistoryOptions> = {}) =>
      Array.fromAsync(readHistory(client, entity, { ...window, ...options })),
  }
}

const idsOf = (pages: { records: unknown[] }[]) =>
  pages.flatMap((page) => page.records.map((row) => (row as { id: string }).id))

const spread = Array.from({ length: 35 }, (_, i) => i * 100)
const tied = spread.map((second) => Math.floor(second / 1500) * 1500)

test.for([
  { name: 'spread over the hour', seconds: spread },
  { name: 'fifteen at a time', seconds: tied },
  { name: 'all at once', seconds: spread.map(() => 0) },
])('rows $name are read once each, page by page', async ({ seconds }) => {
  const rows = rowsAt(seconds)
  const { read, asked } = await historyOf((search) => paging(rows, search))
  expect(idsOf(await read())).toEqual(rows.map((row) => row.id))
  expect(asked()).toHaveLength(4)
  expect(asked()[0]).toEqual({
    typeName: 'LogRecord',
    search: { fromDate: window.from, toDate: window.to },
    resultsLimit: 10,
    sort: { sortBy: 'date', sortDirection: 'asc' },
  })
  expect(asked()[1]?.['sort']).toEqual({
    sortBy: 'date',
    sortDirection: 'asc',
    offset: rows[9]?.dateTime,
    lastId: rows[9]?.id,
  })
})

test.for<{ name: string; answer: (rows: LogRow[], asked: Search) => LogRow[] }>([
  { name: 'the offset', answer: (rows, asked) => paging(rows, { ...asked, sort: {} }) },
  { name: 'the order', answer: (rows, asked) => inSpan(rows.toReversed(), asked).slice(0, asked.resultsLimit) },
])('where the vendor ignores $name, spans are halved and no row is missed', async ({ answer }) => {
  const rows = rowsAt(spread)
  const { read } = await historyOf((search) => answer(rows, search))
  expect(new Set(idsOf(await read()))).toEqual(new Set(rows.map((row) => row.id)))
})

test('more rows in a second than fit a page, and a vendor that does not page: an error, not a loss', async () => {
  const rows = rowsAt(spread.map(() => 1800))
  const { read, asked } = await historyOf((search) => paging(rows, { ...search, sort: {} }))
  await expect(read()).rejects.toMatchObject({ code: 'GEOTAB_HISTORY', retry: 'never' })
  expect(asked().length).toBeLessThan(40)
})

test('a page of a whole number of thousands may have been cut, so it is not taken for the last', async () => {
  const rows = rowsAt(Array.from({ length: 1_500 }, (_, i) => i))
  const { read } = await historyOf((search) => paging(rows, { ...search, resultsLimit: 1_000 }))
  expect(idsOf(await read('LogRecord', { resultsLimit: 50_000 }))).toHaveLength(1_500)
})

test('what the vendor made up for the ends of the span is left out and counted', async () => {
  const made = { dateTime: window.from, latitude: 1, longitude: 2 }
  const rows = [made, { ...made, id: null }, { ...made, id: 'b1' }, null]
  const { read, asked } = await historyOf(() => rows)
  expect(await read('LogRecord', { deviceId: 'b7' })).toEqual([{ records: [rows[2], null], skipped: 2 }])
  expect(asked()[0]?.['search']).toMatchObject({ deviceSearch: { id: 'b7' } })
  expect(await read('FaultData')).toEqual([{ records: rows, skipped: 0 }])
})

test.for([
  {
    entity: 'Trip',
    limit: 25_000,
    sortBy: 'start',
    search: { includeDeleted: true, includeOverlappedTrips: true },
  },
  {
    entity: 'ExceptionEvent',
    limit: 50_000,
    sortBy: 'date',
    search: { includeInvalidated: true, includeDismissedEvents: true, includeDeleted: true },
  },
  { entity: 'FaultData', limit: 50_000, sortBy: 'date', search: {} },
  { entity: 'DriverChange', limit: 50_000, sortBy: 'date', search: {} },
] as const)('$entity is asked for by $sortBy, $limit at a time', async ({ entity, limit, sortBy, search }) => {
  const { read, asked } = await historyOf(() => [])
  expect(await read(entity, { resultsLimit: 1_000_000 })).toEqual([{ records: [], skipped: 0 }])
  expect(asked()).toEqual([
    {
      typeName: entity,
      search: { ...search, fromDate: window.from, toDate: window.to },
      resultsLimit: limit,
      sort: { sortBy, sortDirection: 'asc' },
    },
  ])
})

test('StatusData is read one diagnostic after the other', async () => {
  const { read, asked } = await historyOf(() => [])
  await read('StatusData')
  await read('StatusData', { diagnostics: ['DiagnosticFuelLevelId'] })
  const diagnostics = asked().map(
    (params) => (params['search'] as { diagnosticSearch: { id: string } }).diagnosticSearch.id,
  )
  expect(diagnostics).toEqual([
    'DiagnosticOdometerId',
    'DiagnosticRawOdometerId',
    'DiagnosticOdometerAdjustmentId',
    'DiagnosticEngineHoursId',
    'DiagnosticEngineHoursAdjustmentId',
    'DiagnosticFuelLevelId',
  ])
})

test.for([
  { entity: 'DeviceStatusInfo', options: {} },
  { entity: 'Device', options: {} },
  { entity: 'Trip', options: { to: window.from } },
  { entity: 'Trip', options: { to: '2026-01-01T00:00:00Z' } },
  { entity: 'Trip', options: { from: 'yesterday' } },
] as const)('the history of $entity with $options is refused before anything is sent', async ({ entity, options }) => {
  const { read, asked } = await historyOf(() => [])
  await expect(read(entity, options)).rejects.toMatchObject({ code: 'GEOTAB_HISTORY', retry: 'never' })
  expect(asked()).toEqual([])
})
