import type { ServerResponse } from 'node:http'
import type { Fault } from './fault.ts'
import type { RequestLog } from './request-log.ts'

const HTML_BODY =
  '<!DOCTYPE html>\n<html><head><title>Service unavailable</title></head>' +
  '<body><h1>503</h1><p>The service is down for maintenance.</p></body></html>\n'

/**
 * Answers with a fault that takes the place of the whole reply. Null when the fault is of another kind: one that waits,
 * or one that spoils the result.
 */
export function replyFaulty(fault: Fault, response: ServerResponse): Pick<RequestLog, 'status'> | null {
  switch (fault.fault) {
    case 'hang':
      return { status: null }
    case 'closeSocket':
      response.destroy()
      return { status: null }
    case 'status':
      if (fault.retryAfter !== undefined) response.setHeader('retry-after', String(fault.retryAfter))
      return send(response, fault.status, 'text/plain', `HTTP ${fault.status}\n`)
    case 'html':
      return send(response, fault.status ?? 503, 'text/html; charset=utf-8', HTML_BODY)
    case 'maintenance':
      return fault.as === 'html' ? send(response, 503, 'text/html; charset=utf-8', HTML_BODY) : null
    case 'emptyBody':
      return send(response, 200, 'application/json', '')
    case 'badGzip':
      response.setHeader('content-encoding', 'gzip')
      return send(response, 200, 'application/json', 'This was never compressed.')
    default:
      return null
  }
}

function send(response: ServerResponse, status: number, type: string, body: string): { status: number } {
  response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(body) }).end(body)
  return { status }
}

/** Sends a good reply broken off, if the fault is of that kind. */
export function sendSpoiled(fault: Fault, response: ServerResponse, body: string): boolean {
  if (fault.fault === 'truncated') sendTruncated(response, body, fault.bytes)
  else if (fault.fault === 'invalidJson')
    send(response, 200, 'application/json', body.slice(0, Math.floor(body.length / 2)))
  else return false
  return true
}

/** Sends the first bytes of a reply that announces more, and ends the connection. */
function sendTruncated(response: ServerResponse, body: string, bytes: number | undefined): void {
  const whole = Buffer.from(body)
  const part = whole.subarray(0, Math.min(bytes ?? Math.floor(whole.length / 2), whole.length - 1))
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': whole.length })
  response.flushHeaders()
  response.write(part, () => response.socket?.destroySoon())
}
