import { feedMax } from './limits.ts'
import { refId } from './ref-id.ts'

/** A kind of record that the vendor has a feed of. */
export interface FeedEntity {
  /** The record's natural key, or null when it has none. */
  keyOf: (record: unknown) => string | null
  /** Most rows of one call. */
  max: number
  /** Search that every call of the feed carries: without it, withdrawn rows are never told. Null: takes no search. */
  search: Readonly<Record<string, boolean>> | null
  /** The first call may start at a date. The others start at the beginning: their search's date means something else. */
  seedsByDate: boolean
  /** How rows of a span of time are asked for with Get; null where they cannot be. */
  history: { sortBy: 'date' | 'start'; sortedBy: string; search: Readonly<Record<string, boolean>> } | null
}

const dated = { keyOf: idOf, search: {}, seedsByDate: true }
const reference = { keyOf: idOf, search: {}, seedsByDate: false, history: null }
const byDateTime = { sortBy: 'date', sortedBy: 'dateTime', search: {} } as const
const allTrips = { includeDeleted: true }
const allEvents = { includeInvalidated: true, includeDismissedEvents: true, includeDeleted: true }

/** All feeds that are read. A trip that is calculated anew gets another id, so device and start make it one. */
export const FEED_ENTITIES = {
  Device: { ...reference, max: feedMax('Device') },
  User: { ...reference, max: feedMax('User') },
  Zone: { ...reference, max: feedMax('Zone') },
  Rule: { ...reference, max: feedMax('Rule') },
  Diagnostic: { ...reference, max: feedMax('Diagnostic') },
  Trip: {
    keyOf: tripKey,
    max: feedMax('Trip'),
    search: allTrips,
    seedsByDate: true,
    history: { sortBy: 'start', sortedBy: 'start', search: { ...allTrips, includeOverlappedTrips: true } },
  },
  ExceptionEvent: {
    keyOf: idOf,
    max: feedMax('ExceptionEvent'),
    search: allEvents,
    seedsByDate: true,
    history: { sortBy: 'date', sortedBy: 'activeFrom', search: allEvents },
  },
  FaultData: { ...dated, max: feedMax('FaultData'), history: byDateTime },
  LogRecord: { ...dated, max: feedMax('LogRecord'), history: byDateTime },
  StatusData: { ...dated, max: feedMax('StatusData'), history: byDateTime },
  DriverChange: { ...dated, max: feedMax('DriverChange'), history: byDateTime },
  // The vendor gives the present status of each device, and refuses any search.
  DeviceStatusInfo: {
    keyOf: deviceOf,
    max: feedMax('DeviceStatusInfo'),
    search: null,
    seedsByDate: false,
    history: null,
  },
} satisfies Record<string, FeedEntity>

export type FeedEntityName = keyof typeof FEED_ENTITIES

/** Kinds without a feed, read whole; each has built-in members, so that none is ever truly empty. */
export const SNAPSHOT_ENTITIES = {
  Group: { keyOf: idOf },
  Controller: { keyOf: idOf },
  Source: { keyOf: idOf },
  FailureMode: { keyOf: idOf },
  UnitOfMeasure: { keyOf: idOf },
} satisfies Record<string, Pick<FeedEntity, 'keyOf'>>

export type SnapshotEntityName = keyof typeof SNAPSHOT_ENTITIES

/** The diagnostics whose StatusData is kept: odometer in metres, engine hours in seconds. */
export const STATUS_DIAGNOSTICS: readonly string[] = [
  'DiagnosticOdometerId',
  'DiagnosticRawOdometerId',
  'DiagnosticOdometerAdjustmentId',
  'DiagnosticEngineHoursId',
  'DiagnosticEngineHoursAdjustmentId',
]

function member(record: unknown, name: string): unknown {
  return typeof record === 'object' && record !== null ? (record as Record<string, unknown>)[name] : undefined
}

function idOf(record: unknown): string | null {
  const id = member(record, 'id')
  return typeof id === 'string' && id !== '' ? id : null
}

function deviceOf(record: unknown): string | null {
  return refId(member(record, 'device')) ?? null
}

function tripKey(record: unknown): string | null {
  const device = deviceOf(record)
  const start = member(record, 'start')
  if (device === null || typeof start !== 'string' || start === '') return null
  // The same instant comes with and without a fraction of noughts.
  return `${device} ${start.replace(/\.0+(?=Z|$)|(\.\d*[1-9])0+(?=Z|$)/, '$1')}`
}
