import { createHash } from 'node:crypto'
import { PipelineError } from '../../core/errors.ts'
import { folderOf, nameOf, remotePath } from '../../core/sftp/names.ts'
import type { SftpSession } from '../../core/sftp/session.ts'
import { noteVehicleFileArchive, type VehicleFileRecord } from '../../extract/landing-vehicles.ts'
import { endAlert, raiseAlert } from '../alerts.ts'
import type { PipelineContext } from '../context.ts'

/**
 * Moves a file that is dealt with to processed/ or rejected/ beside it. Its name there is written down before the first
 * attempt; a file that has been replaced meanwhile is not touched. What the server does not permit is told by an alert,
 * and tried again as long as the file lies there. Returns where it is now, or null.
 */
export async function archiveVehicleFile(
  context: PipelineContext,
  session: SftpSession,
  file: VehicleFileRecord,
): Promise<string | null> {
  if (!context.config.chevin.vehicle_updates.archive) return null
  const { db, clock } = context
  // A file that was moved and came again is moved under another name.
  const path =
    file.archived_at === null && file.archive_path !== null ? file.archive_path : archivePath(file, clock.now())
  await noteVehicleFileArchive(db, file.file_id, { path })
  const alert = { kind: 'vehicle_file_archive', subject: file.connection }
  const problem = await move(session, file, path)
  if (problem === null) {
    await noteVehicleFileArchive(db, file.file_id, { path, at: clock.now() })
    await endAlert(db, alert)
    return path
  }
  await noteVehicleFileArchive(db, file.file_id, { path, problem })
  await raiseAlert(db, {
    ...alert,
    severity: 'warning',
    message: `${file.path} was dealt with but not moved to ${path}: ${problem} It is kept here, and is not applied again.`,
    nextStep: 'make the folder and permit the move, or set chevin.vehicle_updates.archive to false',
  })
  return null
}

function archivePath({ path, sha256, outcome }: VehicleFileRecord, now: Date): string {
  const stamp = now.toISOString().replaceAll(/[-:]/g, '').slice(0, 15)
  const folder = remotePath(folderOf(path), outcome === 'taken' ? 'processed' : 'rejected')
  return remotePath(folder, `${stamp}Z_${sha256.slice(0, 8)}_${nameOf(path)}`)
}

/** Null once the file stands at its new place; else why it does not. */
async function move(session: SftpSession, file: VehicleFileRecord, to: string): Promise<string | null> {
  try {
    const found = await session.stat(file.path)
    if (found === null) return (await session.stat(to)) === null ? 'it is gone from there.' : null
    const content = await session.readFile(file.path)
    const isOurs = createHash('sha256').update(content).digest('hex') === file.sha256
    if (!isOurs) return 'another file has taken its place meanwhile.'
    await session.rename(file.path, to)
    return null
  } catch (error) {
    if (error instanceof PipelineError) return error.message
    throw error
  }
}
