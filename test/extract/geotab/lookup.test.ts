import { expect, test } from 'vitest'
import { lookUpAddresses, type Coordinate } from '../../../extract/geotab/addresses.ts'
import { fetchByIds, positionsAt } from '../../../extract/geotab/lookup.ts'
import { readSnapshot } from '../../../extract/geotab/snapshot.ts'
import { connect, failure, result, startGeotabServer, type ReceivedCall } from '../../support/geotab-server.ts'

const signal = new AbortController().signal

interface Inner {
  params: {
    typeName: string
    search: { id?: string; deviceSearch?: { id: string }; fromDate?: string; toDate?: string }
  }
}
const innerOf = (call: ReceivedCall) => call.params['calls'] as Inner[]

/** A vendor that knows the ids that begin with b, refuses those that begin with x, and knows nothing of the rest. */
async function directory() {
  const server = await startGeotabServer((call) => {
    if (call.method !== 'ExecuteMultiCall') return undefined
    const ids = innerOf(call).map(({ params }) => params.search.id ?? '')
    const bad = ids.findIndex((id) => id.startsWith('x'))
    if (bad >= 0) return failure('ArgumentException', `bad id ${ids[bad]}`, { requestIndex: bad })
    return result(ids.map((id) => (id.startsWith('b') ? [{ id }] : [])))
  })
  return { server, client: connect(server) }
}

test('case 14: ids are looked up a hundred to a request, each once, and those that are missing are told', async () => {
  const { server, client } = await directory()
  const ids = [...Array.from({ length: 150 }, (_, i) => `b${i}`), 'nobody', 'b0', 'b1']
  const lookup = await fetchByIds(client, 'User', ids, signal)
  expect(lookup.found).toEqual(ids.slice(0, 150).map((id) => ({ id })))
  expect(lookup).toMatchObject({ missing: ['nobody'], refused: [] })
  expect(server.callsOf('ExecuteMultiCall').map((call) => innerOf(call).length)).toEqual([100, 51])
  expect(innerOf(server.callsOf('ExecuteMultiCall')[0]!)[0]).toEqual({
    method: 'Get',
    params: { typeName: 'User', search: { id: 'b0' } },
  })
})

test('case 24: an id that is answered with a record of another id is told as renamed', async () => {
  const server = await startGeotabServer((call) =>
    call.method === 'ExecuteMultiCall'
      ? result(innerOf(call).map(({ params }) => [{ id: params.search.id === 'old' ? 'new' : params.search.id }]))
      : undefined,
  )
  expect(await fetchByIds(connect(server), 'Diagnostic', ['old', 'other'], signal)).toEqual({
    found: [{ id: 'new' }, { id: 'other' }],
    renamed: [{ asked: 'old', id: 'new' }],
    missing: [],
    refused: [],
  })
})

test('no ids ask nothing', async () => {
  const { server, client } = await directory()
  expect(await fetchByIds(client, 'User', [], signal)).toEqual({ found: [], renamed: [], missing: [], refused: [] })
  expect(server.calls).toEqual([])
})

test('an id that the vendor refuses does not take the others with it', async () => {
  const { client } = await directory()
  const ids = ['b1', 'x1', 'b2', 'b3', 'x2', 'gone', 'b4']
  const lookup = await fetchByIds(client, 'Diagnostic', ids, signal)
  expect(lookup.found).toEqual(['b1', 'b2', 'b3', 'b4'].map((id) => ({ id })))
  expect(lookup.missing).toEqual(['gone'])
  expect(lookup.refused.map(({ id, error }) => [id, error.code])).toEqual([
    ['x1', 'GEOTAB_BAD_REQUEST'],
    ['x2', 'GEOTAB_BAD_REQUEST'],
  ])
})

test('what concerns every call is thrown, not told of each id', async () => {
  const server = await startGeotabServer((call) =>
    call.method === 'ExecuteMultiCall' ? failure('ServiceUnavailableException') : undefined,
  )
  await expect(fetchByIds(connect(server), 'User', ['b1', 'b2'], signal)).rejects.toMatchObject({
    code: 'GEOTAB_UNAVAILABLE',
  })
  expect(server.callsOf('ExecuteMultiCall')).toHaveLength(3)
})

test('where every id fails for an unknown reason, the rest is not asked', async () => {
  const server = await startGeotabServer((call) =>
    call.method === 'ExecuteMultiCall' ? failure('GenericException') : undefined,
  )
  const ids = Array.from({ length: 100 }, (_, i) => `b${i}`)
  await expect(fetchByIds(connect(server), 'User', ids, signal)).rejects.toMatchObject({ code: 'GEOTAB_UNKNOWN' })
  expect(server.callsOf('ExecuteMultiCall').length).toBeLessThan(20)
})

