import { PipelineError } from '../../core/errors.ts'
import type { SftpSession } from '../../core/sftp/session.ts'
import { decodeFile } from '../../extract/chevin/decode.ts'
import {
  lookAtVehicleFile,
  type Sighting,
  type VehicleFile,
  type VehicleFileRules,
} from '../../extract/chevin/vehicle-file.ts'
import { readVehicleRows, type VehicleRows } from '../../extract/chevin/vehicle-rows.ts'
import {
  landVehicleFile,
  newestVehicleFile,
  noteVehicleFileSeen,
  rowsTakenLast,
  VEHICLES_FEED,
  vehicleFileContent,
  type IncomingVehicleFile,
  type VehicleFileRecord,
} from '../../extract/landing-vehicles.ts'
import { endAlert, raiseAlert } from '../alerts.ts'
import type { PipelineContext } from '../context.ts'
import { readCursor, writeCursor } from '../ledger.ts'
import { isContinued, lookAfterMoved } from './archive-vehicle-file.ts'
import type { VehicleSettings } from './vehicle-settings.ts'

/** What was found on the server. `same`: the content that came last is there again. */
export type Taken =
  | { outcome: 'missing' | 'waiting'; why: string }
  | { outcome: 'new' | 'same'; file: VehicleFileRecord }

/** What is kept of a look at the file. */
interface Seen extends Sighting {
  /** Since when no look has found it complete (ISO, by our clock); null when the last one did. */
  waitingSince: string | null
}

// An export is written within minutes.
const LONG_WAIT_HOURS = 3

/** Looks for the vehicle file and, when it is complete and new, lands it with all its rows. */
export async function takeVehicleFile(
  context: PipelineContext,
  session: SftpSession,
  settings: VehicleSettings,
  options: { runId: string; signal: AbortSignal },
): Promise<Taken> {
  const taken = await lookAndTake(context, session, settings, options)
  await tellOfWait(context, settings.connection, taken, options.runId)
  return taken
}

/** Raises an alert when the file has not been complete for long, and ends it when it is. */
async function tellOfWait(
  { db, clock }: PipelineContext,
  connection: string,
  taken: Taken,
  runId: string,
): Promise<void> {
  const alert = { kind: 'vehicle_file_waiting', subject: connection }
  const seen = (await readCursor(db, VEHICLES_FEED, connection)) as Seen | null
  const isWaiting = taken.outcome === 'waiting'
  const waitingSince = isWaiting ? (seen?.waitingSince ?? clock.now().toISOString()) : null
  if (seen !== null && seen.waitingSince !== waitingSince) {
    await db
      .transaction()
      .execute((trx) => writeCursor(trx, VEHICLES_FEED, connection, { ...seen, waitingSince }, runId))
  }
  if (!isWaiting || waitingSince === null) return await endAlert(db, alert)
  const hours = (clock.now().getTime() - Date.parse(waitingSince)) / 3_600_000
  if (hours < LONG_WAIT_HOURS) return
  await raiseAlert(db, {
    ...alert,
    severity: 'warning',
    message: `The vehicle file has not been complete for ${Math.floor(hours)} hours: ${taken.why}. Nothing of it was used.`,
    nextStep: 'see what writes it; docs/chevin-sync.md tells when a file is taken',
    runId,
  })
}

