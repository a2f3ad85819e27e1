import { expect, test } from 'vitest'
import type { Fault } from '../../../sandbox/geotab/fault.ts'
import type { Row } from '../../../sandbox/geotab/wire.ts'
import { aSandbox, login, RpcError, ZERO, type Client } from './geotab-client.ts'

const send = (client: Client, method = 'Get', parameters: Row = { typeName: 'Zone' }) =>
  client.post(JSON.stringify({ method, params: { credentials: client.credentials, ...parameters } }))
const page = { fromVersion: ZERO, resultsLimit: 20 }

test.for<{ fault: Fault; error: RegExp }>([
  { fault: { fault: 'error', type: 'GenericException', message: 'Odd.' }, error: /^GenericException: Odd\.$/ },
  { fault: { fault: 'dbUnavailable' }, error: /^DbUnavailableException: Initializing$/ },
  { fault: { fault: 'dbUnavailable', message: 'Maintenance' }, error: /^DbUnavailableException: Maintenance$/ },
  { fault: { fault: 'maintenance' }, error: /^ServiceUnavailableException: Service temporarily unavailable$/ },
  { fault: { fault: 'overLimit' }, error: /^OverLimitException: API calls quota exceeded/ },
  { fault: { fault: 'sessionEnds' }, error: /^InvalidUserException/ },
  { fault: { fault: 'moved', path: 'my2.example.com' }, error: /^DbUnavailableException/ },
])('$fault.fault answers with an error of the API: $error', async ({ fault, error }) => {
  await using client = await aSandbox()
  client.faults.set({ ...fault, times: 1 })
  await expect(client.get('Zone')).rejects.toThrow(error)
  expect(client.requests.at(-1)).toMatchObject({ faults: [fault.fault], error: error.source.slice(1).split(':')[0] })
  if (fault.fault === 'sessionEnds') await login(client)
  expect((await client.get('Zone')).length).toBe(51)
})

test.for([
  { status: 200, retryAfter: undefined, header: '58' },
  { status: 429, retryAfter: 7, header: '7' },
])('overLimit comes with HTTP $status and Retry-After $header', async ({ header, ...given }) => {
  await using client = await aSandbox()
  const { status, retryAfter } = given
  client.faults.set({ fault: 'overLimit', status, ...(retryAfter === undefined ? {} : { retryAfter }) })
  const reply = await send(client)
  expect([reply.status, reply.headers.get('retry-after')]).toEqual([status, header])
  expect(reply.headers.get('x-rate-limit-remaining')).toBe('0')
  expect(await reply.json()).toMatchObject({ error: { data: { type: 'OverLimitException' } } })
})

test.for<{ fault: Fault }>([{ fault: { fault: 'nullResult' } }, { fault: { fault: 'maintenance', as: 'null' } }])(
  '$fault answers with null',
  async ({ fault }) => {
    await using client = await aSandbox()
    client.faults.set(fault)
    expect(await client.get('Zone')).toBeNull()
  },
)

