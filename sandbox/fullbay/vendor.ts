import type { IncomingMessage, ServerResponse } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { dayAt } from '../../core/date-window.ts'
import { messageOf } from '../../core/errors.ts'
import { checkQuery, readQuery, type FullbayAccount, type InvoiceRequest, type Refusal } from './access.ts'
import { createFaultControl, type FaultControl } from './fault-control.ts'
import { answerFaults } from './fault-endpoint.ts'
import { parseFault, type Fault } from './fault.ts'
import { replyFaulty, sendTruncated } from './faulty-reply.ts'
import { pageReply } from './page.ts'
import { failReply, sendJson, type Reply } from './reply.ts'
import { logRequest, type RequestLog } from './request-log.ts'

export interface VendorSettings {
  now: () => Date
  pageSize: number
  compress: boolean
}

/** Fullbay as its clients see it, without the port that it listens on. */
export interface Vendor {
  requests: readonly RequestLog[]
  faults: FaultControl
  handle: (request: IncomingMessage, response: ServerResponse) => void
  /** Lets go of the replies that wait. */
  stop(): void
}

const INVOICES_PATH = '/services/getInvoices.php'
const FAULTS_PATH = '/sandbox/faults'

export function createVendor(accounts: readonly FullbayAccount[], settings: VendorSettings): Vendor {
  const byKey = new Map(accounts.map((account) => [account.key, account]))
  if (byKey.size !== accounts.length) throw new RangeError('Two accounts of the stand-in share a key.')
  const requests: RequestLog[] = []
  const faults = createFaultControl()
  const stopping = new AbortController()
  const underWay = new Map<string, number>()

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://sandbox.invalid')
    if (url.pathname === FAULTS_PATH) {
      const { status, body } = await answerFaults(request, url, faults, parseFault)
      return sendJson(response, status, JSON.stringify(body))
    }
    const query = readQuery(url.searchParams)
    const at = settings.now()
    const log = logRequest(requests, {
      at: at.toISOString(),
      method: request.method ?? '',
      path: url.pathname,
      shop: byKey.get(query.key)?.shop.shopId ?? null,
      startDate: query.startDate,
      endDate: query.endDate,
      page: query.page,
      concurrent: underWay.get(query.key) ?? 0,
    })
    if (url.pathname !== INVOICES_PATH) return refuse(response, log, 404, `No such service: ${url.pathname}.`)
    if (request.method !== 'GET') {
      response.setHeader('allow', 'GET')
      return refuse(response, log, 405, 'Use GET.')
    }
    underWay.set(query.key, log.concurrent + 1)
    response.once('close', () => underWay.set(query.key, (underWay.get(query.key) ?? 1) - 1))
    await answerInvoices(request, response, log, checkQuery(query, byKey, at), at)
  }

  async function answerInvoices(
    request: IncomingMessage,
    response: ServerResponse,
    log: RequestLog,
    checked: InvoiceRequest | Refusal,
    at: Date,
  ): Promise<void> {
    const today = 'refusal' in checked ? '' : dayAt(at, checked.shop.timeZone)
    const refs = 'refusal' in checked ? [] : checked.shop.list(checked.window, today)
    const befalling = faults.take({
      shop: log.shop,
      page: Number(log.page),
      window: { start: log.startDate, end: log.endDate },
      has: (invoice) => refs.some(({ id }) => id === invoice),
    })
    log.faults = befalling.map(({ fault }) => fault)
    for (const fault of befalling) {
      if (fault.fault === 'slow') await wait(fault.ms)
      if (response.destroyed || stopping.signal.aborted) return
      const outcome = await replyFaulty(fault, response)
      if (outcome !== null) return void Object.assign(log, outcome)
    }
    const reply =
      'refusal' in checked
        ? failReply(checked.refusal)
        : pageReply({ ...checked, refs, pageSize: settings.pageSize, today, faults: befalling })
    const { records, message } = reply
    Object.assign(log, { status: 200, outcome: message === null ? 'SUCCESS' : 'FAIL', records, message })
    await send(request, response, reply, befalling)
  }

  /** Waits, but not for longer than the stand-in lives. */
  async function wait(ms: number): Promise<void> {
    try {
      await delay(ms, undefined, { signal: stopping.signal })
    } catch (error) {
      if (!stopping.signal.aborted) throw error
    }
  }

  async function send(
    request: IncomingMessage,
    response: ServerResponse,
    reply: Reply,
    befalling: readonly Fault[],
  ): Promise<void> {
    const truncated = befalling.find((fault) => fault.fault === 'truncated')
    if (truncated !== undefined) return sendTruncated(response, reply.body, truncated.bytes)
    const broken = befalling.some((fault) => fault.fault === 'invalidJson')
    const body = broken ? reply.body.slice(0, Math.floor(reply.body.length / 2)) : reply.body
    const accepted = /\bgzip\b/.test(request.headers['accept-encoding']?.toString() ?? '')
    if (!accepted || !settings.compress) return sendJson(response, 200, body)
    response.setHeader('content-encoding', 'gzip')
    sendJson(response, 200, await compressed(body, { level: 1 }))
  }

  return {
    requests,
    faults,
    handle(request, response) {
      answer(request, response).catch((error: unknown) => sendProblem(response, error))
    },
    stop: () => stopping.abort(),
  }
}

const compressed = promisify<string, { level: number }, Buffer>(gzip)

function refuse(response: ServerResponse, log: RequestLog, status: number, message: string): void {
  Object.assign(log, { status, outcome: 'HTTP_ERROR', message })
  sendJson(response, status, failReply(message).body)
}

/** A failure of the stand-in itself: said to the caller, since nobody reads a log of the stand-in. */
function sendProblem(response: ServerResponse, error: unknown): void {
  if (response.headersSent) response.destroy()
  else sendJson(response, 500, JSON.stringify({ error: `The stand-in failed: ${messageOf(error)}` }))
}
