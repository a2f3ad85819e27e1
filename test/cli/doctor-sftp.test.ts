import { afterEach, beforeEach, expect, test } from 'vitest'
import { examineSftp } from '../../cli/doctor-sftp.ts'
import { examineVehicleUpdates } from '../../cli/doctor-vehicles.ts'
import type { Fault } from '../../sandbox/sftp/fault.ts'
import { startSftpSandbox, type SftpSandbox } from '../../sandbox/sftp/server.ts'
import { newKeyPair } from '../../sandbox/sftp/key-pair.ts'
import { aConfig } from '../support/a-config.ts'

const PASSWORD = 'canary-sftp-password-66'
const HOST_KEY = newKeyPair().private
const SFTP = { host: 'sftp.invalid', user: 'a', password: { env: 'S' }, host_keys: [`SHA256:${'A'.repeat(43)}`] }

let server: SftpSandbox
beforeEach(async () => {
  server = await startSftpSandbox({ user: 'fleet', password: PASSWORD, hostKey: HOST_KEY })
})
afterEach(() => server.close())

interface Changes {
  password?: string
  hostKey?: string
  importDir?: string
  /** Whether vehicle files are applied. */
  updates?: boolean
  geotab?: string
  host?: string
}

function configOf({ password = PASSWORD, hostKey, importDir = 'Import', updates = false, geotab, host }: Changes) {
  return aConfig(
    {
      geotab: {
        databases: [
          { id: 'fleet', server: geotab ?? 'my.geotab.com', database: 'fleet', user_name: 'svc@fleet.example' },
        ],
      },
      chevin: {
        import_dir: importDir,
        sftp: {
          host: host ?? server.host,
          port: server.port,
          user: 'fleet',
          password: { env: 'SFTP_PASSWORD' },
          host_keys: [hostKey ?? server.fingerprint],
          operation_timeout_seconds: 0.2,
        },
        vehicle_updates: updates ? { enabled: true, changeable_roots: ['b1'] } : {},
      },
    },
    { GEOTAB_PASSWORD_FLEET: 'canary-geotab-password-66', SFTP_PASSWORD: password },
  )
}

const examine = (changes: Changes = {}, options: { trial?: boolean; seconds?: number } = {}) =>
  examineSftp(configOf(changes), { trial: true, seconds: 5, ...options })

const everything = () => ['Import', 'Export/geotab', 'Export/geotab/processed', 'Export/geotab/rejected'].map(names)
const names = (folder: string) => server.files.names(folder)
const EMPTY = [[], ['processed', 'rejected'], [], []]

test('without a server a note says that files go to the built-in stand-in', async () => {
  expect(await examineSftp(aConfig({}), { trial: true })).toEqual([
    { check: 'sftp', status: 'note', found: expect.stringContaining('stand-in'), fix: expect.any(String) },
  ])
})

