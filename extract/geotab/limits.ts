// What the vendor allows, per method, kind of record, user and database.

/** Calls per minute; `<method> <kind>` before `<method>`. The vendor publishes few of them: 100 is its usual floor. */
const CALLS_PER_MINUTE = new Map([
  ['Authenticate', 10],
  ['Get DeviceStatusInfo', 900],
  ['Get ExceptionEvent', 2000],
  // No figure is published for addresses; 5 a second stays below every figure that was seen.
  ['GetAddresses', 300],
])
const UNKNOWN_PER_MINUTE = 100

// The vendor allows one GetFeed a second and kind; 1,010 ms is what its own reader keeps. The rest is for what passes
// between the moment a slot is given and the moment the request arrives.
const FEED_INTERVAL_MS = 1_050

/** Milliseconds that one call of a method keeps the next one of its kind waiting. */
export function callIntervalMs(method: string, entity: string | null): number {
  if (method === 'GetFeed') return FEED_INTERVAL_MS
  const perMinute =
    CALLS_PER_MINUTE.get(`${method} ${entity ?? ''}`) ?? CALLS_PER_MINUTE.get(method) ?? UNKNOWN_PER_MINUTE
  return 60_000 / perMinute
}

/** How long to hold off where a limit was exceeded and the reply does not say: limits count by the minute. */
export const DEFAULT_HOLD_SECONDS = 60

/** A wait that the vendor asks for is kept up to this; more is a fault in the reply. */
export const LONGEST_HOLD_SECONDS = 900

/** Most rows of one GetFeed call, by kind. A larger limit is silently cut to it, which would look like a short page. */
const FEED_MAX = new Map([
  ['Device', 5_000],
  ['User', 5_000],
  ['Zone', 10_000],
  ['Rule', 10_000],
])
const FEED_MAX_ELSE = 50_000

export function feedMax(entity: string): number {
  return FEED_MAX.get(entity) ?? FEED_MAX_ELSE
}

/** Most rows of one Get call, by kind: trips were seen to be cut at 25,000 without an error. */
const GET_MAX = new Map([['Trip', 25_000]])
const GET_MAX_ELSE = 50_000

export function getMax(entity: string): number {
  return GET_MAX.get(entity) ?? GET_MAX_ELSE
}

/** Calls that the vendor advises to put into one ExecuteMultiCall at most. */
export const MULTI_CALL_MAX = 100
