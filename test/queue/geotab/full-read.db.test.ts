import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openAlerts } from '../../../queue/alerts.ts'
import { fleetOfFeeds } from '../../../queue/chevin/fleet.ts'
import { VANISHING_KINDS } from '../../../queue/geotab/removed.ts'
import { loadZones } from '../../../queue/geotab/zones.ts'
import { readSteps, type Run } from '../../../queue/ledger.ts'
import type { Entry } from '../../../sandbox/geotab/store.ts'
import { createTestDatabase, type TestDatabase } from '../../support/database.ts'
import { deliveredFiles } from '../../support/delivered-reports.ts'
import { unaccounted } from '../../support/geotab-counts.ts'
import { openGeotabPipeline, type GeotabPipeline } from '../../support/geotab-pipeline.ts'

let database: TestDatabase
let pipeline: GeotabPipeline
beforeAll(async () => {
  database = await createTestDatabase()
  pipeline = await openGeotabPipeline(database, { now: '2026-03-03T18:00:00Z', pageRows: 7 })
  await runLater(0)
})
afterAll(async () => {
  await pipeline.close()
  await database.drop()
})

async function runLater(hours: number): Promise<Run> {
  pipeline.setNow(new Date(pipeline.now().getTime() + hours * 3_600_000))
  const run = await pipeline.run()
  expect(await unaccounted(database, run.run_id)).toEqual([])
  return run
}

async function outputOf(run: Run) {
  const steps = await readSteps(database.db, run.run_id)
  return steps.find(({ feed }) => feed === 'geotab.full_read')
}

const table = (entity: string) => pipeline.fleet().store.table(entity)

function take(entity: string, id: string): Entry {
  const entry = table(entity).get(id)
  if (entry === undefined) throw new RangeError(`no ${entity} ${id}`)
  table(entity).drop(id)
  return entry
}

const giveBack = (entity: string, { key, row, ms }: Entry) =>
  pipeline.fleet().store.put(entity, { key, row: { ...row }, ms })

interface Counts {
  rows: number
  removed: string[]
}

/** How many rows each base table has, and which of them are marked. */
async function counts(): Promise<Record<string, Counts>> {
  const found: Record<string, Counts> = {}
  for (const { feed, key } of VANISHING_KINDS) {
    const { rows } = await sql<Counts>`
      select count(*) as rows, coalesce(array_agg(${sql.ref(key)}) filter (where removed_at is not null), '{}') as removed
      from ${sql.table(`base.geotab__${feed}`)}
    `.execute(database.db)
    found[feed] = rows[0] ?? { rows: 0, removed: [] }
  }
  return found
}

/** The kinds that were read whole since a moment of the stand-in's log. */
const readSince = (at: number) => [
  ...new Set(
    pipeline.vendor.requests
      .slice(at)
      .filter(({ method, typeName }) => method === 'Get' && VANISHING_KINDS.some(({ entity }) => entity === typeName))
      .map(({ typeName }) => typeName),
  ),
]

const told = () => deliveredFiles(pipeline.sftp).findLast(({ report }) => report === 'asset status')?.rows ?? []
const zonesAt = async (entry: Entry, at: Date) => {
  const [west, south] = (entry.row['points'] as { x: number; y: number }[]).map(({ x, y }) => [x, y])[0] ?? [0, 0]
  return (await loadZones(pipeline.context, 'demo')).at(west ?? 0, south ?? 0, at.getTime())
}

test('the first run reads each kind whole, page by page, and finds nothing gone', async () => {
  const { rows } = await sql<{ feed: string; records: number; removed: number }>`
    select feed, records, removed from ops.full_reads order by feed
  `.execute(database.db)
  const listed = (entity: string) =>
    [...table(entity).rows()].filter(({ row }) => row['baseType'] !== 'ZoneStop').length
  expect(rows).toEqual(
    VANISHING_KINDS.map(({ entity, feed }) => ({ feed: `geotab.${feed}`, records: listed(entity), removed: 0 })).sort(
      (a, b) => a.feed.localeCompare(b.feed),
    ),
  )
  expect(Math.min(...rows.map(({ records }) => records))).toBeGreaterThan(5)
  expect(Object.values(await counts()).flatMap(({ removed }) => removed)).toEqual([])
})

