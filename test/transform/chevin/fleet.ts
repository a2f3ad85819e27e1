import { planVehicles, type PlanInput, type PlanRow } from '../../../transform/chevin/plan.ts'
import type { PlanDevice } from '../../../transform/chevin/match.ts'
import type { VehicleRules } from '../../../transform/chevin/rules.ts'
import type { FileRow } from '../../../transform/chevin/vehicle-row.ts'
import { groupTree } from '../../../transform/geotab/group-tree.ts'

export const RULES: VehicleRules = {
  fields: ['name', 'vin', 'groups'],
  changeableRoots: ['root1', 'root2'],
  includeRoots: false,
  blankName: 'unchanged',
  blankVin: 'unchanged',
  blankGroups: 'unchanged',
  unknownGroup: 'ignore',
  duplicates: 'reject',
}

const group = (group_id: string, child_ids: string[] = [], name = `Group ${group_id}`) => ({
  group_id,
  name,
  child_ids,
})

/** Two changeable roots, a cycle below the first, a missing child, two groups of one name, and a tree beside them. */
export const TREE = groupTree([
  group('company', ['root1', 'root2', 'fixed', 'fixed2']),
  group('root1', ['c1', 'c2', 'gone']),
  group('c1', ['c3', 'root1'], 'North'),
  group('c2', [], 'South'),
  group('c3', ['c1'], 'Pool'),
  group('root2', ['d1', 'b27D4']),
  group('d1', [], 'Pool'),
  group('b27D4', [], 'Mixed Case'),
  group('fixed', [], 'Region'),
  group('fixed2', [], 'Région'),
])

export const VIN = '1M8GDM9AXKP042788'

export function aDevice(changes: Partial<PlanDevice> = {}): PlanDevice {
  return {
    deviceId: 'b1',
    serialNumber: 'G90000000001',
    name: 'Unit 1',
    vin: VIN,
    groupIds: ['fixed', 'c1'],
    isArchived: false,
    ...changes,
  }
}

export function aRow(values: FileRow['values'] = {}, line = 2): FileRow {
  return { line, values: { serial: 'G90000000001', id: '', vin: '', name: '', groups: '', ...values } }
}

export function plan(of: Partial<Omit<PlanInput, 'rules'>> & { rules?: Partial<VehicleRules> }): PlanRow[] {
  const { rules = {}, ...input } = of
  return planVehicles({
    rows: [],
    bad: [],
    devices: [aDevice()],
    tree: TREE,
    ...input,
    rules: { ...RULES, ...rules },
  }).rows
}

/** What becomes of one row for one device. */
export function planOne(
  values: FileRow['values'],
  device: Partial<PlanDevice> = {},
  rules: Partial<VehicleRules> = {},
): PlanRow {
  const [row] = plan({ rows: [aRow(values)], devices: [aDevice(device)], rules })
  if (row === undefined) throw new Error('every row is in the plan')
  return row
}
