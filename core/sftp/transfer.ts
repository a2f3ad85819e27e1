import { PipelineError } from '../errors.ts'
import type { SftpConnection } from './connection.ts'

// What every server takes in one request (OpenSSH takes 256 KiB), and how many are under way at a time: half a
// megabyte, so that a distant server is not waited for after each piece.
const PIECE = 32 * 1024
const UNDER_WAY = 16

/** Writes a new file, piece by piece, flushes it where the server offers to, and closes it. */
export async function writeAll(connection: SftpConnection, path: string, content: Buffer): Promise<void> {
  const { ask, sftp } = connection
  const handle = await ask<Buffer>(`create ${path}`, (done) => sftp.open(path, 'wx', done))
  const offsets = pieces(content.length)
  const write = async () => {
    for (const offset of offsets) {
      const length = Math.min(PIECE, content.length - offset)
      await ask<void>(`write ${path} at ${offset}`, (done) =>
        sftp.write(handle, content, offset, length, offset, (error) => done(error, undefined)),
      )
    }
  }
  try {
    await all(Array.from({ length: UNDER_WAY }, write))
    await flush(connection, path, handle)
  } catch (error) {
    await closeAfter(connection, path, handle, error)
  }
  await close(connection, path, handle)
}

/** Reads a file to its end, or returns null as soon as it proves to have more than `limit` bytes. */
export async function readAll(
  connection: SftpConnection,
  path: string,
  expectedBytes: number,
  limit: number,
): Promise<Buffer | null> {
  const { ask, sftp } = connection
  const handle = await ask<Buffer>(`open ${path}`, (done) => sftp.open(path, 'r', done))
  const read = async (offset: number, length: number): Promise<Buffer> => {
    const piece = Buffer.allocUnsafe(length)
    let filled = 0
    while (filled < length) {
      const from = filled
      const got = await ask<number>(`read ${path} at ${offset + from}`, (done) =>
        sftp.read(handle, piece, from, length - from, offset + from, (error, bytes) => done(error, bytes)),
      )
      if (got === 0) break
      filled += got
    }
    return piece.subarray(0, filled)
  }
  const parts: Buffer[] = []
  let bytes = 0
  try {
    for (let more = true; more;) {
      // One byte past the size that was told shows whether the file ends there.
      const ahead = Math.min(limit + 1, Math.max(expectedBytes + 1, bytes + PIECE)) - bytes
      const lengths = [...pieces(Math.min(ahead, PIECE * UNDER_WAY))].map((at) => [at, Math.min(PIECE, ahead - at)])
      const batch = await all(lengths.map(([at = 0, length = 0]) => read(bytes + at, length)))
      for (const [index, part] of batch.entries()) {
        parts.push(part)
        bytes += part.length
        more = part.length === lengths[index]?.[1]
        if (!more) break
      }
      if (bytes > limit) break
    }
  } catch (error) {
    await closeAfter(connection, path, handle, error)
  }
  await close(connection, path, handle)
  return bytes > limit ? null : Buffer.concat(parts)
}

function* pieces(length: number): Generator<number> {
  for (let offset = 0; offset < length; offset += PIECE) yield offset
}

/** All results; on failure, the first error after everything under way has ended. */
async function all<T>(promises: Promise<T>[]): Promise<T[]> {
  await Promise.allSettled(promises)
  return Promise.all(promises)
}

async function flush({ ask, sftp }: SftpConnection, path: string, handle: Buffer): Promise<void> {
  try {
    await ask<void>(`flush ${path}`, (done) => sftp.ext_openssh_fsync(handle, (error) => done(error, undefined)))
  } catch (error) {
    if (!isNotOffered(error)) throw error
  }
}

/** The library throws a plain error for an extension that the server does not offer. */
function isNotOffered(error: unknown): boolean {
  if (error instanceof PipelineError) return error.code === 'SFTP_UNSUPPORTED'
  return error instanceof Error && /does not support/.test(error.message)
}

async function close({ ask, sftp }: SftpConnection, path: string, handle: Buffer): Promise<void> {
  // Some disks report only here that they are full.
  await ask<void>(`close ${path}`, (done) => sftp.close(handle, (error) => done(error, undefined)))
}

/** Closes after an error, which is what is thrown; a second error in closing says nothing more. */
async function closeAfter(connection: SftpConnection, path: string, handle: Buffer, error: unknown): Promise<never> {
  await Promise.allSettled([close(connection, path, handle)])
  throw error
}
