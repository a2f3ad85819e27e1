import { createServer } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { examineGeotab } from '../../cli/doctor-geotab.ts'
import { createFleet } from '../../sandbox/geotab/fleet.ts'
import type { Fault } from '../../sandbox/geotab/fault.ts'
import { startGeotabSandbox, type GeotabSandbox } from '../../sandbox/geotab/server.ts'
import { aConfig } from '../support/a-config.ts'

const PASSWORD = 'canary-geotab-password-55'
const USER = 'milepost@fleet.example'
const NOW = new Date('2026-03-13T18:00:00Z')
const clock = { now: () => NOW }

let vendor: GeotabSandbox
let vendorNow = NOW
let closedPort: number
beforeAll(async () => {
  const fleet = createFleet({ seed: 3, vehicles: 3, startDate: '2026-03-12' })
  const users = [
    { userName: USER, password: PASSWORD },
    { userName: 'fleet.manager@fleet.example', password: PASSWORD },
  ]
  vendor = await startGeotabSandbox({ databases: [{ name: 'fleet', fleet, users }], now: () => vendorNow })
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  closedPort = (server.address() as AddressInfo).port
  server.close()
  await once(server, 'close')
})
afterAll(() => vendor.close())
afterEach(() => {
  vendor.faults.clear()
  vendorNow = NOW
})

interface Changes {
  server?: string
  database?: string
  user?: string
  password?: string
  roots?: string[]
}

function examine(changes: Changes = {}, seconds = 5) {
  const { database = 'fleet', user = USER, server = vendor.url, password = PASSWORD, roots } = changes
  const sftp = { host: '127.0.0.1', user: 'x', password: { env: 'SFTP' }, host_keys: [`SHA256:${'A'.repeat(43)}`] }
  const config = aConfig(
    {
      geotab: { databases: [{ id: 'fleet', server, database, user_name: user }] },
      ...(roots === undefined ? {} : { chevin: { sftp, vehicle_updates: { enabled: true, changeable_roots: roots } } }),
    },
    { GEOTAB_PASSWORD_FLEET: password, SFTP: 'canary-sftp-password-55' },
  )
  return examineGeotab(config, { seconds, clock })
}

test('without a database a note says that the built-in stand-in is read', async () => {
  expect(await examineGeotab(aConfig({}))).toEqual([
    { check: 'geotab', status: 'note', found: expect.stringContaining('stand-in'), fix: expect.any(String) },
  ])
})

test('without a database, but with a shop, a note says that Geotab is left out', async () => {
  const fullbay = { egress_ip: '203.0.113.7', start_date: '2026-01-01', shops: [{ id: 'A', time_zone: 'UTC' }] }
  expect(await examineGeotab(aConfig({ fullbay }, { FULLBAY_API_KEY_A: 'canary-fullbay-55' }))).toEqual([
    {
      check: 'geotab',
      status: 'note',
      found: 'not configured, left out',
      fix: expect.stringMatching(/geotab\.databases/),
    },
  ])
})

test('a database that is well is told of with its version, clock, rights and groups, by one login', async () => {
  const before = vendor.requests.filter(({ method }) => method === 'Authenticate').length
  const findings = await examine({ roots: ['b2867', 'b27D4'] })
  expect(findings).toEqual([
    { check: 'geotab fleet', status: 'note', found: expect.stringMatching(/stand-in on this machine/) },
    { check: 'geotab fleet', status: 'ok', found: expect.stringMatching(/database fleet at .*version 11\.0\.1234/) },
    { check: 'geotab fleet clock', status: 'ok', found: '0.0 s between this machine and Geotab' },
    {
      check: 'geotab fleet rights',
      status: 'ok',
      found: expect.stringMatching(/^\d devices can be read; groups GroupCompanyId/),
    },
    { check: 'geotab fleet groups', status: 'ok', found: expect.stringMatching(/b2867 "Departments" with 6 below/) },
  ])
  expect(vendor.requests.filter(({ method }) => method === 'Authenticate')).toHaveLength(before + 1)
})