test('positions come in the order they were asked for, and none is none', async () => {
  const server = await startGeotabServer((call) => {
    if (call.method !== 'ExecuteMultiCall') return undefined
    return result(
      innerOf(call).map(({ params: { search } }) => {
        const { id } = search.deviceSearch ?? { id: '' }
        return id === 'b2' ? [] : [{ device: { id }, dateTime: search.fromDate, latitude: 1, longitude: 2 }]
      }),
    )
  })
  const at = '2026-03-02T10:00:00.000Z'
  const positions = await positionsAt(
    connect(server),
    ['b1', 'b2', 'b1'].map((deviceId) => ({ deviceId, at })),
    signal,
  )
  expect(positions).toMatchObject([
    { outcome: 'found', record: { device: { id: 'b1' }, dateTime: at } },
    { outcome: 'none' },
    { outcome: 'found' },
  ])
  expect(innerOf(server.callsOf('ExecuteMultiCall')[0]!)[0]?.params).toEqual({
    typeName: 'LogRecord',
    search: { deviceSearch: { id: 'b1' }, fromDate: at, toDate: at },
  })
})

test('an answer that is null is tried again by the queue, not taken for unknown', async () => {
  const server = await startGeotabServer((call) => (call.method === 'ExecuteMultiCall' ? result([null]) : undefined))
  await expect(fetchByIds(connect(server), 'User', ['b1'], signal)).rejects.toMatchObject({
    code: 'GEOTAB_UNAVAILABLE',
    retry: 'later',
  })
})

const point = (x: number) => ({ x, y: 42 })
const address = ({ x }: Coordinate) => (x === 0 ? null : { formattedAddress: `${x} Main St` })

/** A geocoder that answers so for a batch. */
async function geocoder(answer: (points: Coordinate[]) => ReturnType<typeof result>) {
  const server = await startGeotabServer((call) =>
    call.method === 'GetAddresses' ? answer(call.params['coordinates'] as Coordinate[]) : undefined,
  )
  return { server, client: connect(server) }
}

test('case 43, case 44: addresses are aligned with their points, equal points are asked once, and none is not a failure', async () => {
  const { server, client } = await geocoder((points) => result(points.map(address)))
  const points = [...Array.from({ length: 60 }, (_, i) => point(i)), point(7), point(0)]
  const answers = await lookUpAddresses(client, points, signal)
  expect(answers).toEqual(
    points.map((one) => (one.x === 0 ? { outcome: 'none' } : { outcome: 'found', address: address(one) })),
  )
  expect(server.callsOf('GetAddresses').map((call) => (call.params['coordinates'] as unknown[]).length)).toEqual([
    50, 10,
  ])
})

test.for([
  { name: 'refuses a batch with a bad point', bad: () => failure('ArgumentException') },
  { name: 'leaves one answer out', bad: (points: Coordinate[]) => result(points.slice(1).map(address)) },
  { name: 'gives one answer more', bad: (points: Coordinate[]) => result([...points.map(address), null]) },
])('case 43: where the vendor $name, that point fails alone', async ({ bad }) => {
  const { client } = await geocoder((points) =>
    points.some(({ x }) => x === 13) ? bad(points) : result(points.map(address)),
  )
  const answers = await lookUpAddresses(
    client,
    Array.from({ length: 30 }, (_, i) => point(i)),
    signal,
  )
  expect(answers.map((answer) => answer.outcome)).toEqual(
    Array.from({ length: 30 }, (_, i) => (i === 0 ? 'none' : i === 13 ? 'failed' : 'found')),
  )
  expect(answers[20]).toEqual({ outcome: 'found', address: { formattedAddress: '20 Main St' } })
})

test('too many calls for addresses is thrown with its wait', async () => {
  const { client } = await geocoder(() => failure('OverLimitException', 'quota', { headers: { 'retry-after': '17' } }))
  await expect(lookUpAddresses(client, [point(1)], signal)).rejects.toMatchObject({
    code: 'GEOTAB_BUSY',
    retryAfterSeconds: 17,
  })
})

test('a snapshot is one page of everything', async () => {
  const server = await startGeotabServer((call) =>
    call.method === 'Get' ? result([{ id: 'GroupCompanyId' }]) : undefined,
  )
  const pages = await Array.fromAsync(readSnapshot(connect(server), 'Group', { signal }))
  expect(pages).toEqual([{ records: [{ id: 'GroupCompanyId' }] }])
  expect(server.callsOf('Get')[0]?.params).toEqual({ typeName: 'Group' })
})

test.for([
  { name: 'empty', records: [], code: 'GEOTAB_UNAVAILABLE' },
  { name: 'null', records: null, code: 'GEOTAB_UNAVAILABLE' },
  {
    name: 'as long as the vendor allows',
    records: Array.from({ length: 50_000 }, () => 0),
    code: 'GEOTAB_RESULT_LIMIT',
  },
])('a snapshot that is $name is an error', async ({ records, code }) => {
  const server = await startGeotabServer((call) => (call.method === 'Get' ? result(records) : undefined))
  await expect(Array.fromAsync(readSnapshot(connect(server), 'Group', { signal }))).rejects.toMatchObject({ code })
})
