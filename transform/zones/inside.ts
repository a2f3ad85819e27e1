import { booleanPointInPolygon, polygon } from '@turf/turf'
import { EPSILON, type Point } from './ring.ts'

/** A ring ready to be asked which points it holds. */
export interface Outline {
  /** Whether a point is inside by the even-odd rule, or on the edge, which is 1e-9 degrees wide on all sides. */
  holds(x: number, y: number): boolean
}

/** Readies a closed ring of at least three different corners. */
export function outlineOf(ring: readonly Point[]): Outline {
  const shape = polygon([ring.map(([x, y]) => [x, y])])
  const xy = Float64Array.from(ring.flat())
  return { holds: (x, y) => booleanPointInPolygon([x, y], shape) || isOnEdge(xy, 0, xy.length, x, y) }
}

function isOnEdge(xy: Float64Array, start: number, end: number, x: number, y: number): boolean {
  let ax = xy[start]!
  let ay = xy[start + 1]!
  for (let at = start + 2; at < end; at += 2) {
    const bx = xy[at]!
    const by = xy[at + 1]!
    const away =
      (x < ax - EPSILON && x < bx - EPSILON) ||
      (x > ax + EPSILON && x > bx + EPSILON) ||
      (y < ay - EPSILON && y < by - EPSILON) ||
      (y > ay + EPSILON && y > by + EPSILON)
    if (!away && distanceToEdge(ax, ay, bx, by, x, y) <= EPSILON) return true
    ax = bx
    ay = by
  }
  return false
}

function distanceToEdge(ax: number, ay: number, bx: number, by: number, x: number, y: number): number {
  const dx = bx - ax
  const dy = by - ay
  const square = dx * dx + dy * dy
  const along = square === 0 ? 0 : ((x - ax) * dx + (y - ay) * dy) / square
  if (along <= 0) return Math.hypot(x - ax, y - ay)
  if (along >= 1) return Math.hypot(x - bx, y - by)
  return Math.abs(dx * (y - ay) - dy * (x - ax)) / Math.sqrt(square)
}
