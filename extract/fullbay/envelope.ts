import { z } from 'zod'
import { PipelineError } from '../../core/errors.ts'
import { parseJson } from '../../core/json.ts'
import { withoutSecrets } from '../../core/secret.ts'

const count = z.coerce.number().int().nonnegative()

/** Fullbay's reply around a page of invoices; counts arrive as numbers. `resultSet` may be absent when nothing was found. */
const Envelope = z.object({
  status: z.literal('SUCCESS'),
  resultSet: z.array(z.unknown()).nullish(),
  resultCount: count.nullish(),
  totalCount: count.nullish(),
  currentPage: count.nullish(),
  totalPages: count.nullish(),
})

/** One page of a window as the vendor sent it. */
export interface InvoicePage {
  records: unknown[]
  page: number
  totalPages: number
  totalCount: number
}

const AUTH_WORDS = /token|\bkey\b|\bip\b|auth|credential|permission/i
const REQUEST_WORDS = /date|range|window|page|parameter/i

/**
 * Reads a reply body. Anything but `status: SUCCESS` with a list of results is an error, never "no invoices":
 * FULLBAY_NOT_JSON, FULLBAY_AUTH, FULLBAY_BAD_REQUEST, FULLBAY_UPSTREAM or FULLBAY_UNEXPECTED_REPLY.
 */
export function readEnvelope(body: string, what: string, page: number): InvoicePage {
  const reply = parseBody(body, what)
  if (typeof reply !== 'object' || reply === null || Array.isArray(reply)) {
    throw unexpected(what, `the reply is ${Array.isArray(reply) ? 'a bare list' : JSON.stringify(reply)}`)
  }
  const fields = reply as Record<string, unknown>
  const refusal = fields['error'] ?? fields['Error']
  if (fields['status'] !== 'SUCCESS' || refusal !== undefined) {
    throw refused(what, fields['status'], fields['message'] ?? refusal)
  }
  const parsed = Envelope.safeParse(reply)
  if (!parsed.success) {
    const { path, message } = parsed.error.issues[0] ?? { path: [], message: 'unreadable' }
    throw unexpected(what, `${path.join('.')}: ${message}`)
  }
  return toPage(parsed.data, what, page)
}

function parseBody(body: string, what: string): unknown {
  try {
    return parseJson(body)
  } catch {
    // The parser's own message quotes the body, which may echo what we sent; a short, cleaned start says enough.
    const start = withoutSecrets(body.slice(0, 80).replaceAll(/\s+/g, ' ')).trim()
    const kind = /^\s*</.test(body) ? 'an HTML page' : 'not whole JSON'
    throw new PipelineError(
      'FULLBAY_NOT_JSON',
      `${what}: the reply is ${kind} (${body.length} characters, starting "${start}"). Nothing of it was taken; the window will be read again.`,
      'later',
    )
  }
}

function refused(what: string, status: unknown, message: unknown): PipelineError {
  const text = withoutSecrets(typeof message === 'string' ? message : JSON.stringify(message ?? null))
    .slice(0, 300)
    .replace(/\.+$/, '')
  const said = `${what}: Fullbay answered ${JSON.stringify(status ?? null)}: ${text}`
  if (AUTH_WORDS.test(text)) {
    return new PipelineError(
      'FULLBAY_AUTH',
      `${said}. Check the shop's API key, that fullbay.egress_ip is the address Fullbay sees, and that the key is allowed for it.`,
      'never',
    )
  }
  if (REQUEST_WORDS.test(text))
    return new PipelineError('FULLBAY_BAD_REQUEST', `${said}. The request itself was refused.`, 'never')
  return new PipelineError('FULLBAY_UPSTREAM', `${said}. The window will be read again.`, 'later')
}

function toPage(envelope: z.infer<typeof Envelope>, what: string, page: number): InvoicePage {
  const records = envelope.resultSet ?? []
  const totalCount = envelope.totalCount ?? records.length
  if (envelope.resultSet == null && envelope.totalCount !== 0) {
    throw unexpected(what, `resultSet is missing and totalCount is ${envelope.totalCount ?? 'missing too'}`)
  }
  if (envelope.currentPage != null && envelope.currentPage !== page && records.length > 0) {
    throw unexpected(what, `the reply says it is page ${envelope.currentPage}`)
  }
  if (envelope.resultCount != null && envelope.resultCount !== records.length) {
    throw unexpected(what, `resultCount is ${envelope.resultCount} but resultSet has ${records.length} records`)
  }
  return { records, page: envelope.currentPage ?? 1, totalPages: Math.max(1, envelope.totalPages ?? 1), totalCount }
}

function unexpected(what: string, problem: string): PipelineError {
  return new PipelineError(
    'FULLBAY_UNEXPECTED_REPLY',
    `${what}: ${withoutSecrets(problem)}. Nothing of it was taken.`,
    'later',
  )
}
