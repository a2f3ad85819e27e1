import { readFileSync } from 'node:fs'
import { expect, test, vi } from 'vitest'
import { PipelineError } from '../../../core/errors.ts'
import { Secret } from '../../../core/secret.ts'
import { openGeotab } from '../../../extract/geotab/client.ts'
import { sessionEndpoint } from '../../../extract/geotab/server-host.ts'
import { memorySessionStore } from '../../../extract/geotab/session.ts'
import { anAccount, connect, failure, login, result, startGeotabServer } from '../../support/geotab-server.ts'

const signal = new AbortController().signal
const get = { typeName: 'Device' }

async function failureOf(call: Promise<unknown>): Promise<PipelineError> {
  const error: unknown = await call.catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(PipelineError)
  return error as PipelineError
}

test('the first calls share one login, and every call carries its session but no password', async () => {
  const server = await startGeotabServer()
  const client = connect(server)
  await Promise.all(Array.from({ length: 10 }, () => client.call('Get', get, { signal })))
  await client.call('Get', get, { signal })
  expect(server.callsOf('Authenticate')).toHaveLength(1)
  expect(server.callsOf('Get').every((call) => call.sessionId === server.session)).toBe(true)
  expect(server.callsOf('Get').some((call) => JSON.stringify(call.params).includes('password'))).toBe(false)
})

test('case 27: a session that ends under 20 calls at once costs one login, and each call goes through', async () => {
  const server = await startGeotabServer()
  const client = connect(server)
  await client.call('Get', get, { signal })
  server.session = 'session-0002'
  const calls = Array.from({ length: 20 }, () => client.call('Get', get, { signal }))
  expect(await Promise.all(calls)).toEqual(Array.from({ length: 20 }, () => []))
  expect(server.callsOf('Authenticate')).toHaveLength(2)
})

test('a call that was refused late uses the session that others have made meanwhile', async () => {
  const late = Promise.withResolvers<void>()
  const server = await startGeotabServer(async (call, { session }) => {
    if (call.params['typeName'] === 'Zone' && call.sessionId !== session) await late.promise
    return undefined
  })
  const client = connect(server)
  await client.call('Get', get, { signal })
  server.session = 'session-0002'
  const slow = client.call('Get', { typeName: 'Zone' }, { signal })
  await client.call('Get', get, { signal })
  late.resolve()
  expect(await slow).toEqual([])
  expect(server.callsOf('Authenticate')).toHaveLength(2)
})

test('case 27: a write whose session had ended is sent again, since it was refused before it began', async () => {
  const server = await startGeotabServer((call, { session }) =>
    call.method === 'Set' && call.sessionId === session ? result(null) : undefined,
  )
  const client = connect(server)
  await client.call('Get', get, { signal })
  server.session = 'session-0002'
  expect(await client.call('Set', { typeName: 'Device', entity: { id: 'b1' } }, { signal })).toBeNull()
  expect(server.callsOf('Set')).toHaveLength(2)
})

test('a session that is refused right after its login ends it: one login more, then none for minutes', async () => {
  const server = await startGeotabServer((call) =>
    call.method === 'Get' ? failure('InvalidUserException', 'Invalid session') : undefined,
  )
  const client = connect(server)
  expect(await failureOf(client.call('Get', get, { signal }))).toMatchObject({ code: 'GEOTAB_AUTH', retry: 'never' })
  expect(server.calls.map((call) => call.method)).toEqual(['Authenticate', 'Get', 'Authenticate', 'Get'])
  await failureOf(client.call('Get', get, { signal }))
  expect(server.calls).toHaveLength(4)
})