interface Case {
  name: string
  changes?: Changes
  fault?: Fault
  now?: string
  check: string
  status?: 'problem' | 'note'
  found: RegExp
  fix: RegExp
}

const cases: Case[] = [
  {
    name: 'a wrong password',
    changes: { password: 'canary-wrong-password-1' },
    check: 'geotab fleet',
    found: /InvalidUserException/,
    fix: /geotab\.databases\[0\]\.user_name.*GEOTAB_PASSWORD_FLEET/,
  },
  {
    name: 'a database that does not exist',
    changes: { database: 'elsewhere' },
    check: 'geotab fleet',
    found: /UnknownDatabase/,
    fix: /correct geotab\.databases\[0\]\.database/,
  },
  {
    name: 'a host that cannot be reached',
    changes: { server: 'http://127.0.0.1:closed' },
    check: 'geotab fleet',
    found: /cannot be reached \(ECONNREFUSED\)/,
    fix: /check the network, a proxy, and geotab\.databases\[0\]\.server/,
  },
  {
    name: 'a page of maintenance',
    fault: { fault: 'html', method: 'Authenticate' },
    check: 'geotab fleet',
    found: /HTTP 503/,
    fix: /ask again/,
  },
  {
    name: 'a login that leads elsewhere',
    fault: { fault: 'redirect', path: 'evil.example' },
    check: 'geotab fleet',
    found: /evil\.example/,
    fix: /allowed_hosts/,
  },
  {
    name: 'a clock that is two minutes off',
    now: '2026-03-13T18:02:00Z',
    check: 'geotab fleet clock',
    found: /120\.0 s .*this machine is behind/,
    fix: /synchronise/,
  },
  {
    name: 'a clearance that is missing',
    fault: { fault: 'error', type: 'SecurityException', message: 'No permission', method: 'GetCountOf' },
    check: 'geotab fleet rights',
    found: /No permission/,
    fix: /clearance/,
  },
  {
    name: 'a user that may not change what vehicle updates change',
    changes: { user: 'fleet.manager@fleet.example', roots: ['b2867'] },
    check: 'geotab fleet rights',
    found: /clearance GroupNothingSecurityId/,
    fix: /may edit devices/,
  },
  {
    name: 'roots that Geotab does not know',
    changes: { roots: ['b2867', 'Departments'] },
    check: 'geotab fleet groups',
    found: /no group Departments to this user/,
    fix: /ids/,
  },
  {
    name: 'roots with nothing below',
    changes: { roots: ['b2869'] },
    check: 'geotab fleet groups',
    status: 'note',
    found: /no group may be changed: b2869 "Leak Survey"/,
    fix: /include_roots/,
  },
]

test.for(cases)('$name is told with what to do about it', async ({ changes, fault, now, ...expected }) => {
  if (fault !== undefined) vendor.faults.set(fault)
  if (now !== undefined) vendorNow = new Date(now)
  const server = changes?.server?.replace('closed', String(closedPort))
  const findings = await examine({ ...changes, ...(server === undefined ? {} : { server }) })
  const { check, status = 'problem', found, fix } = expected
  expect(findings.filter((one) => one.status === 'problem' || one.check === check)).toContainEqual({
    check,
    status,
    found: expect.stringMatching(found),
    fix: expect.stringMatching(fix),
  })
  expect(JSON.stringify(findings)).not.toContain('canary')
})

test.for([
  { what: 'a login', method: 'Authenticate', before: [] },
  { what: 'a read', method: 'GetCountOf', before: ['geotab fleet', 'geotab fleet clock'] },
])('$what that is never answered ends in time, and what was found before is told', async ({ method, before }) => {
  vendor.faults.set({ fault: 'hang', method })
  const findings = await examine({}, 0.2)
  expect(findings.filter(({ status }) => status === 'ok').map(({ check }) => check)).toEqual(before)
  expect(findings.at(-1)).toMatchObject({
    check: 'geotab fleet',
    status: 'problem',
    found: expect.stringContaining('no end within 0.2 s'),
  })
})
