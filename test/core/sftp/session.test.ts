import { generateKeyPairSync, randomUUID } from 'node:crypto'
import { createServer } from 'node:net'
import { once } from 'node:events'
import ssh2 from 'ssh2'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { Secret } from '../../../core/secret.ts'
import { hostKeyFingerprint } from '../../../core/sftp/host-key.ts'
import { openSftp, type SftpSession } from '../../../core/sftp/session.ts'
import type { SftpServer } from '../../../core/sftp/settings.ts'
import type { Operation } from '../../../sandbox/sftp/fault.ts'
import { newKeyPair } from '../../../sandbox/sftp/key-pair.ts'
import { startSftpSandbox, type SftpSandbox } from '../../../sandbox/sftp/server.ts'
import { aServer } from './a-server.ts'

const password = 'open-sesame-17'
const key = newKeyPair()
const rsa = ssh2.utils.generateKeyPairSync('rsa', { bits: 2048 })
const encrypted = newKeyPair('tr4velling')
const never = new AbortController().signal

let sandbox: SftpSandbox
beforeAll(async () => {
  sandbox = await startSftpSandbox({
    user: 'fleet',
    password,
    publicKeys: [key.public, rsa.public, encrypted.public],
  })
})
afterEach(() => sandbox.faults.clear())
afterAll(() => sandbox.close())

const server = (changes: Partial<SftpServer> = {}) =>
  aServer({ host: sandbox.host, port: sandbox.port, hostKeys: [sandbox.fingerprint], ...changes })

async function inSession<T>(work: (session: SftpSession) => Promise<T>, changes: Partial<SftpServer> = {}): Promise<T> {
  const session = await openSftp(server(changes), { signal: never })
  try {
    return await work(session)
  } finally {
    await session.close()
  }
}

const codeOf = (asked: Promise<unknown>) =>
  asked.then(
    () => 'no error',
    (error: unknown) => (error as { code?: string }).code,
  )

test.for([
  ['a password', { password: new Secret(password) }],
  ['an ed25519 key', { password: undefined, privateKey: new Secret(key.private) }],
  ['an RSA key', { password: undefined, privateKey: new Secret(rsa.private) }],
  [
    'an encrypted key',
    { password: undefined, privateKey: new Secret(encrypted.private), passphrase: new Secret('tr4velling') },
  ],
  [
    'a key that the server does not know, and a password',
    { privateKey: new Secret(newKeyPair().private), password: new Secret(password) },
  ],
] as const)('logs in with %s', async ([, changes]) => {
  expect(await inSession((session) => session.stat('Import'), changes)).toMatchObject({ kind: 'folder' })
})

test.for([
  ['a wrong password', { password: new Secret('not-the-one') }, 'SFTP_AUTH'],
  ['another user', { user: 'root' }, 'SFTP_AUTH'],
  ['neither key nor password', { password: undefined }, 'SFTP_AUTH'],
  ['a key that is none', { privateKey: new Secret('-----BEGIN NOTHING-----') }, 'SFTP_KEY_INVALID'],
  ['a public key', { privateKey: new Secret(key.public) }, 'SFTP_KEY_INVALID'],
  [
    'a wrong passphrase',
    { privateKey: new Secret(encrypted.private), passphrase: new Secret('wr0ngone') },
    'SFTP_KEY_INVALID',
  ],
] as const)('%s is refused with %s', async ([, changes, code]) => {
  const error: unknown = await openSftp(server(changes), { signal: never }).catch((thrown: unknown) => thrown)
  expect(error).toMatchObject({ code, retry: 'never' })
})

test.for([
  ['no key is pinned', [], 'SFTP_HOST_KEY_UNKNOWN'],
  ['another key is pinned', [`SHA256:${'A'.repeat(43)}`], 'SFTP_HOST_KEY_CHANGED'],
] as const)('when %s, no login is tried', async ([, hostKeys, code]) => {
  const before = sandbox.logins.length
  expect(await codeOf(openSftp(server({ hostKeys }), { signal: never }))).toBe(code)
  expect(sandbox.logins).toHaveLength(before)
})

test('a key that is swapped between two sessions is noticed by the second', async () => {
  const other = await startSftpSandbox({ user: 'fleet', password })
  const settings = server({ port: other.port, hostKeys: [other.fingerprint] })
  await (await openSftp(settings, { signal: never })).close()
  const seen = other.swapHostKey()
  expect(await codeOf(openSftp(settings, { signal: never }))).toBe('SFTP_HOST_KEY_CHANGED')
  const rotated = { ...settings, hostKeys: [...settings.hostKeys, seen] }
  const session = await openSftp(rotated, { signal: never })
  expect(session.fingerprint).toBe(seen)
  await session.close()
  await other.close()
})

test('a port where nothing listens is SFTP_UNREACHABLE', async () => {
  const closed = createServer().listen(0, '127.0.0.1')
  await once(closed, 'listening')
  const { port } = closed.address() as { port: number }
  closed.close()
  await once(closed, 'close')
  expect(await codeOf(openSftp(server({ port }), { signal: never }))).toBe('SFTP_UNREACHABLE')
})

