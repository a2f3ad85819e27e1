import { expect, test } from 'vitest'
import { expectedToken } from '../../../sandbox/fullbay/access.ts'
import { startFullbaySandbox } from '../../../sandbox/fullbay/server.ts'
import { aSandbox, aShop, EGRESS_IP, getPage, invoicesUrl, KEY, sha1, type Parameters } from './shop-client.ts'

test('the token is the SHA-1 of key, UTC date and address without separators', () => {
  const token = expectedToken('KEY', new Date('2025-01-02T23:59:59Z'), '203.0.113.7')
  expect(token).toBe('14d2ec604e55e42b4f75dbfdbfc3bababb7153ed')
})

test.for<{ what: string; parameters: Parameters; message: RegExp }>([
  { what: 'no key', parameters: { key: '' }, message: /API key/ },
  { what: 'an unknown key', parameters: { key: 'somebody-else' }, message: /API key/ },
  { what: 'no token', parameters: { token: '' }, message: /token/ },
  { what: 'the token of another address', parameters: { token: sha1(`${KEY}2025-03-15198.51.100.1`) }, message: /IP/ },
  { what: 'the token of yesterday', parameters: { token: sha1(`${KEY}2025-03-14${EGRESS_IP}`) }, message: /token/ },
  { what: 'no start date', parameters: { startDate: '' }, message: /startDate/ },
  { what: 'a day that does not exist', parameters: { startDate: '2025-02-30' }, message: /startDate/ },
  { what: 'a date in another form', parameters: { endDate: '03/09/2025' }, message: /endDate/ },
  { what: 'an end before the start', parameters: { endDate: '2025-03-02' }, message: /range/ },
  { what: 'eight days', parameters: { endDate: '2025-03-10' }, message: /range.*7 days/ },
  { what: 'page 0', parameters: { page: '0' }, message: /page/ },
  { what: 'a page that is no number', parameters: { page: 'two' }, message: /page/ },
  { what: 'a page after the last', parameters: { page: '99' }, message: /page.*out of range/ },
])('$what is answered with HTTP 200 and FAIL', async ({ parameters, message }) => {
  await using sandbox = await aSandbox()
  const reply = await fetch(invoicesUrl(sandbox, parameters))
  expect(reply.status).toBe(200)
  expect(await reply.json()).toEqual({ status: 'FAIL', message: expect.stringMatching(message) })
})

test('a token stops being good when the UTC date rolls over, wherever the shop is', async () => {
  let now = new Date('2025-03-15T23:59:59Z')
  await using sandbox = await aSandbox({ now: () => now })
  expect((await getPage(sandbox)).status).toBe('SUCCESS')
  now = new Date('2025-03-16T00:00:00Z')
  expect((await getPage(sandbox)).status).toBe('FAIL')
})

const second = (address: string) => ({ key: 'sandbox-key-two', token: sha1(`sandbox-key-two2025-03-15${address}`) })

test('each key opens its own shop, and only from its own address', async () => {
  const accounts = [
    { key: KEY, egressIp: EGRESS_IP, shop: aShop() },
    { key: 'sandbox-key-two', egressIp: '198.51.100.20', shop: aShop({ shopId: 'OKPK' }) },
  ]
  const sandbox = await startFullbaySandbox({ accounts, now: () => new Date('2025-03-15T12:00:00Z') })
  const one = await getPage(sandbox)
  const two = await getPage(sandbox, second('198.51.100.20'))
  expect([one.resultSet[0]?.['shopTitle'], two.resultSet[0]?.['shopTitle']]).toEqual(['Shop DET', 'Shop OKPK'])
  expect((await getPage(sandbox, second(EGRESS_IP))).status).toBe('FAIL')
  await sandbox.close()
})

test('two accounts with one key are refused', async () => {
  const account = { key: KEY, egressIp: EGRESS_IP, shop: aShop() }
  await expect(startFullbaySandbox({ accounts: [account, account] })).rejects.toThrow(/share a key/)
})

test.for([
  { method: 'POST', path: 'services/getInvoices.php', status: 405 },
  { method: 'GET', path: 'services/getPartsList.php', status: 404 },
  { method: 'GET', path: '', status: 404 },
])('$method /$path is answered with $status', async ({ method, path, status }) => {
  await using sandbox = await aSandbox()
  const reply = await fetch(`${sandbox.url}/${path}`, { method })
  expect(reply.status).toBe(status)
  expect(await reply.json()).toMatchObject({ status: 'FAIL' })
})

test('the log of requests tells what was asked and answered, without key and token', async () => {
  await using sandbox = await aSandbox()
  await getPage(sandbox, { page: '2' })
  await getPage(sandbox, { token: 'wrong' })
  expect(sandbox.requests).toMatchObject([
    {
      shop: 'DET',
      startDate: '2025-03-03',
      endDate: '2025-03-09',
      page: '2',
      status: 200,
      outcome: 'SUCCESS',
      records: 20,
    },
    { shop: 'DET', page: '1', status: 200, outcome: 'FAIL', records: 0, message: expect.stringContaining('token') },
  ])
  expect(JSON.stringify(sandbox.requests)).not.toContain(KEY)
})
