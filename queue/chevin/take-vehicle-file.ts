import { PipelineError } from '../../core/errors.ts'
import type { SftpSession } from '../../core/sftp/session.ts'
import { decodeFile } from '../../extract/chevin/decode.ts'
import { lookAtVehicleFile, type Sighting, type VehicleFile } from '../../extract/chevin/vehicle-file.ts'
import { readVehicleRows, type VehicleRows } from '../../extract/chevin/vehicle-rows.ts'
import {
  landVehicleFile,
  newestVehicleFile,
  noteVehicleFileSeen,
  VEHICLES_FEED,
  vehicleFileContent,
  type IncomingVehicleFile,
  type VehicleFileRecord,
} from '../../extract/landing-vehicles.ts'
import { endAlert, raiseAlert } from '../alerts.ts'
import type { PipelineContext } from '../context.ts'
import { readCursor, writeCursor } from '../ledger.ts'
import type { VehicleSettings } from './vehicle-settings.ts'

/** What was found on the server. `same`: the content that came last is there again. */
export type Taken =
  | { outcome: 'missing' | 'waiting'; why: string }
  | { outcome: 'new' | 'same'; file: VehicleFileRecord; isThere: boolean }

/** Looks for the vehicle file and, when it is complete and new, lands it with all its rows. */
export async function takeVehicleFile(
  context: PipelineContext,
  session: SftpSession,
  { connection, file: rules }: VehicleSettings,
  { runId, signal }: { runId: string; signal: AbortSignal },
): Promise<Taken> {
  const before = (await readCursor(context.db, VEHICLES_FEED, connection)) as Sighting | null
  const look = await lookAtVehicleFile(session, rules, { signal, now: () => context.clock.now(), before })
  const sighting = look.outcome === 'missing' ? null : look.sighting
  await context.db.transaction().execute((trx) => writeCursor(trx, VEHICLES_FEED, connection, sighting, runId))
  if (look.outcome === 'missing') return { outcome: 'missing', why: `${look.what} is not there` }
  if (look.outcome === 'waiting') return { outcome: 'waiting', why: `${rules.path}: ${look.why}` }
  const { file } = look
  const held = await newestVehicleFile(context.db, connection)
  if (held !== null && held.sha256 === file.sha256) {
    await noteVehicleFileSeen(context.db, held.file_id, context.clock.now())
    context.logger.info({ file: held.path, sha256: held.sha256 }, 'the vehicle file is the one that came last')
    return { outcome: 'same', file: held, isThere: true }
  }
  const landed = await land(context, connection, file, runId)
  return { outcome: 'new', file: landed, isThere: true }
}

async function land(
  context: PipelineContext,
  connection: string,
  file: VehicleFile,
  runId: string,
): Promise<VehicleFileRecord> {
  const { path, sha256, content, modifiedAt } = file
  const reading = readFile(content)
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
    const { rows, bad } = readVehicleRows(text)
    if (rows.length > 0 || bad.length === 0) return { encoding, rows, bad }
    const message = `The vehicle file has no row that can be read (line ${bad[0]?.line}: ${bad[0]?.reason}). Nothing of it was used.`
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