test('what vanished without a word is marked a day later, at once in all that follows, until a feed tells of it again', async () => {
  const before = await counts()
  const [device = ''] = told().map((row) => String(row['DeviceId']))
  const zone = [...table('Zone').rows()][1]?.key ?? ''
  const user = [...table('User').rows()].at(-1)?.key ?? ''
  const taken = {
    devices: take('Device', device),
    users: take('User', user),
    zones: take('Zone', zone),
    rules: take('Rule', 'RuleSeatbeltId'),
    diagnostics: take('Diagnostic', 'DiagnosticFuelLevelId'),
  }
  const at = pipeline.vendor.requests.length
  expect(await runLater(1)).toMatchObject({ status: 'succeeded' })
  expect(readSince(at)).toEqual([])
  expect(await counts()).toEqual(before)
  expect(told().map((row) => row['DeviceId'])).toContain(device)

  const began = pipeline.now()
  const run = await runLater(23)
  expect(run).toMatchObject({ status: 'succeeded' })
  expect((await outputOf(run))?.output).toMatchObject(
    Object.fromEntries(VANISHING_KINDS.map(({ feed }) => [feed, { removed: 1, in_doubt: false }])),
  )
  const after = await counts()
  for (const [feed, { key }] of Object.entries(taken)) {
    expect(after[feed]).toEqual({ rows: before[feed]?.rows, removed: [key] })
  }
  expect(told().map((row) => row['DeviceId'])).not.toContain(device)
  expect(told().length).toBeGreaterThan(2)
  const fleet = await fleetOfFeeds(pipeline.context, 'demo')
  expect(fleet.devices.find(({ deviceId }) => deviceId === device)).toMatchObject({ isArchived: true })
  expect(await zonesAt(taken.zones, began)).toContain(zone)
  expect(await zonesAt(taken.zones, pipeline.now())).not.toContain(zone)
  const { rows: states } = await sql<{ what: string; is_gone: boolean }>`
    select 'zone' as what, not is_active as is_gone from marts.dim_geotab_zones where zone_id = ${zone}
    union all select 'vehicle', is_archived from marts.dim_geotab_vehicles where device_id = ${device}
    union all select 'driver', is_archived from marts.dim_geotab_drivers where driver_id = ${user}
    order by 1
  `.execute(database.db)
  expect(states).toEqual(['driver', 'vehicle', 'zone'].map((what) => ({ what, is_gone: true })))

  for (const { entity, feed } of VANISHING_KINDS) giveBack(entity, taken[feed])
  const later = pipeline.vendor.requests.length
  expect(await runLater(1)).toMatchObject({ status: 'succeeded' })
  expect(readSince(later)).toEqual([])
  expect(await counts()).toEqual(before)
  expect(told().map((row) => row['DeviceId'])).toContain(device)
  expect(await zonesAt(taken.zones, pipeline.now())).toContain(zone)
})

test('a reading that finds what was taken to be gone brings it back too', async () => {
  const before = await counts()
  await sql`update base.geotab__zones set removed_at = now() where zone_id = (select min(zone_id) from base.geotab__zones)`.execute(
    database.db,
  )
  expect(await runLater(24)).toMatchObject({ status: 'succeeded' })
  expect(await counts()).toEqual(before)
})

test('what a reading has that no feed told is landed, and what it has as we do is not', async () => {
  const before = await counts()
  const zone = [...table('Zone').rows()][0]
  const user = [...table('User').rows()][0]
  if (zone !== undefined) zone.row['name'] = 'Renamed in silence'
  if (user !== undefined) user.row['employeeNo'] = '00042'
  const run = await runLater(24)
  const step = await outputOf(run)
  expect(step).toMatchObject({ landed: 2, quarantined: 0 })
  expect(step?.fetched).toBe((step?.unchanged ?? 0) + 2)
  const { rows } = await sql<{ name: string; employee_number: string }>`
    select z.name, u.employee_number from base.geotab__zones as z, base.geotab__users as u
    where zone_id = ${zone?.key} and user_id = ${user?.key}
  `.execute(database.db)
  expect(rows).toEqual([{ name: 'Renamed in silence', employee_number: '00042' }])
  expect(await counts()).toEqual(before)
})

