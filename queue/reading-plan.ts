import { sql, type Transaction } from 'kysely'
import { PipelineError } from '../core/errors.ts'
import type { DB } from '../db/schema.ts'
import type { PipelineContext } from './context.ts'
import type { Feed, WindowFeed } from './feed.ts'
import { assertRunning, readCursor, readStep } from './ledger.ts'
import { insertWindows, type Reading } from './windows.ts'

/**
 * Throws DATABASE_MIXED when the run reads a source's real accounts and this worker would read stand-ins, or the
 * reverse: a worker that was started without its configuration must not land made-up data under a real shop's name.
 */
export async function assertSameKind(
  context: PipelineContext,
  trx: Transaction<DB>,
  feed: Feed,
  connection: string,
): Promise<void> {
  const mine = feed.connections(context).find((candidate) => candidate.connection === connection)
  const { rows } = await sql<{ is_sandbox: boolean }>`
    select is_sandbox from ops.connections where source = ${feed.source} and connection = ${connection}
  `.execute(trx)
  if (mine !== undefined && rows[0]?.is_sandbox === mine.isSandbox) return
  const message = `${feed.name} ${connection}: this worker is configured otherwise than the run. Start it with the same milepost.yaml.`
  throw new PipelineError('DATABASE_MIXED', message, 'later')
}

/** Decides, once per reading, which windows it consists of; a later attempt of the same job finds the plan made. */
export async function planReading(context: PipelineContext, feed: WindowFeed, reading: Reading): Promise<void> {
  await context.db.transaction().execute(async (trx) => {
    await assertRunning(trx, reading.runId)
    await assertSameKind(context, trx, feed, reading.connection)
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
