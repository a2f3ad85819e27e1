import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { PipelineError } from '../../../core/errors.ts'
import { storableJson } from '../../../core/json.ts'
import { geotabRateLimiter, type LimitFacts, type LimitKey } from '../../../extract/geotab/rate-limiter.ts'
import { connect, failure, result, startGeotabServer, type Answer } from '../../support/geotab-server.ts'

const signal = new AbortController().signal

async function failureOf(call: Promise<unknown>): Promise<PipelineError> {
  const error: unknown = await call.catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(PipelineError)
  return error as PipelineError
}

/** A server that answers Get (and what a test names) so, and a client of it. */
async function answering(answer: Answer, method = 'Get') {
  const server = await startGeotabServer((call) => (call.method === method ? answer : undefined))
  return { server, client: connect(server) }
}

test.for([null, 0, '', false, [], {}, { error: 'a member of ours' }])('the result %j is a result', async (value) => {
  const { client } = await answering(result(value), 'GetVersion')
  expect(await client.call('GetVersion', {}, { signal })).toEqual(value)
})

test('an error member that is null is no error', async () => {
  const { client } = await answering({ body: { error: null, result: 7, id: null, unknown: { member: 1 } } })
  expect(await client.call('Get', { typeName: 'Device' }, { signal })).toBe(7)
})

test.for([
  ['gzip', gzipSync],
  ['deflate', deflateSync],
  ['br', brotliCompressSync],
] as const)('%s is asked for and unpacked', async ([encoding, pack]) => {
  const body = pack('{"result":["ä"]}')
  const { server, client } = await answering({ body, headers: { 'content-encoding': encoding } })
  expect(await client.call('Get', { typeName: 'Device' }, { signal })).toEqual(['ä'])
  expect(server.calls[0]?.headers['accept-encoding']).toContain(encoding)
})

test.for([
  {
    name: 'NaN and Infinity',
    text: '[NaN,Infinity,-Infinity,{"speed":NaN }]',
    kept: '[null,null,null,{"speed":null}]',
  },
  {
    name: 'the same words in texts',
    text: '[NaN,"NaN, Infinity","\\"NaN","a\\\\",NaN,{"NaN":1}]',
    kept: '[null,"NaN, Infinity","\\"NaN","a\\\\",null,{"NaN":1}]',
  },
  { name: 'digits beyond a double', text: '[12345678901234567890,1.10,NaN]', kept: '[12345678901234567890,1.1,null]' },
  {
    name: 'floats of single precision',
    text: '[12.300000190734863,-1.1920929E-07]',
    kept: '[12.300000190734863,-1.1920929e-7]',
  },
])('$name are read without losing anything else', async ({ text, kept }) => {
  const { client } = await answering({ body: `{"result":${text}}` })
  expect(storableJson(await client.call('Get', { typeName: 'LogRecord' }, { signal }))).toBe(kept)
})

test('a text of ten million characters beside a NaN is read', async () => {
  const text = 'a\\"'.repeat(3_000_000)
  const server = await startGeotabServer((call) =>
    call.method === 'Get' ? { body: `{"result":["${text}",NaN]}` } : undefined,
  )
  const [read] = (await connect(server, { maxReplyBytes: 50_000_000 }).call('Get', {}, { signal })) as [string]
  expect(read).toHaveLength(6_000_000)
})

test.for<{ name: string; answer: Answer }>([
  { name: 'an outage', answer: failure('ServiceUnavailableException') },
  { name: 'HTTP 502', answer: { body: '<html>', status: 502 } },
  { name: 'HTML', answer: { body: '<html>' } },
  { name: 'a null result', answer: result(null) },
  { name: 'too many calls', answer: failure('OverLimitException', 'quota', { headers: { 'retry-after': '0' } }) },
  {
    name: '429 and too many calls',
    answer: failure('OverLimitException', 'quota', { status: 429, headers: { 'retry-after': '0' } }),
  },
  { name: 'a broken connection', answer: (response) => response.destroy() },
])('$name twice is lived through', async ({ answer }) => {
  let bad = 2
  const server = await startGeotabServer((call) => {
    if (call.method !== 'Get' || bad === 0) return undefined
    bad -= 1
    return answer
  })
  expect(await connect(server).call('Get', { typeName: 'Device' }, { signal, expect: 'list' })).toEqual([])
  expect(server.callsOf('Get')).toHaveLength(3)
})

test.for<{ name: string; answer: Answer; code: string }>([
  { name: 'HTTP 502', answer: { body: '', status: 502 }, code: 'GEOTAB_UNAVAILABLE' },
  { name: 'a broken connection', answer: (response) => response.destroy(), code: 'GEOTAB_UNREACHABLE' },
  { name: 'HTML', answer: { body: '<html>' }, code: 'GEOTAB_NOT_JSON' },
])(
  'a write that ends in $name is never sent twice, and its outcome is said to be unknown',
  async ({ answer, code }) => {
    const { server, client } = await answering(answer, 'Set')
    const error = await failureOf(client.call('Set', { typeName: 'Device', entity: { id: 'b1' } }, { signal }))
    expect(error.code).toBe(code)
    expect(error.message).toContain('read it back before it is sent again')
    expect(server.callsOf('Set')).toHaveLength(1)
  },
)

test('a write that was too many is sent again', async () => {
  let busy = 1
  const server = await startGeotabServer((call) => {
    if (call.method !== 'Set') return undefined
    busy -= 1
    return busy >= 0 ? failure('OverLimitException', 'quota', { headers: { 'retry-after': '0' } }) : result(null)
  })
  expect(await connect(server).call('Set', { typeName: 'Device', entity: { id: 'b1' } }, { signal })).toBeNull()
  expect(server.callsOf('Set')).toHaveLength(2)
})

