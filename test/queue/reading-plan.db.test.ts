import { randomUUID } from 'node:crypto'
import { sql } from 'kysely'
import { expect, test } from 'vitest'
import { fullbayInvoices } from '../../queue/fullbay/invoices-feed.ts'
import { insertRun, insertStep } from '../../queue/ledger.ts'
import { planReading } from '../../queue/reading-plan.ts'
import { createTestDatabase } from '../support/database.ts'
import { openTestPipeline } from '../support/pipeline.ts'

test('a worker that reads stand-ins refuses the reading of a real shop, so that nothing made up lands under its name', async () => {
  const database = await createTestDatabase()
  const pipeline = await openTestPipeline(database)
  const reading = { runId: randomUUID(), step: 'extract', feed: 'fullbay.invoices', connection: 'DET' }
  await database.db.transaction().execute(async (trx) => {
    await insertRun(trx, { runId: reading.runId, lane: 'test', trigger: 'manual', owner: 'test', retries: null })
    await insertStep(trx, {
      runId: reading.runId,
      step: 'extract',
      kind: 'extract',
      feed: reading.feed,
      connection: 'DET',
    })
    await sql`insert into ops.connections (source, connection, name, time_zone, is_sandbox) values ('fullbay', 'DET', 'DET', 'UTC', false)`.execute(
      trx,
    )
  })
  await expect(planReading(pipeline.context, fullbayInvoices, reading)).rejects.toMatchObject({
    code: 'DATABASE_MIXED',
    retry: 'later',
  })
  await sql`update ops.connections set is_sandbox = true`.execute(database.db)
  await planReading(pipeline.context, fullbayInvoices, reading)
  const { rows } = await sql<{ n: number }>`select count(*) as n from ops.windows`.execute(database.db)
  expect(rows[0]?.n).toBe(3)
  await pipeline.close()
  await database.drop()
})
