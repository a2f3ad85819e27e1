import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { insertRecords } from '../../../db/insert-records.ts'
import { toDeviceStatusInfoRow } from '../../../transform/geotab/device-status-info.ts'
import { toDeviceRow } from '../../../transform/geotab/device.ts'
import { toDiagnosticRow } from '../../../transform/geotab/diagnostic.ts'
import { toDriverChangeRow } from '../../../transform/geotab/driver-change.ts'
import { toExceptionEventRow } from '../../../transform/geotab/exception-event.ts'
import { toFaultDataRow } from '../../../transform/geotab/fault-data.ts'
import { toGroupRow } from '../../../transform/geotab/group.ts'
import { toLogRecordRow } from '../../../transform/geotab/log-record.ts'
import { toSourceRow } from '../../../transform/geotab/reference.ts'
import type { RowContext, RowResult } from '../../../transform/geotab/row-result.ts'
import { toRuleRow } from '../../../transform/geotab/rule.ts'
import { toStatusDataRow } from '../../../transform/geotab/status-data.ts'
import { toTripRow } from '../../../transform/geotab/trip.ts'
import { toUserRow } from '../../../transform/geotab/user.ts'
import { toZoneRow } from '../../../transform/geotab/zone.ts'
import { createTestDatabase, type TestDatabase } from '../../support/database.ts'
import { aLogRecord, aReading, aTrip, context, rowOf } from './a-record.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await createTestDatabase()
  for (const table of ['positions', 'status_data', 'trips']) {
    const [parent, part] = [sql.table(`base.geotab__${table}`), sql.table(`base.geotab__${table}_all`)]
    await sql`create table ${part} partition of ${parent} default`.execute(database.db)
  }
})
afterAll(() => database.drop())

// Texts that Postgres cannot hold, numbers at the ends of their columns, words and ids that need quoting.
const ODD = {
  name: 'a\0b "quoted" {x,y} \ud800',
  comment: '\\N',
  severity: '',
  speed: 1e308,
  data: -5e-324,
  distance: 9e9,
  count: 2_147_483_647,
  code: -2_147_483_647,
  odometer: Number.MAX_SAFE_INTEGER,
  currentStateDuration: '103000.23:59:59.9999999',
  stopDuration: '103000.23:59:59.9999999',
  duration: '-00:00:01',
  groups: [{ id: 'b{1}' }, 'b"2"', 'b,3'],
  children: ['b\\4'],
  devicePlans: ['Pro "Plus"', 'NULL'],
  keys: [{ serialNumber: '0007' }],
  points: [
    { x: 179, y: 1 },
    { x: -179, y: 1 },
    { x: -179, y: 2 },
  ],
  zoneTypes: ['ZoneTypeOfficeId'],
  start: '1986-01-01T00:00:00.000001Z',
  stop: '2049-12-31T23:59:59.9999999Z',
  dateTime: '2026-01-27T10:59:54.269123Z',
  activeFrom: '2026-01-27T10:59:54.9999999Z',
}
const ID = {
  id: 'b1',
  device: 'b2',
  diagnostic: 'b3',
  dateTime: '2026-01-27',
  start: '2026-01-27',
  activeFrom: '2026-01-27',
  data: 1,
}

type ToRow = (payload: unknown, context: RowContext) => RowResult<object>

const TABLES: { table: string; toRow: ToRow; whole?: Record<string, unknown> }[] = [
  { table: 'positions', toRow: toLogRecordRow, whole: aLogRecord() },
  { table: 'status_data', toRow: toStatusDataRow, whole: aReading() },
  { table: 'trips', toRow: (payload) => toTripRow(payload, context), whole: aTrip() },
  { table: 'exceptions', toRow: toExceptionEventRow },
  { table: 'faults', toRow: toFaultDataRow },
  { table: 'driver_changes', toRow: toDriverChangeRow },
  { table: 'device_status', toRow: toDeviceStatusInfoRow },
  { table: 'devices', toRow: toDeviceRow },
  { table: 'users', toRow: toUserRow },
  { table: 'zones', toRow: toZoneRow },
  { table: 'rules', toRow: toRuleRow },
  { table: 'diagnostics', toRow: toDiagnosticRow },
  { table: 'references', toRow: toSourceRow },
  { table: 'groups', toRow: toGroupRow },
]

test.for(TABLES)(
  'rows of $table fit their table and come back as they went in',
  async ({ table, toRow, whole = {} }) => {
    const payloads = [ID, { ...ID, ...whole, ...ODD, id: 'b9', device: 'b9' }]
    const rows = payloads.map((payload) => rowOf(toRow(payload, context)))
    await insertRecords(database.db, `base.geotab__${table}`, rows)
    const stored = await sql<Record<string, unknown>>`select * from ${sql.table(`base.geotab__${table}`)}`.execute(
      database.db,
    )
    const ids = (row: object) => Object.entries(row).filter(([column]) => column.endsWith('_id'))
    const keyOf = (row: object) => ids(row).map(String).sort().join()
    const back = stored.rows.map((row) => pick(row, Object.keys(rows[0] ?? {})))
    const byKey = (a: object, b: object) => (keyOf(a) < keyOf(b) ? -1 : 1)
    expect(back.sort(byKey)).toEqual(rows.map(readBack).sort(byKey))
  },
)

const pick = (row: Record<string, unknown>, columns: string[]) =>
  Object.fromEntries(columns.map((column) => [column, row[column]]))

/** A row as the client reads it: instants are Dates, which know no microseconds, and JSON is parsed. */
function readBack(row: object): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(row).map(([column, value]: [string, unknown]) => {
      if (column === 'ring') return [column, JSON.parse(value as string)]
      const isInstant = /(_at|_from|_to)$/.test(column) && typeof value === 'string'
      return [column, isInstant ? new Date(`${value.slice(0, 23)}Z`) : value]
    }),
  )
}

test('instants keep their microseconds', async () => {
  const { rows } = await sql<{ at: string }>`
    select to_char(recorded_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.USZ') as at
    from base.geotab__positions where record_id = 'b9'
  `.execute(database.db)
  expect(rows).toEqual([{ at: '2026-01-27T10:59:54.269123Z' }])
})
