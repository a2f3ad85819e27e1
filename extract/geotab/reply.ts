import type { Clock } from '../../core/clock.ts'
import { PipelineError } from '../../core/errors.ts'
import { cleanText } from './clean-text.ts'

export interface ReplyLimits {
  /** Longest time for one request, body included. */
  timeoutSeconds: number
  /** Longest body, after decompression, that is read. */
  maxReplyBytes: number
  clock: Clock
}

/** A reply as it came, whatever its status. */
export interface HttpReply {
  status: number
  text: string
  /** Seconds by the headers Retry-After and X-Rate-Limit-Reset, and the count of X-Rate-Limit-Remaining. */
  retryAfterSeconds: number | undefined
  resetSeconds: number | undefined
  remaining: number | undefined
}

/**
 * Posts JSON and reads the reply to its end, bounded in time and in bytes (counted after decompression). HTTP redirects
 * are not followed: they would carry the credentials elsewhere. Throws PipelineError: GEOTAB_UNREACHABLE,
 * GEOTAB_TIMEOUT, GEOTAB_CUT_OFF (also when it cannot be unpacked), GEOTAB_TOO_LARGE. `what` opens every message.
 */
export async function post(
  url: URL,
  body: string,
  what: string,
  limits: ReplyLimits,
  signal: AbortSignal,
): Promise<HttpReply> {
  const timeout = AbortSignal.timeout(Math.ceil(limits.timeoutSeconds * 1000))
  let reply: Response | undefined
  try {
    reply = await fetch(url, {
      method: 'POST',
      body,
      redirect: 'manual',
      headers: {
        accept: 'application/json',
        'accept-encoding': 'br, gzip, deflate',
        'content-type': 'application/json',
        'user-agent': 'milepost',
      },
      signal: AbortSignal.any([signal, timeout]),
    })
    const text = await readBody(reply, what, limits.maxReplyBytes)
    return { status: reply.status, text, ...limitHeaders(reply.headers, limits.clock) }
  } catch (error) {
    if (error instanceof PipelineError) throw error
    if (signal.aborted) throw signal.reason
    if (timeout.aborted) {
      throw new PipelineError(
        'GEOTAB_TIMEOUT',
        `${what}: no whole reply from ${url.host} within ${limits.timeoutSeconds} s.`,
        'later',
      )
    }
    const reason = cleanText(reasonOf(error), 120)
    if (reply !== undefined) {
      const message = `${what}: the reply broke off or could not be unpacked (${reason}). Nothing of it was taken.`
      throw new PipelineError('GEOTAB_CUT_OFF', message, 'later')
    }
    throw new PipelineError(
      'GEOTAB_UNREACHABLE',
      `${what}: ${url.host} cannot be reached (${reason}). Check the network and the connection's server.`,
      'later',
    )
  }
}

async function readBody(reply: Response, what: string, maxBytes: number): Promise<string> {
  const decoder = new TextDecoder()
  let text = ''
  let bytes = 0
  if (reply.body === null) return text
  for await (const chunk of reply.body) {
    bytes += chunk.byteLength
    if (bytes > maxBytes) {
      // Leaving the loop cancels the stream and closes the connection.
      throw new PipelineError(
        'GEOTAB_TOO_LARGE',
        `${what}: the reply is larger than ${Math.round(maxBytes / 10_485.76) / 100} MB and was cut off. ` +
          'Ask for fewer rows at once (results limit), or raise the largest reply.',
        'never',
      )
    }
    text += decoder.decode(chunk, { stream: true })
  }
  return text + decoder.decode()
}

function reasonOf(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined
  if (cause instanceof Error) {
    const code = 'code' in cause && typeof cause.code === 'string' ? cause.code : ''
    return code === '' ? cause.message : code
  }
  return error instanceof Error ? error.message : String(error)
}

function limitHeaders(headers: Headers, clock: Clock) {
  const now = instant(headers.get('date')) ?? clock.now().getTime()
  const reset = instant(headers.get('x-rate-limit-reset'))
  return {
    retryAfterSeconds: retryAfter(headers.get('retry-after'), now),
    resetSeconds: reset === undefined ? undefined : Math.max(0, (reset - now) / 1000),
    remaining: number(headers.get('x-rate-limit-remaining')),
  }
}

/** A Retry-After header is a number of seconds or an HTTP date. */
function retryAfter(header: string | null, now: number): number | undefined {
  const until = instant(header)
  const seconds = number(header) ?? (until === undefined ? undefined : (until - now) / 1000)
  return seconds === undefined ? undefined : Math.max(0, seconds)
}

function number(header: string | null): number | undefined {
  return header !== null && /^\s*\d+(?:\.\d+)?\s*$/.test(header) ? Number(header) : undefined
}

function instant(header: string | null): number | undefined {
  const time = header === null || number(header) !== undefined ? NaN : Date.parse(header)
  return Number.isNaN(time) ? undefined : time
}
