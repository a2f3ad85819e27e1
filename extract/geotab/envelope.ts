import { messageOf, PipelineError } from '../../core/errors.ts'
import { parseJson } from '../../core/json.ts'
import { cleanText } from './clean-text.ts'
import { readRefusal, type Refusal } from './errors.ts'
import { withoutNotNumbers } from './not-numbers.ts'
import type { HttpReply } from './reply.ts'

/** What a call gave: its result (null is one), or the vendor's refusal. */
export type Outcome = { result: unknown } | { refusal: Refusal }

/**
 * Reads a reply's body, whatever its status: an error member is the vendor's own word and comes before the status. A
 * reply that is neither result nor refusal throws GEOTAB_BUSY (429), GEOTAB_UNAVAILABLE (408, 5xx, redirects),
 * GEOTAB_DENIED (401, 403), GEOTAB_BAD_REQUEST (other 4xx), GEOTAB_NOT_JSON or GEOTAB_UNEXPECTED_REPLY.
 */
export function readEnvelope(reply: HttpReply, what: string): Outcome {
  const body = parseReply(reply.text, what)
  const fields = typeof body === 'object' && body !== null && !Array.isArray(body) ? body : {}
  if ('error' in fields && fields.error != null) return { refusal: readRefusal(fields.error) }
  if (reply.status < 200 || reply.status > 299) throw statusError(reply, what)
  if ('result' in fields) return { result: fields.result }
  if (body === undefined) throw notJson(reply.text, what)
  throw new PipelineError(
    'GEOTAB_UNEXPECTED_REPLY',
    `${what}: the reply has neither result nor error (${excerpt(reply.text)}). Nothing of it was taken.`,
    'later',
  )
}

/** The value of a JSON text, or undefined where it is none. */
function parseReply(text: string, what: string): unknown {
  try {
    return parseJson(text)
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw unreadable(error, text, what)
    const repaired = withoutNotNumbers(text)
    return repaired === text ? undefined : parseReply(repaired, what)
  }
}

/** Such as a thousand lists within each other. */
function unreadable(error: unknown, text: string, what: string): PipelineError {
  const message = `${what}: the reply cannot be read: ${messageOf(error)} (${excerpt(text)}). Nothing of it was taken.`
  return new PipelineError('GEOTAB_UNEXPECTED_REPLY', message, 'later')
}

function notJson(text: string, what: string): PipelineError {
  const kind = /^\s*</.test(text) ? 'an HTML page' : text.trim() === '' ? 'empty' : 'not whole JSON'
  return new PipelineError(
    'GEOTAB_NOT_JSON',
    `${what}: the reply is ${kind} (${excerpt(text)}). Nothing of it was taken.`,
    'later',
  )
}

function excerpt(text: string): string {
  const start = cleanText(text, 80)
  return `${text.length} characters${start === '' ? '' : `, starting ${JSON.stringify(start)}`}`
}

function statusError({ status, text, retryAfterSeconds }: HttpReply, what: string): PipelineError {
  const wait = retryAfterSeconds === undefined ? {} : { retryAfterSeconds }
  const said = `${what}: HTTP ${status} (${excerpt(text)})`
  if (status === 429) return new PipelineError('GEOTAB_BUSY', `${said}: too many requests.`, 'later', wait)
  if (status === 401 || status === 403) {
    return new PipelineError('GEOTAB_DENIED', `${said}. Something before the vendor's API refuses us.`, 'never')
  }
  if (status === 408 || status >= 500) return new PipelineError('GEOTAB_UNAVAILABLE', `${said}.`, 'later', wait)
  if (status < 400) {
    // A maintenance page is often behind one.
    return new PipelineError('GEOTAB_UNAVAILABLE', `${said}: redirects are not followed.`, 'later', wait)
  }
  return new PipelineError('GEOTAB_BAD_REQUEST', `${said}. Check the connection's server.`, 'never')
}
