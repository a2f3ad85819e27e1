import { createServer } from 'node:http'
import { once } from 'node:events'
import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest'
import { PipelineError } from '../../../core/errors.ts'
import { Secret } from '../../../core/secret.ts'
import type { FullbayConnection } from '../../../extract/fullbay/client.ts'
import { discoveredEgressIp, fixedEgressIp } from '../../../extract/fullbay/egress-ip.ts'
import { extractInvoices, type WindowProgress } from '../../../extract/fullbay/invoices.ts'
import { createShop } from '../../../sandbox/fullbay/generator.ts'
import type { Fault } from '../../../sandbox/fullbay/fault.ts'
import { startFullbaySandbox, type FullbaySandbox } from '../../../sandbox/fullbay/server.ts'

const KEY = 'test-fullbay-key-0001'
const now = () => new Date('2026-03-20T12:00:00Z')
const week = { start: '2026-03-02', end: '2026-03-08' }
const fresh: WindowProgress = { nextPage: 1, fetched: 0, seen: new Set(), totalCount: null, restarts: 0 }
const signal = new AbortController().signal

let sandbox: FullbaySandbox
beforeEach(async () => {
  const shop = createShop({
    seed: 's',
    shopId: 'DET',
    title: 'T',
    timeZone: 'UTC',
    firstDate: '2026-03-02',
    invoicesPerDay: 5,
  })
  sandbox = await startFullbaySandbox({ accounts: [{ key: KEY, egressIp: '203.0.113.7', shop }], now, pageSize: 10 })
})
afterEach(() => sandbox.close())

function connect(changes: Partial<FullbayConnection> = {}): FullbayConnection {
  return {
    shopId: 'DET',
    key: new Secret(KEY),
    baseUrl: sandbox.baseUrl,
    egressIp: fixedEgressIp('203.0.113.7'),
    requestIntervalMs: 0,
    timeoutSeconds: 5,
    maxReplyBytes: 5_000_000,
    retry: { attempts: 3, baseMs: 1, maxMs: 20 },
    clock: { now },
    ...changes,
  }
}

async function readWindow(connection: FullbayConnection, progress = fresh) {
  const pages = await Array.fromAsync(extractInvoices(connection, week, progress, signal))
  return { pages, records: pages.flatMap((page) => page.records) as { primaryKey: string }[] }
}

async function failure(connection: FullbayConnection): Promise<PipelineError> {
  const error: unknown = await readWindow(connection).then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  expect(error).toBeInstanceOf(PipelineError)
  return error as PipelineError
}

test('a window is read to its last page, every invoice once', async () => {
  const { pages, records } = await readWindow(connect())
  expect(pages.length).toBeGreaterThan(2)
  expect(pages.map((page) => page.page)).toEqual(pages.map((_page, i) => i + 1))
  expect(pages.map((page) => page.last)).toEqual(pages.map((_page, i) => i === pages.length - 1))
  expect(records).toHaveLength(pages[0]!.totalCount)
  expect(new Set(records.map((record) => record.primaryKey)).size).toBe(records.length)
})

test('reading goes on at the page where it stopped', async () => {
  const whole = await readWindow(connect())
  const first = whole.pages[0]!
  const keys = new Set(first.records.map((record) => (record as { primaryKey: string }).primaryKey))
  const rest = await readWindow(connect(), {
    ...fresh,
    nextPage: 2,
    fetched: first.records.length,
    seen: keys,
    totalCount: first.totalCount,
  })
  expect(rest.records).toEqual(whole.records.slice(first.records.length))
})

