import { createHash } from 'node:crypto'
import { PipelineError } from '../../core/errors.ts'
import { folderOf, nameOf, remotePath } from '../../core/sftp/names.ts'
import type { SftpSession } from '../../core/sftp/session.ts'
import { newestVehicleFile, noteVehicleFileArchive, type VehicleFileRecord } from '../../extract/landing-vehicles.ts'
import { endAlert, raiseAlert } from '../alerts.ts'
import type { PipelineContext } from '../context.ts'

const alertOf = (connection: string) => ({ kind: 'vehicle_file_archive', subject: connection })

/**
 * Moves a file that is dealt with to processed/ or rejected/ beside it. Its name there is written down before the first
 * attempt; a file that has been replaced meanwhile is not touched. What keeps the server from moving it is told by an
 * alert, undoes nothing, and is tried again as long as the file lies there. Returns where it is now, or null.
 */
export async function archiveVehicleFile(
  context: PipelineContext,
  openSession: () => Promise<SftpSession>,
  file: VehicleFileRecord,
): Promise<string | null> {
  const { archive, file: watched } = context.config.chevin.vehicle_updates
  if (!archive) return null
  const { db, clock } = context
  // A file that was moved and came again is moved under another name.
  const path =
    file.archived_at === null && file.archive_path !== null
      ? file.archive_path
      : archivePath(watched, file, clock.now())
  await noteVehicleFileArchive(db, file.file_id, { path })
  const { isMoved, problem, isTrouble } = await move(openSession, file, path)
  if (isMoved) await noteVehicleFileArchive(db, file.file_id, { path, at: clock.now() })
  else await noteVehicleFileArchive(db, file.file_id, { path, problem })
  if (!isTrouble) await endAlert(db, alertOf(file.connection))
  else {
    await raiseAlert(db, {
      ...alertOf(file.connection),
      severity: 'warning',
      message: `${file.path} was dealt with but not moved to ${path}: ${problem} It is kept here, and is not applied again.`,
      nextStep: 'make the folder and permit the move, or set chevin.vehicle_updates.archive to false',
    })
  }
  return isMoved ? path : null
}

function archivePath(watched: string, { sha256, outcome }: VehicleFileRecord, now: Date): string {
  const stamp = now.toISOString().replaceAll(/[-:]/g, '').slice(0, 15)
  const folder = remotePath(folderOf(watched), outcome === 'taken' ? 'processed' : 'rejected')
  return remotePath(folder, `${stamp}Z_${sha256.slice(0, 8)}_${nameOf(watched)}`)
}

/** How a move ended. That the file is gone or another one is no trouble: there is nothing left to be moved. */
interface Move {
  isMoved: boolean
  problem: string
  isTrouble: boolean
}

async function move(openSession: () => Promise<SftpSession>, file: VehicleFileRecord, to: string): Promise<Move> {
  const nothingLeft = (problem: string): Move => ({ isMoved: false, problem, isTrouble: false })
  try {
    const session = await openSession()
    if ((await session.stat(file.path)) === null) {
      const isThere = (await session.stat(to)) !== null
      return isThere ? { isMoved: true, problem: '', isTrouble: false } : nothingLeft('it is gone from there.')
    }
    const content = await session.readFile(file.path)
    const isOurs = createHash('sha256').update(content).digest('hex') === file.sha256
    if (!isOurs) return nothingLeft('another file has taken its place meanwhile.')
    await session.rename(file.path, to)
    return { isMoved: true, problem: '', isTrouble: false }
  } catch (error) {
    if (error instanceof PipelineError) return { isMoved: false, problem: error.message, isTrouble: true }
    throw error
  }
}

/** A file that has become longer since it was moved. */
export interface GrownFile {
  path: string
  beginning: { bytes: number; sha256: string }
}

/** Whether a file was written on, and not written anew. */
export function isContinued(content: Buffer, { bytes, sha256 }: GrownFile['beginning']): boolean {
  return createHash('sha256').update(content.subarray(0, bytes)).digest('hex') === sha256
}

/**
 * Looks, where no file lies, after the one that came last. A move of which the answer was lost is noted. A writer that
 * was still at it when its file was moved has gone on writing there: then that is the file to be read. Returns where it
 * stands, and what it must begin with.
 */
export async function lookAfterMoved(
  { db, clock }: PipelineContext,
  session: SftpSession,
  connection: string,
): Promise<GrownFile | null> {
  const file = await newestVehicleFile(db, connection)
  if (file === null || file.archive_path === null) return null
  const there = await session.stat(file.archive_path)
  if (file.archived_at === null && (await session.stat(file.path)) === null) {
    const path = file.archive_path
    // Moved by somebody else, or taken away, is as good: nothing is left to be moved.
    if (there === null) await noteVehicleFileArchive(db, file.file_id, { path, problem: 'it is gone from there.' })
    else await noteVehicleFileArchive(db, file.file_id, { path, at: clock.now() })
    await endAlert(db, alertOf(connection))
  }
  if (there === null || there.kind !== 'file' || there.size <= file.bytes) return null
  return { path: file.archive_path, beginning: { bytes: file.bytes, sha256: file.sha256 } }
}
