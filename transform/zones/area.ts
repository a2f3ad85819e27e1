type Point = readonly [x: number, y: number]
type Edge = readonly [from: Point, to: Point]

// Finding where edges cross looks at each pair; beyond this number of points the plain formula has to do.
const MOST_POINTS = 1000

/** Area inside a closed ring by the even-odd rule: where it covers itself twice, it does not count. */
export function evenOddArea(ring: readonly Point[]): number {
  const edges = ring.slice(1).map((to, index): Edge => [ring[index] ?? to, to])
  const crossings = ring.length > MOST_POINTS ? [] : crossingHeights(edges)
  return crossings.length === 0 ? shoelaceArea(edges) : sweptArea(edges, crossings)
}

/** Of a ring that does not meet itself; taken from its first point, so that far from (0, 0) no digits are lost. */
function shoelaceArea(edges: readonly Edge[]): number {
  const [x0, y0] = edges[0]?.[0] ?? [0, 0]
  const twice = edges.reduce((sum, [[ax, ay], [bx, by]]) => sum + (ax - x0) * (by - y0) - (bx - x0) * (ay - y0), 0)
  return Math.abs(twice) / 2
}

/** Cuts the plane into strips in which no edges meet, and adds up every other gap between the edges. */
function sweptArea(edges: readonly Edge[], crossings: readonly number[]): number {
  const heights = [...new Set([...edges.map(([[, y]]) => y), ...crossings])].sort((a, b) => a - b)
  let area = 0
  for (let strip = 1; strip < heights.length; strip++) {
    const bottom = heights[strip - 1] ?? 0
    const top = heights[strip] ?? 0
    const middle = (bottom + top) / 2
    const xs = edges
      .filter(([[, ay], [, by]]) => ay > middle !== by > middle)
      .map(([[ax, ay], [bx, by]]) => ax + ((middle - ay) / (by - ay)) * (bx - ax))
      .sort((a, b) => a - b)
    for (let gap = 1; gap < xs.length; gap += 2) area += ((xs[gap] ?? 0) - (xs[gap - 1] ?? 0)) * (top - bottom)
  }
  return area
}

/** Heights at which edges that do not follow one another meet. */
function crossingHeights(edges: readonly Edge[]): number[] {
  const heights: number[] = []
  for (let i = 0; i < edges.length; i++) {
    for (let j = i + 2; j < edges.length; j++) {
      const closes = i === 0 && j === edges.length - 1
      const height = closes ? null : meetingHeight(edges[i]!, edges[j]!)
      if (height !== null) heights.push(height)
    }
  }
  return heights
}

/** The height at which two edges meet; null when they do not. Of edges on one line it is that of an end. */
function meetingHeight([a, b]: Edge, [c, d]: Edge): number | null {
  if (Math.max(a[0], b[0]) < Math.min(c[0], d[0]) || Math.max(c[0], d[0]) < Math.min(a[0], b[0])) return null
  if (Math.max(a[1], b[1]) < Math.min(c[1], d[1]) || Math.max(c[1], d[1]) < Math.min(a[1], b[1])) return null
  const aSide = side(c, d, a)
  const bSide = side(c, d, b)
  if (aSide * bSide > 0 || side(a, b, c) * side(a, b, d) > 0) return null
  return aSide === bSide ? a[1] : a[1] + (aSide / (aSide - bSide)) * (b[1] - a[1])
}

const side = ([ax, ay]: Point, [bx, by]: Point, [px, py]: Point) => (bx - ax) * (py - ay) - (by - ay) * (px - ax)