test('a port that cannot be is SFTP_UNREACHABLE too', async () => {
  expect(await codeOf(openSftp(server({ port: 70_000 }), { signal: never }))).toBe('SFTP_UNREACHABLE')
})

test('a server that knows only SHA-1 is refused, unless legacy algorithms are allowed', async () => {
  const pair = newKeyPair()
  const old = new ssh2.Server({ hostKeys: [pair.private], algorithms: { hmac: ['hmac-sha1'], cipher: ['aes128-ctr'] } })
  old.on('connection', (connection: ssh2.Connection) => {
    connection.on('error', () => connection.end())
    connection.on('authentication', (context) => context.accept())
    connection.on('session', (accept) => accept().on('sftp', (acceptSftp) => acceptSftp()))
  })
  old.listen(0, '127.0.0.1')
  await once(old, 'listening')
  const parsed = ssh2.utils.parseKey(pair.private) as ssh2.ParsedKey
  const settings = server({
    port: (old.address() as { port: number }).port,
    hostKeys: [hostKeyFingerprint(parsed.getPublicSSH())],
  })
  expect(await codeOf(openSftp(settings, { signal: never }))).toBe('SFTP_ALGORITHMS')
  const session = await openSftp({ ...settings, allowLegacyAlgorithms: true }, { signal: never })
  expect(session.isOpen()).toBe(true)
  await session.close()
  old.close()
})

test('a server that takes the connection and says nothing is SFTP_TIMEOUT', async () => {
  sandbox.faults.set({ fault: 'mute' })
  expect(await codeOf(openSftp(server({ connectTimeoutSeconds: 0.1 }), { signal: never }))).toBe('SFTP_TIMEOUT')
})

test('a server that speaks another protocol is an error, and no crash', async () => {
  const web = createServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')).listen(0, '127.0.0.1')
  await once(web, 'listening')
  const { port } = web.address() as { port: number }
  expect(await codeOf(openSftp(server({ port }), { signal: never }))).toBe('SFTP_CUT_OFF')
  web.close()
})

const REQUESTS: [Operation, (session: SftpSession) => Promise<unknown>][] = [
  ['lstat', (session) => session.stat('Import/there.csv')],
  ['opendir', (session) => session.list('Import', 100)],
  ['readdir', (session) => session.list('Import', 100)],
  ['open', (session) => session.readFile('Import/there.csv')],
  ['read', (session) => session.readFile('Import/there.csv')],
  ['write', (session) => session.writeFile(`Import/${randomUUID()}`, Buffer.from('a'))],
  ['close', (session) => session.writeFile(`Import/${randomUUID()}`, Buffer.from('a'))],
  ['rename', (session) => session.rename('Import/there.csv', 'Import/else.csv')],
  ['remove', (session) => session.remove('Import/there.csv')],
]

test.for(REQUESTS)('a server that never answers %s is an error after the deadline', async ([operation, ask]) => {
  sandbox.files.put('Import/there.csv', 'a,b\n')
  sandbox.faults.set({ fault: 'hang', operation })
  await inSession(
    async (session) => {
      expect(await codeOf(ask(session))).toBe('SFTP_TIMEOUT')
      expect(session.isOpen()).toBe(false)
      expect(await codeOf(session.stat('Import'))).toBe('SFTP_TIMEOUT')
    },
    { operationTimeoutSeconds: 0.05 },
  )
})

test.for(REQUESTS)('a connection that dies in %s is SFTP_CUT_OFF', async ([operation, ask]) => {
  sandbox.files.put('Import/there.csv', 'a,b\n')
  sandbox.faults.set({ fault: 'loseReply', operation })
  await inSession(async (session) => expect(await codeOf(ask(session))).toBe('SFTP_CUT_OFF'))
})

test('aborting ends what is under way with the reason that was given', async () => {
  const stop = new AbortController()
  const session = await openSftp(server(), { signal: stop.signal })
  sandbox.faults.set({ fault: 'hang', operation: 'lstat' })
  const asked = session.stat('Import')
  const reason = new Error('the worker stops')
  stop.abort(reason)
  await expect(asked).rejects.toBe(reason)
  await expect(openSftp(server(), { signal: stop.signal })).rejects.toBe(reason)
  await session.close()
})

test('a file is written, read and looked at, and never overwritten', async () => {
  await inSession(async (session) => {
    const content = Buffer.from('veh,odo\n'.repeat(20_000))
    await session.writeFile('Export/geotab/a.csv', content)
    expect(await session.readFile('Export/geotab/a.csv')).toEqual(content)
    expect(await session.stat('Export/geotab/a.csv')).toMatchObject({ kind: 'file', size: content.length })
    expect(await codeOf(session.writeFile('Export/geotab/a.csv', Buffer.from('b')))).toBe('SFTP_REFUSED')
    await session.writeFile('Export/geotab/b.csv', Buffer.from('b'))
    expect(await codeOf(session.rename('Export/geotab/b.csv', 'Export/geotab/a.csv'))).toBe('SFTP_EXISTS')
    expect(await session.readFile('Export/geotab/a.csv')).toEqual(content)
    await session.rename('Export/geotab/b.csv', 'Export/geotab/processed/b.csv')
    expect(await session.stat('Export/geotab/b.csv')).toBeNull()
    expect(await session.remove('Export/geotab/processed/b.csv')).toBe(true)
    expect(await session.remove('Export/geotab/processed/b.csv')).toBe(false)
  })
})

