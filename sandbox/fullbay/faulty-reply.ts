import type { ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import type { Fault } from './fault.ts'
import { failReply, sendJson } from './reply.ts'
import type { RequestLog } from './request-log.ts'

const GIGABYTE = 1024 ** 3
const OTHER_ADDRESS = '198.51.100.9'

const HTML_BODY =
  '<!DOCTYPE html>\n<html><head><title>Service temporarily unavailable</title></head>' +
  '<body><h1>Fatal error</h1><p>Maximum execution time exceeded in getInvoices.php</p></body></html>\n'

/** What a request got instead of its page. */
type Outcome = Pick<RequestLog, 'status' | 'outcome' | 'message'>

/**
 * Answers with a fault that takes the place of the whole reply. Resolves to null when the fault is of another kind: one
 * that waits, or one that spoils the page.
 */
export async function replyFaulty(fault: Fault, response: ServerResponse): Promise<Outcome | null> {
  switch (fault.fault) {
    case 'hang':
      return { status: null, outcome: 'NONE', message: null }
    case 'closeSocket':
      response.destroy()
      return { status: null, outcome: 'NONE', message: null }
    case 'status':
      if (fault.retryAfter !== undefined) response.setHeader('retry-after', String(fault.retryAfter))
      sendText(response, fault.status, 'text/plain', `HTTP ${fault.status}\n`)
      return { status: fault.status, outcome: 'HTTP_ERROR', message: null }
    case 'html':
      sendText(response, 200, 'text/html; charset=utf-8', HTML_BODY)
      return { status: 200, outcome: 'HTML', message: null }
    case 'fail':
      return sendFail(response, fault.message ?? 'An unexpected problem occurred.')
    case 'wrongIp':
      return sendFail(response, `The IP address ${fault.ip ?? OTHER_ADDRESS} is not allowed to use this API key.`)
    case 'huge':
      await sendHuge(response, fault.bytes ?? GIGABYTE, fault.compressed ?? false)
      return { status: 200, outcome: 'HUGE', message: null }
    default:
      return null
  }
}

function sendText(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(body) }).end(body)
}

function sendFail(response: ServerResponse, message: string): Outcome {
  sendJson(response, 200, failReply(message).body)
  return { status: 200, outcome: 'FAIL', message }
}

/** Streams one enormous, well-formed beginning of a reply, one chunk in memory at a time. */
async function sendHuge(response: ServerResponse, bytes: number, compressed: boolean): Promise<void> {
  response.writeHead(200, { 'content-type': 'application/json', ...(compressed ? { 'content-encoding': 'gzip' } : {}) })
  const body = Readable.from(hugeBody(bytes), { highWaterMark: 1 })
  try {
    await (compressed ? pipeline(body, createGzip(), response) : pipeline(body, response))
  } catch (error) {
    // The reader has every right to hang up; anything else is ours.
    if (!response.destroyed) throw error
  }
}

function* hugeBody(bytes: number): Generator<Buffer> {
  const head = Buffer.from('{"status":"SUCCESS","totalCount":1,"resultSet":[{"primaryKey":"1","description":"')
  const filling = Buffer.alloc(65_536, 'A')
  yield head.subarray(0, bytes)
  for (let left = bytes - head.length; left > 0; left -= filling.length) yield filling.subarray(0, left)
}

/** Sends the first bytes of a reply that announces more, and ends the connection. */
export function sendTruncated(response: ServerResponse, body: string, bytes: number | undefined): void {
  const whole = Buffer.from(body)
  const part = whole.subarray(0, Math.min(bytes ?? Math.floor(whole.length / 2), whole.length - 1))
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': whole.length })
  response.flushHeaders()
  response.write(part, () => response.socket?.destroySoon())
}