test('a refused login is permanent and is not repeated before five minutes are over', async () => {
  let now = new Date('2026-03-20T12:00:00Z')
  const server = await startGeotabServer()
  const account = anAccount(server, { password: new Secret('wrong-password'), clock: { now: () => now } })
  const client = openGeotab(account)
  const first = await Promise.all(Array.from({ length: 5 }, () => failureOf(client.call('Get', get, { signal }))))
  expect(first.every((error) => error.code === 'GEOTAB_AUTH' && error.retry === 'never')).toBe(true)
  const again = await failureOf(client.call('Get', get, { signal }))
  expect(again).toMatchObject({ code: 'GEOTAB_AUTH', retry: 'never' })
  expect(again.message).toContain('Not tried again before 2026-03-20T12:05:00.000Z')
  expect(again.message).not.toContain('wrong-password')
  expect(server.calls).toHaveLength(1)

  now = new Date('2026-03-20T12:05:00Z')
  await failureOf(client.call('Get', get, { signal }))
  expect(server.calls).toHaveLength(2)

  // A new client is a person's new attempt.
  await failureOf(openGeotab(account).call('Get', get, { signal }))
  expect(server.calls).toHaveLength(3)
})

test('a login that the vendor is too busy for is tried again by one of those who wait, not by each', async () => {
  let busy = 2
  const server = await startGeotabServer((call) => {
    if (call.method !== 'Authenticate' || busy === 0) return undefined
    busy -= 1
    return failure('DbUnavailableException', 'Initializing')
  })
  const client = connect(server)
  await Promise.all(Array.from({ length: 10 }, () => client.call('Get', get, { signal })))
  expect(server.callsOf('Authenticate')).toHaveLength(3)
})

test('a login that stays unavailable leaves the rest to the queue, and is no refusal', async () => {
  let isUp = false
  const server = await startGeotabServer((call) =>
    call.method === 'Authenticate' && !isUp ? failure('ServiceUnavailableException') : undefined,
  )
  const client = connect(server)
  expect(await failureOf(client.call('Get', get, { signal }))).toMatchObject({
    code: 'GEOTAB_UNAVAILABLE',
    retry: 'later',
  })
  expect(server.calls).toHaveLength(3)
  isUp = true
  expect(await client.call('Get', get, { signal })).toEqual([])
})

test('case 26: a database that moved is found by logging in at the configured server', async () => {
  const moved = await startGeotabServer()
  moved.session = 'session-moved'
  let hasMoved = false
  const old = await startGeotabServer(() => {
    hasMoved = true
    return failure('DbUnavailableException', 'Moved')
  })
  const root = await startGeotabServer(() =>
    hasMoved ? login(moved.session, `127.0.0.1:${moved.port}`) : login(old.session, `127.0.0.1:${old.port}`),
  )
  expect(await connect(root).call('Get', get, { signal })).toEqual([])
  expect(root.calls.map((call) => call.method)).toEqual(['Authenticate', 'Authenticate'])
  expect([...old.calls, ...moved.calls].map((call) => call.method)).toEqual(['Get', 'Get'])
})

test('clients that share a store share a session, and renew it once', async () => {
  const server = await startGeotabServer()
  const sessions = memorySessionStore()
  const one = connect(server, { sessions })
  const other = connect(server, { sessions })
  await one.call('Get', get, { signal })
  await other.call('Get', get, { signal })
  expect(server.callsOf('Authenticate')).toHaveLength(1)
  server.session = 'session-0002'
  await one.call('Get', get, { signal })
  await other.call('Get', get, { signal })
  expect(server.callsOf('Authenticate')).toHaveLength(2)
})

test('a caller that gives up does not take the login from the others', async () => {
  const open = Promise.withResolvers<void>()
  const server = await startGeotabServer(async (call) => {
    if (call.method === 'Authenticate') await open.promise
    return undefined
  })
  const client = connect(server)
  const stop = new AbortController()
  const given = client.call('Get', get, { signal: stop.signal })
  const kept = client.call('Get', get, { signal })
  await vi.waitFor(() => expect(server.calls).toHaveLength(1))
  stop.abort(new Error('stop'))
  await expect(given).rejects.toThrow('stop')
  open.resolve()
  expect(await kept).toEqual([])
  expect(server.callsOf('Authenticate')).toHaveLength(1)
})

