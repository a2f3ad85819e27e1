import { execFileSync } from 'node:child_process'
import { chmodSync } from 'node:fs'
import { mkdir, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Secret } from '../../../core/secret.ts'
import type { SftpServer } from '../../../core/sftp/settings.ts'
import { startSftpSandbox, type SftpSandbox } from '../../../sandbox/sftp/server.ts'
import { startSshd } from '../../support/sshd.ts'

/** A server that deliveries and vehicle files are tested against. */
export interface Peer {
  server: SftpServer
  read(path: string): Promise<Buffer | null>
  /** Writes a file, as if at a given time. */
  put(path: string, content: Buffer | string, at?: Date): Promise<void>
  names(folder: string): Promise<string[]>
  /** The server as one who may not write sees it, or null where that cannot be had. */
  denied(): Promise<SftpServer | null>
  /** The server as one sees it who may read and not move files, or null where that cannot be had. */
  deniedMoves(): Promise<SftpServer | null>
  /** The server as one sees it who may look at a file and not read it, or null where that cannot be had. */
  deniedReading(path: string): Promise<SftpServer | null>
  /** A folder that takes at most 64 KiB, or null where that cannot be had. */
  smallFolder(): Promise<string | null>
  readOnlyFolder(): Promise<string | null>
  /** Undoes what those above did. */
  restore(): Promise<void>
  close(): Promise<void>
}

const LIMITS = {
  connectTimeoutSeconds: 10,
  operationTimeoutSeconds: 10,
  keepaliveSeconds: 15,
  maxFileBytes: 50_000_000,
}

/** Where the stand-in listens and how to log in there. */
export function sandboxServer(sandbox: SftpSandbox, changes: Partial<SftpServer> = {}): SftpServer {
  return {
    name: 'stand-in',
    host: sandbox.host,
    port: sandbox.port,
    user: 'fleet',
    password: new Secret('open-sesame-17'),
    hostKeys: [sandbox.fingerprint],
    ...LIMITS,
    ...changes,
  }
}

export function startSandbox(root?: string): Promise<SftpSandbox> {
  return startSftpSandbox({ user: 'fleet', password: 'open-sesame-17', ...(root === undefined ? {} : { root }) })
}

export async function sandboxPeer(): Promise<Peer> {
  let at: Date | null = null
  const now = () => at ?? new Date()
  const sandbox = await startSftpSandbox({ user: 'fleet', password: 'open-sesame-17', now })
  return {
    server: sandboxServer(sandbox),
    read: async (path) => sandbox.files.read(path),
    async put(path, content, time) {
      at = time ?? null
      sandbox.files.put(path, content)
      at = null
    },
    names: async (folder) => sandbox.files.names(folder),
    async deniedMoves() {
      sandbox.faults.set({ fault: 'denied', operation: 'rename' })
      return sandboxServer(sandbox)
    },
    async deniedReading() {
      sandbox.faults.set({ fault: 'denied', operation: 'open' })
      return sandboxServer(sandbox)
    },
    async denied() {
      sandbox.faults.set({ fault: 'denied', operation: 'open' })
      return sandboxServer(sandbox)
    },
    async smallFolder() {
      sandbox.faults.set({ fault: 'diskFull', afterBytes: 65_536 })
      return 'Import'
    },
    async readOnlyFolder() {
      sandbox.faults.set({ fault: 'readOnly' })
      return 'Import'
    },
    restore: async () => void sandbox.faults.clear(),
    close: () => sandbox.close(),
  }
}

export async function sshdPeer(): Promise<Peer> {
  const sshd = await startSshd()
  const server: SftpServer = {
    name: 'openssh',
    host: sshd.host,
    port: sshd.port,
    user: sshd.user,
    privateKey: new Secret(sshd.privateKey),
    hostKeys: [sshd.fingerprint],
    ...LIMITS,
  }
  const path = (name: string) => join(sshd.folder, name)
  const mounted: string[] = []
  const mount = async (name: string) => {
    await mkdir(path(name), { recursive: true })
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', path(name)], { stdio: 'ignore' })
    } catch {
      return null // not allowed to here
    }
    mounted.push(path(name))
    return name
  }
  const modes = new Map<string, number>()
  const forbid = (name: string, mode: number, restored: number) => {
    modes.set(path(name), restored)
    chmodSync(path(name), mode)
    // Root may do everything whatever the mode says.
    return sshd.stranger === null ? server : { ...server, user: sshd.stranger }
  }
  const restore = async () => {
    for (const each of mounted.splice(0)) execFileSync('umount', [each])
    for (const [each, mode] of modes) chmodSync(each, mode)
    modes.clear()
  }
  return {
    server,
    async read(name) {
      const names = await readdir(path(name.slice(0, name.lastIndexOf('/'))))
      return names.includes(name.slice(name.lastIndexOf('/') + 1)) ? readFile(path(name)) : null
    },
    async put(name, content, at) {
      await writeFile(path(name), content)
      if (at !== undefined) await utimes(path(name), at, at)
    },
    names: async (folder) => (await readdir(path(folder))).sort(),
    async denied() {
      if (sshd.stranger === null) return null
      chmodSync(path('Import'), 0o755)
      return { ...server, user: sshd.stranger }
    },
    deniedMoves: async () => forbid('Export/geotab', 0o555, 0o755),
    deniedReading: async (name) => forbid(name, 0o000, 0o644),
    smallFolder: () => mount('Small'),
    async readOnlyFolder() {
      const name = await mount('Fixed')
      if (name !== null) execFileSync('mount', ['-o', 'remount,ro', path(name)])
      return name
    },
    restore,
    async close() {
      await restore()
      await sshd.close()
      await rm(sshd.folder, { recursive: true, force: true })
    },
  }
}
