import type { Random } from '../random.ts'
import type { VehicleSpec } from './devices.ts'
import { DEPOTS, type Place } from './places.ts'

const MINUTE = 60_000
// By kind of vehicle: how likely it drives on a working day and at the weekend, fewest and most stops.
const HABITS = {
  van: { workday: 0.95, weekend: 0.2, least: 3, most: 7 },
  truck: { workday: 0.9, weekend: 0.25, least: 2, most: 4 },
  pool: { workday: 0.35, weekend: 0.35, least: 1, most: 3 },
  trailer: { workday: 0.25, weekend: 0.25, least: 1, most: 1 },
}

/** Where a vehicle goes on a day, in order; nowhere at all on some. */
export function planDay(
  random: Random,
  { kind, depot }: VehicleSpec,
  of: { day: { weekday: number }; customers: readonly Place[]; must: boolean },
): Place[] {
  const { workday, weekend, least, most } = HABITS[kind]
  const works = of.day.weekday === 0 || of.day.weekday === 6 ? weekend : workday
  if (!random.chance(works) && !of.must) return []
  const stops = Array.from({ length: random.int(least, most) }, () => random.pick(of.customers))
  const route = stops.filter((stop, at) => stop !== stops[at - 1])
  const home = DEPOTS[depot % DEPOTS.length]
  return home === undefined || (kind === 'trailer' && random.chance(0.5)) ? route : [...route, home]
}

/** How long a vehicle stands before its next drive, in milliseconds. */
export function drawStay(random: Random, kind: VehicleSpec['kind']): number {
  return (kind === 'truck' ? random.int(15, 110) : random.int(6, 65)) * MINUTE + random.int(0, 59) * 1000
}