test.for<{
  name: string
  fault: Fault
  change?: Partial<FullbayConnection>
  code: string
  retry: string
  says: RegExp
}>([
  {
    name: 'a FAIL reply',
    fault: { fault: 'fail', message: 'Service temporarily unavailable' },
    code: 'FULLBAY_UPSTREAM',
    retry: 'later',
    says: /temporarily unavailable/,
  },
  {
    name: 'a refused date range',
    fault: { fault: 'fail', message: 'Invalid date range' },
    code: 'FULLBAY_BAD_REQUEST',
    retry: 'never',
    says: /date range/,
  },
  { name: 'a wrong address', fault: { fault: 'wrongIp' }, code: 'FULLBAY_AUTH', retry: 'never', says: /egress_ip/ },
  { name: 'an HTML page', fault: { fault: 'html' }, code: 'FULLBAY_NOT_JSON', retry: 'later', says: /HTML page/ },
  {
    name: 'JSON that stops half-way',
    fault: { fault: 'invalidJson' },
    code: 'FULLBAY_NOT_JSON',
    retry: 'later',
    says: /not whole JSON/,
  },
  {
    name: 'a connection that breaks in the reply',
    fault: { fault: 'truncated' },
    code: 'FULLBAY_CUT_OFF',
    retry: 'later',
    says: /in the middle of the reply/,
  },
  {
    name: 'a connection that is closed',
    fault: { fault: 'closeSocket' },
    code: 'FULLBAY_UNREACHABLE',
    retry: 'later',
    says: /cannot be reached/,
  },
  {
    name: 'a reply that is too large',
    fault: { fault: 'huge', bytes: 1_000_000_000 },
    code: 'FULLBAY_TOO_LARGE',
    retry: 'never',
    says: /larger than/,
  },
  {
    name: 'a small reply that unpacks to a large one',
    fault: { fault: 'huge', bytes: 1_000_000_000, compressed: true },
    code: 'FULLBAY_TOO_LARGE',
    retry: 'never',
    says: /larger than/,
  },
  {
    name: 'a vendor that never answers',
    fault: { fault: 'hang' },
    change: { timeoutSeconds: 0.1 },
    code: 'FULLBAY_TIMEOUT',
    retry: 'later',
    says: /within 0.1 s/,
  },
  {
    name: 'HTTP 503',
    fault: { fault: 'status', status: 503 },
    code: 'FULLBAY_SERVER_ERROR',
    retry: 'later',
    says: /HTTP 503/,
  },
  {
    name: 'HTTP 429',
    fault: { fault: 'status', status: 429 },
    code: 'FULLBAY_BUSY',
    retry: 'later',
    says: /too many requests/,
  },
  { name: 'HTTP 404', fault: { fault: 'status', status: 404 }, code: 'FULLBAY_HTTP', retry: 'never', says: /base_url/ },
  { name: 'HTTP 403', fault: { fault: 'status', status: 403 }, code: 'FULLBAY_AUTH', retry: 'never', says: /API key/ },
])('$name is an error of its own: $code', async ({ fault, change, code, retry, says }) => {
  sandbox.faults.set(fault)
  const error = await failure(connect(change))
  expect(error).toMatchObject({ code, retry })
  expect(error.message).toMatch(says)
  expect(error.message).toContain('DET')
  expect(error.message).not.toContain(KEY)
})

test('a key the vendor does not know is an error of authorisation that does not show the key', async () => {
  const error = await failure(connect({ key: new Secret('another-key-0002') }))
  expect(error).toMatchObject({ code: 'FULLBAY_AUTH', retry: 'never' })
  expect(JSON.stringify(error) + error.message + String(error.cause)).not.toContain('another-key-0002')
})

test('a closed port is said to be unreachable', async () => {
  const connection = connect()
  await sandbox.close()
  expect(await failure(connection)).toMatchObject({ code: 'FULLBAY_UNREACHABLE', retry: 'later' })
})

