import { posix } from 'node:path'

/** What a stand-in's store answers when it cannot do something; the server turns it into an SFTP status. */
export type Refusal = 'missing' | 'exists' | 'notFolder' | 'isFolder' | 'notEmpty'

export class RefusedError extends Error {
  readonly refusal: Refusal

  constructor(refusal: Refusal) {
    super(refusal)
    this.refusal = refusal
  }
}

export interface StoredAttributes {
  isFolder: boolean
  size: number
  modifiedAt: Date
}

/** An open file: it stays the same file when its name changes. */
export interface OpenFile {
  size(): number
  read(offset: number, length: number): Buffer
  write(offset: number, data: Buffer): void
  close(): void
}

export interface OpenFlags {
  create: boolean
  exclusive: boolean
  truncate: boolean
}

/** Files and folders under absolute paths such as /Import/a.xls. Methods throw RefusedError. */
export interface Store {
  attributes(path: string): StoredAttributes
  names(path: string): string[]
  open(path: string, flags: OpenFlags): OpenFile
  /** Refuses when something stands at `to`, as OpenSSH's rename of SFTP version 3 does. */
  rename(from: string, to: string): void
  removeFile(path: string): void
  makeFolder(path: string): void
  removeFolder(path: string): void
}

/** The absolute form of a path that a client gives; nothing is above the root. */
export function absolutePath(path: string): string {
  return posix.resolve('/', path)
}

interface MemoryFile {
  kind: 'file'
  /** Room for the content, of which the first `size` bytes are in use. */
  room: Buffer
  size: number
  modifiedAt: Date
}
interface MemoryFolder {
  kind: 'folder'
  modifiedAt: Date
}

/** A store that lives in memory. */
export function memoryStore(now: () => Date): Store {
  const entries = new Map<string, MemoryFile | MemoryFolder>([['/', { kind: 'folder', modifiedAt: now() }]])
  const get = (path: string) => {
    const found = entries.get(path)
    if (found === undefined) throw new RefusedError('missing')
    return found
  }
  const file = (path: string) => {
    const found = get(path)
    if (found.kind === 'folder') throw new RefusedError('isFolder')
    return found
  }
  const folder = (path: string) => {
    const found = get(path)
    if (found.kind === 'file') throw new RefusedError('notFolder')
    return found
  }
  const namesIn = (path: string) => {
    const prefix = path === '/' ? '/' : `${path}/`
    const below = [...entries.keys()].filter((key) => key.startsWith(prefix) && key !== '/')
    return below.map((key) => key.slice(prefix.length)).filter((rest) => !rest.includes('/'))
  }
  return {
    attributes(path) {
      const found = get(path)
      const isFolder = found.kind === 'folder'
      return { isFolder, size: isFolder ? 4096 : found.size, modifiedAt: found.modifiedAt }
    },
    names(path) {
      folder(path)
      return namesIn(path)
    },
    open(path, flags) {
      folder(posix.dirname(path))
      if (flags.exclusive && entries.has(path)) throw new RefusedError('exists')
      if (!entries.has(path) && flags.create) {
        entries.set(path, { kind: 'file', room: Buffer.alloc(0), size: 0, modifiedAt: now() })
      }
      return openMemoryFile(file(path), flags, now)
    },
    rename(from, to) {
      const moved = get(from)
      if (entries.has(to)) throw new RefusedError('exists')
      folder(posix.dirname(to))
      for (const [path, entry] of [...entries].filter(([each]) => each.startsWith(`${from}/`))) {
        entries.delete(path)
        entries.set(to + path.slice(from.length), entry)
      }
      entries.delete(from)
      entries.set(to, moved)
    },
    removeFile(path) {
      file(path)
      entries.delete(path)
    },
    makeFolder(path) {
      folder(posix.dirname(path))
      if (entries.has(path)) throw new RefusedError('exists')
      entries.set(path, { kind: 'folder', modifiedAt: now() })
    },
    removeFolder(path) {
      folder(path)
      if (namesIn(path).length > 0) throw new RefusedError('notEmpty')
      entries.delete(path)
    },
  }
}

function openMemoryFile(found: MemoryFile, flags: OpenFlags, now: () => Date): OpenFile {
  if (flags.truncate) found.size = 0
  return {
    size: () => found.size,
    read: (offset, length) => Buffer.from(found.room.subarray(offset, Math.min(offset + length, found.size))),
    write(offset, data) {
      const end = offset + data.length
      if (end > found.room.length) {
        const larger = Buffer.alloc(Math.max(end, found.room.length * 2))
        found.room.copy(larger, 0, 0, found.size)
        found.room = larger
      }
      data.copy(found.room, offset)
      found.size = Math.max(found.size, end)
      found.modifiedAt = now()
    },
    close() {
      // Nothing is held open in memory.
    },
  }
}
