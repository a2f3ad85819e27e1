import { expect, test } from 'vitest'
import type { FullbaySandbox } from '../../../sandbox/fullbay/server.ts'
import { aSandbox, getPage } from './shop-client.ts'

const post = (sandbox: FullbaySandbox, body: string) => fetch(`${sandbox.url}/sandbox/faults`, { method: 'POST', body })

test('faults are set, listed and switched off over HTTP', async () => {
  await using sandbox = await aSandbox()
  const fault = { fault: 'fail', message: 'Closed.', times: 5 }
  const set = await post(sandbox, JSON.stringify([fault, { fault: 'slow', ms: 1 }]))
  expect([set.status, sandbox.faults.list().length]).toEqual([200, 2])
  expect((await getPage(sandbox)).message).toBe('Closed.')
  const listed = await fetch(`${sandbox.url}/sandbox/faults`)
  expect(await listed.json()).toMatchObject({ faults: [{ id: 1, fault, befell: 1 }, { id: 2 }] })
  const one = await fetch(`${sandbox.url}/sandbox/faults?id=1`, { method: 'DELETE' })
  expect(await one.json()).toEqual({ cleared: 1 })
  const all = await fetch(`${sandbox.url}/sandbox/faults`, { method: 'DELETE' })
  expect(await all.json()).toEqual({ cleared: 1 })
  expect((await getPage(sandbox)).status).toBe('SUCCESS')
})

test.for([
  { body: '{"fault":"slow"', message: /not JSON/ },
  { body: '"slow"', message: /a fault is an object/ },
  { body: '{}', message: /no fault is called null; there are slow, hang/ },
  { body: '{"fault":"explode"}', message: /no fault is called "explode"/ },
  { body: '{"fault":"constructor"}', message: /no fault is called "constructor"/ },
  { body: '{"fault":"slow"}', message: /slow\.ms: expected a whole number/ },
  { body: '{"fault":"slow","ms":"5"}', message: /slow\.ms: expected a whole number/ },
  {
    body: '{"fault":"slow","ms":5,"pages":2}',
    message: /slow has no pages; it has ms, times, after, page, shop, date/,
  },
  { body: '{"fault":"status","status":200}', message: /status\.status: expected a whole number from 400 to 599/ },
  {
    body: '{"fault":"status","status":429,"retryAfter":"soon"}',
    message: /retryAfter: expected seconds, or an HTTP date/,
  },
  { body: '{"fault":"gone"}', message: /gone\.invoice: expected an invoice id/ },
  { body: '{"fault":"changed","invoice":"1","amount":0.001}', message: /changed\.amount/ },
  { body: '{"fault":"malformed","record":"bad"}', message: /noPrimaryKey, noInvoiceDate, notObject/ },
  { body: '{"fault":"empty","resultSet":null}', message: /one of empty, absent/ },
  { body: '{"fault":"hang","times":0,"date":"2025-02-30"}', message: /hang\.times: .*; hang\.date: / },
  { body: '[{"fault":"hang"},{"fault":"no"}]', message: /no fault is called "no"/ },
  { body: `{"fault":"fail","message":"${'x'.repeat(70_000)}"}`, message: /more than 65536 bytes/ },
])('$body is refused with 400 and sets nothing', async ({ body, message }) => {
  await using sandbox = await aSandbox()
  const reply = await post(sandbox, body)
  expect(reply.status).toBe(400)
  expect(await reply.json()).toEqual({ error: expect.stringMatching(message) })
  expect(sandbox.faults.list()).toEqual([])
})

test('an unknown id cannot be switched off, and other methods are refused', async () => {
  await using sandbox = await aSandbox()
  const unknown = await fetch(`${sandbox.url}/sandbox/faults?id=12`, { method: 'DELETE' })
  const put = await fetch(`${sandbox.url}/sandbox/faults`, { method: 'PUT', body: '{}' })
  expect([unknown.status, put.status]).toEqual([404, 405])
})
