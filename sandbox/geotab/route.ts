import type { Random } from '../random.ts'
import { distanceM, METRES_PER_DEGREE, rounded, type Point } from './geodesy.ts'

/** One recorded position of a drive. */
export interface Fix extends Point {
  ms: number
  /** Whole km/h. */
  speed: number
  /** Metres since the drive began, along its fixes. */
  metres: number
}

// Kilometres of bee-line, and the average km/h that is driven over such a distance.
const PACE: [number, number][] = [
  [4, 26],
  [15, 40],
  [40, 58],
  [Infinity, 82],
]
const DETOUR = 1.18
const STANDS = 0.1

/**
 * A drive as its fixes, 30 to 120 s apart, the first at its start and the last at its stop. The way of the drive is the
 * line through its fixes, so that its distance is the sum of theirs.
 */
export function drawDrive(random: Random, from: Point, to: Point, start: number): Fix[] {
  const direct = distanceM(from, to)
  const pace = (PACE.find(([km]) => direct < km * 1000) ?? [0, 50])[1] * (0.85 + 0.3 * random.next())
  const steps = drawSteps(random, Math.max(90, ((direct * DETOUR) / pace) * 3.6))
  const bend = { wide: 0.3 * (random.next() - 0.5), narrow: 0.12 * (random.next() - 0.5) }
  const whole = steps.reduce((sum, { weight }) => sum + weight, 0)
  const fixes: Fix[] = [{ ...rounded(from), ms: start, speed: random.int(0, 6), metres: 0 }]
  let before = fixes[0]
  let done = 0
  for (const step of steps) {
    if (before === undefined) break
    done += step.weight
    const point = step.weight === 0 ? { lat: before.lat, lon: before.lon } : along(from, to, done / whole, bend)
    const moved = distanceM(before, point)
    before = { ...point, ms: before.ms + step.ms, speed: (moved / step.ms) * 3600, metres: before.metres + moved }
    fixes.push(before)
  }
  return withInstantSpeeds(fixes)
}

function drawSteps(random: Random, seconds: number): { ms: number; weight: number }[] {
  const steps: { ms: number; weight: number }[] = []
  for (let left = seconds; left > 0;) {
    const length = Math.min(random.int(30, 120), Math.max(30, Math.ceil(left)))
    const stands = steps.length > 0 && left > 150 && random.chance(STANDS)
    steps.push({ ms: length * 1000, weight: stands ? 0 : length * (0.5 + random.next()) })
    left -= length
  }
  const last = steps.at(-1)
  if (last !== undefined && random.chance(0.25)) last.ms += random.int(1, 999)
  return steps
}

function along(from: Point, to: Point, part: number, bend: { wide: number; narrow: number }): Point {
  if (part > 1 - 1e-9) return rounded(to)
  const east = Math.cos((from.lat * Math.PI) / 180)
  const aside = bend.wide * Math.sin(Math.PI * part) + bend.narrow * Math.sin(2 * Math.PI * part)
  const north = to.lat - from.lat
  const across = (to.lon - from.lon) * east
  return rounded({
    lat: from.lat + north * part + across * aside,
    lon: from.lon + (across * part - north * aside) / east,
  })
}

/** The speed at a fix lies between those of the ways to it and from it; a drive ends standing. */
function withInstantSpeeds(fixes: Fix[]): Fix[] {
  return fixes.map((fix, at) => {
    if (at === 0) return fix
    const next = fixes[at + 1]
    return { ...fix, speed: next === undefined ? 0 : Math.round((fix.speed + next.speed) / 2) }
  })
}

/** Highest km/h of a drive: that of its fastest way between two fixes, or of a fix. */
export function fastest(fixes: readonly Fix[]): number {
  let most = 0
  for (const [at, fix] of fixes.entries()) {
    const before = fixes[at - 1]
    const between = before === undefined ? 0 : ((fix.metres - before.metres) / (fix.ms - before.ms)) * 3600
    most = Math.max(most, fix.speed, Math.ceil(between))
  }
  return most
}

/** A point within so many metres of another. */
export function nearby(random: Random, point: Point, metres: number): Point {
  const degrees = metres / METRES_PER_DEGREE
  const lat = point.lat + (random.next() - 0.5) * 2 * degrees
  return rounded({ lat, lon: point.lon + ((random.next() - 0.5) * 2 * degrees) / Math.cos((lat * Math.PI) / 180) })
}
