import { ApiError, argumentError } from './api-error.ts'
import { rowOf } from './feed.ts'
import type { Fleet } from './fleet.ts'
import { interpolated } from './interpolation.ts'
import { limitAt, rowAt, textAt } from './parameters.ts'
import { selected } from './property-selector.ts'
import { searchTest } from './search.ts'
import type { Entry } from './store.ts'
import type { Row } from './wire.ts'

/** Answers Get: the rows that a search means, sorted and cut to a page when asked. */
export function getRows(fleet: Fleet, typeName: string, parameters: Row, mostRows: number): Row[] {
  const search = rowAt(parameters, 'search') ?? {}
  const asked = limitAt(parameters)
  if (asked !== undefined && asked > mostRows) throw overResults(asked, mostRows)
  const found = sorted(matching(fleet, typeName, search), rowAt(parameters, 'sort'))
  if (asked === undefined && found.length > mostRows) throw overResults(found.length, mostRows)
  const rows = found.slice(0, asked ?? mostRows).map((entry) => rowOf(fleet, typeName, entry))
  const extra = interpolated(fleet, typeName, search)
  return [...rows, ...extra].slice(0, asked ?? mostRows).map((row) => selected(typeName, row, parameters))
}

function matching(fleet: Fleet, typeName: string, search: Row): Entry[] {
  const table = fleet.store.table(typeName)
  const test = searchTest(fleet.store, typeName, search)
  const deviceId = textAt(rowAt(search, 'deviceSearch') ?? {}, 'id')
  const id = textAt(search, 'id')
  const one = id === undefined ? undefined : table.get(id)
  const candidates = id === undefined ? table.rows(deviceId) : one === undefined ? [] : [one]
  const found: Entry[] = []
  for (const entry of candidates) {
    if (test(typeName === 'DeviceStatusInfo' ? { ...entry, row: rowOf(fleet, typeName, entry) } : entry))
      found.push(entry)
  }
  return found
}

const overResults = (rows: number, most: number) =>
  new ApiError('OverLimitException', `Supplied results limit (${rows}) exceeds maximum limit (${most}).`)

type SortKey = string | number

function sorted(entries: Entry[], sort: Row | undefined): Entry[] {
  if (sort === undefined) return entries
  const by = textAt(sort, 'sortBy') ?? 'id'
  const down = (textAt(sort, 'sortDirection') ?? 'asc').toLowerCase() === 'desc'
  const keyed = entries.map((entry) => ({ entry, key: sortKey(entry, by), id: entry.key }))
  const order = (one: { key: SortKey; id: string }, other: { key: SortKey; id: string }) =>
    (compare(one.key, other.key) || compare(one.id, other.id)) * (down ? -1 : 1)
  keyed.sort(order)
  const offset = textAt(sort, 'offset')
  if (offset === undefined) return keyed.map(({ entry }) => entry)
  const after = { key: offsetKey(offset, by), id: textAt(sort, 'lastId') ?? (by === 'id' ? offset : '') }
  return keyed.filter((each) => order(each, after) > 0).map(({ entry }) => entry)
}

const compare = (one: SortKey, other: SortKey) => (one < other ? -1 : one > other ? 1 : 0)

function sortKey(entry: Entry, by: string): SortKey {
  switch (by.toLowerCase()) {
    case 'id':
      return entry.key
    case 'name':
      return textAt(entry.row, 'name') ?? ''
    case 'date':
    case 'start':
      return entry.ms
    case 'stop':
      return entry.endMs ?? entry.ms
    case 'version':
      return entry.version
    default:
      throw argumentError(`Sorting by ${by} is not supported.`)
  }
}

function offsetKey(offset: string, by: string): SortKey {
  if (by === 'version') return Number.parseInt(offset, 16)
  if (['date', 'start', 'stop'].includes(by.toLowerCase())) return Date.parse(offset)
  return offset
}