test('Remove is never sent, alone or inside', async () => {
  const { server, client } = await answering(result(null), 'Remove')
  const removal = { method: 'Remove', params: { typeName: 'Device', entity: { id: 'b1' } } }
  for (const call of [client.call('Remove', removal.params, { signal }), client.multiCall([removal], { signal })]) {
    expect(await failureOf(call)).toMatchObject({ code: 'GEOTAB_BAD_REQUEST', retry: 'never' })
  }
  expect(server.calls).toEqual([])
})

const getOf = (id: string) => ({ method: 'Get', params: { typeName: 'Device', search: { id } } })

test('many reads go in batches of a hundred, their results in the order of the calls', async () => {
  const server = await startGeotabServer((call) =>
    call.method === 'ExecuteMultiCall'
      ? result((call.params['calls'] as ReturnType<typeof getOf>[]).map((one) => [one.params.search]))
      : undefined,
  )
  const ids = Array.from({ length: 250 }, (_, i) => `b${i}`)
  const results = await connect(server).multiCall(ids.map(getOf), { signal })
  expect(results).toEqual(ids.map((id) => [{ id }]))
  expect(server.callsOf('ExecuteMultiCall').map((call) => (call.params['calls'] as unknown[]).length)).toEqual([
    100, 100, 50,
  ])
})

test('a multi-call that fails says which of its calls failed', async () => {
  const { client } = await answering(failure('ArgumentException', 'odd', { requestIndex: 1 }), 'ExecuteMultiCall')
  const error = await failureOf(client.multiCall([getOf('b1'), getOf('b2')], { signal }))
  expect(error.message).toContain('ExecuteMultiCall of 2 calls, call 2 (Get Device): ArgumentException: odd')
})

test('a multi-call with too few results gives none', async () => {
  const { client } = await answering(result([[]]), 'ExecuteMultiCall')
  expect((await failureOf(client.multiCall([getOf('b1'), getOf('b2')], { signal }))).code).toBe(
    'GEOTAB_UNEXPECTED_REPLY',
  )
})

test('case 27: a multi-call that writes is not sent', async () => {
  const { server, client } = await answering(result([null]), 'ExecuteMultiCall')
  const set = { method: 'Set', params: { typeName: 'Device', entity: { id: 'b1' } } }
  expect(await failureOf(client.multiCall([getOf('b1'), set], { signal }))).toMatchObject({
    code: 'GEOTAB_BAD_REQUEST',
  })
  expect(server.calls).toEqual([])
})

test('a call stops at once when it is told to, in a request and in a pause', async () => {
  for (const answer of [() => undefined, { body: '<html>' }] satisfies Answer[]) {
    const stop = new AbortController()
    const server = await startGeotabServer((call) => {
      if (call.method === 'Get') setImmediate(() => stop.abort(new Error('stop')))
      return call.method === 'Get' ? answer : undefined
    })
    const client = connect(server, { retry: { attempts: 5, baseMs: 60_000, maxMs: 60_000 } })
    await expect(client.call('Get', { typeName: 'Device' }, { signal: stop.signal })).rejects.toThrow('stop')
  }
})

test('each request asks the limiter, and tells it what the reply said', async () => {
  const asked: (LimitKey & { calls: number })[] = []
  const told: (LimitKey & LimitFacts)[] = []
  const limiter = {
    acquire: async (key: LimitKey, _signal: AbortSignal, calls = 1) => void asked.push({ ...key, calls }),
    report: async (key: LimitKey, facts: LimitFacts) => void told.push({ ...key, ...facts }),
  }
  const headers = {
    date: 'Fri, 20 Mar 2026 09:00:00 GMT',
    'x-rate-limit-limit': '1m',
    'x-rate-limit-remaining': '0',
    'x-rate-limit-reset': '2026-03-20T09:00:45.1234567Z',
  }
  const server = await startGeotabServer((call) => {
    if (call.method === 'GetFeed') return { body: { result: { data: [], toVersion: '01' } }, headers }
    if (call.method === 'ExecuteMultiCall')
      return failure('OverLimitException', 'quota', { headers: { 'retry-after': '30' } })
    return undefined
  })
  const client = connect(server, { limiter })
  await client.call('GetFeed', { typeName: 'Trip' }, { signal, expect: 'feed' })
  await failureOf(client.multiCall([getOf('b1'), getOf('b2')], { signal }))

  const { account } = asked[0]!
  expect(account).toMatch(/^demo\/[0-9a-f]{8}$/)
  expect(asked).toEqual([
    { account, method: 'Authenticate', entity: null, calls: 1 },
    { account, method: 'GetFeed', entity: 'Trip', calls: 1 },
    { account, method: 'ExecuteMultiCall', entity: null, calls: 1 },
    { account, method: 'Get', entity: 'Device', calls: 2 },
  ])
  expect(told[1]).toMatchObject({ method: 'GetFeed', overLimit: false, remaining: 0, resetSeconds: 45.123 })
  expect(told.slice(2)).toMatchObject([
    { method: 'ExecuteMultiCall', overLimit: true, retryAfterSeconds: 30 },
    { method: 'Get', entity: 'Device', overLimit: true, retryAfterSeconds: 30 },
  ])
})

test('a limiter without pacing never waits', async () => {
  const limiter = geotabRateLimiter({ pacing: 0 })
  const key = { account: 'a', method: 'GetFeed', entity: 'Trip' }
  await limiter.report(key, { overLimit: true, retryAfterSeconds: 900 })
  const calls = Array.from({ length: 100 }, () => limiter.acquire(key, AbortSignal.timeout(2_000)))
  await expect(Promise.all(calls)).resolves.toHaveLength(100)
})