test('a redirect is not followed, since it would carry the key elsewhere', async () => {
  let reached = 0
  const server = createServer((request, response) => {
    reached += 1
    response.writeHead(302, { location: `http://127.0.0.1:1${request.url}` }).end()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  const { port } = server.address() as { port: number }
  const error = await failure(connect({ baseUrl: `http://127.0.0.1:${port}/services/` }))
  expect(error).toMatchObject({ code: 'FULLBAY_HTTP', retry: 'never' })
  expect(reached).toBe(1)
})

test.for<{ name: string; fault: Fault }>([
  { name: 'HTTP 500 once', fault: { fault: 'status', status: 500, times: 1 } },
  { name: 'HTTP 429 with seconds to wait', fault: { fault: 'status', status: 429, retryAfter: 0, times: 2 } },
  {
    name: 'HTTP 429 with a date to wait for',
    fault: { fault: 'status', status: 429, retryAfter: 'Fri, 20 Mar 2026 12:00:00 GMT', times: 1 },
  },
  { name: 'a broken connection', fault: { fault: 'truncated', times: 2 } },
  { name: 'a slow reply', fault: { fault: 'slow', ms: 20 } },
])('$name is lived through', async ({ fault }) => {
  const undisturbed = await readWindow(connect())
  sandbox.faults.set(fault)
  expect((await readWindow(connect())).records).toEqual(undisturbed.records)
})

test('authorisation is tried once more with the address looked up anew, and not more often', async () => {
  let address = '198.51.100.1'
  let lookups = 0
  const service = createServer((_request, response) => {
    lookups += 1
    response.end(`${address}\n`)
    address = '203.0.113.7'
  })
  service.listen(0, '127.0.0.1')
  await once(service, 'listening')
  onTestFinished(() => void service.close())
  const { port } = service.address() as { port: number }
  const egressIp = discoveredEgressIp(`http://127.0.0.1:${port}/`, { now })

  const { records } = await readWindow(connect({ egressIp }))
  expect(records.length).toBeGreaterThan(0)
  expect(lookups).toBe(2)

  sandbox.faults.set({ fault: 'wrongIp' })
  const before = sandbox.requests.length
  expect(await failure(connect({ egressIp }))).toMatchObject({ code: 'FULLBAY_AUTH' })
  expect(sandbox.requests.length - before).toBe(2)
})

test('a service that answers with no address never leads to a signed guess', async () => {
  const service = createServer((_request, response) => response.end('unknown'))
  service.listen(0, '127.0.0.1')
  await once(service, 'listening')
  onTestFinished(() => void service.close())
  const { port } = service.address() as { port: number }
  const error = await failure(connect({ egressIp: discoveredEgressIp(`http://127.0.0.1:${port}/`, { now }) }))
  expect(error.code).toBe('FULLBAY_EGRESS_IP')
  expect(sandbox.requests).toHaveLength(0)
})

test('a window whose total changes while it is read is begun again, once', async () => {
  const undisturbed = await readWindow(connect())
  sandbox.faults.set({ fault: 'countDrift', by: 1, times: 1 })
  const { pages } = await readWindow(connect())
  expect(pages.filter((page) => page.restarted).map((page) => page.page)).toEqual([1])
  const again = pages.slice(pages.findIndex((page) => page.restarted))
  expect(again.flatMap((page) => page.records)).toEqual(undisturbed.records)
})

test('a window that ends with another count than announced is an error, not done', async () => {
  sandbox.faults.set({ fault: 'countDrift', by: 1 })
  expect(await failure(connect())).toMatchObject({ code: 'FULLBAY_COUNT_MISMATCH', retry: 'later' })
})

test.for<{ name: string; fault: Fault }>([
  { name: 'an empty list', fault: { fault: 'empty', resultSet: 'empty' } },
  { name: 'no list', fault: { fault: 'empty', resultSet: 'absent' } },
])('SUCCESS with $name and a total of 0 is an empty window', async ({ fault }) => {
  sandbox.faults.set(fault)
  const { pages, records } = await readWindow(connect())
  expect(records).toEqual([])
  expect(pages).toHaveLength(1)
})

test('an invoice that comes twice, on its page or on the next, does not stop the window', async () => {
  for (const where of ['samePage', 'nextPage'] as const) {
    sandbox.faults.set({ fault: 'duplicate', where, times: 3 })
    const { records, pages } = await readWindow(connect())
    expect(new Set(records.map((record) => record.primaryKey)).size).toBe(pages.at(-1)!.totalCount)
    sandbox.faults.clear()
  }
})

test('a key has one request in flight at a time', async () => {
  await readWindow(connect())
  expect(sandbox.requests.every((request) => request.concurrent === 0)).toBe(true)
})

test('reading stops at once when it is told to', async () => {
  sandbox.faults.set({ fault: 'hang' })
  const controller = new AbortController()
  const reading = Array.fromAsync(extractInvoices(connect(), week, fresh, controller.signal))
  controller.abort(new Error('stop'))
  await expect(reading).rejects.toThrow('stop')
})
