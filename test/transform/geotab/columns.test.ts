import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { placeOf, groupTree } from '../../../transform/geotab/group-tree.ts'
import { toDeviceStatusInfoRow } from '../../../transform/geotab/device-status-info.ts'
import { toDeviceRow } from '../../../transform/geotab/device.ts'
import { toDiagnosticRow } from '../../../transform/geotab/diagnostic.ts'
import { toDriverChangeRow } from '../../../transform/geotab/driver-change.ts'
import { toExceptionEventRow } from '../../../transform/geotab/exception-event.ts'
import { toFaultDataRow } from '../../../transform/geotab/fault-data.ts'
import { toGroupRow } from '../../../transform/geotab/group.ts'
import { toLogRecordRow } from '../../../transform/geotab/log-record.ts'
import { toControllerRow } from '../../../transform/geotab/reference.ts'
import type { RowContext, RowResult } from '../../../transform/geotab/row-result.ts'
import { toRuleRow } from '../../../transform/geotab/rule.ts'
import { toStatusDataRow } from '../../../transform/geotab/status-data.ts'
import { toTripRow } from '../../../transform/geotab/trip.ts'
import { toUserRow } from '../../../transform/geotab/user.ts'
import { toZoneRow } from '../../../transform/geotab/zone.ts'
import { context, rowOf } from './a-record.ts'

const migration = readFileSync(new URL('../../../sql/migrations/0003_geotab.sql', import.meta.url), 'utf8')

/** The columns of a base table but those that the database sets, in order. */
function columnsOf(table: string, elsewhere: string[]): string[] {
  const body = new RegExp(`create table base\\.geotab__${table} \\(\\n([^]*?)\\n\\)`).exec(migration)?.[1] ?? ''
  const columns = body.split('\n').map((line) => /^ {4}(\w+) \w/.exec(line)?.[1] ?? 'primary')
  return columns.filter((column) => !['primary', 'landed_xid', 'first_landed_at', ...elsewhere].includes(column))
}

type ToRow = (payload: unknown, context: RowContext) => RowResult<object>

const TABLES: { table: string; toRow: ToRow; elsewhere?: string[] }[] = [
  { table: 'positions', toRow: toLogRecordRow },
  { table: 'status_data', toRow: toStatusDataRow },
  { table: 'trips', toRow: (payload) => toTripRow(payload, context), elsewhere: ['changed_at', 'is_superseded'] },
  { table: 'exceptions', toRow: toExceptionEventRow, elsewhere: ['changed_at'] },
  { table: 'faults', toRow: toFaultDataRow, elsewhere: ['changed_at'] },
  { table: 'driver_changes', toRow: toDriverChangeRow },
  { table: 'device_status', toRow: toDeviceStatusInfoRow, elsewhere: ['zone_ids'] },
  { table: 'devices', toRow: toDeviceRow },
  { table: 'users', toRow: toUserRow },
  { table: 'zones', toRow: toZoneRow },
  { table: 'rules', toRow: toRuleRow },
  { table: 'diagnostics', toRow: toDiagnosticRow },
  { table: 'references', toRow: toControllerRow },
  { table: 'groups', toRow: toGroupRow, elsewhere: ['paths', 'ancestor_ids', 'depth'] },
]

const ANY = {
  id: 'b1',
  device: 'b2',
  diagnostic: 'b3',
  dateTime: '2026-01-01',
  start: '2026-01-01',
  activeFrom: '2026-01-01',
  data: 1,
}

test.for(TABLES)('a row of $table has the columns of its table', ({ table, toRow, elsewhere = [] }) => {
  const columns = columnsOf(table, elsewhere)
  expect(columns.length).toBeGreaterThan(5)
  expect(Object.keys(rowOf(toRow(ANY, context))).sort()).toEqual(columns.sort())
})

test('the tree gives the columns of groups that a group alone does not', () => {
  const place = placeOf(groupTree([{ group_id: 'a', name: 'A', child_ids: [] }]), 'a')
  expect(Object.keys(place)).toEqual(['paths', 'ancestor_ids', 'depth'])
})
