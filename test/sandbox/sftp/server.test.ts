import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import ssh2 from 'ssh2'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { Secret } from '../../../core/secret.ts'
import { openSftp, type SftpSession } from '../../../core/sftp/session.ts'
import { aServer } from '../../core/sftp/a-server.ts'
import { newKeyPair } from '../../../sandbox/sftp/key-pair.ts'
import { startSftpSandbox, type SftpSandbox } from '../../../sandbox/sftp/server.ts'

const password = 'open-sesame-17'
const root = mkdtempSync(join(tmpdir(), 'milepost-sftp-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))

function open(sandbox: SftpSandbox): Promise<SftpSession> {
  const { host, port, fingerprint } = sandbox
  const server = aServer({ host, port, password: new Secret(password), hostKeys: [fingerprint] })
  return openSftp(server, { signal: new AbortController().signal })
}

const codeOf = (asked: Promise<unknown>) =>
  asked.then(
    () => 'no error',
    (error: unknown) => (error as { code?: string }).code,
  )

describe.for([
  { where: 'in memory', options: {} },
  { where: 'on the disk', options: { root } },
])('the stand-in with files $where', ({ options }) => {
  let sandbox: SftpSandbox
  let session: SftpSession
  beforeAll(async () => {
    sandbox = await startSftpSandbox({ user: 'fleet', password, ...options })
    session = await open(sandbox)
  })
  afterEach(() => sandbox.faults.clear())
  afterAll(async () => {
    await session.close()
    await sandbox.close()
  })

  test('has the folders that deliveries and vehicle files use', async () => {
    expect((await session.list('.', 10)).files.map(({ name }) => name).toSorted()).toEqual(['Export', 'Import'])
    expect(sandbox.files.names('Export/geotab')).toEqual(['processed', 'rejected'])
  })

  test('keeps what is written to it, and what is put in from outside', async () => {
    await session.writeFile('Import/in.xls', Buffer.alloc(100_000, 'x'))
    expect(sandbox.files.read('Import/in.xls')).toEqual(Buffer.alloc(100_000, 'x'))
    sandbox.files.put('Export/geotab/vehicles.csv', 'a,b\n')
    expect(await session.readFile('Export/geotab/vehicles.csv')).toEqual(Buffer.from('a,b\n'))
    sandbox.files.put('Export/geotab/vehicles.csv', 'c\n')
    expect(await session.readFile('Export/geotab/vehicles.csv')).toEqual(Buffer.from('c\n'))
    expect(sandbox.files.read('Import/none')).toBeNull()
  })

  test('never renames over what is there, and moves a folder with what is in it', async () => {
    sandbox.files.makeFolder('Moved')
    sandbox.files.put('Moved/a', 'a')
    sandbox.files.put('Import/b', 'b')
    expect(await codeOf(session.rename('Import/b', 'Moved/a'))).toBe('SFTP_EXISTS')
    expect(await codeOf(session.rename('Import/none', 'Import/c'))).toBe('SFTP_FILE_MISSING')
    await session.rename('Moved', 'Away')
    expect(await session.readFile('Away/a')).toEqual(Buffer.from('a'))
    expect(await session.stat('Moved')).toBeNull()
    expect(await codeOf(session.remove('Away'))).toBe('SFTP_REFUSED')
  })

  test('takes so many bytes before its disk is full, and says so', async () => {
    sandbox.faults.set({ fault: 'diskFull', afterBytes: 40_000 })
    await session.writeFile('Import/small', Buffer.alloc(30_000))
    expect(await codeOf(session.writeFile('Import/more', Buffer.alloc(20_000)))).toBe('SFTP_DISK_FULL')
  })

  test('a fault befalls the requests of its kind, after so many and so often', async () => {
    sandbox.faults.set({ fault: 'denied', operation: 'lstat', after: 1, times: 2 })
    const codes: unknown[] = []
    for (let count = 0; count < 5; count += 1) codes.push(await codeOf(session.stat('Import')))
    expect(codes).toEqual(['no error', 'SFTP_DENIED', 'SFTP_DENIED', 'no error', 'no error'])
    expect(await codeOf(session.list('Import', 100))).toBe('no error')
  })

  test('answers late when it is told to', async () => {
    sandbox.faults.set({ fault: 'slow', ms: 30, operation: 'write' })
    const began = performance.now()
    await session.writeFile('Import/slow', Buffer.from('x'))
    expect(performance.now() - began).toBeGreaterThanOrEqual(29)
  })
})

test('keeps the files of a folder on the disk for the next start', async () => {
  const first = await startSftpSandbox({ user: 'fleet', password, root })
  first.files.put('Import/kept.csv', 'x')
  await first.close()
  const second = await startSftpSandbox({ user: 'fleet', password, root })
  expect(second.files.read('Import/kept.csv')).toEqual(Buffer.from('x'))
  expect(readdirSync(join(root, 'Import'))).toContain('kept.csv')
  await second.close()
})

test('shows the host key that it is given, and a new one at each start otherwise', async () => {
  const hostKey = newKeyPair().private
  const started = await Promise.all(
    [{ hostKey }, { hostKey }, {}, {}].map((options) => startSftpSandbox({ user: 'fleet', password, ...options })),
  )
  const [one, same, other, another] = started.map(({ fingerprint }) => fingerprint)
  await Promise.all(started.map((each) => each.close()))
  expect(one).toBe(same)
  expect(new Set([one, other, another]).size).toBe(3)
})

test('cuts a connection after so many packets', async () => {
  const sandbox = await startSftpSandbox({ user: 'fleet', password })
  sandbox.faults.set({ fault: 'cut', packets: 3, times: 1 })
  expect(await codeOf(open(sandbox))).toBe('SFTP_CUT_OFF')
  const session = await open(sandbox)
  sandbox.cutAll()
  expect(await codeOf(session.stat('Import'))).toBe('SFTP_CUT_OFF')
  await session.close()
  await expect.poll(() => sandbox.connections()).toEqual({ total: 2, open: 0 })
  await sandbox.close()
})

test('offers no way to rename over a file, and none to flush', async () => {
  const sandbox = await startSftpSandbox({ user: 'fleet', password })
  const client = new ssh2.Client()
  const sftp = await new Promise<ssh2.SFTPWrapper>((resolve, reject) => {
    client.on('error', reject)
    client.on('ready', () => client.sftp((error, opened) => (error ? reject(error) : resolve(opened))))
    client.connect({ host: sandbox.host, port: sandbox.port, username: 'fleet', password })
  })
  expect(() => sftp.ext_openssh_rename('a', 'b', () => {})).toThrow('does not support')
  expect(() => sftp.ext_openssh_fsync(Buffer.alloc(4), () => {})).toThrow('does not support')
  client.end()
  await sandbox.close()
})

test('makes key pairs that can be read, each of them', () => {
  for (let count = 0; count < 600; count += 1) {
    const pair = newKeyPair()
    expect(ssh2.utils.parseKey(pair.private)).not.toBeInstanceOf(Error)
    expect(Buffer.from(pair.public.split(' ')[1] ?? '', 'base64')).toHaveLength(51)
  }
})
