import { createHash, timingSafeEqual } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import ssh2, { type AuthContext, type Connection, type ParsedKey } from 'ssh2'
import { diskStore } from './disk-store.ts'
import { createFaultControl, type FaultControl } from './fault.ts'
import { newKeyPair } from './key-pair.ts'
import { serveRequests, type RequestLog } from './requests.ts'
import { memoryStore, absolutePath, RefusedError, type Store } from './store.ts'

export interface SftpSandboxOptions {
  user: string
  password: string
  /** Public keys, in OpenSSH's form, with which the user may log in instead. */
  publicKeys?: readonly string[]
  /** The server's private key, in OpenSSH's form; a new one by default. */
  hostKey?: string
  /** Folder of the disk to keep the files in; by default they are kept in memory. */
  root?: string
  /** Address to listen on, 127.0.0.1 by default. */
  host?: string
  /** Port to listen on; 0, the default, takes a free one. */
  port?: number
  now?: () => Date
}

export interface SftpSandbox {
  host: string
  port: number
  /** Of the host key that is shown now, as `SHA256:…`. */
  readonly fingerprint: string
  /** Shows a new host key from now on, and returns its fingerprint. */
  swapHostKey(): string
  /** The files, by paths such as `Import/report.xls`. */
  files: {
    read(path: string): Buffer | null
    put(path: string, content: Buffer | string): void
    remove(path: string): void
    names(folder: string): string[]
    makeFolder(path: string): void
  }
  faults: FaultControl
  /** Logins that were tried, oldest first. */
  logins: readonly { user: string; method: string; accepted: boolean }[]
  /** Requests so far, oldest first. */
  requests: readonly RequestLog[]
  /** TCP connections so far, and those that are open. */
  connections(): { total: number; open: number }
  /** Cuts every connection. */
  cutAll(): void
  /** Stops at once, whatever is under way. */
  close(): Promise<void>
}

const FOLDERS = ['Import', 'Export', 'Export/geotab', 'Export/geotab/processed', 'Export/geotab/rejected']

/**
 * Starts a stand-in for an SFTP server: version 3 of the protocol, no extensions (so no posix-rename and no fsync),
 * with the folders that deliveries and vehicle files use. The user's login folder is the root.
 */
export async function startSftpSandbox(options: SftpSandboxOptions): Promise<SftpSandbox> {
  const now = options.now ?? (() => new Date())
  const store = options.root === undefined ? memoryStore(now) : diskStore(options.root)
  for (const folder of FOLDERS) makeFolder(store, absolutePath(folder))
  const faults = createFaultControl()
  const knownKeys = (options.publicKeys ?? []).map(parseKey)
  const logins: { user: string; method: string; accepted: boolean }[] = []
  const requests: RequestLog[] = []
  const sockets = new Set<Socket>()
  let total = 0
  let shown = showHostKey(options.hostKey ?? newKeyPair().private)

  const accept = (connection: Connection, cut: () => void) => {
    connection.on('authentication', (context) => {
      const refused = faults.take('login').length > 0
      const accepted = !refused && isAllowed(context, options, knownKeys)
      if (context.method !== 'none') logins.push({ user: context.username, method: context.method, accepted })
      if (accepted) context.accept()
      else context.reject(['password', 'publickey'])
    })
    connection.on('error', cut)
    connection.on('session', (acceptSession) => {
      acceptSession().on('sftp', (acceptSftp) => {
        serveRequests(acceptSftp(), { store, faults, log: (request) => requests.push(request), cut })
      })
    })
  }
  const server = createServer({ noDelay: true }, (socket) => {
    total += 1
    sockets.add(socket)
    const cut = () => socket.destroy()
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', cut)
    const faulty = faults.take('connection')
    if (faulty.some(({ fault }) => fault === 'mute')) return
    // One server for each connection, because the host key can change between two of them.
    new ssh2.Server({ hostKeys: [shown.key] }, (connection) => accept(connection, cut)).injectSocket(socket)
    const limit = faulty.find((each) => each.fault === 'cut')
    if (limit === undefined) return
    let packets = 0
    socket.on('data', () => {
      packets += 1
      if (packets >= limit.packets) cut()
    })
  })
  server.listen(options.port ?? 0, options.host ?? '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new TypeError('The stand-in listens on no port.')

  const cutAll = () => {
    for (const socket of sockets) socket.destroy()
  }
  return {
    host: address.address,
    port: address.port,
    get fingerprint() {
      return shown.fingerprint
    },
    swapHostKey() {
      shown = showHostKey(newKeyPair().private)
      return shown.fingerprint
    },
    files: filesOf(store),
    faults,
    logins,
    requests,
    connections: () => ({ total, open: sockets.size }),
    cutAll,
    async close() {
      cutAll()
      if (!server.listening) return
      const closed = once(server, 'close')
      server.close()
      await closed
    },
  }
}

function filesOf(store: Store): SftpSandbox['files'] {
  return {
    read(path) {
      try {
        const file = store.open(absolutePath(path), { create: false, exclusive: false, truncate: false })
        const content = file.read(0, file.size())
        file.close()
        return content
      } catch (error) {
        if (error instanceof RefusedError && error.refusal === 'missing') return null
        throw error
      }
    },
    put(path, content) {
      const file = store.open(absolutePath(path), { create: true, exclusive: false, truncate: true })
      file.write(0, Buffer.from(content))
      file.close()
    },
    remove: (path) => store.removeFile(absolutePath(path)),
    names: (folder) => store.names(absolutePath(folder)).sort(),
    makeFolder: (path) => makeFolder(store, absolutePath(path)),
  }
}

function makeFolder(store: Store, path: string): void {
  try {
    store.makeFolder(path)
  } catch (error) {
    if (!(error instanceof RefusedError) || error.refusal !== 'exists') throw error
  }
}

function showHostKey(key: string): { key: string; fingerprint: string } {
  const digest = createHash('sha256').update(parseKey(key).getPublicSSH()).digest('base64')
  return { key, fingerprint: `SHA256:${digest.replaceAll('=', '')}` }
}

function parseKey(text: string): ParsedKey {
  const parsed = ssh2.utils.parseKey(text)
  if (parsed instanceof Error) throw parsed
  return parsed
}

function isAllowed(context: AuthContext, options: SftpSandboxOptions, knownKeys: ParsedKey[]): boolean {
  if (context.username !== options.user) return false
  if (context.method === 'password') return isSame(context.password, options.password)
  if (context.method !== 'publickey') return false
  for (const known of knownKeys) {
    if (!known.getPublicSSH().equals(context.key.data)) continue
    // The first question of a client is only whether the key would do.
    if (context.signature === undefined || context.blob === undefined) return true
    return known.verify(context.blob, context.signature, context.hashAlgo)
  }
  return false
}

function isSame(one: string, other: string): boolean {
  const [a, b] = [one, other].map((text) => createHash('sha256').update(text).digest())
  return a !== undefined && b !== undefined && timingSafeEqual(a, b)
}
