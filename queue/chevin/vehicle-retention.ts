import { dropVehicleFileContent, vehicleFilesToDrop } from '../../extract/landing-retention.ts'
import { dropPlanRows } from '../../load/geotab/plans.ts'
import type { PipelineContext } from '../context.ts'

const DAY_MS = 86_400_000
// A run drops no more than so many, each in a transaction of its own; the next one goes on.
const MOST_FILES = 100

/**
 * Drops the bytes, the rows and the planned rows of vehicle files that nothing has needed for `keep_days`. Their hashes,
 * their plans in a line each, and the audit of every change stay for ever. Answers how many files it were.
 */
export async function dropOldVehicleFiles(
  { db, clock, config }: PipelineContext,
  connection: string,
  signal: AbortSignal,
): Promise<number> {
  const unusedSince = new Date(clock.now().getTime() - config.chevin.vehicle_updates.keep_days * DAY_MS)
  const files = await vehicleFilesToDrop(db, { connection, unusedSince, limit: MOST_FILES })
  for (const fileId of files) {
    signal.throwIfAborted()
    await db.transaction().execute(async (trx) => {
      await dropPlanRows(trx, fileId)
      await dropVehicleFileContent(trx, fileId)
    })
  }
  return files.length
}
