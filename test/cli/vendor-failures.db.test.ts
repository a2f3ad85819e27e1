import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sql } from 'kysely'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { addDays, dayAt } from '../../core/date-window.ts'
import { createShop } from '../../sandbox/fullbay/generator.ts'
import type { Fault } from '../../sandbox/fullbay/fault.ts'
import { startFullbaySandbox, type FullbaySandbox } from '../../sandbox/fullbay/server.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { startMilepost } from '../support/milepost.ts'

const KEY = 'canary-fullbay-key-4242'
const START = addDays(dayAt(new Date(), 'UTC'), -10)

let database: TestDatabase
let vendor: FullbaySandbox
let folder: string
beforeAll(async () => {
  database = await createTestDatabase()
  const shop = createShop({
    seed: 'v',
    shopId: 'DET',
    title: 'T',
    timeZone: 'UTC',
    firstDate: START,
    invoicesPerDay: 4,
  })
  vendor = await startFullbaySandbox({ accounts: [{ key: KEY, egressIp: '203.0.113.7', shop }] })
  folder = mkdtempSync(join(tmpdir(), 'milepost-vendor-'))
})
afterAll(async () => {
  await vendor.close()
  rmSync(folder, { recursive: true })
  await database.drop()
})
beforeEach(() => void vendor.faults.clear())

async function run(changes: { baseUrl?: string; egressIp?: string; key?: string; timeoutSeconds?: number } = {}) {
  const settings = {
    log_level: 'debug',
    fullbay: {
      base_url: changes.baseUrl ?? vendor.baseUrl,
      egress_ip: changes.egressIp ?? '203.0.113.7',
      start_date: START,
      request_interval_ms: 0,
      timeout_seconds: changes.timeoutSeconds ?? 5,
      max_reply_mb: 5,
      retry: { attempts: 2, base_ms: 1, max_ms: 5 },
      shops: [{ id: 'DET', time_zone: 'UTC' }],
    },
  }
  writeFileSync(join(folder, 'milepost.yaml'), JSON.stringify(settings))
  const env = { DATABASE_URL: database.url, FULLBAY_API_KEY_DET: changes.key ?? KEY }
  const { code, out, err } = await startMilepost(['run'], { cwd: folder, env }).ended
  return { code, text: out + err }
}

test.for<{ name: string; fault?: Fault; changes?: Parameters<typeof run>[0]; code: string; says: RegExp }>([
  { name: 'a bad key', changes: { key: 'some-other-key-000' }, code: 'FULLBAY_AUTH', says: /API key/ },
  { name: 'a wrong address', changes: { egressIp: '198.51.100.9' }, code: 'FULLBAY_AUTH', says: /egress_ip/ },
  {
    name: 'a FAIL reply',
    fault: { fault: 'fail', message: 'Server too busy' },
    code: 'FULLBAY_UPSTREAM',
    says: /Server too busy/,
  },
  { name: 'an HTML reply', fault: { fault: 'html' }, code: 'FULLBAY_NOT_JSON', says: /HTML page/ },
  { name: 'truncated JSON', fault: { fault: 'invalidJson' }, code: 'FULLBAY_NOT_JSON', says: /not whole JSON/ },
  {
    name: 'a connection cut in the reply',
    fault: { fault: 'truncated' },
    code: 'FULLBAY_CUT_OFF',
    says: /in the middle/,
  },
  {
    name: 'a reply of a gigabyte',
    fault: { fault: 'huge', bytes: 1_000_000_000 },
    code: 'FULLBAY_TOO_LARGE',
    says: /larger than 5 MB/,
  },
  {
    name: 'a vendor that never answers',
    fault: { fault: 'hang' },
    changes: { timeoutSeconds: 0.2 },
    code: 'FULLBAY_TIMEOUT',
    says: /within 0.2 s/,
  },
  {
    name: 'a closed port',
    changes: { baseUrl: 'http://127.0.0.1:9/services/' },
    code: 'FULLBAY_UNREACHABLE',
    says: /cannot be reached/,
  },
])(
  '$name, with no other source configured, fails the run with 1 and $code, moves nothing and shows no secret',
  async ({ fault, changes, code, says }) => {
    if (fault !== undefined) vendor.faults.set(fault)
    const ended = await run(changes)
    expect(ended.text).toContain(code)
    expect(ended.text).toMatch(says)
    expect(ended.text).toContain('The run failed')
    expect(ended.code).toBe(1)
    expect(ended.text).not.toMatch(new RegExp(`${KEY}|some-other-key-000|token=|\\b[0-9a-f]{40}\\b`))
    const { rows } = await sql<{ cursors: number; landed: number }>`
    select (select count(*) from ops.cursors where feed like 'fullbay.%') as cursors, (select count(*) from raw.fullbay__invoices) as landed
  `.execute(database.db)
    expect(rows).toEqual([{ cursors: 0, landed: 0 }])
  },
)

test('when the vendor is well again, the next run reads everything', async () => {
  const ended = await run()
  expect(ended.text).toContain('The run succeeded')
  expect(ended.code).toBe(0)
  expect(ended.text).not.toContain(KEY)
  const { rows } = await sql<{ invoices: number }>`select count(*) as invoices from base.fullbay__invoices`.execute(
    database.db,
  )
  expect(rows[0]?.invoices).toBeGreaterThan(20)
  // Of what is not configured nothing was made up, in this run or in those that failed.
  expect(ended.text).toContain('Geotab: not configured, left out')
  expect(ended.text).not.toMatch(/sandbox|stand-in|Fleet|Reports/)
  const { rows: held } = await sql`
    select (select json_agg(distinct source) from ops.connections) as sources, (select count(*) from ops.deliveries) as deliveries
  `.execute(database.db)
  expect(held).toEqual([{ sources: ['fullbay'], deliveries: 0 }])
})
