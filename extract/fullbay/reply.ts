import type { Clock } from '../../core/clock.ts'
import { PipelineError } from '../../core/errors.ts'

interface ReplyLimits {
  timeoutSeconds: number
  maxReplyBytes: number
  clock: Clock
}

/**
 * Gets a URL and returns its body as text. Bounded in time and in bytes (counted after decompression); redirects are
 * refused, since they would carry the key elsewhere. Throws PipelineError: FULLBAY_UNREACHABLE, FULLBAY_TIMEOUT,
 * FULLBAY_CUT_OFF, FULLBAY_TOO_LARGE, FULLBAY_BUSY (429), FULLBAY_SERVER_ERROR (5xx), FULLBAY_HTTP (other statuses).
 * `what` opens every message; the URL never appears in one, because its query holds key and token.
 */
export async function readReply(url: URL, what: string, limits: ReplyLimits, signal: AbortSignal): Promise<string> {
  const timeout = AbortSignal.timeout(Math.ceil(limits.timeoutSeconds * 1000))
  const signals = { signal: AbortSignal.any([signal, timeout]) }
  let reply: Response
  try {
    reply = await fetch(url, { ...signals, redirect: 'error', headers: { accept: 'application/json' } })
  } catch (error) {
    throw networkError(error, what, url, limits, timeout, signal)
  }
  if (!reply.ok) {
    await reply.body?.cancel()
    throw statusError(reply, what, limits.clock)
  }
  try {
    return await readBody(reply, what, limits.maxReplyBytes)
  } catch (error) {
    throw error instanceof PipelineError ? error : networkError(error, what, url, limits, timeout, signal, true)
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
        'FULLBAY_TOO_LARGE',
        `${what}: the reply is larger than ${maxBytes / 1_048_576} MB and was cut off. ` +
          'Read fewer days at once (fullbay.window_days), or raise fullbay.max_reply_mb.',
        'never',
      )
    }
    text += decoder.decode(chunk, { stream: true })
  }
  return text + decoder.decode()
}

function networkError(
  error: unknown,
  what: string,
  url: URL,
  limits: ReplyLimits,
  timeout: AbortSignal,
  signal: AbortSignal,
  midBody = false,
): unknown {
  if (signal.aborted) return signal.reason
  if (timeout.aborted) {
    return new PipelineError('FULLBAY_TIMEOUT', `${what}: no whole reply within ${limits.timeoutSeconds} s.`, 'later')
  }
  const reason = reasonOf(error)
  if (midBody) {
    return new PipelineError(
      'FULLBAY_CUT_OFF',
      `${what}: the connection broke in the middle of the reply (${reason}).`,
      'later',
    )
  }
  if (/redirect/i.test(reason)) {
    return new PipelineError(
      'FULLBAY_HTTP',
      `${what}: ${url.host} answered with a redirect, which is not followed.`,
      'never',
    )
  }
  return new PipelineError(
    'FULLBAY_UNREACHABLE',
    `${what}: ${url.host} cannot be reached (${reason}). Check the network and fullbay.base_url.`,
    'later',
  )
}

function reasonOf(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined
  if (cause instanceof Error) {
    const code = 'code' in cause && typeof cause.code === 'string' ? cause.code : ''
    return code === '' ? cause.message : code
  }
  return error instanceof Error ? error.message : String(error)
}

function statusError(reply: Response, what: string, clock: Clock): PipelineError {
  const seconds = retryAfterSeconds(reply.headers.get('retry-after'), clock)
  const wait = seconds === undefined ? {} : { retryAfterSeconds: seconds }
  const said = `${what}: HTTP ${reply.status}`
  if (reply.status === 429) return new PipelineError('FULLBAY_BUSY', `${said} (too many requests).`, 'later', wait)
  if (reply.status >= 500) return new PipelineError('FULLBAY_SERVER_ERROR', `${said}.`, 'later', wait)
  if (reply.status === 401 || reply.status === 403) {
    return new PipelineError('FULLBAY_AUTH', `${said}. Check the shop's API key and fullbay.egress_ip.`, 'never')
  }
  return new PipelineError('FULLBAY_HTTP', `${said}. Check fullbay.base_url.`, 'never')
}

/** Seconds to wait by a Retry-After header, which is a number of seconds or an HTTP date. */
export function retryAfterSeconds(header: string | null, clock: Clock): number | undefined {
  if (header === null || header.trim() === '') return undefined
  const seconds = Number(header)
  if (Number.isFinite(seconds)) return Math.max(0, seconds)
  const until = Date.parse(header)
  return Number.isNaN(until) ? undefined : Math.max(0, Math.ceil((until - clock.now().getTime()) / 1000))
}
