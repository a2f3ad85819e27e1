import type { Random } from '../random.ts'
import type { Calendar } from './calendar.ts'
import type { Disorder } from './disorder.ts'
import type { Fix } from './route.ts'
import { factsOf } from './trip.ts'
import type { TripFate } from './trip-writer.ts'

/** What will become of the record of a drive: whether it is told early, cut short or moved before it is right. */
export function drawFate(
  random: Random,
  { disorder, calendar }: { disorder: Disorder; calendar: Calendar },
  fixes: readonly Fix[],
  at: { odometerM: number; engineS: number | null },
): TripFate {
  const roll = random.next()
  if (fixes.length < 5) return { kind: 'plain' }
  const early = factsOf(fixes.slice(0, random.int(3, fixes.length - 1)), calendar, at)
  if (roll < disorder.tripRecalculated) return { kind: 'cut', facts: early }
  if (roll < disorder.tripRecalculated + disorder.tripStartShift) {
    const rest = fixes.slice(random.int(1, 2))
    const skipped = rest[0]?.metres ?? 0
    const odometerM = at.odometerM + skipped
    const engineS = at.engineS === null ? null : at.engineS + ((rest[0]?.ms ?? 0) - (fixes[0]?.ms ?? 0)) / 1000
    return { kind: 'shifted', facts: factsOf(rest, calendar, { odometerM, engineS }) }
  }
  const shown = fixes.length >= 12 && random.chance(disorder.tripInProgress)
  return shown ? { kind: 'shown', facts: early, ms: 0 } : { kind: 'plain' }
}
