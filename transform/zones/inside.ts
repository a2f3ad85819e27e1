import { EPSILON } from './ring.ts'

/**
 * Whether a point is inside a closed ring by the even-odd rule, or on its edge, which is 1e-9 degrees wide on all sides.
 * The ring is a part of an array of coordinates x, y, x, y, ... from `start` to before `end`.
 */
export function isInside(xy: Float64Array, start: number, end: number, x: number, y: number): boolean {
  return isEnclosed(xy, start, end, x, y) || isOnEdge(xy, start, end, x, y)
}

// Doubles get the side of an edge wrong only within 1e-12 degrees of it, where `isOnEdge` has the last word.
function isEnclosed(xy: Float64Array, start: number, end: number, x: number, y: number): boolean {
  let inside = false
  let ax = xy[start]!
  let ay = xy[start + 1]!
  for (let at = start + 2; at < end; at += 2) {
    const bx = xy[at]!
    const by = xy[at + 1]!
    if (ay > y !== by > y) {
      const side = (bx - ax) * (y - ay) - (by - ay) * (x - ax)
      if (side > 0 === by > ay) inside = !inside
    }
    ax = bx
    ay = by
  }
  return inside
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
