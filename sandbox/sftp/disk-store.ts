import {
  closeSync,
  existsSync,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmdirSync,
  unlinkSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { RefusedError, type OpenFile, type Refusal, type Store } from './store.ts'

/** A store in a folder of the disk, which stands for the root. */
export function diskStore(root: string): Store {
  mkdirSync(root, { recursive: true })
  const real = (path: string) => join(root, path)
  const unused = (path: string) => {
    if (existsSync(real(path))) throw new RefusedError('exists')
  }
  return {
    attributes: (path) =>
      refusing(() => {
        const found = lstatSync(real(path))
        return { isFolder: found.isDirectory(), size: found.size, modifiedAt: found.mtime }
      }),
    names: (path) => refusing(() => readdirSync(real(path))),
    open: (path, { create, exclusive, truncate }) =>
      refusing(() => {
        if (exclusive) return openDiskFile(openSync(real(path), 'wx+'))
        const isNew = !existsSync(real(path))
        if (truncate || (isNew && create)) return openDiskFile(openSync(real(path), 'w+'))
        return openDiskFile(openSync(real(path), 'r+'))
      }),
    rename: (from, to) =>
      refusing(() => {
        unused(to)
        renameSync(real(from), real(to))
      }),
    removeFile: (path) => refusing(() => unlinkSync(real(path))),
    makeFolder: (path) => refusing(() => mkdirSync(real(path))),
    removeFolder: (path) => refusing(() => rmdirSync(real(path))),
  }
}

function openDiskFile(descriptor: number): OpenFile {
  return {
    size: () => fstatSync(descriptor).size,
    read(offset, length) {
      const buffer = Buffer.alloc(length)
      return buffer.subarray(0, readSync(descriptor, buffer, 0, length, offset))
    },
    write(offset, data) {
      writeSync(descriptor, data, 0, data.length, offset)
    },
    close: () => closeSync(descriptor),
  }
}

const REFUSALS: Record<string, Refusal> = {
  ENOENT: 'missing',
  EEXIST: 'exists',
  ENOTDIR: 'notFolder',
  EISDIR: 'isFolder',
  EPERM: 'isFolder',
  ENOTEMPTY: 'notEmpty',
}

function refusing<T>(work: () => T): T {
  try {
    return work()
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : ''
    const refusal = REFUSALS[code]
    throw refusal === undefined ? error : new RefusedError(refusal)
  }
}