async function lookAndTake(
  context: PipelineContext,
  session: SftpSession,
  { connection, file: rules }: VehicleSettings,
  { runId, signal }: { runId: string; signal: AbortSignal },
): Promise<Taken> {
  const { db, clock } = context
  const before = (await readCursor(db, VEHICLES_FEED, connection)) as Seen | null
  const lookAt = (of: VehicleFileRules) => lookAtVehicleFile(session, of, { signal, now: () => clock.now(), before })
  let look = await lookAt(rules)
  if (look.outcome === 'missing') {
    const grown = await lookAfterMoved(context, session, connection)
    // A marker tells that its file was complete: what was added to it since is somebody else's doing.
    if (grown !== null && rules.markerPath === null) {
      const there = await lookAt({ ...rules, path: grown.path })
      // So is a file in the archive that was edited.
      if (there.outcome !== 'ready' || isContinued(there.file.content, grown.beginning)) look = there
    }
  }
  const sighting = look.outcome === 'missing' ? null : { ...look.sighting, waitingSince: before?.waitingSince ?? null }
  await db.transaction().execute((trx) => writeCursor(trx, VEHICLES_FEED, connection, sighting, runId))
  if (look.outcome === 'missing') return { outcome: 'missing', why: `${look.what} is not there` }
  if (look.outcome === 'waiting') return { outcome: 'waiting', why: `${rules.path}: ${look.why}` }
  const { file } = look
  const held = await newestVehicleFile(db, connection)
  if (held !== null && held.sha256 === file.sha256) {
    await noteVehicleFileSeen(db, held.file_id, clock.now())
    context.logger.info({ file: held.path, sha256: held.sha256 }, 'the vehicle file is the one that came last')
    return { outcome: 'same', file: held }
  }
  const reading = readFile(file.content)
  const restedSeconds = (clock.now().getTime() - Date.parse(look.sighting.since)) / 1000
  const isUnsure = rules.markerPath === null && restedSeconds < rules.shrunkSeconds
  const why = isUnsure ? shrunk(reading, await rowsTakenLast(db, connection)) : null
  if (why !== null) {
    return { outcome: 'waiting', why: `${rules.path}: ${why}; it is taken once it has rested ${rules.shrunkSeconds} s` }
  }
  return { outcome: 'new', file: await land(context, connection, file, { reading, runId }) }
}

/** What is suspicious of a file with fewer rows than the one before: its writer may have paused between two rows. */
function shrunk(reading: IncomingVehicleFile['reading'], rowsBefore: number | null): string | null {
  if ('rejected' in reading || rowsBefore === null) return null
  const rows = reading.rows.length + reading.bad.length
  return rows < rowsBefore ? `it has ${rows} row(s) and the file before had ${rowsBefore}` : null
}

async function land(
  context: PipelineContext,
  connection: string,
  file: VehicleFile,
  { reading, runId }: { reading: IncomingVehicleFile['reading']; runId: string },
): Promise<VehicleFileRecord> {
  const { path, sha256, content, modifiedAt } = file
  const incoming = { connection, path, sha256, content, modifiedAt, reading }
  const landed = await context.db
    .transaction()
    .execute((trx) => landVehicleFile(trx, incoming, { runId, now: context.clock.now() }))
  const alert = { kind: 'vehicle_file_rejected', subject: connection }
  if (landed.outcome === 'taken') await endAlert(context.db, alert)
  else {
    await raiseAlert(context.db, {
      ...alert,
      severity: 'critical',
      message: landed.reason ?? '',
      nextStep: 'have the file exported anew; npx milepost sync history',
      runId,
    })
  }
  return landed
}

function readFile(content: Buffer): IncomingVehicleFile['reading'] {
  try {
    const { text, encoding } = decodeFile(content)
    const { header, rows, bad } = readVehicleRows(text)
    // A header alone says that nothing is to be changed; an empty file says nothing, and is an export that failed.
    if (rows.length > 0 || (header !== null && bad.length === 0)) return { encoding, rows, bad }
    const why = bad[0] === undefined ? 'it is empty' : `line ${bad[0].line}: ${bad[0].reason}`
    const message = `The vehicle file has no row that can be read (${why.slice(0, 300)}). Nothing of it was used. Have it exported anew.`
    return { rejected: { code: 'CHEVIN_NO_ROWS', message } }
  } catch (error) {
    if (!(error instanceof PipelineError)) throw error
    return { rejected: { code: error.code, message: error.message } }
  }
}

/** The rows of a file that was taken, read again from its bytes. */
export async function rowsOfVehicleFile({ db }: PipelineContext, fileId: string): Promise<VehicleRows> {
  return readVehicleRows(decodeFile(await vehicleFileContent(db, fileId)).text)
}
