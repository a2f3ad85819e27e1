import { PipelineError } from '../../core/errors.ts'
import { isDate } from './access.ts'

/** Something that the stand-in does wrong on purpose. */
type FaultKind =
  /** Waits before it answers. */
  | { fault: 'slow'; ms: number }
  /** Takes the request and never answers. */
  | { fault: 'hang' }
  /** An HTTP error; `retryAfter` in seconds, or an HTTP date. */
  | { fault: 'status'; status: number; retryAfter?: number | string }
  /** HTTP 200 with `status: FAIL`. */
  | { fault: 'fail'; message?: string }
  /** HTTP 200 with a web page. */
  | { fault: 'html' }
  /** The first `bytes` of the reply (half of it by default), then the connection ends. */
  | { fault: 'truncated'; bytes?: number }
  /** A whole HTTP reply whose JSON stops half-way. */
  | { fault: 'invalidJson' }
  /** A reply of this many bytes, made as it is sent; `compressed` sends it as gzip. */
  | { fault: 'huge'; bytes?: number; compressed?: boolean }
  /** The page's first invoice stands on it twice, or the page begins with the last invoice of the page before. */
  | { fault: 'duplicate'; where?: 'samePage' | 'nextPage' }
  /** An invoice has one more charge, of so many dollars. */
  | { fault: 'changed'; invoice: string; amount?: number }
  | { fault: 'gone'; invoice: string }
  /** From page 2 on, `totalCount` is off by so many. */
  | { fault: 'countDrift'; by?: number }
  /** An invoice (the page's first by default) loses a field, or is no object. */
  | { fault: 'malformed'; record: 'noPrimaryKey' | 'noInvoiceDate' | 'notObject'; invoice?: string }
  /** The request seems to come from another address than the key is allowed for. */
  | { fault: 'wrongIp'; ip?: string }
  | { fault: 'closeSocket' }
  /** SUCCESS and no invoices, with an empty `resultSet` or without one. */
  | { fault: 'empty'; resultSet?: 'empty' | 'absent' }

/** Which requests a fault befalls: all of them, or those that match every part that is given. */
interface FaultScope {
  /** Only so many requests, then never again. */
  times?: number
  /** Only after so many matching requests were served well. */
  after?: number
  page?: number
  shop?: string
  /** A day that the request's window has to contain. */
  date?: string
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
const flag: Field = { expected: 'true or false', holds: (value) => typeof value === 'boolean' }
const whole = (least: number, most: number): Field => ({
  expected: `a whole number from ${least} to ${most}`,
  holds: (value) => isWhole(value, least, most),
})
const oneOf = (...choices: string[]): Field => ({
  expected: `one of ${choices.join(', ')}`,
  holds: (value) => typeof value === 'string' && choices.includes(value),
})
const required = (field: Field): Field => ({ ...field, required: true })

const LARGEST_REPLY = 4 * 1024 ** 3
const invoice: Field = {
  expected: 'an invoice id, as a text of digits',
  holds: (value) => isText(value) && /^\d+$/.test(String(value)),
}

const KINDS: Record<FaultKind['fault'], Record<string, Field>> = {
  slow: { ms: required(whole(0, 3_600_000)) },
  hang: {},
  status: {
    status: required(whole(400, 599)),
    retryAfter: {
      expected: 'seconds, or an HTTP date',
      holds: (value) => isWhole(value, 0, 86_400) || (isText(value) && !Number.isNaN(Date.parse(String(value)))),
    },
  },
  fail: { message: text },
  html: {},
  truncated: { bytes: whole(0, LARGEST_REPLY) },
  invalidJson: {},
  huge: { bytes: whole(1, LARGEST_REPLY), compressed: flag },
  duplicate: { where: oneOf('samePage', 'nextPage') },
  changed: {
    invoice: required(invoice),
    amount: {
      expected: 'dollars, at most two decimals and not 0',
      holds: (value) => typeof value === 'number' && value !== 0 && Number.isInteger(Math.round(value * 1e6) / 1e4),
    },
  },
  gone: { invoice: required(invoice) },
  countDrift: { by: { expected: 'a whole number, not 0', holds: (value) => value !== 0 && isWhole(value, -1e6, 1e6) } },
  malformed: { record: required(oneOf('noPrimaryKey', 'noInvoiceDate', 'notObject')), invoice },
  wrongIp: { ip: text },
  closeSocket: {},
  empty: { resultSet: oneOf('empty', 'absent') },
}

const SCOPE: Record<string, Field> = {
  times: whole(1, 1_000_000),
  after: whole(0, 1_000_000),
  page: whole(1, 1_000_000),
  shop: text,
  date: { expected: 'a calendar date, YYYY-MM-DD', holds: (value) => typeof value === 'string' && isDate(value) },
}

/** Checks a fault switch. Throws PipelineError SANDBOX_FAULT_INVALID that names every part that is wrong. */
export function parseFault(value: unknown): Fault {
  if (!isRecord(value)) throw invalid(['a fault is an object such as {"fault": "slow", "ms": 500}'])
  if (isFault(value)) return value
  throw invalid(problemsOf(value))
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const isFault = (value: object): value is Fault => problemsOf({ ...value }).length === 0

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
