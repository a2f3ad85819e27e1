import { expect, test } from 'vitest'
import type { Fault } from '../../../sandbox/fullbay/fault.ts'
import { brokenEquations, cents } from './invoice-sums.ts'
import { aSandbox, getAllPages, getPage, idsOf, invoicesUrl, WINDOW } from './shop-client.ts'

test('slow waits before it answers', async () => {
  await using sandbox = await aSandbox()
  sandbox.faults.set({ fault: 'slow', ms: 80 })
  const start = performance.now()
  expect((await getPage(sandbox)).status).toBe('SUCCESS')
  expect(performance.now() - start).toBeGreaterThan(75)
})

test('hang never answers', async () => {
  await using sandbox = await aSandbox()
  sandbox.faults.set({ fault: 'hang' })
  await expect(fetch(invoicesUrl(sandbox), { signal: AbortSignal.timeout(100) })).rejects.toThrow(/timeout/)
  expect(sandbox.requests).toMatchObject([{ status: null, outcome: 'NONE', faults: ['hang'] }])
})

test.for([
  { status: 429, retryAfter: 7, header: '7' },
  { status: 503, retryAfter: 'Sat, 15 Mar 2025 17:00:30 GMT', header: 'Sat, 15 Mar 2025 17:00:30 GMT' },
  { status: 500, header: null },
  { status: 404, header: null },
])('status $status answers with it and with Retry-After $header', async ({ header, ...fault }) => {
  await using sandbox = await aSandbox()
  sandbox.faults.set({ fault: 'status', ...fault })
  const reply = await fetch(invoicesUrl(sandbox))
  expect([reply.status, reply.headers.get('retry-after')]).toEqual([fault.status, header])
})

test.for<{ fault: Fault; message: string }>([
  { fault: { fault: 'fail', message: 'Try tomorrow.' }, message: 'Try tomorrow.' },
  { fault: { fault: 'fail' }, message: 'An unexpected problem occurred.' },
  {
    fault: { fault: 'wrongIp', ip: '192.0.2.1' },
    message: 'The IP address 192.0.2.1 is not allowed to use this API key.',
  },
])('$fault.fault answers with FAIL: $message', async ({ fault, message }) => {
  await using sandbox = await aSandbox()
  sandbox.faults.set(fault)
  expect(await getPage(sandbox)).toEqual({ status: 'FAIL', message })
})

