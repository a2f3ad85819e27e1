import { countUntil } from './by-time.ts'

/** A trip that the source does not call deleted. Times in milliseconds since 1970. */
export interface LiveTrip {
  startMs: number
  stopMs: number | null
  nextStartMs: number | null
  /** Greater is newer: the source's version (see `feedVersion`) or the order of arrival, the same for all trips. */
  version: bigint | number
}

export interface TripLives<Trip> {
  /** What holds, by start; no instant lies in two. The last one's end may be open (null). */
  live: { trip: Trip; fromMs: number; untilMs: number | null }[]
  /** Trips that were driven while a newer one says otherwise: the remains of a recalculation. */
  stale: { trip: Trip; replacedBy: Trip }[]
}

/**
 * Of the trips of one device, leaves one for each instant: when the drives of two overlap, the newer stands, the older
 * is stale. A stop that reaches into the next trip is only cut short: its trip was not read again since.
 */
export function resolveTrips<Trip extends LiveTrip>(trips: readonly Trip[]): TripLives<Trip> {
  const accepted: Trip[] = []
  const stale: { trip: Trip; replacedBy: Trip }[] = []
  for (const trip of trips.toSorted(newestFirst)) {
    // Drives that stand do not overlap, so that of them only the two neighbours can be in the way.
    const at = countUntil(accepted, trip.startMs, (other) => other.startMs)
    const rival = [accepted[at - 1], accepted[at]].find((other) => other !== undefined && drivesOverlap(trip, other))
    if (rival === undefined) accepted.splice(at, 0, trip)
    else stale.push({ trip, replacedBy: rival })
  }
  return { live: accepted.map((trip, index) => lifeOf(trip, accepted[index + 1])), stale }
}

/** The number that a feed's version (16 hexadecimal digits) counts, for comparing; null when it is none. */
export function feedVersion(text: unknown): bigint | null {
  return typeof text === 'string' && /^[0-9a-f]{1,16}$/i.test(text) ? BigInt(`0x${text}`) : null
}

function lifeOf<Trip extends LiveTrip>(trip: Trip, next: Trip | undefined) {
  const ends = [next?.startMs, trip.nextStartMs].filter((end) => end !== undefined && end !== null)
  return { trip, fromMs: trip.startMs, untilMs: ends.length === 0 ? null : Math.max(trip.startMs, Math.min(...ends)) }
}

function newestFirst(a: LiveTrip, b: LiveTrip): number {
  if (a.version !== b.version) return a.version > b.version ? -1 : 1
  return b.startMs - a.startMs
}

// A drive of no length is a moment, which lies in another drive or not.
const driveEnd = (trip: LiveTrip) => Math.max(trip.stopMs ?? trip.startMs, trip.startMs)
const drivesOverlap = (a: LiveTrip, b: LiveTrip) =>
  a.startMs === b.startMs || (a.startMs < driveEnd(b) && b.startMs < driveEnd(a))
