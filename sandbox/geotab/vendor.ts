import type { IncomingMessage, ServerResponse } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import { messageOf } from '../../core/errors.ts'
import { answerFaults } from '../fullbay/fault-endpoint.ts'
import { ApiError, errorEnvelope } from './api-error.ts'
import { openDatabase, type GeotabDatabase } from './database.ts'
import { createFaultControl } from './fault-control.ts'
import { parseFault, type Fault } from './fault.ts'
import { replyFaulty, sendSpoiled } from './faulty-reply.ts'
import { isRow } from './parameters.ts'
import { rateHeaders } from './rate-limits.ts'
import { BARE_NAN } from './records.ts'
import { readBody, sendCompressed, sendJson } from './reply.ts'
import { logRequest, type RequestLog } from './request-log.ts'
import { answerCall, factsOf, rowsOf, type RpcCall, type RpcServer } from './rpc.ts'
import { Sessions } from './sessions.ts'

export interface VendorSettings {
  now: () => Date
  sessionMinutes: number
}

/** MyGeotab as its clients see it, without the port that it listens on. */
export interface Vendor extends RpcServer {
  handle: (request: IncomingMessage, response: ServerResponse) => void
  /** Lets go of the replies that wait. */
  stop(): void
}

const FAULTS_PATH = '/sandbox/faults'

export function createVendor(databases: readonly GeotabDatabase[], settings: VendorSettings): Vendor {
  const server: RpcServer = {
    databases: new Map(databases.map((database) => [database.name, openDatabase(database)])),
    sessions: new Sessions(settings.sessionMinutes),
    faults: createFaultControl(),
    requests: [],
  }
  if (server.databases.size !== databases.length) throw new RangeError('Two databases of the stand-in share a name.')
  const stopping = new AbortController()

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://sandbox.invalid')
    if (url.pathname === FAULTS_PATH) {
      const { status, body } = await answerFaults(request, url, server.faults, parseFault)
      return sendJson(response, status, JSON.stringify(body))
    }
    const [, endpoint, method] = url.pathname.split('/')
    if (endpoint !== 'apiv1')
      return sendJson(response, 404, JSON.stringify({ message: `No such page: ${url.pathname}.` }))
    const nowMs = settings.now().getTime()
    const unread = { method: '', parameters: {} }
    let call: RpcCall = unread
    let problem: ApiError | null = null
    try {
      call = request.method === 'GET' ? fromUrl(url, method ?? '') : fromBody(await readBody(request))
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      problem = error
    }
    const facts = factsOf(call)
    const log = logRequest(server.requests, {
      time: new Date(nowMs).toISOString(),
      method: facts.method,
      typeName: facts.typeName,
      database: facts.database,
      index: null,
    })
    const faults = server.faults.take(facts)
    log.faults = faults.map(({ fault }) => fault)
    for (const fault of faults) {
      if (fault.fault === 'slow') await wait(fault.ms)
      if (response.destroyed || stopping.signal.aborted) return
      const outcome = replyFaulty(fault, response)
      if (outcome !== null) return void Object.assign(log, outcome)
    }
    await reply(request, response, { call, problem, faults, nowMs, log })
  }

  async function reply(
    request: IncomingMessage,
    response: ServerResponse,
    of: { call: RpcCall; problem: ApiError | null; faults: Fault[]; nowMs: number; log: RequestLog },
  ): Promise<void> {
    const { call, problem, faults, nowMs, log } = of
    const headers: Record<string, string> = {}
    let envelope: unknown
    log.status = 200
    try {
      if (problem !== null) throw problem
      const result = answerCall(server, call, faults, { nowMs, headers })
      log.rows = rowsOf(result)
      envelope = { result, jsonrpc: '2.0' }
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      envelope = errorEnvelope(error)
      Object.assign(log, { status: error.status, error: error.type })
      if (error.retryAfter !== undefined) {
        Object.assign(headers, rateHeaders(0, nowMs + error.retryAfter * 1000), {
          'retry-after': String(error.retryAfter),
        })
      }
    }
    const body = JSON.stringify(envelope).replaceAll(JSON.stringify(BARE_NAN), 'NaN')
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value)
    if (faults.some((fault) => sendSpoiled(fault, response, body))) return
    await sendCompressed(request, response, log.status, body)
  }

  /** Waits, but not for longer than the stand-in lives. */
  async function wait(ms: number): Promise<void> {
    try {
      await delay(ms, undefined, { signal: stopping.signal })
    } catch (error) {
      if (!stopping.signal.aborted) throw error
    }
  }

  return {
    ...server,
    handle(request, response) {
      answer(request, response).catch((error: unknown) => sendProblem(response, error))
    },
    stop: () => stopping.abort(),
  }
}

function fromUrl(url: URL, method: string): RpcCall {
  const parameters: Record<string, unknown> = {}
  for (const [name, text] of url.searchParams) parameters[name] = parsed(text)
  return { method, parameters }
}

/** A parameter in a URL may be JSON, or a text as it is. */
function parsed(text: string): unknown {
  return /^\s*[{["]/.test(text) ? parsedJson(text) : text
}

function fromBody(text: string): RpcCall {
  const body = parsedJson(text)
  if (!isRow(body)) throw new ApiError('JsonSerializerException', 'The request is not a JSON object.')
  const { method, params } = body
  if (typeof method !== 'string') throw new ApiError('MissingMethodException', 'The request names no method.')
  return { method, parameters: isRow(params) ? params : {} }
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new ApiError('JsonSerializerException', `The request is not JSON: ${messageOf(error)}`)
  }
}

/** A failure of the stand-in itself: said to the caller, since nobody reads a log of the stand-in. */
function sendProblem(response: ServerResponse, error: unknown): void {
  if (response.headersSent) response.destroy()
  else sendJson(response, 500, JSON.stringify({ message: `The stand-in failed: ${messageOf(error)}` }))
}