test('html answers with a web page and HTTP 200', async () => {
  await using sandbox = await aSandbox()
  sandbox.faults.set({ fault: 'html' })
  const reply = await fetch(invoicesUrl(sandbox))
  expect([reply.status, reply.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8'])
  expect(await reply.text()).toMatch(/^<!DOCTYPE html>/)
})

test.for([{ bytes: 100 }, {}])('truncated sends the beginning of the reply and then breaks off (%o)', async (part) => {
  await using sandbox = await aSandbox()
  const whole = await (await fetch(invoicesUrl(sandbox))).text()
  sandbox.faults.set({ fault: 'truncated', ...part })
  const reply = await fetch(invoicesUrl(sandbox))
  const chunks: Uint8Array[] = []
  await expect(async () => {
    for await (const chunk of reply.body ?? []) chunks.push(chunk)
  }).rejects.toThrow(/terminated/)
  const received = Buffer.concat(chunks).toString()
  expect(received).toBe(whole.slice(0, part.bytes ?? received.length))
  expect(received.length).toBeLessThan(whole.length)
  expect(Number(reply.headers.get('content-length'))).toBe(Buffer.byteLength(whole))
})

test('invalidJson sends a whole reply whose JSON stops half-way', async () => {
  await using sandbox = await aSandbox()
  sandbox.faults.set({ fault: 'invalidJson' })
  const text = await (await fetch(invoicesUrl(sandbox))).text()
  expect(text).toMatch(/^\{"status":"SUCCESS"/)
  expect(() => JSON.parse(text)).toThrow(SyntaxError)
})

test.for([{ compressed: false }, { compressed: true }])('huge sends as many bytes as asked (%o)', async (how) => {
  await using sandbox = await aSandbox()
  sandbox.faults.set({ fault: 'huge', bytes: 3_000_001, ...how })
  const body = await (await fetch(invoicesUrl(sandbox))).arrayBuffer()
  expect(body.byteLength).toBe(3_000_001)
})

test('huge is made while it is sent, so that a reader can hang up at any time', async () => {
  await using sandbox = await aSandbox()
  sandbox.faults.set({ fault: 'huge', bytes: 4 * 1024 ** 3, times: 1 })
  const reply = await fetch(invoicesUrl(sandbox))
  let received = 0
  for await (const chunk of reply.body ?? []) {
    received += chunk.length
    if (received > 1_000_000) break
  }
  expect((await getPage(sandbox)).status).toBe('SUCCESS')
  expect(process.memoryUsage().arrayBuffers).toBeLessThan(500_000_000)
})

test('duplicate lists an invoice twice on its page, with an honest count of the page', async () => {
  await using sandbox = await aSandbox()
  const before = await getPage(sandbox)
  sandbox.faults.set({ fault: 'duplicate' })
  const page = await getPage(sandbox)
  const [first] = idsOf(before)
  expect(idsOf(page)).toEqual([first, ...idsOf(before)])
  expect([page.resultCount, page.totalCount]).toEqual([before.resultCount + 1, before.totalCount])
})

test('duplicate on the next page repeats the last invoice of the page before', async () => {
  await using sandbox = await aSandbox()
  sandbox.faults.set({ fault: 'duplicate', where: 'nextPage', times: 1 })
  const [first, second] = await getAllPages(sandbox)
  expect(second?.resultSet[0]).toEqual(first?.resultSet.at(-1))
  expect(second?.resultCount).toBe(21)
})

test('changed gives one invoice other totals that still add up, and leaves the others as they are', async () => {
  await using sandbox = await aSandbox()
  const before = await getPage(sandbox)
  const at = before.resultSet.findIndex(
    (invoice) => brokenEquations(invoice).length === 0 && cents(invoice['total']) > 0,
  )
  sandbox.faults.set({ fault: 'changed', invoice: idsOf(before)[at] ?? '', amount: 12.5 })
  const after = await getPage(sandbox)
  const [old, changed] = [before.resultSet[at] ?? {}, after.resultSet[at] ?? {}]
  expect(cents(changed['total'])).toBe(cents(old['total']) + 1250)
  expect(brokenEquations(changed)).toEqual([])
  expect(after.resultSet.toSpliced(at, 1)).toEqual(before.resultSet.toSpliced(at, 1))
})

test('gone takes an invoice out of its window, and the count with it', async () => {
  await using sandbox = await aSandbox()
  const before = await getPage(sandbox)
  sandbox.faults.set({ fault: 'gone', invoice: idsOf(before)[3] ?? '' })
  const after = await getPage(sandbox)
  expect(after.totalCount).toBe(before.totalCount - 1)
  expect(idsOf(after).slice(0, -1)).toEqual(idsOf(before).toSpliced(3, 1))
})

test('countDrift changes the total from the second page on', async () => {
  await using sandbox = await aSandbox()
  sandbox.faults.set({ fault: 'countDrift', by: -2, times: 1 })
  const [first, second, third] = await getAllPages(sandbox)
  expect(second?.totalCount).toBe((first?.totalCount ?? 0) - 2)
  expect(third?.totalCount).toBe(first?.totalCount)
})

test.for([
  { record: 'noPrimaryKey', missing: 'primaryKey' },
  { record: 'noInvoiceDate', missing: 'invoiceDate' },
] as const)('malformed $record takes $missing away from one invoice', async ({ record, missing }) => {
  await using sandbox = await aSandbox()
  const before = await getPage(sandbox)
  sandbox.faults.set({ fault: 'malformed', record, invoice: idsOf(before)[2] ?? '' })
  const after = await getPage(sandbox)
  const { [missing]: _, ...rest } = before.resultSet[2] ?? {}
  expect(after.resultSet).toEqual(before.resultSet.toSpliced(2, 1, rest))
})

test('malformed notObject puts a text in the place of an invoice', async () => {
  await using sandbox = await aSandbox()
  sandbox.faults.set({ fault: 'malformed', record: 'notObject' })
  const page = await getPage(sandbox)
  expect(page.resultSet.map((invoice) => typeof invoice).slice(0, 2)).toEqual(['string', 'object'])
  expect(page.resultCount).toBe(20)
})

test('closeSocket ends the connection without a word', async () => {
  await using sandbox = await aSandbox()
  sandbox.faults.set({ fault: 'closeSocket' })
  await expect(fetch(invoicesUrl(sandbox))).rejects.toThrow(/fetch failed/)
})

test.for([
  { resultSet: 'empty', list: [] },
  { resultSet: 'absent', list: undefined },
] as const)('empty is SUCCESS with a $resultSet list', async ({ resultSet, list }) => {
  await using sandbox = await aSandbox()
  sandbox.faults.set({ fault: 'empty', resultSet })
  const page = await getPage(sandbox)
  expect(page).toMatchObject({ status: 'SUCCESS', totalCount: 0, resultCount: 0 })
  expect(page.resultSet).toEqual(list)
})

test('faults combine: a page can be slow, drift and hold a duplicate at once', async () => {
  await using sandbox = await aSandbox()
  for (const fault of [{ fault: 'slow', ms: 5 }, { fault: 'countDrift' }, { fault: 'duplicate' }] as const)
    sandbox.faults.set(fault)
  const pages = [await getPage(sandbox), await getPage(sandbox, { page: '2' })]
  expect(pages.map(({ resultCount }) => resultCount)).toEqual([21, 21])
  expect(sandbox.requests.map(({ faults }) => faults)).toEqual([
    ['slow', 'duplicate'],
    ['slow', 'countDrift', 'duplicate'],
  ])
})

const FAIL = { fault: 'fail', message: 'no' } as const

test.for<{ what: string; fault: Fault; asked: Parameters<typeof getPage>[1][]; failed: boolean[] }>([
  { what: 'times: 2', fault: { ...FAIL, times: 2 }, asked: [{}, {}, {}], failed: [true, true, false] },
  { what: 'after: 1', fault: { ...FAIL, after: 1 }, asked: [{}, {}, {}], failed: [false, true, true] },
  {
    what: 'after: 1, times: 1',
    fault: { ...FAIL, after: 1, times: 1 },
    asked: [{}, {}, {}],
    failed: [false, true, false],
  },
  {
    what: 'page: 2',
    fault: { ...FAIL, page: 2 },
    asked: [{}, { page: '2' }, { page: '3' }],
    failed: [false, true, false],
  },
  { what: 'shop: DET', fault: { ...FAIL, shop: 'DET' }, asked: [{}], failed: [true] },
  { what: 'shop: OKPK', fault: { ...FAIL, shop: 'OKPK' }, asked: [{}], failed: [false] },
  {
    what: 'date: the last of the window',
    fault: { ...FAIL, date: WINDOW.end },
    asked: [{}, { endDate: '2025-03-08' }, { startDate: WINDOW.end }],
    failed: [true, false, true],
  },
])('a fault with $what befalls just those requests', async ({ fault, asked, failed }) => {
  await using sandbox = await aSandbox()
  sandbox.faults.set(fault)
  const replies: boolean[] = []
  for (const parameters of asked) replies.push((await getPage(sandbox, parameters)).status === 'FAIL')
  expect(replies).toEqual(failed)
})

test('a fault is listed until its times are used up, and can be switched off by its id', async () => {
  await using sandbox = await aSandbox()
  const { id } = sandbox.faults.set({ ...FAIL, times: 1 })
  const other = sandbox.faults.set({ fault: 'slow', ms: 1 })
  expect(sandbox.faults.list().map((each) => each.id)).toEqual([id, other.id])
  await getPage(sandbox)
  expect(sandbox.faults.list()).toEqual([{ ...other, matched: 1, befell: 1 }])
  expect([sandbox.faults.clear(other.id), sandbox.faults.clear(other.id)]).toEqual([1, 0])
})
