import { expect, test } from 'vitest'
import { readWholeKind } from '../../../extract/geotab/whole.ts'
import { connect, result, startGeotabServer, type ReceivedCall } from '../../support/geotab-server.ts'

const signal = new AbortController().signal

interface Sort {
  offset?: string
  lastId?: string
}

/** A vendor that has these ids in this order, and goes on after the last one it is told. */
async function vendorOf(ids: string[], most = Infinity) {
  const server = await startGeotabServer((call: ReceivedCall) => {
    if (call.method !== 'Get') return undefined
    const { sort, resultsLimit } = call.params as { sort: Sort; resultsLimit: number }
    const from = sort.lastId === undefined ? 0 : ids.indexOf(sort.lastId) + 1
    return result(ids.slice(from, from + Math.min(resultsLimit, most)).map((id) => ({ id })))
  })
  return { server, client: connect(server) }
}

const named = (count: number) => Array.from({ length: count }, (_, at) => `b${at}`)

test.for([
  { count: 0, limit: 10, calls: 1 },
  { count: 9, limit: 10, calls: 1 },
  { count: 10, limit: 10, calls: 2 },
  { count: 25, limit: 10, calls: 3 },
])('$count zones are read $limit at a time in $calls calls, whatever order their ids are in', async (of) => {
  const ids = named(of.count).toReversed()
  const { server, client } = await vendorOf(ids)
  const pages = await Array.fromAsync(readWholeKind(client, 'Zone', { resultsLimit: of.limit, signal }))
  expect(pages.flatMap(({ records }) => records)).toEqual(ids.map((id) => ({ id })))
  expect(server.callsOf('Get')).toHaveLength(of.calls)
  expect(server.callsOf('Get').at(-1)?.params).toEqual({
    typeName: 'Zone',
    resultsLimit: of.limit,
    sort: {
      sortBy: 'id',
      sortDirection: 'asc',
      ...(of.calls === 1
        ? {}
        : { offset: ids[(of.calls - 1) * of.limit - 1], lastId: ids[(of.calls - 1) * of.limit - 1] }),
    },
  })
})

test('a page that was cut at a maximum that nobody told is not taken for the last', async () => {
  const { client } = await vendorOf(named(2500), 1000)
  const pages = await Array.fromAsync(readWholeKind(client, 'Diagnostic', { resultsLimit: 20_000, signal }))
  expect(pages.flatMap(({ records }) => records)).toHaveLength(2500)
})

test('a thousand that are all there are end the reading, though the vendor does not page', async () => {
  const server = await startGeotabServer((call) =>
    call.method === 'Get' ? result(named(1000).map((id) => ({ id }))) : undefined,
  )
  const pages = await Array.fromAsync(readWholeKind(connect(server), 'Rule', { resultsLimit: 5000, signal }))
  expect(new Set(pages.flatMap(({ records }) => records.map((one) => (one as { id: string }).id))).size).toBe(1000)
})

test('a vendor that gives the same full page again is an error, and nothing is taken to be gone', async () => {
  const server = await startGeotabServer((call) =>
    call.method === 'Get' ? result(named(10).map((id) => ({ id }))) : undefined,
  )
  await expect(
    Array.fromAsync(readWholeKind(connect(server), 'User', { resultsLimit: 10, signal })),
  ).rejects.toMatchObject({ code: 'GEOTAB_PAGING', retry: 'never' })
})
