import { evenOddArea } from './area.ts'

/** Longitude, latitude, in degrees. */
export type Point = readonly [longitude: number, latitude: number]

/** How near to an edge a point is on it, in degrees: a tenth of a millimetre. */
export const EPSILON = 1e-9

export type InvalidRing = 'BAD_POINT' | 'FEWER_THAN_3_POINTS' | 'ENCLOSES_POLE' | 'TOO_WIDE' | 'ZERO_AREA'

export interface Ring {
  /** Closed, without repeated points; longitudes run on beyond 180 rather than jump. Empty when a point is bad. */
  points: Point[]
  /** Square degrees that the even-odd rule counts as inside. */
  area: number
  /** Why no point can be inside; null when some can. */
  invalidReason: InvalidRing | null
}

/**
 * Makes a ring of the corners of a zone: closes it, drops points that repeat the one before, and joins it across the
 * antimeridian. An edge goes the short way round: one of more than 180 degrees is taken to cross the antimeridian.
 */
export function readRing(corners: readonly (readonly number[])[]): Ring {
  const points: Point[] = []
  for (const [longitude = NaN, latitude = NaN] of corners) {
    if (!(Math.abs(longitude) <= 360 && Math.abs(latitude) <= 90)) return invalid([], 'BAD_POINT')
    const last = points.at(-1)
    const x = last === undefined ? longitude : nearestTurn(longitude, last[0])
    if (last === undefined || last[0] !== x || last[1] !== latitude) points.push([x, latitude])
  }
  const [first] = points
  if (first === undefined) return invalid([], 'FEWER_THAN_3_POINTS')
  const last = points.at(-1) ?? first
  const end = nearestTurn(first[0], last[0])
  if (end !== first[0]) return invalid([...points, [end, first[1]]], 'ENCLOSES_POLE')
  if (last[0] !== first[0] || last[1] !== first[1]) points.push(first)
  if (new Set(points.map(String)).size < 3) return invalid(points, 'FEWER_THAN_3_POINTS')
  const [west, , east] = boxOf(points)
  // Such a ring winds around the earth more than once and back again.
  if (east - west > 360) return invalid(points, 'TOO_WIDE')
  const area = evenOddArea(points)
  return area <= thinnestArea(points) ? invalid(points, 'ZERO_AREA') : { points, area, invalidReason: null }
}

const invalid = (points: Point[], invalidReason: InvalidRing): Ring => ({ points, area: 0, invalidReason })

/** The longitude, by whole turns, that is at most 180 degrees from another one. */
function nearestTurn(longitude: number, from: number): number {
  const turns = Math.round((longitude - from) / 360)
  return Math.abs(longitude - from) <= 180 ? longitude : longitude - turns * 360
}

/** The area of a ring that is no thicker than its own edges. */
function thinnestArea(points: readonly Point[]): number {
  const [west, south, east, north] = boxOf(points)
  return EPSILON * (east - west + (north - south))
}

/** West, south, east and north end of some points. */
export function boxOf(points: readonly Point[]): [west: number, south: number, east: number, north: number] {
  let [west, south, east, north] = [Infinity, Infinity, -Infinity, -Infinity]
  for (const [x, y] of points) {
    west = Math.min(west, x)
    south = Math.min(south, y)
    east = Math.max(east, x)
    north = Math.max(north, y)
  }
  return [west, south, east, north]
}
