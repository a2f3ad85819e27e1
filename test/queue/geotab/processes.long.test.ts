import { setTimeout as delay } from 'node:timers/promises'
import fc from 'fast-check'
import { expect, onTestFinished, test, vi } from 'vitest'
import { Sessions } from '../../../sandbox/geotab/sessions.ts'
import { USUAL } from '../../../sandbox/geotab/disorder.ts'
import type { SftpSandbox } from '../../../sandbox/sftp/server.ts'
import { createTestDatabase, type TestDatabase } from '../../support/database.ts'
import { deliveredFiles } from '../../support/delivered-reports.ts'
import { geotabDigests } from '../../support/geotab-digests.ts'
import { CANARIES } from '../../support/geotab-pipeline.ts'
import { openGeotabSite, type GeotabSite } from '../../support/geotab-site.ts'

const NOW = '2026-03-05T18:00:00Z'
const DISORDER = { ...USUAL, futureRecord: 0 }

async function open(fleets: Parameters<typeof openGeotabSite>[0], logLevel: 'silent' | 'debug' = 'silent') {
  const database = await createTestDatabase()
  const site = await openGeotabSite(fleets, { now: NOW, logLevel })
  onTestFinished(async () => {
    await site.close()
    await database.drop()
  })
  return { database, site }
}

/** The rows of events that were delivered, in an order of their own, each as often as it came. */
function toldRows(sftp: SftpSandbox): string[] {
  return deliveredFiles(sftp)
    .filter(({ report }) => report !== 'asset status')
    .flatMap(({ report, rows }) => rows.map((row) => `${report} ${JSON.stringify(row)}`))
    .sort()
}

async function runToEnd(site: GeotabSite, database: TestDatabase) {
  const ended = await site.milepost(['run'], database.url).ended
  expect(ended.code, `it said: ${ended.err}`).toBe(0)
  return ended
}

/** Starts a run and kills it after a while; false when it ended before. */
async function killed(site: GeotabSite, database: TestDatabase, afterMs: number): Promise<boolean> {
  const running = site.milepost(['run'], database.url)
  await Promise.race([delay(afterMs), running.ended])
  running.child.kill('SIGKILL')
  return (await running.ended).signal === 'SIGKILL'
}

test(
  'case 64: killed with -9 at random moments and run once more, tables and delivered rows equal an undisturbed load',
  { timeout: 180_000 },
  async () => {
    const fleets = [{ id: 'demo', vehicles: 6, disorder: DISORDER }]
    const [disturbed, undisturbed] = [await open(fleets), await open(fleets)]
    const began = performance.now()
    await runToEnd(undisturbed.site, undisturbed.database)
    const wholeMs = performance.now() - began
    const [seed] = fc.sample(fc.integer(), 1)
    // A run is killed while it reads, while it lays beside each other or builds, and while it delivers.
    const moments = fc.sample(fc.double({ min: 0, max: 1, noNaN: true }), { seed: seed!, numRuns: 3 })
    let kills = 0
    for (const [index, part] of moments.entries()) {
      const afterMs = wholeMs * (0.3 + 0.2 * (index + part))
      if (await killed(disturbed.site, disturbed.database, afterMs)) kills += 1
    }
    await runToEnd(disturbed.site, disturbed.database)
    expect(kills).toBeGreaterThan(0)
    expect(await geotabDigests(disturbed.database), `seed ${seed}`).toEqual(await geotabDigests(undisturbed.database))
    const told = toldRows(undisturbed.site.sftp)
    expect(told.length).toBeGreaterThan(50)
    expect(toldRows(disturbed.site.sftp), `seed ${seed}`).toEqual(told)
    const { rows } = await disturbed.database.pool.query("select from ops.deliveries where status <> 'delivered'")
    expect(rows).toHaveLength(0)
    const stray = disturbed.site.sftp.files.names('Import').filter((name) => !name.endsWith('.xls'))
    expect(stray).toEqual([])
  },
)

test(
  'two Geotab databases go to files of their own, and no secret to any table, log or file',
  { timeout: 120_000 },
  async () => {
    const sessions = vi.spyOn(Sessions.prototype, 'open')
    onTestFinished(() => sessions.mockRestore())
    const fleets = [
      { id: 'east', vehicles: 3, prefix: 'washingtongas' },
      { id: 'west', vehicles: 4, prefix: 'Pepco West' },
    ]
    const { database, site } = await open(fleets, 'debug')
    site.vendor.faults.set({
      fault: 'error',
      type: 'ServerException',
      typeName: 'Trip',
      database: 'east',
      message: `for ${CANARIES.geotab}`,
    })
    site.sftp.faults.set({ fault: 'refuseAuth' })
    const failed = await site.milepost(['run'], database.url).ended
    expect(failed.code).toBe(3)
    site.vendor.faults.clear()
    site.sftp.faults.clear()
    const good = await runToEnd(site, database)

    const files = deliveredFiles(site.sftp)
    for (const { id, prefix, vehicles } of fleets) {
      const own = files.filter((file) => file.prefix === prefix)
      const status = own.findLast(({ report }) => report === 'asset status')
      expect(status?.rows, `fleet ${id}`).toHaveLength(vehicles)
      const trips = own.filter(({ report }) => report === 'trips history').flatMap(({ rows }) => rows)
      const completed = site
        .fleet(id)
        .truth.trips()
        .filter((trip) => trip.completed && !trip.deleted)
      expect(trips.length, `fleet ${id}`).toBe(completed.length)
    }
    expect(new Set(files.map(({ prefix }) => prefix))).toEqual(new Set(fleets.map(({ prefix }) => prefix)))

    const secrets = [...Object.values(CANARIES), ...sessions.mock.results.map(({ value }) => String(value))]
    expect(secrets.length).toBeGreaterThan(4)
    const places = {
      ...(await tableTexts(database)),
      output: [failed.out, failed.err, good.out, good.err].join('\n'),
      files: files.map((file) => JSON.stringify(file)).join('\n'),
    }
    expect(Object.keys(places).length).toBeGreaterThan(100)
    for (const [place, text] of Object.entries(places)) {
      for (const secret of secrets) expect(text.includes(secret), `${secret.slice(0, 12)}… in ${place}`).toBe(false)
    }
  },
)

/** All that stands in a database, by table; bytes as the text that they may be. */
async function tableTexts({ pool }: TestDatabase): Promise<Record<string, string>> {
  const { rows } = await pool.query<{ name: string }>(`
    select format('%I.%I', table_schema, table_name) as name from information_schema.tables
    where table_schema not in ('pg_catalog', 'information_schema') and table_type = 'BASE TABLE'
  `)
  const texts: Record<string, string> = {}
  for (const { name } of rows) {
    const { rows: found } = await pool.query<{ text: string | null }>(
      `select string_agg(t::text, E'\\n') as text from ${name} as t`,
    )
    texts[name] = found[0]?.text ?? ''
  }
  return texts
}
