import { readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { PipelineError } from '../../../core/errors.ts'
import type { GeotabAccount } from '../../../extract/geotab/client.ts'
import { connect, failure, PASSWORD, result, startGeotabServer, type Answer } from '../../support/geotab-server.ts'

const signal = new AbortController().signal
const sample = (name: string): Answer => ({
  body: readFileSync(new URL(`../../fixtures/geotab/rpc/${name}.json`, import.meta.url), 'utf8'),
})

/** What a data call fails with when it is answered so, and how often it was sent. */
async function failureOf(answer: Answer, changes: Partial<GeotabAccount> = {}) {
  const server = await startGeotabServer((call) => (call.method === 'Get' ? answer : undefined))
  const error: unknown = await connect(server, changes)
    .call('Get', { typeName: 'Device' }, { signal, expect: 'list' })
    .catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(PipelineError)
  return { error: error as PipelineError, sent: server.callsOf('Get').length, server }
}

const exceptions: { type: string; message?: string; code: string; retry: string }[] = [
  { type: 'ExpiredPasswordException', code: 'GEOTAB_AUTH', retry: 'never' },
  { type: 'DbUnavailableException', message: 'Initializing', code: 'GEOTAB_UNAVAILABLE', retry: 'later' },
  { type: 'DbUnavailableException', message: 'UnknownDatabase', code: 'GEOTAB_DATABASE_UNKNOWN', retry: 'never' },
  { type: 'ServiceUnavailableException', code: 'GEOTAB_UNAVAILABLE', retry: 'later' },
  { type: 'OverLimitException', message: 'API calls quota exceeded.', code: 'GEOTAB_BUSY', retry: 'later' },
  {
    type: 'OverLimitException',
    message: 'Supplied results limit (50001) exceeds maximum limit (50000).',
    code: 'GEOTAB_RESULT_LIMIT',
    retry: 'never',
  },
  { type: 'ArgumentException', code: 'GEOTAB_BAD_REQUEST', retry: 'never' },
  { type: 'ArgumentNullException', code: 'GEOTAB_BAD_REQUEST', retry: 'never' },
  { type: 'ArgumentOutOfRangeException', code: 'GEOTAB_BAD_REQUEST', retry: 'never' },
  { type: 'JsonSerializerException', code: 'GEOTAB_BAD_REQUEST', retry: 'never' },
  { type: 'MissingMethodException', code: 'GEOTAB_BAD_REQUEST', retry: 'never' },
  { type: 'InvalidCastException', code: 'GEOTAB_BAD_REQUEST', retry: 'never' },
  { type: 'DuplicateException', code: 'GEOTAB_DUPLICATE', retry: 'never' },
  { type: 'GroupRelationViolatedException', code: 'GEOTAB_GROUP_RELATION', retry: 'never' },
  { type: 'SecurityException', code: 'GEOTAB_DENIED', retry: 'never' },
  { type: 'SomeException', message: 'You lack the clearance DeviceAdmin', code: 'GEOTAB_DENIED', retry: 'never' },
  { type: 'GenericException', code: 'GEOTAB_UNKNOWN', retry: 'later' },
  { type: 'toString', code: 'GEOTAB_UNKNOWN', retry: 'later' },
]
const shapes = (['both', 'current', 'legacy'] as const).flatMap((fields) =>
  [200, 400].map((status) => ({ fields, status })),
)

test.for(exceptions)(
  'case 28: $type ($message) is $code, in every shape and status',
  async ({ type, message, code, retry }) => {
    for (const { fields, status } of shapes) {
      const { error } = await failureOf(failure(type, message, { fields, status, info: 'more about it' }))
      expect(error, `${fields} ${status}`).toMatchObject({ code, retry })
      expect(error.message).toContain(
        `Geotab fleet, Get Device: ${type}: ${message ?? 'said the vendor'}`.replace(/\.$/, ''),
      )
      if (fields !== 'legacy') expect(error.message).toContain('(more about it)')
    }
  },
)

test.for([
  { file: 'error.db_unavailable', code: 'GEOTAB_UNAVAILABLE' },
  { file: 'error.invalid_user', code: 'GEOTAB_AUTH' },
  { file: 'error.missing_method', code: 'GEOTAB_BAD_REQUEST' },
  { file: 'error.overlimit_calls', code: 'GEOTAB_BUSY' },
  { file: 'error.overlimit_results', code: 'GEOTAB_RESULT_LIMIT' },
])('the recorded $file is $code', async ({ file, code }) => {
  expect((await failureOf(sample(file))).error.code).toBe(code)
})

const page = `<!DOCTYPE html><html><title>Maintenance</title></html>`
const cutOff: Answer = (response) => {
  response.writeHead(200, { 'content-length': '1000' }).write('{"result":[', () => response.destroy())
}
test.for<{ name: string; answer: Answer; code: string; retry?: string; sent: number; says: RegExp }>([
  {
    name: 'HTML with 200',
    answer: { body: page },
    code: 'GEOTAB_NOT_JSON',
    sent: 3,
    says: /an HTML page.*Maintenance/,
  },
  { name: 'HTML with 503', answer: { body: page, status: 503 }, code: 'GEOTAB_UNAVAILABLE', sent: 3, says: /HTTP 503/ },
  { name: 'an empty body', answer: { body: '' }, code: 'GEOTAB_NOT_JSON', sent: 3, says: /is empty/ },
  {
    name: 'JSON that stops half-way',
    answer: { body: '{"result":[{"id":"b1"' },
    code: 'GEOTAB_NOT_JSON',
    sent: 3,
    says: /not whole JSON/,
  },
  { name: 'a reply that breaks off', answer: cutOff, code: 'GEOTAB_CUT_OFF', sent: 3, says: /broke off/ },
  {
    name: 'bytes that are not gzip',
    answer: { body: 'not gzip at all', headers: { 'content-encoding': 'gzip' } },
    code: 'GEOTAB_CUT_OFF',
    sent: 3,
    says: /could not be unpacked/,
  },
  {
    name: 'gzip that stops half-way',
    answer: { body: gzipSync('{"result":[]}').subarray(0, 20), headers: { 'content-encoding': 'gzip' } },
    code: 'GEOTAB_NOT_JSON',
    sent: 3,
    says: /not whole JSON/,
  },
  {
    name: 'a closed connection',
    answer: (response) => response.destroy(),
    code: 'GEOTAB_UNREACHABLE',
    sent: 3,
    says: /cannot be reached/,
  },
  { name: 'null for a list', answer: result(null), code: 'GEOTAB_UNAVAILABLE', sent: 3, says: /null where a list/ },
  { name: 'text for a list', answer: result(''), code: 'GEOTAB_UNAVAILABLE', sent: 3, says: /string where a list/ },
  { name: 'neither result nor error', answer: { body: {} }, code: 'GEOTAB_UNEXPECTED_REPLY', sent: 1, says: /neither/ },
  {
    name: 'ten thousand lists within each other, with a number that no double holds',
    answer: { body: `${'['.repeat(10_000)}12345678901234567890${']'.repeat(10_000)}` },
    code: 'GEOTAB_UNEXPECTED_REPLY',
    sent: 1,
    says: /cannot be read/,
  },
  { name: 'a bare list', answer: { body: [] }, code: 'GEOTAB_UNEXPECTED_REPLY', sent: 1, says: /neither/ },
  { name: 'HTTP 429', answer: { body: '', status: 429 }, code: 'GEOTAB_BUSY', sent: 3, says: /too many requests/ },
  { name: 'HTTP 408', answer: { body: '', status: 408 }, code: 'GEOTAB_UNAVAILABLE', sent: 3, says: /HTTP 408/ },
  {
    name: 'a result with 500',
    answer: { body: { result: [] }, status: 500 },
    code: 'GEOTAB_UNAVAILABLE',
    sent: 3,
    says: /HTTP 500/,
  },
  {
    name: 'HTTP 403',
    answer: { body: page, status: 403 },
    code: 'GEOTAB_DENIED',
    retry: 'never',
    sent: 1,
    says: /before the vendor/,
  },
  {
    name: 'HTTP 404',
    answer: { body: '', status: 404 },
    code: 'GEOTAB_BAD_REQUEST',
    retry: 'never',
    sent: 1,
    says: /server/,
  },
])('case 29: $name is $code', async ({ answer, code, retry = 'later', sent, says }) => {
  const failed = await failureOf(answer)
  expect(failed.error).toMatchObject({ code, retry })
  expect(failed.error.message).toMatch(says)
  expect(failed.sent).toBe(sent)
})

test('an HTTP redirect is not followed', async () => {
  const elsewhere = await startGeotabServer()
  const { error, sent } = await failureOf({
    body: '',
    status: 307,
    headers: { location: `${elsewhere.baseUrl}/apiv1` },
  })
  expect(error).toMatchObject({ code: 'GEOTAB_UNAVAILABLE', retry: 'later' })
  expect(error.message).toContain('redirects are not followed')
  expect(sent).toBe(3)
  expect(elsewhere.calls).toEqual([])
})

test('a vendor that drips its reply is cut off in time', async () => {
  const drip: Answer = (response) => {
    const timer = setInterval(() => response.write(' '), 5)
    response.on('close', () => clearInterval(timer))
  }
  const { error, sent } = await failureOf(drip, { timeoutSeconds: 0.1, retry: { attempts: 2, baseMs: 1, maxMs: 1 } })
  expect(error).toMatchObject({ code: 'GEOTAB_TIMEOUT', retry: 'later' })
  expect(error.message).toContain('within 0.1 s')
  expect(sent).toBe(2)
})

test.for([
  { name: 'plain', headers: {} as Record<string, string>, body: Buffer.alloc(3_000_000, ' ') },
  {
    name: 'packed a thousand times smaller',
    headers: { 'content-encoding': 'gzip' },
    body: gzipSync(Buffer.alloc(50_000_000)),
  },
])('a reply that is too large ($name) is cut off at the limit', async ({ headers, body }) => {
  const { error, sent } = await failureOf({ body, headers }, { maxReplyBytes: 1_048_576 })
  expect(error).toMatchObject({ code: 'GEOTAB_TOO_LARGE', retry: 'never' })
  expect(error.message).toContain('larger than 1 MB')
  expect(sent).toBe(1)
})

test.for([
  { name: 'seconds', headers: { 'retry-after': '7' }, seconds: 7 },
  {
    name: 'a date, by the clock of the reply',
    headers: { date: 'Fri, 20 Mar 2026 09:00:00 GMT', 'retry-after': 'Fri, 20 Mar 2026 09:01:30 GMT' },
    seconds: 90,
  },
  { name: 'nothing', headers: {} as Record<string, string>, seconds: 60 },
])(
  'case 28: too many calls: the wait of $seconds s that $name asks for is left to the queue',
  async ({ headers, seconds }) => {
    const { error, sent } = await failureOf(
      failure('OverLimitException', 'API calls quota exceeded.', { status: 429, headers }),
    )
    expect(error).toMatchObject({ code: 'GEOTAB_BUSY', retryAfterSeconds: seconds })
    expect(sent).toBe(1)
  },
)

const canaries = [PASSWORD, 'canary+session/0042']
const encodings: [string, (text: string) => string][] = [
  ['as it is', (text) => text],
  ['URL-encoded', encodeURIComponent],
  ['in base64', (text) => Buffer.from(text).toString('base64')],
  ['in base64 for URLs', (text) => Buffer.from(text).toString('base64url')],
]
test.for(encodings)('a secret that a reply echoes %s is in no message', async ([, encode]) => {
  const echo = canaries.map(encode).join(' and ')
  const filler = 'x'.repeat(70)
  const answers: Answer[] = [
    failure('GenericException', `you sent ${echo}`),
    failure(`Odd ${echo}`, 'odd'),
    failure('GroupRelationViolatedException', 'no', { info: echo }),
    failure('ArgumentException', `${'y'.repeat(290)}${echo}`),
    { body: `<html>${echo}` },
    { body: `${filler}${echo}`, status: 500 },
    { body: { echo } },
  ]
  for (const answer of answers) {
    const server = await startGeotabServer((call) => {
      if (call.method === 'Authenticate') return result({ path: 'ThisServer', credentials: { sessionId: canaries[1] } })
      return answer
    })
    const error: unknown = await connect(server, { retry: { attempts: 1, baseMs: 1, maxMs: 1 } })
      .call('Get', { typeName: 'Device' }, { signal })
      .catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(PipelineError)
    const shown = `${String(error)} ${JSON.stringify(error)} ${(error as Error).stack ?? ''} ${String((error as Error).cause)}`
    for (const canary of canaries) {
      for (const [, form] of encodings) expect(shown).not.toContain(form(canary).slice(0, 8))
    }
  }
})

test('what a reply says cannot forge lines of a log', async () => {
  const { error } = await failureOf(failure('GenericException', 'first\r\n{"level":50}\u001b[2J\u202Eend'))
  expect(error.message).toMatch(/first \{"level":50\} \[2J end/)
})

test('a refused read is shown with what was asked for; a refused write is not', async () => {
  const server = await startGeotabServer((call) =>
    call.method === 'Authenticate' ? undefined : failure('ArgumentException'),
  )
  const client = connect(server)
  const read = client.call('Get', { typeName: 'User', search: { name: 'a%' } }, { signal })
  await expect(read).rejects.toThrow('{"typeName":"User","search":{"name":"a%"}}')
  const write = client.call('Set', { typeName: 'Device', entity: { id: 'b1', name: 'private' } }, { signal })
  const error: unknown = await write.catch((thrown: unknown) => thrown)
  expect(String(error)).not.toContain('private')
  expect(String(error)).not.toContain('session-0001')
})
