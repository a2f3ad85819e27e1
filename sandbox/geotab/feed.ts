import { argumentError } from './api-error.ts'
import { feedMaximum } from './entities.ts'
import type { Fleet } from './fleet.ts'
import { dateAt, isRow, limitAt, rowAt } from './parameters.ts'
import { selected } from './property-selector.ts'
import { statusRow } from './status.ts'
import type { Entry, Hidden } from './store.ts'
import { versionText, type Row } from './wire.ts'

export interface FeedResult {
  data: Row[]
  toVersion: string
}

/** Answers GetFeed: what has come or changed since a version. */
export function getFeed(fleet: Fleet, typeName: string, parameters: Row): FeedResult {
  const most = feedMaximum(typeName)
  const search = rowAt(parameters, 'search')
  if (typeName === 'DeviceStatusInfo' && search !== undefined) {
    throw argumentError('The DeviceStatusInfo feed does not support a search.')
  }
  const limit = Math.min(limitAt(parameters) ?? most, most)
  const from = startOf(fleet, typeName, parameters, search)
  const shown = shownBy(search ?? {})
  const entries = fleet.store.table(typeName).after(from, limit, (entry) => visible(entry, shown))
  return {
    data: entries.map((entry) => selected(typeName, rowOf(fleet, typeName, entry), parameters)),
    toVersion: versionText(entries.at(-1)?.version ?? fleet.store.version),
  }
}

function startOf(fleet: Fleet, typeName: string, parameters: Row, search: Row | undefined): number {
  const given = parameters['fromVersion']
  const fromMs = search === undefined ? undefined : dateAt(search, 'fromDate')
  if (given !== undefined && given !== null) {
    if (typeof given !== 'string' || !/^[0-9a-f]{1,16}$/i.test(given)) {
      throw argumentError(`fromVersion ${JSON.stringify(given)} is not a version.`)
    }
    return Number.parseInt(given, 16)
  }
  if (fromMs === undefined) return fleet.store.version
  return fleet.store.table(typeName).versionBefore(fromMs) ?? fleet.store.version
}

/** Which rows a search brings that are usually hidden. */
export function shownBy(search: Row): Set<Hidden> {
  const shown = new Set<Hidden>()
  if (search['includeDeleted'] === true) shown.add('deleted')
  if (search['includeInvalidated'] === true) shown.add('invalidated')
  if (search['includeDismissedEvents'] === true) shown.add('dismissed')
  return shown
}

export const visible = ({ hidden, row }: Entry, shown: ReadonlySet<Hidden>) =>
  (hidden === undefined || shown.has(hidden)) && row['baseType'] !== 'ZoneStop'

export function rowOf(fleet: Fleet, typeName: string, entry: Entry): Row {
  return typeName === 'DeviceStatusInfo' ? statusRow(fleet, entry.key) : entry.row
}

export const isFeedResult = (result: unknown): result is FeedResult => isRow(result) && Array.isArray(result['data'])
