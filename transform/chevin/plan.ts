import type { GroupTree } from '../geotab/group-tree.ts'
import { excerpt, fewOf } from './excerpt.ts'
import { changeableGroups, groupIndex } from './groups.ts'
import { deviceIndex, matchDevice, type PlanDevice, type Refusal } from './match.ts'
import type { DeviceValues, UpdatedField, VehicleRules } from './rules.ts'
import { sameWish, toVehicleRow, type FileRow, type VehicleRow } from './vehicle-row.ts'
import { wishOf, type WishContext } from './wish.ts'

/** What is to become of one row, and why. */
export interface PlanRow {
  line: number
  decision: 'change' | 'unchanged' | 'reject'
  /** Stable codes; what they mean here stands in `explanation`. */
  reasons: string[]
  warnings: string[]
  explanation: string
  deviceId: string | null
  /** Identity as the row gives it. */
  rowDeviceId: string
  rowSerialNumber: string
  fields: UpdatedField[]
  /** Values of these fields now, and as they are to be; null unless something changes. */
  before: DeviceValues | null
  after: DeviceValues | null
}

export interface VehiclePlan {
  rows: PlanRow[]
  warnings: string[]
  /** Active devices. */
  fleet: number
  /** Devices that would change. */
  changes: number
}

export interface PlanInput {
  rows: readonly FileRow[]
  /** Rows of the file that could not be read. */
  bad: readonly { line: number; field: string; reason: string }[]
  devices: Iterable<PlanDevice>
  tree: GroupTree
  rules: VehicleRules
}

/** Works out what a vehicle file would change. Every row of the file is in the plan, in the order of its lines. */
export function planVehicles(input: PlanInput): VehiclePlan {
  const { tree, rules } = input
  const devices = deviceIndex(input.devices)
  const changeable = changeableGroups(tree, rules.changeableRoots, rules.includeRoots)
  const context = { groups: groupIndex(tree), changeable, rules }
  const planned: PlanRow[] = input.bad.map(({ line, field, reason }) =>
    refused({ line, deviceId: '', serialNumber: '' }, null, {
      reason: 'ROW_UNREADABLE',
      explanation: `${field}: ${reason}`,
    }),
  )
  const byDevice = new Map<PlanDevice, FileRow | FileRow[]>()
  for (const fileRow of input.rows) {
    const row = toVehicleRow(fileRow)
    const found = matchDevice(devices, row)
    if ('reason' in found) planned.push(refused(row, null, found))
    else {
      const held = byDevice.get(found)
      if (held === undefined) byDevice.set(found, fileRow)
      else if (Array.isArray(held)) held.push(fileRow)
      else byDevice.set(found, [held, fileRow])
    }
  }
  let changes = 0
  // A large file's rows are read twice rather than all held at once as what they mean.
  for (const [device, fileRows] of byDevice) {
    const rows = (Array.isArray(fileRows) ? fileRows : [fileRows]).map(toVehicleRow)
    for (const row of planDevice(device, rows, context)) {
      if (row.decision === 'change') changes += 1
      planned.push(row)
    }
  }
  const fleet = [...devices.byId.values()].filter((device) => !device.isArchived).length
  return {
    rows: planned.sort((a, b) => a.line - b.line),
    warnings: warningsOf(tree, rules, changeable),
    fleet,
    changes,
  }
}

function warningsOf(tree: GroupTree, rules: VehicleRules, changeable: ReadonlySet<string>): string[] {
  const unknown = rules.changeableRoots.filter((root) => !tree.groups.has(root))
  const warnings = unknown.map((root) => `the changeable root ${root} is no group of this database`)
  if (changeable.size === 0) warnings.push('no group may be changed: there is none below the changeable roots')
  return warnings
}

function planDevice(device: PlanDevice, rows: VehicleRow[], context: WishContext): PlanRow[] {
  const last = rows.at(-1)
  if (last === undefined) return []
  const lines = fewOf(rows.map(({ line }) => String(line))).join(', ')
  const alike = rows.every((row) => sameWish(row, last))
  if (!alike && context.rules.duplicates === 'reject') {
    const refusal = { reason: 'DUPLICATE_ROWS', explanation: `lines ${lines} ask different things of one device` }
    return rows.map((row) => refused(row, device, refusal))
  }
  // Of equal rows the first is carried out, of different ones the last.
  const chosen = alike ? rows[0] : last
  return rows.map((row) => {
    if (row === chosen) return planRow(row, device, context)
    const explanation = `line ${chosen?.line ?? ''} is about the same device`
    if (!alike) return refused(row, device, { reason: 'DUPLICATE_OVERRULED', explanation })
    return { ...base(row, device), decision: 'unchanged' as const, reasons: ['DUPLICATE_EQUAL'], explanation }
  })
}

function planRow(row: VehicleRow, device: PlanDevice, context: WishContext): PlanRow {
  const wish = wishOf(row, device, context)
  if ('reason' in wish) return refused(row, device, wish)
  const { fields, before, after, warnings } = wish
  if (fields.length === 0) {
    return { ...base(row, device), decision: 'unchanged', reasons: ['SAME'], warnings, explanation: 'nothing differs' }
  }
  const explanation = `changes ${fields.join(', ')}`
  const reasons = fields.map((field) => `${field.toUpperCase()}_DIFFERS`)
  return { ...base(row, device), decision: 'change', reasons, warnings, explanation, fields, before, after }
}

function refused(
  row: Pick<VehicleRow, 'line' | 'deviceId' | 'serialNumber'>,
  device: PlanDevice | null,
  { reason, explanation }: Refusal,
): PlanRow {
  return { ...base(row, device), decision: 'reject', reasons: [reason], explanation }
}

// Shared by the many rows that have none.
const NONE: never[] = []

function base(row: Pick<VehicleRow, 'line' | 'deviceId' | 'serialNumber'>, device: PlanDevice | null) {
  return {
    line: row.line,
    warnings: NONE,
    deviceId: device?.deviceId ?? null,
    rowDeviceId: excerpt(row.deviceId),
    rowSerialNumber: excerpt(row.serialNumber),
    fields: NONE,
    before: null,
    after: null,
  }
}

/** The most devices that may change without somebody's approval: the smaller of a share of the fleet and a number. */
export function changeLimit(fleet: number, limits: { maxPercent: number; maxDevices: number }): number {
  return Math.min(limits.maxDevices, Math.floor((fleet * limits.maxPercent) / 100))
}