test.for([0, 1, 32_767, 32_768, 32_769, 524_288, 524_289, 1_000_000])(
  'a file of %i bytes goes there and back unchanged',
  async (size) => {
    const content = Buffer.from(Uint8Array.from({ length: size }, (_none, index) => index % 251))
    await inSession(async (session) => {
      await session.writeFile(`Import/size-${size}`, content)
      expect((await session.readFile(`Import/size-${size}`)).equals(content)).toBe(true)
    })
  },
)

test('a file that grows past the size that was told is cut off one byte after the limit', async () => {
  sandbox.files.put('Import/growing.csv', Buffer.alloc(900_000, 'x'))
  sandbox.faults.set({ fault: 'wrongSize', by: -899_000 })
  await inSession(async (session) => {
    expect((await session.readFile('Import/growing.csv')).length).toBe(900_000)
    expect(await codeOf(session.readFile('Import/growing.csv', 100_000))).toBe('SFTP_TOO_LARGE')
  })
})

test.for([
  ['missing', 'Import/none.csv', 'SFTP_FILE_MISSING'],
  ['a folder', 'Export', 'SFTP_NOT_A_FILE'],
  ['named like a way out', '../etc/passwd', 'SFTP_NAME_INVALID'],
] as const)('reading what is %s is an error of its own', async ([, path, code]) => {
  expect(await codeOf(inSession((session) => session.readFile(path)))).toBe(code)
})

test('too large a file is refused before it is written', async () => {
  const before = sandbox.requests.length
  const code = await codeOf(inSession((session) => session.writeFile('Import/huge', Buffer.alloc(1_000_001))))
  expect(code).toBe('SFTP_TOO_LARGE')
  expect(sandbox.requests).toHaveLength(before)
})

test('a listing tells unsafe names apart, and stops at its limit', async () => {
  sandbox.files.makeFolder('Many')
  for (let count = 0; count < 250; count += 1) sandbox.files.put(`Many/file-${count}`, 'x')
  sandbox.files.put('Many/evil\u202excod.csv', 'x')
  await inSession(async (session) => {
    const { files, unsafeNames } = await session.list('Many', 1000)
    expect(files).toHaveLength(250)
    expect(unsafeNames).toEqual([JSON.stringify('evil\u202excod.csv')])
    const before = sandbox.requests.filter(({ operation }) => operation === 'readdir').length
    expect(await codeOf(session.list('Many', 99))).toBe('SFTP_TOO_MANY')
    expect(sandbox.requests.filter(({ operation }) => operation === 'readdir').length - before).toBeLessThan(3)
    expect(await codeOf(session.list('Nowhere', 10))).toBe('SFTP_DIRECTORY_MISSING')
  })
})

test('an RSA key is not used to sign with SHA-1 unless legacy algorithms are allowed', async () => {
  const { loginHandler } = await import('../../../core/sftp/login.ts')
  const chosen = (allowLegacyAlgorithms: boolean) => {
    const handler = loginHandler(
      server({ password: undefined, privateKey: new Secret(rsa.private), allowLegacyAlgorithms }),
    )
    const methods: { key?: ssh2.ParsedKey }[] = []
    handler(null as never, false, (method) => methods.push(method as { key?: ssh2.ParsedKey }))
    return methods[0]?.key
  }
  expect(chosen(false)?.sign(Buffer.from('x'), 'sha1')).toBeInstanceOf(Error)
  expect(chosen(false)?.sign(Buffer.from('x'), 'sha256')).toBeInstanceOf(Buffer)
  expect(chosen(true)?.sign(Buffer.from('x'), 'sha1')).toBeInstanceOf(Buffer)
})

test('a PEM key is as good as one in the form of OpenSSH', async () => {
  const { privateKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
    publicKeyEncoding: { type: 'pkcs1', format: 'pem' },
  })
  const parsed = ssh2.utils.parseKey(privateKey) as ssh2.ParsedKey
  const publicKey = `ssh-rsa ${parsed.getPublicSSH().toString('base64')}`
  const other = await startSftpSandbox({ user: 'fleet', password, publicKeys: [publicKey] })
  const settings = server({ port: other.port, hostKeys: [other.fingerprint], password: undefined })
  const session = await openSftp({ ...settings, privateKey: new Secret(privateKey) }, { signal: never })
  expect(session.isOpen()).toBe(true)
  await session.close()
  await other.close()
})
