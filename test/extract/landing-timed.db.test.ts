import { randomUUID } from 'node:crypto'
import fc from 'fast-check'
import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { LandedPage } from '../../extract/landing.ts'
import { landTimed, sortTimed, type TimedTarget } from '../../extract/landing-timed.ts'
import { ensurePartitions } from '../../db/partitions.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await createTestDatabase()
})
afterAll(() => database.drop())

interface Sample {
  id?: string | null
  device?: string
  dateTime?: string
  value?: unknown
  version?: string
}

const TABLE = 'raw.geotab__status_data'
const aSample = (given: Sample): Sample => ({ id: 'a', device: 'b1', dateTime: '2026-11-20T10:00:00.000Z', ...given })

function targetOf(connection: string): TimedTarget {
  return {
    feed: 'geotab.status_data',
    table: TABLE,
    connection,
    keyOf: (record) => (record as Sample).id ?? null,
    placeOf: (record) => {
      const { device = '', dateTime = '' } = record as Sample
      const at = Date.parse(dateTime)
      return Number.isNaN(at) ? null : { device, at }
    },
    versionOf: (record) => (record as Sample).version ?? null,
  }
}

async function land(connection: string, records: Sample[]): Promise<LandedPage> {
  const target = targetOf(connection)
  const sorted = sortTimed(target, records)
  await ensurePartitions(database.pool, TABLE, sorted.instants)
  return database.db.transaction().execute((trx) => landTimed(trx, target, { runId: randomUUID(), sorted }))
}

async function held(connection: string) {
  const { rows } = await sql<{ key: string; version: number; is_current: boolean; payload: Sample }>`
    select record_key as key, version, is_current, payload from raw.geotab__status_data
    where connection = ${connection} order by record_key, device_id, occurred_at, version
  `.execute(database.db)
  return rows
}

test('a new record lands, an equal one writes nothing, a changed one becomes the next version', async () => {
  expect(await land('versions', [aSample({ value: 1 })])).toMatchObject({ fetched: 1, landed: 1, unchanged: 0 })
  expect(await land('versions', [aSample({ value: 1 })])).toMatchObject({ fetched: 1, landed: 0, unchanged: 1 })
  const mixed = [aSample({ value: 2 }), aSample({ id: 'b' }), aSample({ id: 'b' })]
  expect(await land('versions', mixed)).toMatchObject({ fetched: 3, landed: 2, unchanged: 1 })
  expect((await held('versions')).map(({ key, version, is_current }) => [key, version, is_current])).toEqual([
    ['a', 1, false],
    ['a', 2, true],
    ['b', 1, true],
  ])
})

test('case 9: of two versions in one page the later row stands; a lower version that comes late is ignored', async () => {
  const deleted = aSample({ value: 'deleted', version: '000000000000000a' })
  const replaced = aSample({ value: 'replaced', version: '0000000000000010' })
  await land('order', [deleted, replaced])
  expect(await land('order', [aSample({ value: 'stale', version: '000000000000000b' })])).toMatchObject({
    landed: 0,
    unchanged: 1,
  })
  expect((await held('order')).filter((row) => row.is_current).map((row) => row.payload.value)).toEqual(['replaced'])
})

test.for([
  { why: 'no id', record: aSample({ id: null }), code: 'NO_KEY' },
  { why: 'no date', record: aSample({ dateTime: 'soon' }), code: 'NO_TIME' },
  { why: 'a date of another century', record: aSample({ dateTime: '2199-01-01T00:00:00Z' }), code: 'TIME_IMPLAUSIBLE' },
  { why: 'a date before computers', record: aSample({ dateTime: '0001-01-01T00:00:00Z' }), code: 'TIME_IMPLAUSIBLE' },
  { why: 'an id longer than any', record: aSample({ id: 'x'.repeat(201) }), code: 'KEY_TOO_LONG' },
])('a record with $why goes to quarantine and the page lands', async ({ record, code }) => {
  const page = await land(`quarantine ${code} ${record.dateTime}`, [aSample({ id: 'good' }), record])
  expect(page).toMatchObject({ fetched: 2, landed: 1, unchanged: 0, quarantined: 1 })
  const { rows } = await sql<{ code: string }>`
    select code from ops.quarantine where connection = ${`quarantine ${code} ${record.dateTime}`}
  `.execute(database.db)
  expect(rows).toEqual([{ code }])
})

test('a value that Postgres refuses costs its own record only', async () => {
  const page = await land('refused', [aSample({ id: 'good' }), aSample({ id: 'odd', device: 'b\u0000' })])
  expect(page).toMatchObject({ fetched: 2, landed: 1, quarantined: 1 })
})

test('case 8: however records are cut into pages and repeated, the tables end the same', async () => {
  const arbitrary = fc.array(
    fc.record({
      id: fc.constantFrom('k1', 'k2', 'k3'),
      device: fc.constantFrom('b1', 'b2'),
      value: fc.integer({ min: 0, max: 3 }),
    }),
    { minLength: 1, maxLength: 25 },
  )
  let round = 0
  await fc.assert(
    fc.asyncProperty(arbitrary, fc.integer({ min: 1, max: 7 }), async (given, size) => {
      round += 1
      const records = given.map((one, index) => aSample({ ...one, version: index.toString(16).padStart(16, '0') }))
      await land(`whole ${round}`, records)
      for (let from = 0; from < records.length; from += size) {
        const page = records.slice(from, from + size)
        const counts = await land(`cut ${round}`, page)
        expect(counts.landed + counts.unchanged).toBe(page.length)
        await land(`cut ${round}`, page)
      }
      const current = (rows: Awaited<ReturnType<typeof held>>) =>
        rows.filter((row) => row.is_current).map((row) => row.payload)
      expect(current(await held(`cut ${round}`))).toEqual(current(await held(`whole ${round}`)))
    }),
    { numRuns: 25 },
  )
})
