import type { Attributes, FileEntryWithStats } from 'ssh2'
import { PipelineError } from '../errors.ts'
import { connectSftp, type SftpConnection } from './connection.ts'
import { directoryMissing, diskFull, readOnly, statusOf } from './failure.ts'
import { checkRemoteFolder, checkRemoteName, folderOf, isRemoteName, nameOf, remotePath } from './names.ts'
import { describeServer, type SftpServer } from './settings.ts'
import { readAll, writeAll } from './transfer.ts'

export interface RemoteFile {
  name: string
  kind: 'file' | 'folder' | 'link' | 'other'
  size: number
  /** To the second, as SFTP tells it. */
  modifiedAt: Date
}

export interface RemoteListing {
  files: RemoteFile[]
  /** Names that no request of ours would carry (core/sftp/names.ts), written as JSON text. */
  unsafeNames: string[]
}

/** A logged-in SFTP session. Paths are checked, links are never followed, and no request waits for ever. */
export interface SftpSession {
  server: SftpServer
  fingerprint: string
  isOpen(): boolean
  /** What stands at a path (a link is a link), or null. */
  stat(path: string): Promise<RemoteFile | null>
  /** What stands in a folder; SFTP_TOO_MANY when that is more than `limit`. */
  list(folder: string, limit: number): Promise<RemoteListing>
  /** A whole file; SFTP_TOO_LARGE as soon as it has more than `maxBytes` (by default the server's limit). */
  readFile(path: string, maxBytes?: number): Promise<Buffer>
  /** Writes a new file and has the server flush it to its disk where it can. Never touches one that is there. */
  writeFile(path: string, content: Buffer): Promise<void>
  /** Renames, or fails with SFTP_EXISTS when something stands at `to`. */
  rename(from: string, to: string): Promise<void>
  /** Removes a file; false when there was none. */
  remove(path: string): Promise<boolean>
  close(): Promise<void>
}

/** Opens a session. Aborting the signal ends it and everything under way with the signal's reason. */
export async function openSftp(server: SftpServer, options: { signal: AbortSignal }): Promise<SftpSession> {
  const connection = await connectSftp(server, options.signal)
  const { ask, sftp } = connection

  const stat = async (path: string) => {
    const what = `look at ${checked(path)}`
    const attributes = await orNull(ask<Attributes>(what, (done) => sftp.lstat(path, done)))
    return attributes === null ? null : remoteFile(nameOf(path), attributes)
  }

  return {
    server,
    fingerprint: connection.fingerprint,
    isOpen: () => connection.isOpen(),
    close: () => connection.close(),
    stat,
    list: (folder, limit) => listFolder(server, connection, folder, limit),
    async readFile(path, maxBytes = server.maxFileBytes) {
      const found = await stat(path)
      const limit = Math.min(maxBytes, server.maxFileBytes)
      if (found === null) throw new PipelineError('SFTP_FILE_MISSING', `${at(server, path)} is not there.`, 'never')
      if (found.kind !== 'file') {
        throw new PipelineError(
          'SFTP_NOT_A_FILE',
          `${at(server, path)} is a ${found.kind}, which is not read.`,
          'never',
        )
      }
      if (found.size > limit) throw tooLarge(server, path, limit)
      const content = await readAll(connection, path, found.size, limit)
      if (content === null) throw tooLarge(server, path, limit)
      return content
    },
    async writeFile(path, content) {
      checked(path)
      if (content.length > server.maxFileBytes) throw tooLarge(server, path, server.maxFileBytes)
      try {
        await writeAll(connection, path, content)
      } catch (error) {
        throw await explainRefusal(server, connection, error, `write ${path}`, folderOf(path), content.length)
      }
    },
    async rename(from, to) {
      const what = `rename ${checked(from)} to ${checked(to)}`
      try {
        // The plain rename: OpenSSH makes a link of the new name and takes the old one away, so that nothing is ever
        // overwritten. posix-rename@openssh.com replaces whatever is there, and is not used for that reason.
        await ask<void>(what, (done) => sftp.rename(from, to, (error) => done(error, undefined)))
      } catch (error) {
        if (!(error instanceof PipelineError) || error.code !== 'SFTP_REFUSED') throw error
        if ((await stat(to)) === null) throw await explainRefusal(server, connection, error, what, folderOf(to), 1)
        throw new PipelineError('SFTP_EXISTS', `${at(server, to)} is there already; it was not touched.`, 'never', {
          cause: error,
        })
      }
    },
    async remove(path) {
      const what = `remove ${checked(path)}`
      try {
        return (await orNull(ask<true>(what, (done) => sftp.unlink(path, (error) => done(error, true))))) !== null
      } catch (error) {
        throw await explainRefusal(server, connection, error, what, folderOf(path), 0)
      }
    },
  }
}

