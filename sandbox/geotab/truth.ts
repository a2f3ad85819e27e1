import type { ExceptionTruth } from './exception.ts'
import type { Point } from './geodesy.ts'
import { accountAt, tripTruth, type Trip, type TripTruth } from './trip.ts'
import type { Vehicle } from './vehicle.ts'
import { idOf, type Row } from './wire.ts'
import { zonesAt } from './zones.ts'

/** What is true of a fleet, as far as the vendor knows: nothing that has not arrived yet. */
export interface FleetTruth {
  /** Every trip that was ever shown, by device and start; withdrawn ones are marked. */
  trips(): TripTruth[]
  trip(deviceId: string, start: string): TripTruth | undefined
  /** The latest state of every exception that was ever shown. */
  exceptions(): ExceptionTruth[]
  /** Metres on the odometer shown; null for a device that the fleet does not have. */
  odometerM(deviceId: string, instant: Date): number | null
  /** Null for a device without an engine. */
  engineSeconds(deviceId: string, instant: Date): number | null
  /** Who last identified himself in a vehicle; UnknownDriverId when nobody has. */
  driverId(deviceId: string, instant: Date): string
  position(deviceId: string, instant: Date): Point | null
  /** Zones that contain a point and are active at an instant. */
  zoneIds(point: Point, instant: Date): string[]
}

interface Known {
  vehicles: ReadonlyMap<string, Vehicle>
  trips: ReadonlyMap<string, { trip: Trip; ms: number; deleted: boolean }>
  exceptions: ReadonlyMap<string, ExceptionTruth>
  zones: () => Row[]
  newest: ReadonlyMap<string, number>
}

export function createTruth({ vehicles, trips, exceptions, zones, newest }: Known): FleetTruth {
  /** The vehicle and the instant, but not later than the newest record that arrived. */
  function known(deviceId: string, instant: Date): { vehicle: Vehicle; ms: number } | null {
    const vehicle = vehicles.get(deviceId)
    const last = newest.get(deviceId)
    if (vehicle === undefined || last === undefined) return null
    return { vehicle, ms: Math.min(instant.getTime(), last) }
  }

  function truthOf({ trip, ms, deleted }: { trip: Trip; ms: number; deleted: boolean }, allZones: Row[]): TripTruth {
    const { stopPoint, stopMs } = accountAt(trip, ms).facts
    return tripTruth(trip, ms, zonesAt(allZones, stopPoint, stopMs), deleted)
  }

  return {
    trips() {
      const allZones = zones()
      return [...trips.values()].map((each) => truthOf(each, allZones))
    },
    trip(deviceId, start) {
      const found = trips.get(`${deviceId} ${start}`)
      return found === undefined ? undefined : truthOf(found, zones())
    },
    exceptions: () => [...exceptions.values()],
    odometerM(deviceId, instant) {
      const at = known(deviceId, instant)
      return at === null ? null : at.vehicle.odometer.shownAt(at.ms)
    },
    engineSeconds(deviceId, instant) {
      const at = known(deviceId, instant)
      return at === null || at.vehicle.spec.kind === 'trailer' ? null : at.vehicle.odometer.engineSecondsAt(at.ms)
    },
    driverId(deviceId, instant) {
      const at = known(deviceId, instant)
      const shown = at?.vehicle.drivers.findLast(({ ms }) => ms <= at.ms)
      return idOf(shown?.driver) ?? 'UnknownDriverId'
    },
    position(deviceId, instant) {
      const at = known(deviceId, instant)
      if (at === null) return null
      const { lat, lon } = at.vehicle.timeline.at(at.ms)
      return { lat, lon }
    },
    zoneIds: (point, instant) => zonesAt(zones(), point, instant.getTime()),
  }
}
