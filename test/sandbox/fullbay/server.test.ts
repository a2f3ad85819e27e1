import { execFile } from 'node:child_process'
import { get } from 'node:http'
import { promisify } from 'node:util'
import { gunzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import {
  aSandbox,
  aShop,
  EGRESS_IP,
  getAllPages,
  getPage,
  idsOf,
  invoicesUrl,
  KEY,
  sha1,
  WINDOW,
} from './shop-client.ts'

test('the pages of a window add up to its total, in order of date and id, and no invoice comes twice', async () => {
  await using sandbox = await aSandbox({ pageSize: 7 })
  const pages = await getAllPages(sandbox)
  const [first] = pages
  expect(pages.length).toBe(first?.totalPages)
  expect(pages.reduce((sum, page) => sum + page.resultCount, 0)).toBe(first?.totalCount)
  const invoices = pages.flatMap((page) => page.resultSet)
  expect(new Set(pages.flatMap(idsOf)).size).toBe(first?.totalCount)
  const order = invoices.map((invoice) => `${String(invoice['invoiceDate'])} ${String(invoice['primaryKey'])}`)
  expect(order).toEqual(order.toSorted())
  expect(order.every((entry) => entry.slice(0, 10) >= WINDOW.start && entry.slice(0, 10) <= WINDOW.end)).toBe(true)
})

test('a page says where it stands', async () => {
  await using sandbox = await aSandbox({ pageSize: 7 })
  const { resultSet, totalCount, ...page } = await getPage(sandbox, { page: '2' })
  expect(page).toEqual({
    status: 'SUCCESS',
    startRecordNumber: 8,
    endRecordNumber: 14,
    resultCount: 7,
    pageSize: 7,
    currentPage: 2,
    totalPages: Math.ceil(totalCount / 7),
  })
  expect(resultSet).toHaveLength(7)
})

test('a window without invoices is SUCCESS with an empty list', async () => {
  await using sandbox = await aSandbox()
  const page = await getPage(sandbox, { startDate: '2024-05-01', endDate: '2024-05-07' })
  expect(page).toMatchObject({ status: 'SUCCESS', totalCount: 0, totalPages: 0, resultCount: 0, resultSet: [] })
})

test('the first page is the default', async () => {
  await using sandbox = await aSandbox()
  const url = new URL(invoicesUrl(sandbox))
  url.searchParams.delete('page')
  const reply = await fetch(url)
  expect(await reply.json()).toMatchObject({ status: 'SUCCESS', currentPage: 1 })
})

test("a shop's own calendar day decides which invoices exist", async () => {
  // 02:00 UTC on the 8th is still the evening of the 7th in Detroit.
  await using sandbox = await aSandbox({ now: () => new Date('2025-03-08T02:00:00Z'), pageSize: 500 })
  const page = await getPage(sandbox, { token: sha1(`${KEY}2025-03-08${EGRESS_IP}`) })
  expect(page.resultSet.at(-1)?.['invoiceDate']).toBe('2025-03-07')
})

test('a reply is compressed for a client that accepts it, and plain for one that does not', async () => {
  await using sandbox = await aSandbox()
  const packed = await rawGet(invoicesUrl(sandbox), { 'accept-encoding': 'gzip' })
  const plain = await rawGet(invoicesUrl(sandbox), {})
  expect([packed.encoding, plain.encoding]).toEqual(['gzip', undefined])
  expect(packed.body.length).toBeLessThan(plain.body.length / 4)
  expect(gunzipSync(packed.body).equals(plain.body)).toBe(true)
})

function rawGet(url: string, headers: Record<string, string>): Promise<{ encoding: string | undefined; body: Buffer }> {
  return new Promise((resolve, reject) => {
    get(url, { headers }, (reply) => {
      const chunks: Buffer[] = []
      reply.on('data', (chunk: Buffer) => chunks.push(chunk))
      reply.on('end', () => resolve({ encoding: reply.headers['content-encoding'], body: Buffer.concat(chunks) }))
      reply.on('error', reject)
    }).on('error', reject)
  })
}

test('the log shows that two requests of one key were under way at once', async () => {
  await using sandbox = await aSandbox()
  sandbox.faults.set({ fault: 'slow', ms: 400, times: 2 })
  await Promise.all([getPage(sandbox), getPage(sandbox)])
  await getPage(sandbox)
  expect(sandbox.requests.map(({ concurrent }) => concurrent)).toEqual([0, 1, 0])
})

test('closing cuts off what hangs or waits, and a second time does nothing', async () => {
  const sandbox = await aSandbox()
  sandbox.faults.set({ fault: 'hang', page: 1 })
  sandbox.faults.set({ fault: 'slow', ms: 600_000, page: 2 })
  const hanging = [getPage(sandbox), getPage(sandbox, { page: '2' })]
  const outcomes = Promise.allSettled(hanging)
  await expect.poll(() => sandbox.requests.length).toBe(2)
  await sandbox.close()
  await sandbox.close()
  expect((await outcomes).map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  await expect(getPage(sandbox)).rejects.toThrow(/fetch failed/)
})

test('a closed stand-in lets its process end', async () => {
  const script = `
    import { demoFullbay } from './sandbox/fullbay/demo.ts'
    import { startFullbaySandbox } from './sandbox/fullbay/server.ts'
    const sandbox = await startFullbaySandbox(demoFullbay())
    sandbox.faults.set({ fault: 'slow', ms: 600000 })
    const waiting = fetch(sandbox.baseUrl + 'getInvoices.php').catch(() => 'cut off')
    while (sandbox.requests.length === 0) await new Promise((resolve) => setImmediate(resolve))
    await sandbox.close()
    process.stdout.write(await waiting)`
  const run = promisify(execFile)
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', script], {
    cwd: new URL('../../../', import.meta.url),
    timeout: 20_000,
  })
  expect(stdout).toBe('cut off')
}, 25_000)

test('an invoice that the shop was given is served byte for byte, in its place among the others', async () => {
  const fixed = [{ id: '5', date: '2025-03-05', text: '{"primaryKey":"5","hours":1.50,"big":12345678901234567890}' }]
  await using sandbox = await aSandbox({ shop: aShop({ fixed }), pageSize: 500 })
  const reply = await fetch(invoicesUrl(sandbox))
  const text = await reply.text()
  expect(text).toContain(fixed[0]?.text)
  const before = text.slice(0, text.indexOf(fixed[0]?.text ?? ''))
  expect(before).toContain('"invoiceDate":"2025-03-04"')
  expect(before).not.toContain('"invoiceDate":"2025-03-05"')
})
