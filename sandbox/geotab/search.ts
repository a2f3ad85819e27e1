import { argumentError } from './api-error.ts'
import { shownBy, visible } from './feed.ts'
import { groupIds, withDescendants } from './group-tree.ts'
import { dateAt, rowAt, textAt } from './parameters.ts'
import type { Entry, Store } from './store.ts'
import { idOf, type Row } from './wire.ts'

type Test = (row: Row, entry: Entry) => boolean

// Properties of a search that are compared with the property of the same name; `name` may hold % wildcards.
const TEXTS: Readonly<Record<string, readonly string[]>> = {
  Device: [
    'serialNumber',
    'vehicleIdentificationNumber',
    'engineVehicleIdentificationNumber',
    'licensePlate',
    'deviceType',
  ],
  Group: ['reference'],
  Zone: ['externalReference'],
  Rule: ['baseType'],
  Diagnostic: ['diagnosticType'],
}
const DATED = ['LogRecord', 'StatusData', 'FaultData', 'DriverChange']

/** Whether an entry is one that a search means. */
export function searchTest(store: Store, typeName: string, search: Row): (entry: Entry) => boolean {
  const tests: Test[] = []
  const id = textAt(search, 'id')
  if (id !== undefined) {
    const meant = store.table(typeName).get(id)?.key
    tests.push((_row, { key }) => key === meant)
  }
  const name = textAt(search, 'name')
  if (name !== undefined) tests.push(({ name: given }) => like(name)(given))
  for (const property of TEXTS[typeName] ?? []) {
    const wanted = textAt(search, property)
    if (wanted !== undefined) tests.push((row) => like(wanted)(row[property]))
  }
  tests.push(...ofReferences(store, typeName, search), ...ofDates(typeName, search), ...ofUsers(typeName, search))
  if (typeName === 'Zone' && 'viewport' in search) throw argumentError('ZoneSearch does not support viewport.')
  const code = search['code']
  if (typeName === 'Diagnostic' && code !== undefined) tests.push((row) => row['code'] === code)
  const shown = shownBy(search)
  const all = id !== undefined || search['baseType'] === 'ZoneStop'
  return (entry) => (all || visible(entry, shown)) && tests.every((test) => test(entry.row, entry))
}

function like(pattern: string): (value: unknown) => boolean {
  const escaped = pattern.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&').replaceAll('%', '.*')
  const expression = new RegExp(`^${escaped}$`, 'is')
  return (value) => typeof value === 'string' && expression.test(value)
}

function ofReferences(store: Store, typeName: string, search: Row): Test[] {
  const tests: Test[] = []
  const reference = (name: string, property: string) => {
    const nested = rowAt(search, name)
    const id = nested === undefined ? undefined : textAt(nested, 'id')
    if (id !== undefined) tests.push((row) => idOf(row[property]) === id)
    return nested
  }
  const device = reference('deviceSearch', 'device')
  reference('userSearch', 'driver')
  reference('diagnosticSearch', 'diagnostic')
  reference('ruleSearch', 'rule')
  if (typeName === 'Diagnostic') reference('sourceSearch', 'source')
  if (device !== undefined && Array.isArray(device['groups'])) {
    const wanted = withDescendants(store, groupIds(device))
    const devices = store.table('Device')
    tests.push((row, { deviceId }) => {
      const owner = devices.get(deviceId ?? idOf(row['device']) ?? '')
      return owner !== undefined && groupIds(owner.row).some((id) => wanted.has(id))
    })
  }
  if (['Device', 'Zone', 'Rule'].includes(typeName) && Array.isArray(search['groups'])) {
    const wanted = withDescendants(store, groupIds(search))
    tests.push((row) => groupIds(row).some((id) => wanted.has(id)))
  }
  return tests
}

function ofDates(typeName: string, search: Row): Test[] {
  const from = dateAt(search, 'fromDate') ?? -Infinity
  const to = dateAt(search, 'toDate') ?? Infinity
  if (from === -Infinity && to === Infinity) return []
  if (DATED.includes(typeName)) return [(_row, { ms }) => ms >= from && ms <= to]
  if (typeName === 'ExceptionEvent') return [(_row, { ms, endMs }) => ms <= to && (endMs ?? ms) >= from]
  if (typeName === 'Trip') {
    if (search['includeOverlappedTrips'] !== true) return [(_row, { ms }) => ms >= from && ms <= to]
    return [(row, { ms }) => ms <= to && Date.parse(String(row['nextTripStart'])) >= from]
  }
  if (!['Device', 'User', 'Zone', 'Rule'].includes(typeName)) return []
  return [(row) => Date.parse(String(row['activeFrom'])) <= to && Date.parse(String(row['activeTo'])) > from]
}

function ofUsers(typeName: string, search: Row): Test[] {
  if (typeName !== 'User') return []
  const tests: Test[] = []
  const isDriver = search['isDriver']
  if (typeof isDriver === 'boolean') tests.push((row) => row['isDriver'] === isDriver)
  if (search['userSearchType'] === 'Driver') tests.push((row) => row['isDriver'] === true)
  for (const property of ['keyId', 'serialNumber']) {
    const wanted = textAt(search, property)
    if (wanted === undefined) continue
    tests.push(({ keys }) => Array.isArray(keys) && keys.some((key: Row) => key[property] === wanted))
  }
  for (const property of ['companyGroups', 'driverGroups']) {
    if (!Array.isArray(search[property])) continue
    const wanted = new Set(groupIds(search, property))
    tests.push((row) => groupIds(row, property).some((id) => wanted.has(id)))
  }
  return tests
}
