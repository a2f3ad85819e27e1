import { request } from 'node:http'
import { brotliDecompressSync, gunzipSync, inflateSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { startGeotabSandbox } from '../../../sandbox/geotab/server.ts'
import type { Row } from '../../../sandbox/geotab/wire.ts'
import { aFleet, aSandbox, login, NOW, RpcError, USER } from './geotab-client.ts'

const failure = async (call: Promise<unknown>): Promise<RpcError> => {
  try {
    await call
  } catch (error) {
    if (error instanceof RpcError) return error
    throw error
  }
  throw new Error('The call succeeded.')
}

describe('sessions', () => {
  test('Authenticate answers with a path and credentials', async () => {
    await using client = await aSandbox()
    const result = await login(client)
    expect(result).toEqual({
      path: 'ThisServer',
      credentials: { database: 'db', userName: USER.userName, sessionId: expect.stringMatching(/^[\w-]{22}$/) },
    })
    expect(await client.call('Authenticate', { ...USER, credentials: null })).toMatchObject({ path: 'ThisServer' })
  })

  test.for([
    { given: { password: 'wrong' }, error: /^InvalidUserException: Incorrect login credentials$/ },
    { given: { userName: 'nobody' }, error: /^InvalidUserException/ },
    { given: { database: 'nowhere' }, error: /^DbUnavailableException: UnknownDatabase/ },
    { given: { database: null, userName: 'nobody' }, error: /^DbUnavailableException: UnknownDatabase/ },
  ])('Authenticate with $given is refused', async ({ given, error }) => {
    await using client = await aSandbox()
    await expect(client.call('Authenticate', { database: 'db', ...USER, ...given })).rejects.toThrow(error)
  })

  test('a session ends by time, lives on when it is extended, and is ended by hand', async () => {
    await using client = await aSandbox({ sessionMinutes: 60 })
    const later = (minutes: number) => client.setNow(new Date(NOW.getTime() + minutes * 60_000))
    later(59)
    await client.get('Group')
    await client.call('ExtendSession', { ...client.credentials, credentials: undefined })
    later(118)
    await client.get('Group')
    later(119)
    await expect(client.get('Group')).rejects.toThrow(/^InvalidUserException/)
    await login(client)
    expect(client.expireSessions('other')).toBe(0)
    expect(client.expireSessions()).toBe(2)
    await expect(client.get('Group')).rejects.toThrow(/^InvalidUserException/)
  })

  test('the hundred-and-first session of a user ends the first', async () => {
    await using client = await aSandbox()
    const first = { ...client.credentials }
    for (let count = 0; count < 99; count += 1) await login(client)
    await client.get('Group', {}, { credentials: first })
    await login(client)
    await expect(client.get('Group', {}, { credentials: first })).rejects.toThrow(/^InvalidUserException/)
    await client.get('Group')
  })

  test.for([{ credentials: null }, { credentials: { database: 'db', userName: USER.userName, sessionId: 'no' } }])(
    'a call with $credentials is refused',
    async ({ credentials }) => {
      await using client = await aSandbox()
      await expect(client.get('Group', {}, { credentials })).rejects.toThrow(/^InvalidUserException/)
    },
  )

  test('a database may send its clients to another host', async () => {
    await using client = await aSandbox({ redirectTo: 'my99.example.com' })
    expect(await login(client)).toMatchObject({ path: 'my99.example.com' })
    client.redirect('db', null)
    expect(await login(client)).toMatchObject({ path: 'ThisServer' })
    expect(() => client.redirect('nowhere', null)).toThrow(RangeError)
  })
})

describe('the envelope', () => {
  test('an error is told in both generations', async () => {
    await using client = await aSandbox()
    const { error, response } = await failure(client.call('Foobar'))
    const message = "The method 'Foobar' could not be found."
    expect(response.status).toBe(200)
    expect(error).toEqual({
      message,
      code: -32_601,
      data: { id: expect.stringMatching(/^[0-9a-f-]{36}$/), type: 'MissingMethodException', requestIndex: 0 },
      name: 'JSONRPCError',
      errors: [{ name: 'MissingMethodException', message }],
    })
  })

  test.for([
    { body: 'no', type: 'JsonSerializerException' },
    { body: '[]', type: 'JsonSerializerException' },
    { body: '{}', type: 'MissingMethodException' },
    { body: '{"method":"Get"}', type: 'InvalidUserException' },
    { body: `{"method":"${'x'.repeat(20_000_001)}"}`, type: 'ArgumentException' },
  ])('a body that begins $body.length characters with $type', async ({ body, type }) => {
    await using client = await aSandbox()
    const reply = (await (await client.post(body)).json()) as { error: { data: { type: string } } }
    expect(reply.error.data.type).toBe(type)
  })

  test.for([
    { accepted: 'gzip', decode: gunzipSync, encoding: 'gzip' },
    { accepted: 'gzip, deflate, br', decode: brotliDecompressSync, encoding: 'br' },
    { accepted: 'deflate', decode: inflateSync, encoding: 'deflate' },
    { accepted: 'br;q=0, gzip;q=0.5', decode: gunzipSync, encoding: 'gzip' },
    { accepted: 'identity', decode: (bytes: Buffer) => bytes, encoding: undefined },
  ])('to a client that accepts $accepted it is sent as $encoding', async ({ accepted, decode, encoding }) => {
    await using client = await aSandbox()
    const body = JSON.stringify({ method: 'Get', params: { typeName: 'Zone', credentials: client.credentials } })
    const reply = await raw(`${client.url}/apiv1/`, body, accepted)
    expect(reply.headers['content-encoding']).toBe(encoding)
    expect(JSON.parse(decode(reply.bytes).toString())).toMatchObject({ jsonrpc: '2.0', result: { length: 51 } })
  })

  test('GetVersion, GetVersionInformation and GetSystemTimeUtc need no credentials, and may be asked by URL', async () => {
    await using client = await aSandbox()
    const answers = await Promise.all(
      ['GetVersion', 'GetVersionInformation', 'GetSystemTimeUtc'].map(async (method) => {
        const reply = await fetch(`${client.url}/apiv1/${method}`)
        return ((await reply.json()) as { result: unknown }).result
      }),
    )
    expect(answers).toEqual(['11.0.1234', expect.objectContaining({ serverVersion: '11.0.1234' }), NOW.toISOString()])
    const typed = await fetch(
      `${client.url}/apiv1/Get?typeName=Group&search={"id":"b2867"}&credentials=${JSON.stringify(client.credentials)}`,
    )
    expect(await typed.json()).toMatchObject({ result: [{ id: 'b2867' }] })
    expect((await fetch(`${client.url}/elsewhere`)).status).toBe(404)
  })

  test('what was asked is noted, without secrets', async () => {
    await using client = await aSandbox()
    await client.get('Zone')
    const [first, second] = client.requests
    expect(first).toMatchObject({ method: 'Authenticate', database: 'db', status: 200, error: null })
    expect(second).toEqual({
      time: NOW.toISOString(),
      method: 'Get',
      typeName: 'Zone',
      database: 'db',
      index: null,
      status: 200,
      error: null,
      rows: 51,
      faults: [],
    })
    expect(JSON.stringify(client.requests)).not.toContain(String(client.credentials['sessionId']))
  })
})

describe('limits of calls', () => {
  test('are counted per method, entity and user, by the clock of the stand-in', async () => {
    await using client = await aSandbox({ limits: { GetFeed: 2, 'Get Zone': 1 } })
    await client.feed('Trip')
    const body = JSON.stringify({ method: 'GetFeed', params: { typeName: 'Trip', credentials: client.credentials } })
    const last = await client.post(body)
    expect(last.headers.get('x-rate-limit-limit')).toBe('1m')
    expect(last.headers.get('x-rate-limit-remaining')).toBe('0')
    expect(last.headers.get('x-rate-limit-reset')).toBe('2026-03-13T18:01:00.0000000Z')
    client.setNow(new Date(NOW.getTime() + 20_000))
    const { message, response } = await failure(client.feed('Trip'))
    expect(message).toBe('OverLimitException: API calls quota exceeded. Maximum admitted 2 per 1m.')
    expect([response.status, response.headers.get('retry-after')]).toEqual([200, '40'])
    await client.feed('LogRecord')
    await client.get('Zone')
    await client.get('Group')
    await expect(client.get('Zone')).rejects.toThrow(/^OverLimitException/)
    client.setNow(new Date(NOW.getTime() + 60_000))
    await client.feed('Trip')
  })

  test('the documented ones allow ten logins a minute, and one may choose 429', async () => {
    await using client = await aSandbox({ limits: 'vendor', overLimitStatus: 429 })
    for (let count = 1; count < 10; count += 1) await login(client)
    const { response, error } = await failure(login(client))
    expect([response.status, error.data.type]).toEqual([429, 'OverLimitException'])
  })

  test('the calls of a multi-call count one by one', async () => {
    await using client = await aSandbox({ limits: { 'Get Zone': 3 } })
    const calls = Array.from({ length: 5 }, () => ({ method: 'Get', params: { typeName: 'Zone' } }))
    const { error } = await failure(client.call('ExecuteMultiCall', { calls }))
    expect([error.data.type, error.data.requestIndex]).toEqual(['OverLimitException', 3])
  })
})

describe('ExecuteMultiCall', () => {
  test('answers every call in order, null for those without a result', async () => {
    await using client = await aSandbox()
    const result = await client.call('ExecuteMultiCall', {
      calls: [
        { method: 'GetCountOf', params: { typeName: 'Device' } },
        { method: 'Set', params: { typeName: 'Device', entity: { id: 'b1', comment: 'seen' } } },
        { method: 'GetVersion' },
      ],
    })
    expect(result).toEqual([7, null, '11.0.1234'])
    expect(client.requests.slice(-3).map(({ method, index }) => [method, index])).toEqual([
      ['GetCountOf', 0],
      ['Set', 1],
      ['GetVersion', 2],
    ])
  })

  test('stops at the first failure, and what was done stays done', async () => {
    await using client = await aSandbox()
    const set = (id: string) => ({ method: 'Set', params: { typeName: 'Device', entity: { id, comment: 'batch' } } })
    const { error } = await failure(client.call('ExecuteMultiCall', { calls: [set('b1'), set('bFFF'), set('b2')] }))
    expect(error.data).toMatchObject({ type: 'ArgumentException', requestIndex: 1 })
    const comments = (await client.get('Device')).slice(-3).map(({ comment }) => comment)
    expect(comments).toEqual(['Sold at auction', '', 'batch'])
  })

  test.for([{ calls: [{ method: 'ExecuteMultiCall', params: { calls: [] } }] }, { calls: null }, { calls: [7] }])(
    '$calls is refused',
    async ({ calls }) => {
      await using client = await aSandbox()
      await expect(client.call('ExecuteMultiCall', { calls })).rejects.toThrow(/Argument|MissingMethod/)
    },
  )
})

describe('addresses', () => {
  test('are aligned with the coordinates, the same for the same place, with the zones there', async () => {
    await using client = await aSandbox()
    const depot = { x: -77.176, y: 38.7745 }
    const addresses = (await client.call('GetAddresses', { coordinates: [depot, { x: 0, y: 0 }, depot] })) as Row[]
    expect(addresses[0]).toMatchObject({ city: 'Springfield', region: 'VA', zones: [{ id: 'b3E8' }] })
    expect(addresses[0]?.['formattedAddress']).toMatch(/^\d+ .+, Springfield, VA 22150, USA$/)
    expect(addresses.slice(1)).toEqual([null, addresses[0]])
  })

  test('are refused for too many coordinates, or for none at all', async () => {
    await using client = await aSandbox({ mostCoordinates: 2 })
    const coordinates = [1, 2, 3].map((x) => ({ x, y: 40 }))
    await expect(client.call('GetAddresses', { coordinates })).rejects.toThrow(
      /^ArgumentException: At most 2 coordinates/,
    )
    await expect(client.call('GetAddresses')).rejects.toThrow(/^ArgumentNullException/)
    await expect(client.call('GetAddresses', { coordinates: [{ x: 200, y: 0 }] })).rejects.toThrow(/OutOfRange/)
  })

  test('GetCoordinates finds a point for a text and none for a blank one; GetTimeZones knows the usual ones', async () => {
    await using client = await aSandbox()
    const found = await client.call('GetCoordinates', { addresses: ['1 Elm St', '', '1 Elm St'] })
    expect(found).toEqual([{ x: expect.any(Number), y: expect.any(Number) }, null, (found as unknown[])[0]])
    expect(await client.call('GetTimeZones')).toContainEqual({ id: 'America/New_York' })
  })
})

test('two databases may not share a name', async () => {
  const database = { name: 'db', fleet: aFleet(), users: [USER] }
  await expect(startGeotabSandbox({ databases: [database, database] })).rejects.toThrow(RangeError)
})

test('it closes at once while a call hangs, and twice', async () => {
  const client = await aSandbox()
  client.faults.set({ fault: 'hang' })
  const hanging = client.get('Zone').catch((error: unknown) => error)
  await expect.poll(() => client.requests.at(-1)?.faults).toEqual(['hang'])
  await client.close()
  expect(await hanging).toMatchObject({ message: 'fetch failed' })
  await client.close()
})

function raw(
  url: string,
  body: string,
  accepted: string,
): Promise<{ headers: Record<string, unknown>; bytes: Buffer }> {
  const { promise, resolve, reject } = Promise.withResolvers<{ headers: Record<string, unknown>; bytes: Buffer }>()
  const sent = request(url, { method: 'POST', headers: { 'accept-encoding': accepted } }, (reply) => {
    const chunks: Buffer[] = []
    reply.on('data', (chunk: Buffer) => chunks.push(chunk))
    reply.on('end', () => resolve({ headers: reply.headers, bytes: Buffer.concat(chunks) }))
  })
  sent.on('error', reject)
  sent.end(body)
  return promise
}