const at = (server: SftpServer, path: string) => `${describeServer(server)}: ${path}`

function checked(path: string): string {
  const absolute = path.startsWith('/') && folderOf(path) === '/'
  return remotePath(absolute ? '/' : folderOf(path), checkRemoteName(nameOf(path)))
}

async function orNull<T>(asked: Promise<T>): Promise<T | null> {
  try {
    return await asked
  } catch (error) {
    if (error instanceof PipelineError && error.code === 'SFTP_FILE_MISSING') return null
    throw error
  }
}

const KINDS: Record<number, RemoteFile['kind']> = { 0o100000: 'file', 0o040000: 'folder', 0o120000: 'link' }

function remoteFile(name: string, { mode, size, mtime }: Attributes): RemoteFile {
  return { name, kind: KINDS[mode & 0o170000] ?? 'other', size, modifiedAt: new Date(mtime * 1000) }
}

async function listFolder(
  server: SftpServer,
  { ask, sftp }: SftpConnection,
  folder: string,
  limit: number,
): Promise<RemoteListing> {
  const path = checkRemoteFolder(folder) === '' ? '.' : folder
  const what = `list ${path}`
  const handle = await orNull(ask<Buffer>(what, (done) => sftp.opendir(path, done)))
  if (handle === null) throw directoryMissing(server, what)
  const listing: RemoteListing = { files: [], unsafeNames: [] }
  try {
    for (;;) {
      const entries = await ask<FileEntryWithStats[] | null>(what, (done) =>
        sftp.readdir(handle, (error, found) => {
          // Status 1: the end of the folder.
          if (statusOf(error) === 1) done(undefined, null)
          else done(error, found)
        }),
      )
      if (entries === null) return listing
      for (const { filename, attrs } of entries) {
        if (isRemoteName(filename)) listing.files.push(remoteFile(filename, attrs))
        else listing.unsafeNames.push(JSON.stringify(filename.slice(0, 300)))
      }
      if (listing.files.length + listing.unsafeNames.length > limit) {
        throw new PipelineError(
          'SFTP_TOO_MANY',
          `${describeServer(server)}: ${path} holds more than ${limit} files. Let the old ones be archived.`,
          'later',
        )
      }
    }
  } finally {
    await ask<void>(`close ${path}`, (done) => sftp.close(handle, (error) => done(error, undefined)))
  }
}

interface DiskState {
  f_bavail: number
  f_frsize: number
  f_flag: number
}

/** OpenSSH answers "Failure" to a full disk as to much else; where it tells the state of the disk, that says which. */
async function explainRefusal(
  server: SftpServer,
  { ask, sftp }: SftpConnection,
  error: unknown,
  what: string,
  folder: string,
  bytes: number,
): Promise<unknown> {
  if (!(error instanceof PipelineError)) return error
  if (error.code === 'SFTP_FILE_MISSING') return directoryMissing(server, what, error)
  if (error.code !== 'SFTP_REFUSED') return error
  let disk: DiskState
  try {
    disk = await ask<DiskState>(`ask for the free space of ${folder}`, (done) => sftp.ext_openssh_statvfs(folder, done))
  } catch (second) {
    // The server does not offer it, or cannot tell: then the first error is all there is to say.
    return second instanceof PipelineError && second.retry === 'later' && second.code !== 'SFTP_REFUSED'
      ? second
      : error
  }
  if (disk.f_flag % 2 === 1) return readOnly(server, what, error)
  return disk.f_bavail * disk.f_frsize < bytes ? diskFull(server, what, error) : error
}

function tooLarge(server: SftpServer, path: string, limit: number): PipelineError {
  return new PipelineError('SFTP_TOO_LARGE', `${at(server, path)} has more than ${limit} bytes, the limit.`, 'never')
}
