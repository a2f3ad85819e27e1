import { resolve } from 'node:path'
import { sql } from 'kysely'
import type { Clock } from '../../core/clock.ts'
import { loadConfig } from '../../core/config.ts'
import { createLogger } from '../../core/logger.ts'
import { Secret } from '../../core/secret.ts'
import { fixedEgressIp } from '../../extract/fullbay/egress-ip.ts'
import { openQueue } from '../../queue/boss.ts'
import type { PipelineContext } from '../../queue/context.ts'
import type { Run } from '../../queue/ledger.ts'
import { runPipeline } from '../../queue/pipeline-run.ts'
import { startWorkers } from '../../queue/worker.ts'
import { createShop } from '../../sandbox/fullbay/generator.ts'
import { startFullbaySandbox, type FullbaySandbox } from '../../sandbox/fullbay/server.ts'
import type { TestDatabase } from './database.ts'

export const TEST_KEY = 'test-fullbay-key-9999'
const EGRESS_IP = '203.0.113.7'
/** A project of one model, so that a run's build takes no time. */
export const SMALL_PROJECT = resolve(import.meta.dirname, '../fixtures/projects/invoice-count')

export interface TestPipeline {
  context: PipelineContext
  sandbox: FullbaySandbox
  /** The moment that the pipeline and the vendor take it to be. */
  setNow(instant: string): void
  run(): Promise<Run>
  close(): Promise<void>
}

export interface TestPipelineOptions {
  shops?: string[]
  startDate?: string
  now?: string
  invoicesPerDay?: number
  projectDir?: string
  drain?: AbortSignal
  keys?: Record<string, string>
}

/** A whole pipeline in this process: a test's database, its queue, workers, and a vendor of its own over HTTP. */
export async function openTestPipeline(
  database: TestDatabase,
  options: TestPipelineOptions = {},
): Promise<TestPipeline> {
  const shops = options.shops ?? ['DET']
  const startDate = options.startDate ?? '2026-03-02'
  let instant = new Date(options.now ?? '2026-03-20T12:00:00Z')
  const clock: Clock = { now: () => instant }
  const keyOf = (shop: string) => `${TEST_KEY}-${shop}`
  const accounts = shops.map((shopId) => ({
    key: keyOf(shopId),
    egressIp: EGRESS_IP,
    shop: createShop({
      seed: 't',
      shopId,
      title: shopId,
      timeZone: 'UTC',
      firstDate: startDate,
      invoicesPerDay: options.invoicesPerDay ?? 6,
    }),
  }))
  const sandbox = await startFullbaySandbox({ accounts, now: clock.now, pageSize: 20 })
  const logger = createLogger('silent')
  const boss = await openQueue(new Secret(database.url), logger, { schedules: false })
  const config = loadConfig(import.meta.dirname, {})
  const context: PipelineContext = {
    config,
    pool: database.pool,
    db: database.db,
    boss,
    logger,
    stepLogger: logger,
    clock,
    projectDir: options.projectDir ?? SMALL_PROJECT,
    drain: options.drain ?? new AbortController().signal,
    geotab: { isSandbox: true, settings: config.geotab, databases: [] },
    chevin: null,
    fullbay: {
      isSandbox: true,
      startDate,
      windowDays: 7,
      repull: [{ every_days: 0, back_days: 3 }],
      shops: shops.map((shopId) => ({
        connection: shopId,
        name: shopId,
        expectedTitle: undefined,
        timeZone: 'UTC',
        quantityRule: 'q-returned',
        api: {
          shopId,
          key: new Secret(options.keys?.[shopId] ?? keyOf(shopId)),
          baseUrl: sandbox.baseUrl,
          egressIp: fixedEgressIp(EGRESS_IP),
          requestIntervalMs: 0,
          timeoutSeconds: 5,
          maxReplyBytes: 5_000_000,
          retry: { attempts: 2, baseMs: 1, maxMs: 10 },
          clock,
        },
      })),
    },
  }
  let working = false
  const onAllowed = async () => {
    if (!working) await startWorkers(context)
    working = true
  }
  return {
    context,
    sandbox,
    setNow: (now) => void (instant = new Date(now)),
    run: () => runPipeline(context, { trigger: 'manual', retries: 0, onAllowed }),
    async close() {
      await boss.stop({ graceful: false })
      await sandbox.close()
    },
  }
}

/** How many rows the tables of the Fullbay line hold. */
export async function rowCounts({ db }: TestDatabase): Promise<Record<string, number>> {
  const { rows } = await sql<Record<string, number>>`
    select
      (select count(*) from raw.fullbay__invoices) as raw_versions,
      (select count(*) from raw.fullbay__invoices where is_current) as raw_current,
      (select count(*) from base.fullbay__invoices) as invoices,
      (select count(*) from base.fullbay__line_items) as lines,
      (select count(*) from ops.quarantine where state = 'open') as quarantined
  `.execute(db)
  return rows[0] ?? {}
}