test.for<{ fault: Fault; status: number; type: string; body: RegExp }>([
  { fault: { fault: 'html' }, status: 503, type: 'text/html; charset=utf-8', body: /^<!DOCTYPE html>/ },
  { fault: { fault: 'html', status: 200 }, status: 200, type: 'text/html; charset=utf-8', body: /^<!DOCTYPE html>/ },
  { fault: { fault: 'maintenance', as: 'html' }, status: 503, type: 'text/html; charset=utf-8', body: /^<!DOCTYPE/ },
  { fault: { fault: 'status', status: 500 }, status: 500, type: 'text/plain', body: /^HTTP 500\n$/ },
  { fault: { fault: 'emptyBody' }, status: 200, type: 'application/json', body: /^$/ },
  { fault: { fault: 'invalidJson' }, status: 200, type: 'application/json', body: /^\{"result":\[.*[^}]$/ },
])('$fault answers without an envelope', async ({ fault, status, type, body }) => {
  await using client = await aSandbox()
  client.faults.set(fault)
  const reply = await send(client)
  expect([reply.status, reply.headers.get('content-type')]).toEqual([status, type])
  const text = await reply.text()
  expect(text).toMatch(body)
  expect(() => JSON.parse(text)).toThrow(SyntaxError)
})

test('status tells when to come again', async () => {
  await using client = await aSandbox()
  client.faults.set({ fault: 'status', status: 503, retryAfter: 'Sat, 14 Mar 2026 18:00:00 GMT' })
  expect((await send(client)).headers.get('retry-after')).toBe('Sat, 14 Mar 2026 18:00:00 GMT')
})

test.for<{ fault: Fault }>([
  { fault: { fault: 'truncated' } },
  { fault: { fault: 'truncated', bytes: 10 } },
  { fault: { fault: 'badGzip' } },
])('$fault cannot be read to its end', async ({ fault }) => {
  await using client = await aSandbox()
  client.faults.set(fault)
  const reply = await send(client)
  await expect(reply.text()).rejects.toThrow(/terminated|incorrect header/)
})

test('closeSocket breaks off, hang never answers, slow waits', async () => {
  await using client = await aSandbox()
  client.faults.set({ fault: 'closeSocket', times: 1 })
  await expect(client.get('Zone')).rejects.toThrow(/fetch failed/)
  client.faults.set({ fault: 'hang', times: 1 })
  const hanging = fetch(`${client.url}/apiv1/GetVersion`, { signal: AbortSignal.timeout(60) })
  await expect(hanging).rejects.toThrow(/timeout/)
  client.faults.set({ fault: 'slow', ms: 80, times: 1 })
  const start = performance.now()
  await client.get('Zone')
  expect(performance.now() - start).toBeGreaterThan(75)
})

test('a page comes with doubles, back to front, or with a toVersion that goes back or stays', async () => {
  await using client = await aSandbox()
  const good = await client.feed('StatusData', page)
  const bad = async (fault: Fault) => {
    client.faults.set({ ...fault, times: 1 })
    return client.feed('StatusData', { ...page, fromVersion: good.toVersion })
  }
  const next = await client.feed('StatusData', { ...page, fromVersion: good.toVersion })
  const twice = await bad({ fault: 'duplicateRows', rows: 2 })
  expect(twice).toEqual({ ...next, data: [...next.data.slice(0, 2), ...next.data] })
  expect(await bad({ fault: 'reordered' })).toEqual({ ...next, data: next.data.toReversed() })
  expect((await bad({ fault: 'versionBackwards' })).toVersion < good.toVersion).toBe(true)
  expect(await bad({ fault: 'versionUnchanged' })).toEqual({ ...next, toVersion: good.toVersion })
})

test('redirect and moved send a client elsewhere', async () => {
  await using client = await aSandbox()
  client.faults.set({ fault: 'redirect', path: 'evil.test', times: 1 })
  await client.get('Zone')
  expect(await login(client)).toMatchObject({ path: 'evil.test' })
  client.faults.set({ fault: 'moved', path: 'my2.example.com' })
  expect(await login(client)).toMatchObject({ path: 'my2.example.com' })
})

test('addresses come too few, too many, with holes, or fail for one coordinate', async () => {
  await using client = await aSandbox()
  const coordinates = [1, 2, 3].map((step) => ({ x: -77 - step / 100, y: 38.9 }))
  const ask = (which = coordinates) => client.call('GetAddresses', { coordinates: which }) as Promise<unknown[]>
  const good = await ask()
  const bad = (how: 'fewer' | 'more' | 'nulls') => {
    client.faults.set({ fault: 'addresses', how, times: 1 })
    return ask()
  }
  expect(await bad('fewer')).toEqual(good.slice(0, 2))
  expect(await bad('more')).toEqual([...good, good[0]])
  expect(await bad('nulls')).toEqual([good[0], null, good[2]])
  client.faults.set({ fault: 'addressError', x: -77.020_000_001, y: 38.9 })
  await expect(ask()).rejects.toThrow(/^GenericException/)
  expect(await ask([coordinates[0]!, coordinates[2]!])).toEqual([good[0], good[2]])
})

test('a fault befalls only what it is set for, after so many good calls and so often', async () => {
  await using client = await aSandbox()
  client.faults.set({ fault: 'nullResult', method: 'GetFeed', typeName: 'Trip', database: 'db', after: 1, times: 2 })
  const results: unknown[] = []
  for (let count = 0; count < 4; count += 1) {
    await client.get('Trip', { id: 'none' })
    expect(await client.feed('LogRecord')).not.toBeNull()
    results.push(await client.feed('Trip'))
  }
  expect(results.map((result) => result === null)).toEqual([false, true, true, false])
  client.faults.set({ fault: 'nullResult', database: 'other' })
  expect(await client.feed('Trip')).not.toBeNull()
})

test('one call of a multi-call fails by its own name', async () => {
  await using client = await aSandbox()
  client.faults.set({ fault: 'error', type: 'GenericException', method: 'Get', typeName: 'Zone', after: 1 })
  const get = { method: 'Get', params: { typeName: 'Zone' } }
  const failed = client.call('ExecuteMultiCall', { calls: [get, get, get] })
  await expect(failed).rejects.toThrow(/^GenericException/)
  await expect(failed).rejects.toMatchObject({ error: { data: { requestIndex: 1 } } })
  expect(await failed.catch((error: unknown) => error)).toBeInstanceOf(RpcError)
})

test('faults are set, listed and switched off over HTTP', async () => {
  await using client = await aSandbox()
  const url = `${client.url}/sandbox/faults`
  const post = (body: string) => fetch(url, { method: 'POST', body })
  await post('[{"fault":"nullResult","times":5},{"fault":"slow","ms":1}]')
  expect(await client.get('Zone')).toBeNull()
  expect(await (await fetch(url)).json()).toMatchObject({ faults: [{ id: 1, befell: 1 }, { id: 2 }] })
  expect(await (await fetch(`${url}?id=1`, { method: 'DELETE' })).json()).toEqual({ cleared: 1 })
  expect(await (await fetch(url, { method: 'DELETE' })).json()).toEqual({ cleared: 1 })
  for (const [body, message] of [
    ['{"fault":"explode"}', /no fault is called "explode"/],
    ['{"fault":"slow"}', /slow\.ms: expected a whole number/],
    ['{"fault":"overLimit","status":503}', /one of 200, 429/],
    ['{"fault":"html","shop":"x"}', /html has no shop; it has status, times, after, method, typeName, database/],
    ['{"fault":"addressError","x":190,"y":0}', /addressError\.x: expected degrees/],
    ['7', /a fault is an object/],
  ] as const) {
    const reply = await post(body)
    expect([reply.status, await reply.json()]).toEqual([400, { error: expect.stringMatching(message) }])
  }
  expect(client.faults.list()).toEqual([])
})