test('a login that nobody waits for any more is dropped, and the next caller begins anew', async () => {
  let hangs = true
  const server = await startGeotabServer((call) =>
    call.method === 'Authenticate' && hangs ? () => undefined : undefined,
  )
  const client = connect(server)
  const stop = new AbortController()
  const given = client.call('Get', get, { signal: stop.signal })
  await vi.waitFor(() => expect(server.calls).toHaveLength(1))
  stop.abort(new Error('stop'))
  await expect(given).rejects.toThrow('stop')
  hangs = false
  expect(await client.call('Get', get, { signal })).toEqual([])
})

const recorded = (name: string) =>
  readFileSync(new URL(`../../fixtures/geotab/rpc/${name}.json`, import.meta.url), 'utf8')

test('the recorded login is one', async () => {
  const server = await startGeotabServer((call) =>
    call.method === 'Authenticate' ? { body: recorded('authenticate.ok') } : undefined,
  )
  server.session = 'SIMULATED-SESSION'
  expect(await connect(server).call('Get', get, { signal })).toEqual([])
})

test('the recorded login that leads elsewhere is followed under an allowed suffix only', async () => {
  const server = await startGeotabServer((call) =>
    call.method === 'Authenticate' ? { body: recorded('authenticate.redirect') } : undefined,
  )
  const error = await failureOf(connect(server).call('Get', get, { signal }))
  expect(error.code).toBe('GEOTAB_REDIRECT_REFUSED')
  expect(error.message).toContain('leads to "my99.example.com"')
  const rules = { connection: 'fleet', server: 'my.example.com', allowedHostSuffixes: ['example.com'] }
  expect(sessionEndpoint(rules, 'my99.example.com').href).toBe('https://my99.example.com/apiv1')
})

test.for([
  {
    name: 'no session',
    answer: result({ path: 'ThisServer', credentials: {} }),
    code: 'GEOTAB_UNEXPECTED_REPLY',
    retry: 'later',
  },
  {
    name: 'no path',
    answer: result({ credentials: { sessionId: 'session-0001' } }),
    code: 'GEOTAB_UNEXPECTED_REPLY',
    retry: 'later',
  },
  { name: 'nothing', answer: result(null), code: 'GEOTAB_UNEXPECTED_REPLY', retry: 'later' },
  {
    name: 'another database',
    answer: result({ path: 'ThisServer', credentials: { database: 'other', sessionId: 'session-0001' } }),
    code: 'GEOTAB_DATABASE_UNKNOWN',
    retry: 'never',
  },
])('a login that gives $name is $code', async ({ answer, code, retry }) => {
  const server = await startGeotabServer((call) => (call.method === 'Authenticate' ? answer : undefined))
  expect(await failureOf(connect(server).call('Get', get, { signal }))).toMatchObject({ code, retry })
  expect(server.callsOf('Get')).toEqual([])
})

test('case 27: a multi-call of reads whose session had ended is sent again whole, once', async () => {
  const server = await startGeotabServer((call, { session }) =>
    call.method === 'ExecuteMultiCall' && call.sessionId === session
      ? result((call.params['calls'] as unknown[]).map((_, index) => [{ id: `b${index}` }]))
      : undefined,
  )
  const client = connect(server)
  await client.call('Get', get, { signal })
  server.session = 'session-0002'
  const calls = Array.from({ length: 3 }, () => ({ method: 'Get', params: get }))
  expect(await client.multiCall(calls, { signal })).toEqual([[{ id: 'b0' }], [{ id: 'b1' }], [{ id: 'b2' }]])
  expect(server.callsOf('ExecuteMultiCall').map(({ params }) => (params['calls'] as unknown[]).length)).toEqual([3, 3])
  expect(server.callsOf('Authenticate')).toHaveLength(2)
})
