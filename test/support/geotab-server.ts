import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'
import { Secret } from '../../core/secret.ts'
import { ACCOUNT_DEFAULTS, openGeotab, type GeotabAccount, type GeotabClient } from '../../extract/geotab/client.ts'
import { geotabRateLimiter } from '../../extract/geotab/rate-limiter.ts'

/** A call as it arrived. */
export interface ReceivedCall {
  method: string
  params: Record<string, unknown>
  headers: IncomingMessage['headers']
  /** Credentials it carried, apart from its own parameters. */
  sessionId: string | undefined
}

/** What the server answers: a body (JSON unless it is a text or bytes) with a status and headers, or the reply by hand. */
export type Answer =
  | { body: unknown; status?: number; headers?: Record<string, string> }
  | ((response: ServerResponse, request: IncomingMessage) => void)

export interface GeotabServer {
  baseUrl: string
  port: number
  calls: ReceivedCall[]
  /** Calls of a method, in the order of their arrival. */
  callsOf(method: string): ReceivedCall[]
  /** The session that logins give now; calls with another one are refused. */
  session: string
  close(): Promise<void>
}

type Script = (call: ReceivedCall, server: GeotabServer) => Answer | undefined | Promise<Answer | undefined>

export const result = (value: unknown): Answer => ({ body: { result: value, jsonrpc: '2.0' } })

/** The vendor's error, with the fields of both generations or of one. */
export function failure(
  type: string,
  message = 'said the vendor',
  options: {
    fields?: 'both' | 'current' | 'legacy'
    code?: number
    info?: string
    requestIndex?: number
    status?: number
    headers?: Record<string, string>
  } = {},
): Answer {
  const { fields = 'both', code = -32_000, info, requestIndex = 0, status = 200, headers = {} } = options
  const current = { code, data: { id: '0', type, requestIndex, ...(info === undefined ? {} : { info }) } }
  const legacy = { name: 'JSONRPCError', errors: [{ name: type, message }] }
  const error = { message, ...(fields === 'legacy' ? {} : current), ...(fields === 'current' ? {} : legacy) }
  return { body: { error, jsonrpc: '2.0' }, status, headers }
}

/**
 * A JSON-RPC server that a test drives: logins and sessions work by themselves, everything the script answers comes
 * first. It ends with the test.
 */
export async function startGeotabServer(script: Script = () => undefined): Promise<GeotabServer> {
  const http = createServer((request, response) => {
    void answer(request, response).catch((error: unknown) => response.destroy(error as Error))
  })
  const open: GeotabServer = {
    baseUrl: '',
    port: 0,
    calls: [],
    callsOf: (method) => open.calls.filter((call) => call.method === method),
    session: 'session-0001',
    async close() {
      http.closeAllConnections()
      if (http.listening) await new Promise((done) => void http.close(done))
    },
  }
  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const text = Buffer.concat(chunks).toString()
    const { method = '', params = {} } = (text === '' ? {} : JSON.parse(text)) as Partial<ReceivedCall>
    const { credentials, ...own } = params as { credentials?: { sessionId?: string } }
    const call = { method, params: own, headers: request.headers, sessionId: credentials?.sessionId }
    open.calls.push(call)
    const given = (await script(call, open)) ?? standard(call, open)
    if (typeof given === 'function') given(response, request)
    else {
      const isReady = typeof given.body === 'string' || Buffer.isBuffer(given.body)
      response.writeHead(given.status ?? 200, { 'content-type': 'application/json', ...given.headers })
      response.end(isReady ? given.body : JSON.stringify(given.body))
    }
  }
  http.listen(0, '127.0.0.1')
  await once(http, 'listening')
  open.port = (http.address() as AddressInfo).port
  open.baseUrl = `http://127.0.0.1:${open.port}`
  onTestFinished(() => open.close())
  return open
}

export function login(session: string, path = 'ThisServer'): Answer {
  return result({ path, credentials: { database: 'demo', userName: 'svc@example.com', sessionId: session } })
}

function standard(call: ReceivedCall, server: GeotabServer): Answer {
  if (call.method === 'Authenticate') {
    return call.params['password'] === PASSWORD ? login(server.session) : failure('InvalidUserException')
  }
  if (call.sessionId !== server.session) return failure('InvalidUserException', 'Invalid session')
  return result([])
}

export const PASSWORD = 'pass word/0001+ä'

/** An account at a server of this machine, without pauses. */
export function anAccount(server: { baseUrl: string }, changes: Partial<GeotabAccount> = {}): GeotabAccount {
  return {
    ...ACCOUNT_DEFAULTS,
    connection: 'fleet',
    server: server.baseUrl,
    database: 'demo',
    userName: 'svc@example.com',
    password: new Secret(PASSWORD),
    timeoutSeconds: 5,
    feedTimeoutSeconds: 5,
    maxReplyBytes: 5_000_000,
    retry: { attempts: 3, baseMs: 1, maxMs: 20 },
    limiter: geotabRateLimiter({ pacing: 0 }),
    clock: { now: () => new Date('2026-03-20T12:00:00Z') },
    ...changes,
  }
}

export function connect(server: { baseUrl: string }, changes: Partial<GeotabAccount> = {}): GeotabClient {
  return openGeotab(anAccount(server, changes))
}
