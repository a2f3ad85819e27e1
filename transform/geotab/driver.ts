import { type Timed, countUntil, timeOf } from './by-time.ts'

export interface DrivenTrip {
  startMs: number
  /** The trip lasts until the next one starts; null while that is not known. */
  nextStartMs: number | null
  /** Null: the source does not know who drove. */
  driverId: string | null
}

export interface DriverChangeAt extends Timed {
  driverId: string | null
}

/** Who drove, and how that is known; `none` when nothing tells of a driver. */
export interface KnownDriver {
  driverId: string | null
  method: 'trip' | 'driver_change' | 'none'
}

/**
 * Who drove a device at an instant: the driver of the trip that covers it, else whom the last change before it (or at
 * it) named. Both lists are of that device, sorted by time; of changes at the same instant the last counts.
 */
export function driverAt(
  instantMs: number,
  trips: readonly DrivenTrip[],
  driverChanges: readonly DriverChangeAt[],
): KnownDriver {
  const trip = coveringTrip(instantMs, trips)
  if (trip !== undefined && trip.driverId !== null) return { driverId: trip.driverId, method: 'trip' }
  const change = driverChanges[countUntil(driverChanges, instantMs, timeOf) - 1]
  if (change !== undefined) return { driverId: change.driverId, method: 'driver_change' }
  return { driverId: null, method: 'none' }
}

function coveringTrip(instantMs: number, trips: readonly DrivenTrip[]): DrivenTrip | undefined {
  const last = trips[countUntil(trips, instantMs, (trip) => trip.startMs) - 1]
  return last !== undefined && (last.nextStartMs === null || instantMs < last.nextStartMs) ? last : undefined
}
