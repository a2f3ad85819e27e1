import { randomUUID } from 'node:crypto'
import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createKysely } from '../../../db/kysely.ts'
import { createPool } from '../../../db/pool.ts'
import { FEEDS } from '../../../queue/catalogue.ts'
import { syncConnections } from '../../../queue/connections.ts'
import type { StreamFeed } from '../../../queue/feed.ts'
import { insertRun, insertStep } from '../../../queue/ledger.ts'
import { extractStepName } from '../../../queue/progress.ts'
import { readStream } from '../../../queue/stream-reading.ts'
import { createTestDatabase, type TestDatabase } from '../../support/database.ts'
import { openGeotabPipeline, type GeotabPipeline } from '../../support/geotab-pipeline.ts'
import { startTcpProxy } from '../../support/tcp-proxy.ts'

let database: TestDatabase
let pipeline: GeotabPipeline
beforeAll(async () => {
  database = await createTestDatabase()
  pipeline = await openGeotabPipeline(database, { now: '2026-03-03T18:00:00Z', pageRows: 100 })
  await database.db.transaction().execute((trx) => syncConnections(pipeline.context, trx))
})
afterAll(async () => {
  await pipeline.close()
  await database.drop()
})

const feed = FEEDS.find(({ name }) => name === 'geotab.log_records') as StreamFeed

async function aReading() {
  const runId = randomUUID()
  const reading = { runId, step: extractStepName(feed.name, 'demo'), feed: feed.name, connection: 'demo' }
  await database.db.transaction().execute(async (trx) => {
    await sql`update ops.runs set status = 'interrupted' where status = 'running'`.execute(trx)
    await insertRun(trx, { runId, lane: 'pipeline', trigger: 'manual', owner: 'test', retries: 0 })
    await insertStep(trx, { ...reading, kind: 'extract' })
  })
  return reading
}

/** Where the cursor stands, and what has landed: rows, and the rows that the receipts tell of. */
async function state() {
  const { rows } = await sql<{ version: string | null; landed: number; receipts: number }>`
    select (select value ->> 'version' from ops.cursors where feed = ${feed.name}) as version,
      (select count(*) from raw.geotab__log_records) as landed,
      (select coalesce(sum(landed), 0) from ops.pages where feed = ${feed.name}) as receipts
  `.execute(database.db)
  return rows[0] ?? { version: null, landed: 0, receipts: 0 }
}

test('case 65: a page during which Postgres goes away is not acknowledged, and is read again when it is back', async () => {
  const target = new URL(database.url)
  const proxy = await startTcpProxy({ host: target.hostname, port: Number(target.port) })
  target.hostname = proxy.host
  target.port = String(proxy.port)
  const { signal } = new AbortController()
  pipeline.fleet().advance(pipeline.now())
  const all = [...pipeline.fleet().store.table('LogRecord').rows()].length
  expect(all).toBeGreaterThan(500)

  // Cut ever later, within a page and between pages; each attempt goes on from the last page that was kept.
  const seen = [await state()]
  let isWhole = false
  for (let packets = 3; !isWhole && seen.length < 60; packets = Math.ceil(packets * 1.3)) {
    const pool = createPool(target.href, { label: 'cut', connectTimeoutMs: 2000 })
    const context = { ...pipeline.context, pool, db: createKysely(pool) }
    const reading = await aReading()
    proxy.cutAfter(packets)
    const [result] = await Promise.allSettled([readStream(context, feed, reading, signal)])
    isWhole = result.status === 'fulfilled'
    proxy.cutAfter(null)
    await pool.end()
    seen.push(await state())
  }
  expect(isWhole).toBe(true)
  expect(seen[1]).toEqual({ version: null, landed: 0, receipts: 0 })
  for (const [index, now] of seen.entries()) {
    const before = seen[index - 1] ?? now
    // Rows, their receipts and the cursor are kept together or not at all.
    expect(now.landed).toBe(now.receipts)
    expect(now.version === before.version).toBe(now.landed === before.landed)
    expect(now.landed).toBeGreaterThanOrEqual(before.landed)
  }
  const steps = new Set(seen.map(({ landed }) => landed))
  expect(steps.size).toBeGreaterThan(3)
  expect(seen.length).toBeGreaterThan(steps.size)
  expect(seen.at(-1)?.landed).toBe(all)
  await proxy.close()
})
