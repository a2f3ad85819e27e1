import { posix } from 'node:path'
import ssh2, { type Attributes, type FileEntry, type SFTPWrapper } from 'ssh2'
import type { Fault, FaultControl, Operation } from './fault.ts'
import { absolutePath, RefusedError, type OpenFile, type Refusal, type Store, type StoredAttributes } from './store.ts'

const { OPEN_MODE, STATUS_CODE } = ssh2.utils.sftp
const NAMES_PER_REPLY = 100

export interface RequestLog {
  operation: Operation
  path: string
}

interface Served {
  store: Store
  faults: FaultControl
  /** Told of each request before it is served. */
  log: (request: RequestLog) => void
  /** Ends the connection at once. */
  cut: () => void
}

interface OpenHandle {
  path: string
  file?: OpenFile
  names?: string[]
}

const REFUSALS: Record<Refusal, { code: number; text: string }> = {
  missing: { code: STATUS_CODE.NO_SUCH_FILE, text: 'No such file' },
  exists: { code: STATUS_CODE.FAILURE, text: 'Failure' },
  notFolder: { code: STATUS_CODE.FAILURE, text: 'Failure' },
  isFolder: { code: STATUS_CODE.FAILURE, text: 'Failure' },
  notEmpty: { code: STATUS_CODE.FAILURE, text: 'Failure' },
}

/** Serves the requests of one SFTP channel, with the faults that are switched on. */
export function serveRequests(sftp: SFTPWrapper, { store, faults, log, cut }: Served): void {
  const handles = new Map<number, OpenHandle>()
  let nextHandle = 0
  const newHandle = (open: OpenHandle) => {
    nextHandle += 1
    handles.set(nextHandle, open)
    const name = Buffer.alloc(4)
    name.writeUInt32BE(nextHandle)
    return name
  }
  const handleOf = (name: Buffer) => (name.length === 4 ? handles.get(name.readUInt32BE(0)) : undefined)

  /** `work` does what was asked and returns the function that answers. */
  const serve = (operation: Operation, id: number, path: string, work: (faulty: Fault[]) => () => void) => {
    log({ operation, path })
    const faulty = faults.take({ operation, path })
    const answer = () => {
      const status = refusedBy(faulty, path)
      const reply = status === null ? attempt(sftp, id, () => work(faulty)) : () => sftp.status(id, ...status)
      if (faulty.some(({ fault }) => fault === 'loseReply')) cut()
      else reply()
    }
    if (faulty.some(({ fault }) => fault === 'hang')) return
    const slow = faulty.find((each) => each.fault === 'slow')
    if (slow === undefined) answer()
    else setTimeout(answer, slow.ms)
  }
  const ok = (id: number) => () => sftp.status(id, STATUS_CODE.OK)
  const withHandle = (
    operation: Operation,
    id: number,
    name: Buffer,
    work: (handle: OpenHandle, faulty: Fault[]) => () => void,
  ) => {
    const handle = handleOf(name)
    if (handle === undefined) sftp.status(id, STATUS_CODE.FAILURE, 'Failure')
    else serve(operation, id, handle.path, (faulty) => work(handle, faulty))
  }
  const withPath = (operation: Operation, id: number, given: string, work: (path: string, faulty: Fault[]) => void) => {
    const path = absolutePath(given)
    serve(operation, id, path, (faulty) => {
      work(path, faulty)
      return ok(id)
    })
  }
  const attributes = (operation: Operation) => (id: number, given: string) => {
    const path = absolutePath(given)
    serve(operation, id, path, (faulty) => {
      const found = attrs(store.attributes(path), faulty)
      return () => sftp.attrs(id, found)
    })
  }

  sftp.on('OPEN', (id, given, flags) => {
    const path = absolutePath(given)
    serve('open', id, path, () => {
      const file = store.open(path, {
        create: (flags & OPEN_MODE.CREAT) !== 0,
        exclusive: (flags & OPEN_MODE.EXCL) !== 0,
        truncate: (flags & OPEN_MODE.TRUNC) !== 0,
      })
      const handle = newHandle({ path, file })
      return () => sftp.handle(id, handle)
    })
  })
  sftp.on('CLOSE', (id, name) => {
    withHandle('close', id, name, (handle) => {
      handle.file?.close()
      handles.delete(name.readUInt32BE(0))
      return ok(id)
    })
  })
  sftp.on('READ', (id, name, offset, length) => {
    withHandle('read', id, name, ({ file }) => {
      const data = file?.read(offset, Math.min(length, 32_768)) ?? Buffer.alloc(0)
      return data.length === 0 ? () => sftp.status(id, STATUS_CODE.EOF) : () => sftp.data(id, data)
    })
  })
  sftp.on('WRITE', (id, name, offset, data) => {
    withHandle('write', id, name, ({ file }, faulty) => {
      if (data.length > faults.bytesLeft()) return () => sftp.status(id, STATUS_CODE.FAILURE, 'No space left on device')
      if (faulty.some(({ fault }) => fault === 'corrupt')) data.fill(0x3f)
      file?.write(offset, data)
      faults.wrote(data.length)
      return ok(id)
    })
  })
  sftp.on('FSTAT', (id, name) => {
    withHandle('fstat', id, name, ({ path }, faulty) => {
      const found = attrs(store.attributes(path), faulty)
      return () => sftp.attrs(id, found)
    })
  })
  sftp.on('LSTAT', attributes('lstat'))
  sftp.on('STAT', attributes('stat'))
  sftp.on('OPENDIR', (id, given) => {
    const path = absolutePath(given)
    serve('opendir', id, path, () => {
      const handle = newHandle({ path, names: ['.', '..', ...store.names(path)] })
      return () => sftp.handle(id, handle)
    })
  })
  sftp.on('READDIR', (id, name) => {
    withHandle('readdir', id, name, ({ path, names = [] }, faulty) => {
      const some = names.splice(0, NAMES_PER_REPLY)
      if (some.length === 0) return () => sftp.status(id, STATUS_CODE.EOF)
      const entries = some.flatMap((each) => entry(store, path, each, faulty))
      return () => sftp.name(id, entries)
    })
  })
  sftp.on('REMOVE', (id, path) => withPath('remove', id, path, (at) => store.removeFile(at)))
  sftp.on('MKDIR', (id, path) => withPath('mkdir', id, path, (at) => store.makeFolder(at)))
  sftp.on('RMDIR', (id, path) => withPath('rmdir', id, path, (at) => store.removeFolder(at)))
  sftp.on('RENAME', (id, from, to) => withPath('rename', id, from, (at) => store.rename(at, absolutePath(to))))
  // Modes and times are taken and not kept, as by servers on other systems.
  sftp.on('SETSTAT', (id, path) => withPath('setstat', id, path, (at) => store.attributes(at)))
  sftp.on('FSETSTAT', (id, name) => withHandle('setstat', id, name, () => ok(id)))
  sftp.on('REALPATH', (id, given) => {
    const path = absolutePath(given)
    serve('realpath', id, path, () => () => sftp.name(id, [{ filename: path, longname: path, attrs: NO_ATTRIBUTES }]))
  })
  sftp.on('close', () => {
    for (const { file } of handles.values()) file?.close()
    handles.clear()
  })
}

