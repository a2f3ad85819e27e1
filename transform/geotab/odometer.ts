import { type Timed, countUntil, timeOf } from './by-time.ts'

/** What an odometer (m) or an engine hour meter (s) showed. */
export interface MeterReading extends Timed {
  value: number
}

/** How a meter's value is known: between two readings, from the last one before, from the first one after, or not. */
export type MeterMethod = 'bracketed' | 'before' | 'after' | 'none'

export interface MeterValue<Method extends string = MeterMethod> {
  value: number | null
  method: Method
  /** Seconds to the farther reading that was used. */
  gapSeconds: number | null
  /** The meter ran backwards between the readings (the engine computer was changed), so nothing lies between them. */
  isDecreasing: boolean
}

const UNKNOWN: MeterValue = Object.freeze({ value: null, method: 'none', gapSeconds: null, isDecreasing: false })

/** What a meter showed at an instant, by its readings sorted by time. */
export function meterAt(readings: readonly MeterReading[], instantMs: number): MeterValue {
  const count = countUntil(readings, instantMs, timeOf)
  const before = readings[count - 1]
  const after = readings[count]
  if (before?.atMs === instantMs) return known(before.value, 'bracketed', 0)
  if (before === undefined) return after === undefined ? UNKNOWN : single(after, 'after', instantMs)
  if (after === undefined) return single(before, 'before', instantMs)
  const sinceMs = instantMs - before.atMs
  const untilMs = after.atMs - instantMs
  if (after.value < before.value) {
    const nearer = sinceMs <= untilMs ? single(before, 'before', instantMs) : single(after, 'after', instantMs)
    return { ...nearer, isDecreasing: true }
  }
  const value = before.value + (after.value - before.value) * (sinceMs / (sinceMs + untilMs))
  // The product of rounded numbers may end a bit beyond the reading itself.
  return known(Math.min(value, after.value), 'bracketed', Math.max(sinceMs, untilMs) / 1000)
}

const known = <Method extends string>(
  value: number,
  method: Method,
  gapSeconds: number | null,
): MeterValue<Method> => ({
  value,
  method,
  gapSeconds,
  isDecreasing: false,
})

const single = (reading: MeterReading, method: MeterMethod, instantMs: number) =>
  known(reading.value, method, Math.abs(reading.atMs - instantMs) / 1000)

export interface OdometerValue<Method extends string = MeterMethod> {
  meters: number | null
  method: Method
  gapSeconds: number | null
  isDecreasing: boolean
}

/** The odometer at an instant, by its readings (m) sorted by time. */
export function odometerAt(readings: readonly MeterReading[], instantMs: number): OdometerValue {
  const { value, ...how } = meterAt(readings, instantMs)
  return { meters: value, ...how }
}

/** Engine hours at an instant, in seconds, by their readings (s) sorted by time. */
export function engineHoursAt(readings: readonly MeterReading[], instantMs: number) {
  const { value, ...how } = meterAt(readings, instantMs)
  return { seconds: value, ...how }
}

export interface MeteredTrip {
  startMs: number
  distanceM: number | null
  odometerEndM: number | null
  /** When the drive before this one stopped; null or absent when none is known of. */
  stoodSinceMs?: number | null
}

// So far from a reading a vehicle is at most some kilometres away from what it says.
const NEAR_SECONDS = 600
// Between two readings farther away than this it drove and stood, nobody knows when.
const LONGEST_GAP_SECONDS = 7200

/**
 * The odometer when a trip began: what the trip says (its end less its distance), else what calibrated readings say. A
 * trip whose odometer is less than its distance does not know its odometer. A reading since the vehicle last stopped
 * still holds at the start; any other single reading, from before or after, says nothing once it is far away, nor do
 * two that are farther away than a drive lasts.
 */
export function odometerAtTripStart(
  trip: MeteredTrip,
  readings: readonly MeterReading[],
): OdometerValue<MeterMethod | 'trip'> {
  const { odometerEndM, distanceM, startMs, stoodSinceMs = null } = trip
  if (odometerEndM !== null && distanceM !== null && odometerEndM > 0 && odometerEndM >= distanceM) {
    return {
      meters: Math.round((odometerEndM - distanceM) * 1000) / 1000,
      method: 'trip',
      gapSeconds: null,
      isDecreasing: false,
    }
  }
  const around = odometerAt(readings, startMs)
  const before = readings[countUntil(readings, startMs, timeOf) - 1]
  if (before !== undefined && stoodSinceMs !== null && before.atMs >= stoodSinceMs) {
    return { ...around, meters: before.value, gapSeconds: (startMs - before.atMs) / 1000 }
  }
  const gapSeconds = around.gapSeconds ?? 0
  if (around.method === 'bracketed') return gapSeconds > LONGEST_GAP_SECONDS ? UNKNOWN_ODOMETER : around
  const hasDriven = around.method === 'after' || (around.method === 'before' && stoodSinceMs !== null)
  return hasDriven && gapSeconds > NEAR_SECONDS ? { ...around, meters: null } : around
}

const UNKNOWN_ODOMETER: OdometerValue = Object.freeze({
  meters: null,
  method: 'none',
  gapSeconds: null,
  isDecreasing: false,
})
