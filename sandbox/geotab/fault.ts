import { PipelineError } from '../../core/errors.ts'

/** Something that the stand-in does wrong on purpose. */
type FaultKind =
  /** Waits before it answers. */
  | { fault: 'slow'; ms: number }
  /** Takes the request and never answers. */
  | { fault: 'hang' }
  | { fault: 'closeSocket' }
  /** An HTTP error without JSON; `retryAfter` in seconds, or an HTTP date. */
  | { fault: 'status'; status: number; retryAfter?: number | string }
  /** A web page, with HTTP 503 unless told otherwise. */
  | { fault: 'html'; status?: number }
  /** The first `bytes` of the reply (half of it by default), then the connection ends. */
  | { fault: 'truncated'; bytes?: number }
  /** A whole HTTP reply whose JSON stops half-way. */
  | { fault: 'invalidJson' }
  | { fault: 'emptyBody' }
  /** A reply that says it is gzip and is not. */
  | { fault: 'badGzip' }
  /** `result: null` in place of the result. */
  | { fault: 'nullResult' }
  /** Any error of the API. */
  | { fault: 'error'; type: string; message?: string; status?: number }
  /** OverLimitException with Retry-After (58 s by default), as HTTP 200 or 429. */
  | { fault: 'overLimit'; status?: number; retryAfter?: number }
  /** DbUnavailableException: the database starts, by default. */
  | { fault: 'dbUnavailable'; message?: string }
  /** The session ends before the call. */
  | { fault: 'sessionEnds' }
  /** Authenticate sends the client to this host. */
  | { fault: 'redirect'; path: string }
  /** DbUnavailableException for calls; Authenticate sends the client to this host. */
  | { fault: 'moved'; path: string }
  /** ServiceUnavailableException, `result: null`, or a web page. */
  | { fault: 'maintenance'; as?: 'error' | 'null' | 'html' }
  /** A page of a feed has its first rows twice. */
  | { fault: 'duplicateRows'; rows?: number }
  /** A page of a feed is back to front. */
  | { fault: 'reordered' }
  /** A feed's toVersion is lower than the version that was asked from. */
  | { fault: 'versionBackwards' }
  /** A feed's toVersion is the version that was asked from, whatever came. */
  | { fault: 'versionUnchanged' }
  /** GetAddresses: too few, too many or, for every second coordinate, none. */
  | { fault: 'addresses'; how: 'fewer' | 'more' | 'nulls' }
  /** GetAddresses fails for every call that has this coordinate (rounded to 5 decimals) in it. */
  | { fault: 'addressError'; x: number; y: number }

/** Which calls a fault befalls: all of them, or those that match every part that is given. */
interface FaultScope {
  /** Only so many calls, then never again. */
  times?: number
  /** Only after so many matching calls were served well. */
  after?: number
  method?: string
  typeName?: string
  database?: string
}

export type Fault = FaultKind & FaultScope

interface Field {
  expected: string
  holds: (value: unknown) => boolean
  required?: true
}

const isText = (value: unknown) => typeof value === 'string' && value !== ''
const isWhole = (value: unknown, least: number, most: number) =>
  typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most

const text: Field = { expected: 'a text', holds: isText }
const whole = (least: number, most: number): Field => ({
  expected: `a whole number from ${least} to ${most}`,
  holds: (value) => isWhole(value, least, most),
})
const oneOf = (...choices: (string | number)[]): Field => ({
  expected: `one of ${choices.join(', ')}`,
  holds: (value) => choices.some((choice) => choice === value),
})
const degrees = (most: number): Field => ({
  expected: `degrees from -${most} to ${most}`,
  holds: (value) => typeof value === 'number' && Math.abs(value) <= most,
})
const required = (field: Field): Field => ({ ...field, required: true })

const LARGEST_REPLY = 4 * 1024 ** 3

const KINDS: Record<FaultKind['fault'], Record<string, Field>> = {
  slow: { ms: required(whole(0, 3_600_000)) },
  hang: {},
  closeSocket: {},
  status: {
    status: required(whole(400, 599)),
    retryAfter: {
      expected: 'seconds, or an HTTP date',
      holds: (value) => isWhole(value, 0, 86_400) || (isText(value) && !Number.isNaN(Date.parse(String(value)))),
    },
  },
  html: { status: whole(200, 599) },
  truncated: { bytes: whole(0, LARGEST_REPLY) },
  invalidJson: {},
  emptyBody: {},
  badGzip: {},
  nullResult: {},
  error: { type: required(text), message: text, status: whole(200, 599) },
  overLimit: { status: oneOf(200, 429), retryAfter: whole(0, 86_400) },
  dbUnavailable: { message: text },
  sessionEnds: {},
  redirect: { path: required(text) },
  moved: { path: required(text) },
  maintenance: { as: oneOf('error', 'null', 'html') },
  duplicateRows: { rows: whole(1, 50_000) },
  reordered: {},
  versionBackwards: {},
  versionUnchanged: {},
  addresses: { how: required(oneOf('fewer', 'more', 'nulls')) },
  addressError: { x: required(degrees(180)), y: required(degrees(90)) },
}

const SCOPE: Record<string, Field> = {
  times: whole(1, 1_000_000),
  after: whole(0, 1_000_000),
  method: text,
  typeName: text,
  database: text,
}

/** Checks a fault switch. Throws PipelineError SANDBOX_FAULT_INVALID that names every part that is wrong. */
export function parseFault(value: unknown): Fault {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw invalid(['a fault is an object such as {"fault": "slow", "ms": 500}'])
  }
  const problems = problemsOf({ ...value })
  if (problems.length > 0) throw invalid(problems)
  return value as Fault
}

function problemsOf(value: Record<string, unknown>): string[] {
  const known = Object.entries(KINDS).find(([kind]) => kind === value['fault'])
  if (known === undefined) {
    return [`no fault is called ${JSON.stringify(value['fault'] ?? null)}; there are ${Object.keys(KINDS).join(', ')}`]
  }
  const [kind, own] = known
  const fields = new Map(Object.entries({ ...own, ...SCOPE }))
  const problems: string[] = []
  for (const name of Object.keys(value)) {
    if (name !== 'fault' && !fields.has(name)) {
      problems.push(`${kind} has no ${name}; it has ${[...fields.keys()].join(', ')}`)
    }
  }
  for (const [name, field] of fields) {
    const given = value[name]
    if (given === undefined ? field.required : !field.holds(given)) {
      problems.push(`${kind}.${name}: expected ${field.expected}`)
    }
  }
  return problems
}

function invalid(problems: string[]): PipelineError {
  return new PipelineError('SANDBOX_FAULT_INVALID', `The fault was not set: ${problems.join('; ')}.`, 'never')
}
