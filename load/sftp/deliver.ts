import { createHash } from 'node:crypto'
import { PipelineError } from '../../core/errors.ts'
import { remotePath } from '../../core/sftp/names.ts'
import { describeServer } from '../../core/sftp/settings.ts'
import type { RemoteFile, SftpSession } from '../../core/sftp/session.ts'

/** A file to deliver, under the name that readers will see. */
export interface OutgoingFile {
  folder: string
  fileName: string
  content: Buffer
}

export interface DeliverOptions {
  /** What tells this delivery's part files from those of others: a few letters and digits. */
  owner: string
  /** Number of this attempt, from 1; the part files of all earlier ones are cleaned up. */
  attempt: number
  /** Files shorter than this are read back and compared by hash before they get their name; 8 MiB by default. */
  readBackBelowBytes?: number
}

export interface Receipt {
  /** The file was there already, with the same content. */
  wasThere: boolean
  remoteSize: number
  remoteModifiedAt: Date
  fingerprint: string
  /** What stands on the server was read back and compared by hash. */
  readBack: boolean
}

const READ_BACK_BELOW = 8 * 1024 * 1024

/**
 * Delivers one file whole or not at all: it is written beside its place as `.{name}.{owner}-{attempt}.part`, checked,
 * and renamed. A file of the same content that is there already counts as delivered (an earlier attempt's answer was
 * lost); one of another content is SFTP_CONFLICT and stays untouched. Part files of others are never touched.
 */
export async function deliverFile(session: SftpSession, file: OutgoingFile, options: DeliverOptions): Promise<Receipt> {
  const target = remotePath(file.folder, file.fileName)
  const part = partPath(file, options.owner, options.attempt)
  await removeParts(session, file, options)
  const present = await presentFile(session, target, file.content)
  if (present !== null) return receipt(session, present, { wasThere: true, readBack: true })
  const readBack = file.content.length < (options.readBackBelowBytes ?? READ_BACK_BELOW)
  try {
    await session.writeFile(part, file.content)
    await checkPart(session, part, file.content, readBack)
  } catch (error) {
    await removeAfter(session, part, error)
  }
  try {
    await session.rename(part, target)
  } catch (error) {
    // Either someone else was faster, or the part is gone because an answer was lost: what stands there decides.
    const there = await whenUnclear(session, error, () => presentFile(session, target, file.content)).catch(
      (second: unknown) => removeAfter(session, part, second),
    )
    if (there === null) return removeAfter(session, part, error)
    await session.remove(part)
    return receipt(session, there, { wasThere: true, readBack: true })
  }
  const arrived = await session.stat(target)
  if (arrived === null) throw wrong(session, 'SFTP_FILE_MISSING', target, 'was taken away right after it arrived')
  if (arrived.size !== file.content.length) throw sizeWrong(session, target, arrived.size, file.content.length)
  return receipt(session, arrived, { wasThere: false, readBack })
}

/** The file at `target` when it holds exactly `content`, null when nothing is there; otherwise throws SFTP_CONFLICT. */
async function presentFile(session: SftpSession, target: string, content: Buffer): Promise<RemoteFile | null> {
  const found = await session.stat(target)
  if (found === null) return null
  if (found.kind !== 'file') throw conflict(session, target, `a ${found.kind} has that name`)
  if (found.size !== content.length) {
    throw conflict(session, target, `a file of ${found.size} bytes is there, not ours of ${content.length}`)
  }
  const there = sha256(await session.readFile(target, content.length))
  if (there === sha256(content)) return found
  throw conflict(session, target, `a file of the same size and other content is there (sha256 ${there.slice(0, 12)}…)`)
}

async function checkPart(session: SftpSession, part: string, content: Buffer, readBack: boolean): Promise<void> {
  const written = await session.stat(part)
  if (written?.size !== content.length) throw sizeWrong(session, part, written?.size ?? 0, content.length)
  if (!readBack || sha256(await session.readFile(part, content.length)) === sha256(content)) return
  throw wrong(session, 'SFTP_CONTENT_WRONG', part, 'came back with other content than was sent')
}

/** Runs `look` for an error after which the target may stand there all the same; throws every other one. */
async function whenUnclear<T>(session: SftpSession, error: unknown, look: () => Promise<T>): Promise<T | null> {
  const isUnclear =
    error instanceof PipelineError && ['SFTP_EXISTS', 'SFTP_FILE_MISSING', 'SFTP_REFUSED'].includes(error.code)
  return isUnclear && session.isOpen() ? look() : null
}

async function removeParts(
  session: SftpSession,
  file: OutgoingFile,
  { owner, attempt }: DeliverOptions,
): Promise<void> {
  const own = Array.from({ length: attempt }, (_none, index) => partPath(file, owner, index + 1))
  // By their names instead of by a listing: the folder may hold any number of files.
  await Promise.all(own.map((path) => session.remove(path)))
}

/** Removes the part file after an error, which is what is thrown; what cannot be removed now goes next time. */
async function removeAfter(session: SftpSession, part: string, error: unknown): Promise<never> {
  if (session.isOpen()) await Promise.allSettled([session.remove(part)])
  throw error
}

/** Path of an attempt's part file. Its name is the longest that the delivery needs, so it is checked with it. */
export function partPath({ folder, fileName }: Omit<OutgoingFile, 'content'>, owner: string, attempt: number): string {
  return remotePath(folder, `.${fileName}.${owner}-${attempt}.part`)
}

function receipt(
  session: SftpSession,
  { size, modifiedAt }: RemoteFile,
  how: Pick<Receipt, 'wasThere' | 'readBack'>,
): Receipt {
  return { ...how, remoteSize: size, remoteModifiedAt: modifiedAt, fingerprint: session.fingerprint }
}

export function sha256(content: Buffer): string {
  return createHash('sha256').update(content).digest('hex')
}

function conflict(session: SftpSession, target: string, why: string): PipelineError {
  return new PipelineError(
    'SFTP_CONFLICT',
    `${describeServer(session.server)}: ${target} was not delivered: ${why}. Nothing was overwritten. ` +
      'Find out who wrote it; take it away, or deliver ours under another name.',
    'never',
  )
}

function wrong(session: SftpSession, code: string, path: string, what: string): PipelineError {
  return new PipelineError(code, `${describeServer(session.server)}: ${path} ${what}.`, 'later')
}

function sizeWrong(session: SftpSession, path: string, there: number, sent: number): PipelineError {
  return wrong(session, 'SFTP_SIZE_WRONG', path, `has ${there} bytes on the server, but ${sent} were sent`)
}
