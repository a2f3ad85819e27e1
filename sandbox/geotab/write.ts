import { ApiError, argumentError } from './api-error.ts'
import type { Fleet } from './fleet.ts'
import { groupIds, withDescendants } from './group-tree.ts'
import type { PastChange } from './memory.ts'
import { dateAt, rowAt, textAt } from './parameters.ts'
import type { GeotabUser } from './sessions.ts'
import { FOREVER, hexId, isoText, type Row } from './wire.ts'

const LONGEST_NAME = 50
const WRITABLE = [
  'name',
  'groups',
  'comment',
  'vehicleIdentificationNumber',
  'licensePlate',
  'licenseState',
  'serialNumber',
  'activeTo',
  'timeZoneId',
  'workTime',
  'customProperties',
  'odometerFactor',
  'odometerOffset',
  'engineHourOffset',
]

interface WriteCall {
  fleet: Fleet
  user: GeotabUser
  nowMs: number
  entity: Row
}

/** Answers Set: properties that are missing or null keep their value, and so does what cannot be set. */
export function setEntity(
  typeName: string,
  { fleet, user, nowMs, entity }: WriteCall,
  onDeviceSet: (change: PastChange) => void = () => {},
): null {
  if (typeName !== 'Device' && typeName !== 'Zone') throw argumentError(`The stand-in cannot set a ${typeName}.`)
  const id = textAt(entity, 'id')
  const stored = id === undefined ? undefined : fleet.store.table(typeName).get(id)
  if (stored === undefined) throw argumentError(`${typeName} ${id ?? 'without an id'} does not exist.`)
  const given = Object.entries(entity).filter(([, value]) => value !== null && value !== undefined)
  const wanted = Object.fromEntries(given)
  const changes =
    typeName === 'Device' ? deviceChanges({ fleet, user, nowMs, entity: wanted }, stored.row) : zoneChanges(wanted)
  if (typeName === 'Device') onDeviceSet({ deviceId: stored.key, changes, at: new Date(nowMs), times: 1 })
  const row = { ...stored.row, ...changes }
  fleet.store.put(typeName, { key: stored.key, row, ms: nowMs })
  return null
}

/** Answers Add with the new id. */
export function addEntity(typeName: string, call: WriteCall): string {
  const { fleet, entity, nowMs } = call
  if (typeName !== 'Device' && typeName !== 'Zone') throw argumentError(`The stand-in cannot add a ${typeName}.`)
  const id = hexId(0x4000 + fleet.store.version)
  const named = { name: '', ...entity }
  const base = { id, activeFrom: isoText(nowMs), activeTo: FOREVER, groups: [{ id: 'GroupCompanyId' }], comment: '' }
  const row: Row = {
    ...base,
    ...(typeName === 'Device' ? deviceChanges({ ...call, entity: named }, base) : zoneChanges(named)),
  }
  fleet.store.put(typeName, { key: id, row, ms: nowMs })
  return id
}

const DATA_OF_DEVICES = ['LogRecord', 'StatusData', 'FaultData', 'Trip', 'ExceptionEvent', 'DriverChange']

/** Answers Remove: for good, and with all data of a device. */
export function removeEntity(typeName: string, { fleet, entity }: WriteCall): null {
  const id = textAt(entity, 'id') ?? ''
  if (typeName === 'Group') {
    throw new ApiError('GroupRelationViolatedException', `Group ${id} is in use.`, { info: 'Device, Group' })
  }
  if (typeName !== 'Device' && typeName !== 'Zone') throw argumentError(`The stand-in cannot remove a ${typeName}.`)
  const table = fleet.store.table(typeName)
  if (table.get(id) === undefined) throw argumentError(`${typeName} ${id} does not exist.`)
  table.drop(id)
  if (typeName === 'Zone') return null
  for (const data of [...DATA_OF_DEVICES, 'DeviceStatusInfo']) {
    const owned = fleet.store.table(data)
    for (const entry of owned.rows(id)) owned.drop(entry.key)
  }
  return null
}

function deviceChanges({ fleet, user, nowMs, entity }: WriteCall, stored: Row): Row {
  const changes = Object.fromEntries(Object.entries(entity).filter(([name]) => WRITABLE.includes(name)))
  const name = textAt(entity, 'name')
  if (name !== undefined) checkName(name)
  if (entity['groups'] !== undefined) changes['groups'] = checkedGroups(fleet, user, entity)
  const serial = textAt(entity, 'serialNumber')
  if (serial !== undefined && serial !== stored['serialNumber']) checkSerial(fleet, serial, nowMs)
  const activeTo = dateAt(entity, 'activeTo')
  if (activeTo === undefined) return changes
  if (Date.parse(String(stored['activeTo'])) <= nowMs && activeTo > nowMs) {
    throw argumentError('An archived device cannot be made active again.')
  }
  return { ...changes, activeTo: activeTo > nowMs ? FOREVER : isoText(activeTo) }
}

function checkName(name: string): void {
  if (name.trim() === '') throw argumentError('The name of a device is required.')
  if (name.length > LONGEST_NAME) throw argumentError(`The name of a device has at most ${LONGEST_NAME} characters.`)
}

function checkedGroups(fleet: Fleet, user: GeotabUser, entity: Row): Row[] {
  const ids = [...new Set(groupIds(entity))]
  if (ids.length === 0) throw argumentError('A device has to be in at least one group.')
  const scope = user.scope === undefined ? null : withDescendants(fleet.store, user.scope)
  for (const id of ids) {
    if (fleet.store.table('Group').get(id) === undefined) throw argumentError(`Invalid group id: ${id} is not a group.`)
    if (scope !== null && !scope.has(id)) throw argumentError(`Group ${id} is outside the scope of ${user.userName}.`)
  }
  return ids.map((id) => ({ id }))
}

function checkSerial(fleet: Fleet, serial: string, nowMs: number): void {
  for (const { row } of fleet.store.table('Device').rows()) {
    if (row['serialNumber'] === serial && Date.parse(String(row['activeTo'])) > nowMs) {
      throw new ApiError('DuplicateException', `An active device with the serial number ${serial} exists.`)
    }
  }
}

function zoneChanges(entity: Row): Row {
  const name = textAt(entity, 'name')
  if (name !== undefined && name.trim() === '') throw argumentError('The name of a zone is required.')
  const { id: _id, version: _version, ...changes } = entity
  const points = entity['points']
  if (!Array.isArray(points)) return changes
  const [first, last] = [points[0], points.at(-1)]
  const open = JSON.stringify(first) !== JSON.stringify(last)
  return { ...changes, points: open ? [...points, first] : points }
}

export function entityOf(parameters: Row): Row {
  const entity = rowAt(parameters, 'entity')
  if (entity === undefined) throw new ApiError('ArgumentNullException', 'entity is missing.')
  return entity
}
