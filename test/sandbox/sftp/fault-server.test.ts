import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { startSftpFaultServer, type SftpFaultServer } from '../../../sandbox/sftp/fault-server.ts'
import { startSftpSandbox, type SftpSandbox } from '../../../sandbox/sftp/server.ts'

let sandbox: SftpSandbox
let switches: SftpFaultServer
beforeAll(async () => {
  sandbox = await startSftpSandbox({ user: 'fleet', password: 'open-sesame-17' })
  switches = await startSftpFaultServer(sandbox)
})
afterEach(() => void sandbox.faults.clear())
afterAll(async () => {
  await switches.close()
  await sandbox.close()
})

const ask = async (method: string, path: string, body?: string) => {
  const reply = await fetch(`${switches.url}/sandbox/${path}`, { method, ...(body === undefined ? {} : { body }) })
  return { status: reply.status, body: await reply.json() }
}

test('faults are set, listed and switched off over HTTP', async () => {
  const denied = { fault: 'denied', operation: 'open', path: '.part', times: 2 }
  const set = await ask('POST', 'faults', JSON.stringify([denied, { fault: 'cut', packets: 3 }]))
  expect(set.status).toBe(200)
  sandbox.faults.take({ operation: 'open', path: '/Import/.a.part' })
  const { body } = await ask('GET', 'faults')
  expect(body).toEqual({
    faults: [
      { id: 1, fault: denied, matched: 1, befell: 1 },
      { id: 2, fault: { fault: 'cut', packets: 3 }, matched: 0, befell: 0 },
    ],
  })
  expect(await ask('DELETE', 'faults?id=1')).toEqual({ status: 200, body: { cleared: 1 } })
  expect(await ask('DELETE', 'faults?id=1')).toMatchObject({ status: 404 })
  expect(await ask('DELETE', 'faults')).toEqual({ status: 200, body: { cleared: 1 } })
  expect(sandbox.faults.list()).toEqual([])
})

test.for([
  { body: '"slow"', message: /a fault is an object/ },
  { body: '{"fault":"constructor"}', message: /no fault is called "constructor"; there are diskFull, denied/ },
  { body: '{"fault":"slow"}', message: /slow\.ms: expected a whole number from 0 to 3600000/ },
  { body: '{"fault":"slow","ms":-1}', message: /slow\.ms: / },
  { body: '{"fault":"denied","operation":"fly"}', message: /denied\.operation: expected one of open, close/ },
  { body: '{"fault":"mute","path":"a"}', message: /mute has no path; it has times, after/ },
  { body: '{"fault":"cut","packets":0,"times":0}', message: /cut\.packets: .*; cut\.times: / },
  { body: '[{"fault":"hang"},{"fault":"no"}]', message: /no fault is called "no"/ },
])('$body is refused with 400 and sets nothing', async ({ body, message }) => {
  expect(await ask('POST', 'faults', body)).toEqual({ status: 400, body: { error: expect.stringMatching(message) } })
  expect(sandbox.faults.list()).toEqual([])
})

test('another host key is shown once somebody asks for it', async () => {
  const before = sandbox.fingerprint
  expect(await ask('GET', 'host-key')).toEqual({ status: 200, body: { fingerprint: before } })
  const { body } = await ask('POST', 'host-key')
  expect(body).toEqual({ fingerprint: sandbox.fingerprint })
  expect(sandbox.fingerprint).not.toBe(before)
  expect(await ask('DELETE', 'host-key')).toMatchObject({ status: 405 })
  expect(await ask('GET', 'elsewhere')).toMatchObject({ status: 404 })
})
