import { desiredGroups, sameGroups } from './groups.ts'
import { UPDATED_FIELDS, type DeviceValues, type UpdatedField } from './rules.ts'

/** What is to be sent for a device as it is at this moment. */
export interface Intent {
  /** Fields to be set, with their values now and as they are to be. */
  fields: UpdatedField[]
  before: DeviceValues
  after: DeviceValues
  /** Fields that are as they are to be already. */
  already: UpdatedField[]
  /** Fields that somebody else has changed since the plan was made: they stay as they are. */
  leftAlone: UpdatedField[]
  /** The groups would be none. */
  isEmpty: boolean
}

/**
 * Lays a planned change beside the device as it was read just now. A field is set only where it still is what the plan
 * found. Of the groups that holds for those that a file may change; the others are taken as they are now.
 */
export function intentOf(
  planned: { fields: readonly UpdatedField[]; before: DeviceValues; after: DeviceValues },
  now: Required<DeviceValues>,
  changeable: ReadonlySet<string>,
): Intent {
  const intent: Intent = { fields: [], before: {}, after: {}, already: [], leftAlone: [], isEmpty: false }
  for (const field of UPDATED_FIELDS) {
    if (!planned.fields.includes(field)) continue
    if (field === 'groups') groupIntent(planned, now, changeable, intent)
    else if (sameText(now[field], planned.after[field])) intent.already.push(field)
    else if (sameText(now[field], planned.before[field])) {
      intent.fields.push(field)
      intent.before[field] = now[field]
      intent.after[field] = planned.after[field] ?? null
    } else intent.leftAlone.push(field)
  }
  return intent
}

function groupIntent(
  planned: { before: DeviceValues; after: DeviceValues },
  now: Required<DeviceValues>,
  changeable: ReadonlySet<string>,
  intent: Intent,
): void {
  const mine = (groups: readonly string[]) => groups.filter((id) => changeable.has(id))
  const wished = mine(planned.after.groups ?? [])
  if (sameGroups(mine(now.groups), wished)) intent.already.push('groups')
  else if (sameGroups(mine(now.groups), mine(planned.before.groups ?? []))) {
    const desired = desiredGroups(now.groups, wished, changeable)
    if (desired.length === 0) intent.isEmpty = true
    intent.fields.push('groups')
    intent.before.groups = [...now.groups]
    intent.after.groups = desired
  } else intent.leftAlone.push('groups')
}

/** The fields in which a device is not as it was to be. */
export function differingFields(
  fields: readonly UpdatedField[],
  wanted: DeviceValues,
  now: Required<DeviceValues>,
): UpdatedField[] {
  return fields.filter((field) =>
    field === 'groups' ? !sameGroups(wanted.groups ?? [], now.groups) : !sameText(wanted[field], now[field]),
  )
}

const sameText = (a: string | null | undefined, b: string | null | undefined) => (a ?? '') === (b ?? '')
