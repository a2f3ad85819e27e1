import { readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { deliveredFiles } from '../support/delivered-reports.ts'
import { openGeotabSite, type GeotabSite } from '../support/geotab-site.ts'
import type { Ended } from '../support/milepost.ts'

let database: TestDatabase
let site: GeotabSite
let whole: string
beforeAll(async () => {
  database = await createTestDatabase()
  site = await openGeotabSite([{ id: 'demo', vehicles: 5 }], { now: '2026-03-05T18:00:00Z' })
  whole = readFileSync(settings(), 'utf8')
})
afterAll(async () => {
  await site.close()
  await database.drop()
})

const settings = () => join(site.folder, 'milepost.yaml')
const milepost = (...args: string[]): Promise<Ended> => site.milepost(args, database.url).ended
/** The settings from or up to the ones of Chevin, which come last. */
const chevinAt = () => whole.indexOf('chevin:')

interface Planned {
  files: { file: string; rows: number }[]
}

async function ledger() {
  const { rows } = await sql<{ deliveries: number; rows_told: number; sources: string[] }>`
    select (select count(*) from ops.deliveries) as deliveries, (select count(*) from ops.report_rows) as rows_told,
      (select json_agg(distinct source || ' ' || is_sandbox) from ops.connections) as sources
  `.execute(database.db)
  return rows[0]
}

test(
  'with a fleet and no server, two runs read it, send nothing and take nothing for sent',
  { timeout: 180_000 },
  async () => {
    writeFileSync(settings(), whole.slice(0, chevinAt()))
    for (const nth of [1, 2]) {
      const { code, out, err } = await milepost('run')
      expect([nth, code]).toEqual([nth, 0])
      expect(out).toContain('Source     Fullbay: not configured, left out')
      expect(out).toContain(
        'Reports    not sent: chevin.sftp is not configured (npx milepost deliver --out <dir> writes them to a folder)',
      )
      expect(err).toContain('Reports are not sent: chevin.sftp is not configured')
      expect(out + err).not.toMatch(/sandbox|stand-in/)
      expect(await ledger()).toEqual({ deliveries: 0, rows_told: 0, sources: ['geotab false'] })
    }
    expect((await milepost('status')).out).toContain('Reports    not sent: chevin.sftp is not configured')
  },
)

test.for(['deliver', 'deliver --retry-failed', 'sync plan', 'sync apply'])(
  'without a server `milepost %s` ends with 1 and says what to set',
  { timeout: 60_000 },
  async (command) => {
    const { code, err } = await milepost(...command.split(' '))
    expect(code).toBe(1)
    expect(err).toMatch(/CHEVIN_NOT_CONFIGURED: .*Set host, user, host_keys and a password/)
    expect(await ledger()).toMatchObject({ deliveries: 0, rows_told: 0 })
  },
)

test(
  'without a server reports are still written to a folder, and all that was due is sent once there is one',
  { timeout: 180_000 },
  async () => {
    const folder = join(site.folder, 'files')
    expect((await milepost('deliver', '--dry-run')).code).toBe(0)
    const written = JSON.parse((await milepost('deliver', '--out', folder, '--json')).out) as Planned
    expect(readdirSync(folder).sort()).toEqual(written.files.map(({ file }) => file).sort())
    expect(written.files).toHaveLength(4)
    expect(written.files.reduce((sum, { rows }) => sum + rows, 0)).toBeGreaterThan(40)
    expect(JSON.parse((await milepost('deliver', '--receipts', '--json')).out)).toEqual([])
    expect(await ledger()).toMatchObject({ deliveries: 0, rows_told: 0 })

    writeFileSync(settings(), whole)
    const { code, out } = await milepost('run')
    expect(code).toBe(0)
    expect(out).not.toContain('not sent')
    const sent = deliveredFiles(site.sftp)
    const { rows } = await sql<Record<string, number>>`
      select (select count(*) from reports.rpt_asset_status) as "asset status",
        (select count(*) from reports.rpt_trips_history) as "trips history",
        (select count(*) from reports.rpt_exceptions_details) as "exceptions details",
        (select count(*) from reports.rpt_engine_faults) as "engine faults"
    `.execute(database.db)
    expect(Object.fromEntries(sent.map(({ report, rows: own }) => [report, own.length]))).toEqual(rows[0])
    expect(rows[0]?.['trips history']).toBeGreaterThan(20)
    const events = sent.filter(({ report }) => report !== 'asset status').flatMap(({ rows: own }) => own)
    expect(await ledger()).toMatchObject({ deliveries: 4, rows_told: events.length })
  },
)

test(
  'a shop that cannot be read beside a fleet that can leaves the run partly done with 3',
  { timeout: 60_000 },
  async () => {
    writeFileSync(join(site.folder, 'key'), 'canary-fullbay-key-4343')
    const fullbay = {
      base_url: 'http://127.0.0.1:9/services/',
      egress_ip: '203.0.113.7',
      start_date: '2026-03-02',
      retry: { attempts: 1, base_ms: 1, max_ms: 1 },
      shops: [{ id: 'DET', time_zone: 'UTC', key: { file: 'key' } }],
    }
    writeFileSync(settings(), `${whole}fullbay: ${JSON.stringify(fullbay)}\n`)
    const { code, out } = await milepost('run')
    expect(code).toBe(3)
    expect(out).toContain('The run is partly done')
    expect(out).toMatch(/FULLBAY_UNREACHABLE[^]*Fleet +5 vehicles[^]*delivered/)
    const { rows } = await sql`select from ops.cursors where feed like 'fullbay.%'`.execute(database.db)
    expect(rows).toEqual([])
  },
)

test('with a server alone a run ends at once and says that there is nothing to read', { timeout: 60_000 }, async () => {
  writeFileSync(settings(), `log_level: silent\n${whole.slice(chevinAt())}`)
  const { code, out, err } = await milepost('run')
  expect(code).toBe(0)
  expect(err).toContain('there is nothing to read, and nothing to deliver to Chevin')
  expect(out).toContain('Source     Geotab: not configured, left out')
  expect(out + err).not.toMatch(/sandbox|stand-in/)
  const sync = await milepost('sync', 'apply')
  expect([sync.code, sync.err]).toEqual([1, expect.stringContaining('GEOTAB_NOT_CONFIGURED')])
  const backfill = await milepost('backfill', '--from', '2026-03-02', '--to', '2026-03-03')
  expect([backfill.code, backfill.err]).toEqual([1, expect.stringContaining('no source of these feeds is configured')])
})

test('a database of the sandbox refuses a real fleet', { timeout: 60_000 }, async () => {
  await sql`update ops.connections set is_sandbox = true where source = 'geotab'`.execute(database.db)
  writeFileSync(settings(), whole)
  for (const command of ['run', 'deliver']) {
    const { code, err } = await milepost(command)
    expect([code, err]).toEqual([1, expect.stringContaining('DATABASE_MIXED')])
  }
})
