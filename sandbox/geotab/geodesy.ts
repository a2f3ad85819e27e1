/** Degrees, WGS 84; Geotab writes x for the longitude and y for the latitude. */
export interface Point {
  lat: number
  lon: number
}

/** Mean radius of the earth in metres: distances of the stand-in are those of a sphere. */
const EARTH_M = 6_371_008.8
const RADIANS = Math.PI / 180
export const METRES_PER_DEGREE = EARTH_M * RADIANS

/** Great-circle distance in metres (haversine). */
export function distanceM(from: Point, to: Point): number {
  const north = Math.sin(((to.lat - from.lat) * RADIANS) / 2)
  const east = Math.sin(((to.lon - from.lon) * RADIANS) / 2)
  const chord = north * north + Math.cos(from.lat * RADIANS) * Math.cos(to.lat * RADIANS) * east * east
  return 2 * EARTH_M * Math.asin(Math.min(1, Math.sqrt(chord)))
}

/** The point so many metres east and north of another; good for a few kilometres. */
export function movedBy(point: Point, eastM: number, northM: number): Point {
  const lon = point.lon + eastM / (METRES_PER_DEGREE * Math.cos(point.lat * RADIANS))
  return rounded({ lat: point.lat + northM / METRES_PER_DEGREE, lon })
}

/** Seven decimals, about a centimetre: what a position is sent with. */
export function rounded({ lat, lon }: Point): Point {
  return { lat: Math.round(lat * 1e7) / 1e7, lon: Math.round(lon * 1e7) / 1e7 }
}

/** Whole degrees from north, clockwise. */
export function bearing(from: Point, to: Point): number {
  const east = (to.lon - from.lon) * Math.cos(from.lat * RADIANS)
  const degrees = Math.atan2(east, to.lat - from.lat) / RADIANS
  return Math.round((degrees + 360) % 360) % 360
}

const ON_EDGE = 1e-9

/**
 * Whether a ring of points contains a point, by even-odd crossing; its edge belongs to it. A ring that is not closed is
 * closed, one across the antimeridian is unrolled.
 */
export function ringContains(ring: readonly Point[], point: Point): boolean {
  const first = ring[0]
  if (first === undefined || ring.length < 3) return false
  const near = (lon: number, to: number) => lon - 360 * Math.round((lon - to) / 360)
  const x = near(point.lon, first.lon)
  let inside = false
  let previous = ring.at(-1) ?? first
  let previousX = near(previous.lon, first.lon)
  for (const corner of ring) {
    const cornerX = near(corner.lon, first.lon)
    if (onEdge(previousX, previous.lat, cornerX, corner.lat, x, point.lat)) return true
    if (corner.lat > point.lat !== previous.lat > point.lat) {
      const crossing = previousX + ((point.lat - previous.lat) / (corner.lat - previous.lat)) * (cornerX - previousX)
      if (x < crossing) inside = !inside
    }
    previous = corner
    previousX = cornerX
  }
  return inside
}

function onEdge(ax: number, ay: number, bx: number, by: number, x: number, y: number): boolean {
  if (x < Math.min(ax, bx) - ON_EDGE || x > Math.max(ax, bx) + ON_EDGE) return false
  if (y < Math.min(ay, by) - ON_EDGE || y > Math.max(ay, by) + ON_EDGE) return false
  const length = Math.hypot(bx - ax, by - ay)
  if (length === 0) return true
  return Math.abs((bx - ax) * (y - ay) - (by - ay) * (x - ax)) / length <= ON_EDGE
}
