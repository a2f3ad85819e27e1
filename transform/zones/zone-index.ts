import Flatbush from 'flatbush'
import { outlineOf } from './inside.ts'
import { EPSILON, type InvalidRing, type Ring, boxOf, readRing } from './ring.ts'

/** A zone as it is indexed. Times in milliseconds since 1970. */
export interface IndexedZone {
  zoneId: string
  name: string | null
  /** Its corners as [longitude, latitude], closed or not. */
  ring: readonly (readonly number[])[]
  /** From when to before when the zone holds; null is open. */
  activeFromMs: number | null
  activeToMs: number | null
  /** Since when the zone is gone; before that it holds as ever. */
  deletedAtMs: number | null
}

export interface ZoneIndex {
  /**
   * Ids of the zones that a point is in at an instant: the smallest first, of equal size by name, then by id. A point on
   * an edge or a corner is in.
   */
  at(longitude: number, latitude: number, instantMs: number): string[]
  /** Zones that no point can be in, and why. */
  invalid: { zoneId: string; reason: InvalidRing }[]
}

interface SortedZone {
  zone: IndexedZone
  ring: Ring
}

/** Makes an index over zones that finds those around a point without looking at the others. */
export function createZoneIndex(zones: readonly IndexedZone[]): ZoneIndex {
  const invalid: ZoneIndex['invalid'] = []
  const valid: SortedZone[] = []
  for (const zone of zones) {
    const ring = readRing(zone.ring)
    if (ring.invalidReason === null) valid.push({ zone, ring })
    else invalid.push({ zoneId: zone.zoneId, reason: ring.invalidReason })
  }
  return { at: finder(valid.sort(smallestFirst)), invalid }
}

function smallestFirst(a: SortedZone, b: SortedZone): number {
  if (a.ring.area !== b.ring.area) return a.ring.area - b.ring.area
  const [aName, bName] = [a.zone.name ?? '', b.zone.name ?? '']
  if (aName !== bName) return aName < bName ? -1 : 1
  return a.zone.zoneId < b.zone.zoneId ? -1 : 1
}

function finder(sorted: readonly SortedZone[]): ZoneIndex['at'] {
  const spans = sorted.map(({ zone }) => spanOf(zone))
  const outlines = sorted.map(({ ring }) => outlineOf(ring.points))
  const boxes = sorted.flatMap(({ ring }, rank) => shiftedBoxes(ring, rank))
  if (boxes.length === 0) return () => []
  const tree = new Flatbush(boxes.length)
  for (const { west, south, east, north } of boxes) tree.add(west, south, east, north)
  tree.finish()
  return (longitude, latitude, instantMs) => {
    if (!(Math.abs(longitude) <= 180 && Math.abs(latitude) <= 90)) return []
    const ranks: number[] = []
    for (const found of tree.search(longitude, latitude, longitude, latitude)) {
      const { rank, shift } = boxes[found]!
      const span = spans[rank]!
      if (instantMs < span.fromMs || instantMs >= span.untilMs) continue
      if (outlines[rank]!.holds(longitude + shift, latitude)) ranks.push(rank)
    }
    if (ranks.length > 1) ranks.sort((a, b) => a - b)
    return ranks.filter((rank, at) => rank !== ranks[at - 1]).map((rank) => sorted[rank]!.zone.zoneId)
  }
}

function spanOf(zone: IndexedZone): { fromMs: number; untilMs: number } {
  return {
    fromMs: zone.activeFromMs ?? -Infinity,
    untilMs: Math.min(zone.activeToMs ?? Infinity, zone.deletedAtMs ?? Infinity),
  }
}

/**
 * The boxes in which a ring is seen from the longitudes -180 to 180, each with what is to be added to a longitude there
 * to be on the ring: two for a ring across the antimeridian, or with an edge on it.
 */
function shiftedBoxes(ring: Ring, rank: number) {
  const [west, south, east, north] = boxOf(ring.points)
  return [-720, -360, 0, 360, 720]
    .map((shift) => ({
      rank,
      shift,
      west: west - shift - EPSILON,
      south: south - EPSILON,
      east: east - shift + EPSILON,
      north: north + EPSILON,
    }))
    .filter((box) => box.east >= -180 && box.west <= 180)
}
