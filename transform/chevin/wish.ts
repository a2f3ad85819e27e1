import { excerpt, fewOf } from './excerpt.ts'
import { desiredGroups, resolveGroup, sameGroups, type GroupIndex } from './groups.ts'
import type { PlanDevice, Refusal } from './match.ts'
import { LONGEST_NAME, LONGEST_VIN, type DeviceValues, type UpdatedField, type VehicleRules } from './rules.ts'
import type { VehicleRow } from './vehicle-row.ts'
import { normalisedVin, vinWarning } from './vin.ts'

/** What a row would change of its device. */
export interface Wish {
  fields: UpdatedField[]
  before: DeviceValues
  after: DeviceValues
  warnings: string[]
}

export interface WishContext {
  groups: GroupIndex
  changeable: ReadonlySet<string>
  rules: VehicleRules
}

// Control and invisible characters, among them those that turn the direction of what follows.
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u

/** Lays a row beside its device: what differs, or why the row cannot be carried out. */
export function wishOf(row: VehicleRow, device: PlanDevice, context: WishContext): Wish | Refusal {
  const wish: Wish = { fields: [], before: {}, after: {}, warnings: [] }
  if (row.isNameCleaned) wish.warnings.push('line ends in the name became spaces')
  for (const field of context.rules.fields) {
    const refusal = WISHES[field](row, device, context, wish)
    if (refusal !== null) return refusal
  }
  return wish
}

function wishName(row: VehicleRow, device: PlanDevice, { rules }: WishContext, wish: Wish): Refusal | null {
  const asSerial = rules.blankName === 'serial' ? (device.serialNumber ?? '') : ''
  const name = row.name === '' ? asSerial : row.name
  // Geotab takes no device without a name, so that a blank one can only mean "as it is".
  if (name === null || name === '') return null
  if (name.length > LONGEST_NAME) {
    return { reason: 'NAME_TOO_LONG', explanation: `the name has ${name.length} characters, more than ${LONGEST_NAME}` }
  }
  if (UNSEEN.test(name)) {
    return { reason: 'NAME_CHARACTERS', explanation: 'the name holds characters that cannot be seen' }
  }
  if (name === device.name) return null
  wish.fields.push('name')
  wish.before.name = device.name
  wish.after.name = name
  return null
}

function wishVin(row: VehicleRow, device: PlanDevice, { rules }: WishContext, wish: Wish): Refusal | null {
  const blank = row.vin !== null && /^[@?]*$/.test(row.vin)
  if (row.vin === null || (blank && rules.blankVin === 'unchanged')) return null
  const vin = blank ? null : row.vin
  if (vin !== null) {
    if (vin.length > LONGEST_VIN) {
      return { reason: 'VIN_TOO_LONG', explanation: `the VIN has ${vin.length} characters, more than ${LONGEST_VIN}` }
    }
    if (UNSEEN.test(vin)) {
      return { reason: 'VIN_CHARACTERS', explanation: 'the VIN holds characters that cannot be seen' }
    }
    const warning = vinWarning(vin)
    if (warning !== null) wish.warnings.push(warning)
  }
  if ((vin ?? '') === normalisedVin(device.vin ?? '')) return null
  wish.fields.push('vin')
  wish.before.vin = device.vin
  wish.after.vin = vin
  return null
}

function wishGroups(row: VehicleRow, device: PlanDevice, context: WishContext, wish: Wish): Refusal | null {
  const { groups, changeable, rules } = context
  if (row.groups === null || (row.groups.length === 0 && rules.blankGroups === 'unchanged')) return null
  const wished: string[] = []
  const ignored: string[] = []
  for (const token of row.groups) {
    const found = resolveGroup(groups, token)
    const problem = groupProblem(found, token, device, changeable)
    if ('groupId' in found) wished.push(found.groupId)
    if (problem === null) continue
    if (rules.unknownGroup === 'reject') return problem
    ignored.push(`${problem.explanation}; ignored`)
  }
  wish.warnings.push(...fewOf(ignored))
  // A row of which no group is known says nothing of groups, rather than that there are none.
  if (wished.length === 0 && row.groups.length > 0) return null
  const desired = desiredGroups(device.groupIds, wished, changeable)
  if (sameGroups(desired, device.groupIds)) return null
  if (desired.length === 0) {
    return { reason: 'GROUPS_EMPTY', explanation: 'the device would be left without any group' }
  }
  wish.fields.push('groups')
  wish.before.groups = [...device.groupIds]
  wish.after.groups = desired
  return null
}

function groupProblem(
  found: ReturnType<typeof resolveGroup>,
  token: string,
  device: PlanDevice,
  changeable: ReadonlySet<string>,
): Refusal | null {
  if ('problem' in found) {
    return found.problem === 'unknown'
      ? { reason: 'GROUP_UNKNOWN', explanation: `there is no group ${excerpt(token)}` }
      : { reason: 'GROUP_AMBIGUOUS', explanation: `several groups are called ${excerpt(token)}` }
  }
  if (changeable.has(found.groupId) || device.groupIds.includes(found.groupId)) return null
  return { reason: 'GROUP_NOT_CHANGEABLE', explanation: `the group ${excerpt(token)} may not be given by a file` }
}

const WISHES = { name: wishName, vin: wishVin, groups: wishGroups }