const NO_ATTRIBUTES: Attributes = { mode: 0, uid: 0, gid: 0, size: 0, atime: 0, mtime: 0 }

function attempt(sftp: SFTPWrapper, id: number, work: () => () => void): () => void {
  try {
    return work()
  } catch (error) {
    if (!(error instanceof RefusedError)) throw error
    const { code, text } = REFUSALS[error.refusal]
    return () => sftp.status(id, code, text)
  }
}

function refusedBy(faulty: Fault[], path: string): [code: number, text: string] | null {
  for (const { fault } of faulty) {
    if (fault === 'denied') return [STATUS_CODE.PERMISSION_DENIED, 'Permission denied']
    if (fault === 'directoryMissing' && path !== '/') return [STATUS_CODE.NO_SUCH_FILE, 'No such file']
    if (fault === 'readOnly') return [STATUS_CODE.FAILURE, 'Read-only file system']
    if (fault === 'failure') return [STATUS_CODE.FAILURE, 'Failure']
  }
  return null
}

function attrs({ isFolder, size, modifiedAt }: StoredAttributes, faulty: Fault[]): Attributes {
  const wrong = faulty.find((each) => each.fault === 'wrongSize')
  const seconds = Math.floor(modifiedAt.getTime() / 1000)
  const mode = isFolder ? 0o040755 : 0o100644
  return { mode, uid: 1000, gid: 1000, size: Math.max(0, size + (wrong?.by ?? 0)), atime: seconds, mtime: seconds }
}

function entry(store: Store, folder: string, name: string, faulty: Fault[]): FileEntry[] {
  try {
    const found = attrs(store.attributes(absolutePath(posix.join(folder, name))), faulty)
    const kind = (found.mode & 0o170000) === 0o040000 ? 'drwxr-xr-x' : '-rw-r--r--'
    return [{ filename: name, longname: `${kind} 1 fleet fleet ${found.size} Jan  1 00:00 ${name}`, attrs: found }]
  } catch (error) {
    // It went away between the opening of the folder and this page of it.
    if (error instanceof RefusedError && error.refusal === 'missing') return []
    throw error
  }
}
