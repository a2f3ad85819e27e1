import { expect, test } from 'vitest'
import { decodeFile } from '../../../extract/chevin/decode.ts'
import { readVehicleRows } from '../../../extract/chevin/vehicle-rows.ts'
import { demoVehicleFile } from '../../../sandbox/chevin/demo.ts'
import { vehicleFile, type FileDevice } from '../../../sandbox/chevin/vehicle-file.ts'
import { createFleet } from '../../../sandbox/geotab/fleet.ts'
import { changeLimit, planVehicles } from '../../../transform/chevin/plan.ts'
import { toDeviceRow } from '../../../transform/geotab/device.ts'
import { groupTree } from '../../../transform/geotab/group-tree.ts'
import { toGroupRow } from '../../../transform/geotab/group.ts'
import type { RowResult } from '../../../transform/geotab/row-result.ts'
import { RULES, TREE } from '../../transform/chevin/fleet.ts'

const devices: FileDevice[] = Array.from({ length: 40 }, (_, at) => ({
  id: `b${at + 1}`,
  serialNumber: `G9${String(at).padStart(10, '0')}`,
  name: at === 3 ? 'Café, "Nord"' : `Unit ${at}`,
  vin: '',
  groupIds: ['fixed', ...(at % 2 === 0 ? ['c1'] : ['c2', 'd1'])],
  isArchived: at === 39,
}))
const options = { seed: 'a', devices, changeable: ['c1', 'c2', 'c3', 'd1'], fixed: ['fixed2'], changes: 7 }

function planOf(file: Buffer) {
  const { rows, bad } = readVehicleRows(decodeFile(file).text)
  return planVehicles({
    rows,
    bad,
    devices: devices.map(({ id, ...device }) => ({ deviceId: id, ...device })),
    tree: TREE,
    rules: { ...RULES, changeableRoots: ['root1', 'root2'] },
  })
}

test.for([
  { name: 'with a header', more: {} },
  { name: 'without a header', more: { header: 'no' } },
  { name: 'with its columns in another order', more: { header: 'shuffled' } },
  { name: 'with a mark and plain line ends', more: { encoding: 'utf-8-bom', lineEnd: '\n' } },
  { name: 'in Windows-1252', more: { encoding: 'windows-1252' } },
] as const)('case 53, defect 28: a file $name changes as many devices as it was asked to', ({ more }) => {
  const plan = planOf(vehicleFile({ ...options, ...more }))
  expect(plan.changes).toBe(7)
  expect(plan.rows.filter(({ decision }) => decision === 'reject')).toEqual([])
})

test('a nasty file holds every kind of row that is refused, and still changes devices', () => {
  const plan = planOf(vehicleFile({ ...options, nasty: true }))
  const reasons = new Set(plan.rows.filter(({ decision }) => decision === 'reject').flatMap((row) => row.reasons))
  const kinds = [
    'SERIAL_UNKNOWN',
    'ID_UNKNOWN',
    'ID_SERIAL_DISAGREE',
    'NO_IDENTITY',
    'DEVICE_ARCHIVED',
    'ROW_UNREADABLE',
  ]
  expect([...reasons]).toEqual(expect.arrayContaining(kinds))
  expect(plan.rows.filter(({ reasons: [reason] }) => reason === 'ROW_UNREADABLE')).toHaveLength(4)
  expect(plan.changes).toBeGreaterThan(4)
})

test('the same seed gives the same bytes, another one others', () => {
  expect(vehicleFile({ ...options, nasty: true })).toEqual(vehicleFile({ ...options, nasty: true }))
  expect(vehicleFile(options)).not.toEqual(vehicleFile({ ...options, seed: 'b' }))
})

test("the demo's file changes less of its fleet than what needs approval", () => {
  const fleet = createFleet({ seed: 'demo', vehicles: 30, startDate: '2026-03-09' })
  const now = Date.parse('2026-03-13T18:00:00Z')
  const context = { connection: 'demo', rawVersion: 1, readAt: 0, fingerprint: '' }
  const made = <Row>(typeName: string, toRow: (row: unknown, of: typeof context) => RowResult<Row>) =>
    [...fleet.store.table(typeName).rows()].flatMap(({ row }) => {
      const result = toRow(row, context)
      return result.kind === 'row' ? [result.row] : []
    })
  const found = made('Device', toDeviceRow).map((row) => ({
    deviceId: row.device_id,
    serialNumber: row.serial_number,
    name: row.name,
    vin: row.vin,
    groupIds: row.group_ids,
    isArchived: row.active_to !== null && Date.parse(row.active_to) <= now,
  }))
  for (const day of ['2026-03-13', '2026-03-14', '2026-03-15', '2026-03-16']) {
    const { rows, bad } = readVehicleRows(decodeFile(demoVehicleFile(fleet, day, now)).text)
    const rules = { ...RULES, changeableRoots: ['b2867', 'b27D4'] }
    const plan = planVehicles({ rows, bad, devices: found, tree: groupTree(made('Group', toGroupRow)), rules })
    expect(plan.changes).toBeGreaterThan(1)
    expect(plan.changes).toBeLessThanOrEqual(changeLimit(plan.fleet, { maxPercent: 20, maxDevices: 50 }))
  }
})