test.for([
  {
    name: 'a fleet',
    settings: { geotab: { databases: [{ id: 'fleet', database: 'fleet', user_name: 'a' }] } },
    found: /^reports are not sent: chevin\.sftp is not configured \(npx milepost deliver --out/,
  },
  {
    name: 'a shop',
    settings: {
      fullbay: { egress_ip: '203.0.113.7', start_date: '2026-01-01', shops: [{ id: 'A', time_zone: 'UTC' }] },
    },
    found: /^not configured, left out$/,
  },
])('without a server, but with $name, a note says that nothing is sent', async ({ settings, found }) => {
  const config = aConfig(settings, {
    GEOTAB_PASSWORD_FLEET: 'canary-geotab-66',
    FULLBAY_API_KEY_A: 'canary-fullbay-66',
  })
  expect(await examineSftp(config, { trial: true })).toEqual([
    { check: 'sftp', status: 'note', found: expect.stringMatching(found), fix: expect.any(String) },
  ])
})

test('a server without a fleet is examined, and a note says that nothing is delivered', async () => {
  const sftp = {
    host: server.host,
    port: server.port,
    user: 'fleet',
    password: { env: 'S' },
    host_keys: [server.fingerprint],
  }
  const findings = await examineSftp(aConfig({ chevin: { sftp } }, { S: PASSWORD }), { trial: true })
  expect(findings[0]).toMatchObject({
    status: 'note',
    found: expect.stringMatching(/no Geotab database is configured/),
  })
  expect(findings.map(({ status }) => status)).not.toContain('problem')
})

test('a server that is well is told of, and nothing is left there', async () => {
  const findings = await examine({ updates: true })
  expect(findings.map(({ check, status }) => `${status} ${check}`)).toEqual([
    'note sftp',
    'ok sftp',
    'ok sftp import folder',
    'ok sftp export folder',
    'ok sftp archive folders',
  ])
  expect(findings[1]?.found).toContain(server.fingerprint)
  expect(findings[2]?.found).toContain('written, renamed and removed')
  expect(everything()).toEqual(EMPTY)
  expect(server.connections()).toMatchObject({ total: 1 })
})

test('with --dry-run the server is only looked at', async () => {
  const findings = await examine({ updates: true }, { trial: false })
  expect(findings.some(({ status }) => status === 'problem')).toBe(false)
  expect(findings[2]?.found).toContain('not tried to write')
  const asked = new Set(server.requests.map(({ operation }) => operation))
  expect([...asked].filter((one) => ['write', 'open', 'rename', 'remove', 'mkdir'].includes(one))).toEqual([])
})

test('a changed host key is a problem that says both fingerprints, and nothing is asked there', async () => {
  const pinned = server.fingerprint
  const shown = server.swapHostKey()
  const findings = await examine({ hostKey: pinned })
  expect(findings.at(-1)).toMatchObject({ check: 'sftp', status: 'problem', fix: expect.stringContaining('host_keys') })
  expect(findings.at(-1)?.found).toContain(pinned)
  expect(findings.at(-1)?.found).toContain(shown)
  expect(server.logins).toEqual([])
})

interface Case {
  name: string
  changes?: Changes
  faults?: Fault[]
  removed?: string
  check: string
  status?: 'problem' | 'note'
  found: RegExp
  fix: RegExp
}

const cases: Case[] = [
  {
    name: 'a wrong password',
    changes: { password: 'canary-wrong-password-2' },
    check: 'sftp',
    found: /does not let the user "fleet" in/,
    fix: /chevin\.sftp\.user, or the secret/,
  },
  {
    name: 'a missing import folder',
    changes: { importDir: 'Elsewhere/Import' },
    check: 'sftp import folder',
    found: /list Elsewhere\/Import: the folder does not exist/,
    fix: /correct chevin\.import_dir/,
  },
  {
    name: 'a folder that can only be read',
    faults: [{ fault: 'readOnly' }],
    check: 'sftp import folder',
    found: /can only be read/,
    fix: /permit the user to write, rename and remove files in Import/,
  },
  {
    name: 'a folder in which nothing may be made',
    faults: [{ fault: 'denied', operation: 'open' }],
    check: 'sftp import folder',
    found: /permission denied/,
    fix: /permit the user/,
  },
  {
    name: 'a folder in which nothing may be renamed',
    faults: [{ fault: 'denied', operation: 'rename' }],
    check: 'sftp import folder',
    found: /rename Import\/.*permission denied/,
    fix: /permit the user/,
  },
  {
    name: 'a disk that is full',
    faults: [{ fault: 'diskFull', afterBytes: 0 }],
    check: 'sftp import folder',
    found: /disk or the quota is full/,
    fix: /make room/,
  },
  {
    name: 'a folder that the vehicle file should be in, and is not there,',
    changes: { updates: true },
    faults: [{ fault: 'directoryMissing', path: 'Export/geotab' }],
    check: 'sftp export folder',
    found: /the folder does not exist/,
    fix: /correct chevin\.vehicle_updates\.file/,
  },
  {
    name: 'the same while vehicle updates are off',
    faults: [{ fault: 'directoryMissing', path: 'Export/geotab' }],
    check: 'sftp export folder',
    status: 'note',
    found: /the folder does not exist.*updates are off/,
    fix: /correct chevin\.vehicle_updates\.file/,
  },
  {
    name: 'an archive folder that is not there',
    changes: { updates: true },
    faults: [{ fault: 'directoryMissing', path: 'rejected' }],
    check: 'sftp archive folders',
    status: 'note',
    found: /list Export\/geotab\/rejected/,
    fix: /vehicle_updates\.archive to false/,
  },
]

test.for(cases)('$name is told with what to do about it', async ({ changes, faults = [], ...expected }) => {
  for (const fault of faults) server.faults.set(fault)
  const findings = await examine(changes)
  const { check, status = 'problem', found, fix } = expected
  const wanted = { check, status, found: expect.stringMatching(found), fix: expect.stringMatching(fix) }
  expect(findings).toContainEqual(wanted)
  expect(findings.filter((one) => one.status === 'problem')).toHaveLength(status === 'problem' ? 1 : 0)
  expect(everything()).toEqual(EMPTY)
  expect(JSON.stringify(findings)).not.toContain('canary')
})

test('a server that cannot be reached is a problem', async () => {
  const config = configOf({})
  await server.close()
  expect((await examineSftp(config, { trial: true })).at(-1)).toMatchObject({
    check: 'sftp',
    status: 'problem',
    found: expect.stringContaining('cannot be reached (ECONNREFUSED)'),
    fix: expect.stringContaining('chevin.sftp.host'),
  })
})

test.for<{ what: string; fault: Fault }>([
  { what: 'a server that takes the connection and says nothing', fault: { fault: 'mute' } },
  { what: 'a server that grows silent over a listing', fault: { fault: 'hang', operation: 'opendir' } },
])('$what does not hold us up', async ({ fault }) => {
  server.faults.set(fault)
  const findings = await examine({}, { seconds: 0.1 })
  expect(findings.at(-1)).toMatchObject({ status: 'problem', found: expect.stringContaining('no end within 0.1 s') })
})

test('a trial file that could not be taken away is named', async () => {
  server.faults.set({ fault: 'denied', operation: 'remove' })
  const found = (await examine()).find(({ check }) => check === 'sftp import folder')?.found
  const [left, ...others] = server.files.names('Import')
  expect(others).toEqual([])
  expect(found).toContain(`can be removed: Import/${left}.`)
})

test('a server that falls silent before the trial file is gone has it named', async () => {
  server.faults.set({ fault: 'hang', operation: 'remove' })
  const finding = (await examine()).find(({ check }) => check === 'sftp import folder')
  expect(finding).toMatchObject({ status: 'problem', found: expect.stringMatching(/no answer within 0\.2 s/) })
  expect(finding?.found).toContain(`Import/${server.files.names('Import')[0]}`)
})

test.for<{ name: string; changes: Changes; status: string; says: RegExp }>([
  {
    name: 'a made-up fleet whose reports would go to a real server',
    changes: { geotab: 'http://127.0.0.1:4181', host: 'sftp.invalid' },
    status: 'problem',
    says: /reports of fleet, whose fleet is made up, would go to sftp\.invalid/,
  },
  {
    name: 'a real fleet that a file of a stand-in would change',
    changes: { updates: true },
    status: 'note',
    says: /unless it is a tunnel.*made-up vehicle file must not change a real fleet/,
  },
])('$name is told of', async ({ changes, status, says }) => {
  const [first] = await examine(changes, { seconds: 0.05 })
  expect(first).toMatchObject({ check: 'sftp', status })
  expect(`${first?.found} ${first?.fix}`).toMatch(says)
})

test.for<{ name: string; settings: object; status: string; found: RegExp }>([
  { name: 'with both stand-ins', settings: {}, status: 'note', found: /^on, between the stand-ins/ },
  {
    name: 'that are switched off',
    settings: { chevin: { vehicle_updates: { enabled: false } } },
    status: 'ok',
    found: /^off: chevin\.vehicle_updates\.enabled is false/,
  },
  {
    name: 'without a server',
    settings: { geotab: { databases: [{ id: 'fleet', database: 'fleet', user_name: 'a' }] } },
    status: 'note',
    found: /^off: chevin\.sftp is not configured/,
  },
  {
    name: 'without a fleet',
    settings: { chevin: { sftp: SFTP } },
    status: 'note',
    found: /^off: no Geotab database is configured/,
  },
])('vehicle updates $name are told of', ({ settings, status, found }) => {
  const config = aConfig(settings, { GEOTAB_PASSWORD_FLEET: 'canary-geotab-password-66', S: PASSWORD })
  expect(examineVehicleUpdates(config)).toMatchObject({ status, found: expect.stringMatching(found) })
})

test.for([
  {
    name: 'on',
    changes: { updates: true },
    status: 'ok',
    found: /^on: .* in fleet, groups below b1; more than 20 % or 50/,
  },
  { name: 'not decided on', changes: {}, status: 'note', found: /^off: .*enabled is not set/ },
])('vehicle updates between real servers that are $name are told of', ({ changes, status, found }) => {
  expect(examineVehicleUpdates(configOf(changes))).toMatchObject({ status, found: expect.stringMatching(found) })
})
