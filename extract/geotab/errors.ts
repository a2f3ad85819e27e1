import { PipelineError, type Retry } from '../../core/errors.ts'
import { cleanText } from './clean-text.ts'
import { DEFAULT_HOLD_SECONDS } from './limits.ts'

/** An error as the vendor's API reports it, whichever generation of fields it used. */
export interface Refusal {
  /** Name of the exception, such as `InvalidUserException`. */
  type: string
  message: string
  info: string | undefined
  /** Of a multi-call: which of its calls failed. */
  requestIndex: number | undefined
}

/** Reads the `error` member of a reply: `data.type` of the current generation, else `errors[0].name` of the older. */
export function readRefusal(error: unknown): Refusal {
  const fields = asFields(error)
  const data = asFields(fields['data'])
  const first = asFields(Array.isArray(fields['errors']) ? fields['errors'][0] : undefined)
  const missing = fields['code'] === -32_601 ? 'MissingMethodException' : undefined
  const index = data['requestIndex']
  return {
    type: text(data['type']) ?? text(first['name']) ?? missing ?? 'an error without a type',
    message: text(fields['message']) ?? text(first['message']) ?? text(error) ?? 'no message',
    info: text(data['info']),
    requestIndex: typeof index === 'number' ? index : undefined,
  }
}

function asFields(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value.trim() !== '' ? value : undefined
}

interface Meaning {
  code: string
  retry: Retry
  advice: string
}

const BAD_REQUEST: Meaning = { code: 'GEOTAB_BAD_REQUEST', retry: 'never', advice: 'The request itself was refused.' }
const MEANINGS: Record<string, Meaning> = {
  InvalidUserException: {
    code: 'GEOTAB_AUTH',
    retry: 'never',
    advice: "Check the connection's user name, password and database.",
  },
  ExpiredPasswordException: {
    code: 'GEOTAB_AUTH',
    retry: 'never',
    advice: "The user's password has expired: sign in to MyGeotab once, change it, and configure the new one.",
  },
  DbUnavailableException: {
    code: 'GEOTAB_UNAVAILABLE',
    retry: 'later',
    advice: 'The database is starting, moving or in maintenance.',
  },
  ServiceUnavailableException: { code: 'GEOTAB_UNAVAILABLE', retry: 'later', advice: 'The vendor has an outage.' },
  ArgumentException: BAD_REQUEST,
  ArgumentNullException: BAD_REQUEST,
  ArgumentOutOfRangeException: BAD_REQUEST,
  JsonSerializerException: BAD_REQUEST,
  MissingMethodException: BAD_REQUEST,
  InvalidCastException: BAD_REQUEST,
  DuplicateException: {
    code: 'GEOTAB_DUPLICATE',
    retry: 'never',
    advice: 'The vendor already has such a record; nothing was changed.',
  },
  GroupRelationViolatedException: {
    code: 'GEOTAB_GROUP_RELATION',
    retry: 'never',
    advice: 'Something still refers to the group; nothing was changed.',
  },
}
const DENIED: Meaning = {
  code: 'GEOTAB_DENIED',
  retry: 'never',
  advice: 'Give the service user the clearance for this in MyGeotab.',
}
const UNKNOWN: Meaning = { code: 'GEOTAB_UNKNOWN', retry: 'later', advice: 'The vendor does not say what that means.' }
const BUSY: Meaning = { code: 'GEOTAB_BUSY', retry: 'later', advice: 'Calls of this kind wait.' }
const RESULT_LIMIT: Meaning = {
  code: 'GEOTAB_RESULT_LIMIT',
  retry: 'never',
  advice: 'Ask for fewer rows at once (results limit), or for a shorter span of time.',
}

/** Whether the vendor refused a call because there were too many calls, not because it would give too many rows. */
export function isOverCallLimit(refusal: Refusal): boolean {
  return refusal.type === 'OverLimitException' && meaningOf(refusal) === BUSY
}

/** What a refusal means for us, as an error that opens with `what`. */
export function refusalError(
  refusal: Refusal,
  what: string,
  details: { retryAfterSeconds?: number | undefined; request?: string } = {},
): PipelineError {
  const { code, retry, advice } = meaningOf(refusal)
  const info = refusal.info === undefined ? '' : ` (${cleanText(refusal.info)})`
  const said = cleanText(refusal.message).replace(/\.+$/, '')
  const request = code === 'GEOTAB_BAD_REQUEST' && details.request !== undefined ? ` It was ${details.request}` : ''
  const seconds = details.retryAfterSeconds ?? (code === 'GEOTAB_BUSY' ? DEFAULT_HOLD_SECONDS : undefined)
  return new PipelineError(
    code,
    `${what}: ${cleanText(refusal.type, 80)}: ${said}${info}. ${advice}${request}`,
    retry,
    seconds === undefined ? {} : { retryAfterSeconds: seconds },
  )
}

function meaningOf({ type, message }: Refusal): Meaning {
  if (type === 'OverLimitException') {
    return /results?\b|exceeds maximum|response size|too large/i.test(message) ? RESULT_LIMIT : BUSY
  }
  if (type === 'DbUnavailableException' && /unknown\s*database/i.test(message)) {
    const advice = "Check the connection's database name."
    return { code: 'GEOTAB_DATABASE_UNKNOWN', retry: 'never', advice }
  }
  const known = Object.hasOwn(MEANINGS, type) ? MEANINGS[type] : undefined
  if (known !== undefined) return known
  return /security|permission|unauthori[sz]ed|accessdenied/i.test(type) || /permission|clearance/i.test(message)
    ? DENIED
    : UNKNOWN
}