test('an answer that has shrunk by more than half, or is empty, marks nothing and tells of it until it is well again', async () => {
  const before = await counts()
  expect(before['zones']?.rows).toBeGreaterThan(10)
  const zones = [...table('Zone').rows()].map(({ key }) => key)
  const users = [...table('User').rows()].map(({ key }) => key)
  const lost = [
    ...zones.slice(0, Math.ceil(zones.length * 0.6)).map((id) => ['Zone', take('Zone', id)] as const),
    ...users.map((id) => ['User', take('User', id)] as const),
  ]
  const run = await runLater(24)
  expect(run.status).toBe('succeeded')
  expect((await outputOf(run))?.output).toMatchObject({
    zones: { removed: 0, in_doubt: true },
    users: { records: 0, removed: 0, in_doubt: true },
    devices: { in_doubt: false },
  })
  expect(await counts()).toEqual(before)
  const doubts = async () => (await openAlerts(database.db)).map(({ kind, subject }) => `${kind} ${subject}`).sort()
  expect(await doubts()).toEqual(['full_read_in_doubt geotab.users demo', 'full_read_in_doubt geotab.zones demo'])
  for (const [entity, entry] of lost) giveBack(entity, entry)
  const at = pipeline.vendor.requests.length
  expect(await runLater(1)).toMatchObject({ status: 'succeeded' })
  expect(readSince(at)).toEqual(['User', 'Zone'])
  expect(await doubts()).toEqual([])
  expect(await counts()).toEqual(before)
})

test('whoever knows that so many are gone says so by the setting', async () => {
  const before = await counts()
  const zones = [...table('Zone').rows()].map(({ key }) => key)
  const lost = zones.slice(0, Math.ceil(zones.length * 0.6)).map((id) => take('Zone', id))
  pipeline.context.geotab.settings.full_read.least_share = 0
  await runLater(24)
  pipeline.context.geotab.settings.full_read.least_share = 0.5
  const after = await counts()
  expect(after['zones']?.rows).toBe(before['zones']?.rows)
  expect(after['zones']?.removed.toSorted()).toEqual(lost.map(({ key }) => key).toSorted())
  for (const entry of lost) giveBack('Zone', entry)
  await runLater(1)
  expect(await counts()).toEqual(before)
})

test('a kind that cannot be read fails the step, holds nothing up, and is read by the next run', async () => {
  const files = deliveredFiles(pipeline.sftp).length
  const rule = take('Rule', 'RuleHarshBrakingId')
  const zone = take('Zone', [...table('Zone').rows()][1]?.key ?? '')
  pipeline.vendor.faults.set({ fault: 'error', type: 'GenericException', method: 'Get', typeName: 'Rule' })
  const run = await runLater(24)
  pipeline.vendor.faults.clear()
  expect(run.status).toBe('partial')
  expect(await outputOf(run)).toMatchObject({ status: 'failed' })
  expect(await counts()).toMatchObject({ zones: { removed: [zone.key] }, rules: { removed: [] } })
  expect(deliveredFiles(pipeline.sftp)).toHaveLength(files + 4)
  const at = pipeline.vendor.requests.length
  expect(await runLater(1)).toMatchObject({ status: 'succeeded' })
  expect(readSince(at)).toEqual(['Rule'])
  expect(await counts()).toMatchObject({ zones: { removed: [zone.key] }, rules: { removed: [rule.key] } })
})

test('a group that is gone and comes back is there again, as it is now', async () => {
  const group = take('Group', [...table('Group').rows()].at(-1)?.key ?? '')
  const held = async () => {
    const { rows } = await sql<{ base: number; current: number; versions: number }>`
      select (select count(*) from base.geotab__groups where group_id = ${group.key}) as base,
        count(*) filter (where is_current) as current, count(*) as versions
      from raw.geotab__groups where record_key = ${group.key}
    `.execute(database.db)
    return rows[0]
  }
  await runLater(1)
  expect(await held()).toEqual({ base: 0, current: 0, versions: 1 })
  giveBack('Group', group)
  expect(await runLater(1)).toMatchObject({ status: 'succeeded' })
  expect(await held()).toEqual({ base: 1, current: 1, versions: 2 })
})
