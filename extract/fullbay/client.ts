import { backoffMs, sleep, type BackoffPolicy } from '../../core/backoff.ts'
import type { Clock } from '../../core/clock.ts'
import { daysIn, type DateWindow } from '../../core/date-window.ts'
import { PipelineError } from '../../core/errors.ts'
import type { Secret } from '../../core/secret.ts'
import type { EgressIp } from './egress-ip.ts'
import { readEnvelope, type InvoicePage } from './envelope.ts'
import { readReply } from './reply.ts'
import { fullbayToken } from './token.ts'

/** One shop's access to Fullbay. A key has one request in flight at a time. */
export interface FullbayConnection {
  shopId: string
  key: Secret
  /** Folder of the API's scripts, with its final slash: `https://app.fullbay.com/services/`. */
  baseUrl: string
  egressIp: EgressIp
  /** Pause before each request, so that we are a polite client. */
  requestIntervalMs: number
  /** Longest time for one request, body included. */
  timeoutSeconds: number
  /** Longest body, after decompression, that is read. */
  maxReplyBytes: number
  retry: BackoffPolicy
  clock: Clock
}

/**
 * Reads one page of a window (at most 7 days, both ends included; pages count from 1). Retries what can pass (429,
 * 5xx, network) with full jitter, honouring Retry-After; an authorisation failure is tried once more with the address
 * looked up anew. Throws PipelineError with a FULLBAY_* code. Neither key, token nor query string is ever in an error.
 */
export async function fetchInvoicePage(
  connection: FullbayConnection,
  window: DateWindow,
  page: number,
  signal: AbortSignal,
): Promise<InvoicePage> {
  const what = `Fullbay shop ${connection.shopId}, invoices ${window.start} to ${window.end}, page ${page}`
  let refreshAddress = false
  for (let attempt = 1; ; attempt += 1) {
    signal.throwIfAborted()
    try {
      return await requestPage(connection, window, page, what, refreshAddress, signal)
    } catch (error) {
      if (!(error instanceof PipelineError)) throw error
      if (error.code === 'FULLBAY_AUTH' && !refreshAddress) {
        refreshAddress = true
        continue
      }
      if (!RETRIED_HERE.has(error.code) || attempt >= attemptsFor(error, connection, window)) throw error
      const asked = error.retryAfterSeconds === undefined ? undefined : error.retryAfterSeconds * 1000
      await sleep(backoffMs(connection.retry, attempt, asked), signal)
    }
  }
}

// A reply that came whole but is wrong (FAIL, HTML) is left to the queue, which waits longer.
const RETRIED_HERE = new Set([
  'FULLBAY_UNREACHABLE',
  'FULLBAY_TIMEOUT',
  'FULLBAY_CUT_OFF',
  'FULLBAY_BUSY',
  'FULLBAY_SERVER_ERROR',
])

// A window of several days that is too heavy is read in halves next, so it is not tried to the end as it is.
function attemptsFor(error: PipelineError, { retry }: FullbayConnection, window: DateWindow): number {
  const isHeavy = error.code === 'FULLBAY_TIMEOUT' || error.code === 'FULLBAY_SERVER_ERROR'
  return isHeavy && daysIn(window) > 1 ? Math.min(2, retry.attempts) : retry.attempts
}

async function requestPage(
  connection: FullbayConnection,
  window: DateWindow,
  page: number,
  what: string,
  refreshAddress: boolean,
  signal: AbortSignal,
): Promise<InvoicePage> {
  if (connection.requestIntervalMs > 0) await sleep(connection.requestIntervalMs, signal)
  const address = await connection.egressIp.current(refreshAddress)
  // Signed per request: the UTC day can change in the middle of a run.
  const token = fullbayToken(connection.key, connection.clock.now(), address)
  const query = new URLSearchParams({
    key: connection.key.reveal(),
    token: token.reveal(),
    startDate: window.start,
    endDate: window.end,
    page: String(page),
  })
  const url = new URL(`getInvoices.php?${query.toString()}`, connection.baseUrl)
  const body = await readReply(url, what, connection, signal)
  return readEnvelope(body, what, page)
}
