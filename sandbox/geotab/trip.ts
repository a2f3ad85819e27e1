import type { Calendar } from './calendar.ts'
import type { Point } from './geodesy.ts'
import { fastest, type Fix } from './route.ts'
import { hexId, idOf, isoText, timeSpan, type Ref, type Row } from './wire.ts'

/** One account of a trip: the vendor may give several of the same one, of which the last is right. */
export interface TripFacts {
  startMs: number
  stopMs: number
  metres: number
  /** Kilometres per hour. */
  fastest: number
  stopPoint: Point
  /** Of the odometer shown, at the start; null when the vehicle has none. */
  odometerStartM: number | null
  engineEndS: number | null
  /** Metres driven in working hours. */
  workMetres: number
}

/** A trip over its life. */
export interface Trip {
  deviceId: string
  driver: Ref
  /** Milliseconds that the engine runs after the stop. */
  idleMs: number
  /** Accounts of the trip, each from the instant on at which the vendor came by it. */
  accounts: { fromMs: number; key: number; facts: TripFacts }[]
  /** What the vendor takes for the next trip's start, and from when on; null while it knows none. */
  nexts: { fromMs: number; startMs: number | null }[]
  shows: { odometer: boolean; engineHours: boolean; seatBelt: boolean }
}

/** The account of a trip from the first fix of a drive to one of its fixes. */
export function factsOf(
  fixes: readonly Fix[],
  calendar: Calendar,
  at: { odometerM: number | null; engineS: number | null },
): TripFacts {
  const first = fixes[0]
  const last = fixes.at(-1)
  if (first === undefined || last === undefined) throw new RangeError('A trip needs a fix.')
  return {
    startMs: first.ms,
    stopMs: last.ms,
    metres: last.metres - first.metres,
    fastest: fastest(fixes),
    stopPoint: { lat: last.lat, lon: last.lon },
    odometerStartM: at.odometerM,
    engineEndS: at.engineS === null ? null : at.engineS + (last.ms - first.ms) / 1000,
    workMetres: workMetres(fixes, calendar),
  }
}

function workMetres(fixes: readonly Fix[], calendar: Calendar): number {
  let metres = 0
  for (const [at, fix] of fixes.entries()) {
    const before = fixes[at - 1]
    if (before === undefined) continue
    const inside = calendar.workSpans(before.ms, fix.ms).reduce((sum, [from, to]) => sum + to - from, 0)
    metres += (fix.metres - before.metres) * (inside / (fix.ms - before.ms))
  }
  return metres
}

export function accountAt(trip: Trip, ms: number) {
  return trip.accounts.findLast(({ fromMs }) => fromMs <= ms) ?? trip.accounts[0]!
}

export function nextStartAt(trip: Trip, ms: number): number | null {
  return trip.nexts.findLast(({ fromMs }) => fromMs <= ms)?.startMs ?? null
}

/** Metres per unit of a trip's distances: kilometres as documented, metres as in a demonstration database. */
export type TripDistanceUnit = 'km' | 'm'

/** A trip as it is sent, as the vendor knew it at an instant. */
export function tripRow(trip: Trip, ms: number, calendar: Calendar, unit: TripDistanceUnit): Row {
  const { key, facts } = accountAt(trip, ms)
  const next = nextStartAt(trip, ms)
  const drivingMs = facts.stopMs - facts.startMs
  const stopMs = next === null ? 0 : Math.max(0, next - facts.stopMs)
  const work = { drivingMs: spent(calendar, facts.startMs, facts.stopMs), stopMs: 0 }
  if (next !== null) work.stopMs = spent(calendar, facts.stopMs, next)
  const distance = (metres: number) => Math.fround(unit === 'km' ? metres / 1000 : metres)
  const workM = work.drivingMs === drivingMs ? facts.metres : facts.workMetres
  return {
    id: hexId(key),
    device: { id: trip.deviceId },
    driver: trip.driver,
    start: isoText(facts.startMs),
    stop: isoText(facts.stopMs),
    nextTripStart: isoText(next ?? facts.stopMs),
    distance: distance(facts.metres),
    drivingDuration: timeSpan(drivingMs),
    stopDuration: timeSpan(stopMs),
    idlingDuration: timeSpan(Math.min(trip.idleMs, stopMs)),
    averageSpeed: Math.fround(facts.metres / 1000 / (drivingMs / 3_600_000)),
    maximumSpeed: facts.fastest,
    stopPoint: { x: facts.stopPoint.lon, y: facts.stopPoint.lat },
    afterHoursStart: !calendar.isWork(facts.startMs),
    afterHoursEnd: !calendar.isWork(facts.stopMs),
    afterHoursDistance: distance(facts.metres - workM),
    afterHoursDrivingDuration: timeSpan(drivingMs - work.drivingMs),
    afterHoursStopDuration: timeSpan(stopMs - work.stopMs),
    workDistance: distance(workM),
    workDrivingDuration: timeSpan(work.drivingMs),
    workStopDuration: timeSpan(work.stopMs),
    speedRange1: 0,
    speedRange1Duration: '00:00:00',
    speedRange2: 0,
    speedRange2Duration: '00:00:00',
    speedRange3: 0,
    speedRange3Duration: '00:00:00',
    isSeatBeltOff: trip.shows.seatBelt,
    ...(trip.shows.odometer && facts.odometerStartM !== null
      ? { odometer: Math.round((facts.odometerStartM + facts.metres) * 10) / 10 }
      : {}),
    ...(trip.shows.engineHours && facts.engineEndS !== null ? { engineHours: facts.engineEndS } : {}),
  }
}

const spent = (calendar: Calendar, from: number, to: number) =>
  calendar.workSpans(from, to).reduce((sum, [start, end]) => sum + end - start, 0)

export interface TripTruth {
  deviceId: string
  id: string
  start: string
  stop: string
  /** Start of the next trip; null while the vehicle still stands. */
  nextStart: string | null
  distanceM: number
  drivingSeconds: number
  /** With the engine running, after the stop. */
  idleSeconds: number
  /** Null while the vehicle still stands. */
  stopSeconds: number | null
  driverId: string
  odometerStartM: number | null
  maximumSpeedKmh: number
  stopPoint: Point
  /** Zones that contain the stop point and were active at the stop, in the order of the zones' ids. */
  zoneIds: string[]
  completed: boolean
  deleted: boolean
}

/** What is true of a trip as the vendor knew it at an instant. */
export function tripTruth(trip: Trip, ms: number, zoneIds: string[], deleted: boolean): TripTruth {
  const { key, facts } = accountAt(trip, ms)
  const next = nextStartAt(trip, ms)
  const stopMs = next === null ? null : Math.max(0, next - facts.stopMs)
  return {
    deviceId: trip.deviceId,
    id: hexId(key),
    start: isoText(facts.startMs),
    stop: isoText(facts.stopMs),
    nextStart: next === null ? null : isoText(next),
    distanceM: facts.metres,
    drivingSeconds: (facts.stopMs - facts.startMs) / 1000,
    idleSeconds: Math.min(trip.idleMs, stopMs ?? 0) / 1000,
    stopSeconds: stopMs === null ? null : stopMs / 1000,
    driverId: idOf(trip.driver) ?? '',
    odometerStartM: facts.odometerStartM,
    maximumSpeedKmh: facts.fastest,
    stopPoint: facts.stopPoint,
    zoneIds,
    completed: stopMs !== null,
    deleted,
  }
}
