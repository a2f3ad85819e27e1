import { sql } from 'kysely'
import type { PipelineContext } from './context.ts'
import type { Feed } from './feed.ts'
import { assertRunning, readCursor, readStep } from './ledger.ts'
import { insertWindows, type Reading } from './windows.ts'

/** Decides, once per reading, which windows it consists of; a later attempt of the same job finds the plan made. */
export async function planReading(context: PipelineContext, feed: Feed, reading: Reading): Promise<void> {
  await context.db.transaction().execute(async (trx) => {
    await assertRunning(trx, reading.runId)
    const step = await readStep(trx, reading.runId, reading.step)
    if (step.plan !== null) return
    const cursor = await readCursor(trx, feed.name, reading.connection)
    const { windows, memo } = feed.plan(context, reading.connection, cursor)
    await insertWindows(trx, reading, windows)
    await sql`
      update ops.steps set plan = ${JSON.stringify(memo)}::jsonb, windows_total = ${windows.length}
      where run_id = ${reading.runId}::uuid and step = ${reading.step}
    `.execute(trx)
  })
}
