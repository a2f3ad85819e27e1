import { METERS_PER_KM, SECONDS_PER_HOUR } from '../../core/units.ts'
import { finite, isFields } from './fields.ts'
import { parseTimeSpan } from './time-span.ts'

/** The unit of the distances of trips: km by the reference, metres in some databases. */
export type DistanceUnit = 'km' | 'm'

export interface DistanceUnitEvidence {
  unit: DistanceUnit | 'undecided'
  /** Trips that could be tested. */
  trips: number
  /** Median of distance / (average speed x driving time): near 1 in km, near 1000 in metres. Null without trips. */
  medianRatio: number | null
}

const TOLERANCE = 0.2
const FEWEST_TRIPS = 5
// A trip of less is too short for its rounded average speed to tell anything.
const SHORTEST_KM = 0.5

/** Tells by the average speeds of a batch of trips (payloads) which unit their distances are in. */
export function suspectDistanceUnit(trips: readonly unknown[], fewestTrips = FEWEST_TRIPS): DistanceUnitEvidence {
  const ratios = trips.map(distanceRatio).filter((ratio) => ratio !== null)
  ratios.sort((a, b) => a - b)
  const middle = ratios.length >> 1
  const upper = ratios[middle]
  if (upper === undefined) return { unit: 'undecided', trips: 0, medianRatio: null }
  const medianRatio = ratios.length % 2 === 1 ? upper : ((ratios[middle - 1] ?? upper) + upper) / 2
  const unit = ratios.length < fewestTrips ? 'undecided' : unitOf(medianRatio)
  return { unit, trips: ratios.length, medianRatio }
}

function unitOf(ratio: number): DistanceUnit | 'undecided' {
  if (Math.abs(ratio / METERS_PER_KM - 1) <= TOLERANCE) return 'm'
  return Math.abs(ratio - 1) <= TOLERANCE ? 'km' : 'undecided'
}

function distanceRatio(trip: unknown): number | null {
  if (!isFields(trip)) return null
  const distance = finite(trip['distance'])
  const speedKmh = finite(trip['averageSpeed'])
  const micros = parseTimeSpan(trip['drivingDuration'])
  if (distance === null || distance <= 0 || speedKmh === null || typeof micros !== 'number') return null
  const expectedKm = (speedKmh * micros) / 1e6 / SECONDS_PER_HOUR
  return expectedKm < SHORTEST_KM ? null : distance / expectedKm
}
