/** A ring and a point in whole steps of 10^-10 degrees, so that everything about them can be worked out exactly. */
export type Steps = readonly [x: bigint, y: bigint]

export const STEPS_PER_DEGREE = 10_000_000_000n
const EPSILON_STEPS = 10n

export const degrees = ([x, y]: Steps): [number, number] => [
  Number(x) / Number(STEPS_PER_DEGREE),
  Number(y) / Number(STEPS_PER_DEGREE),
]

/** Whether the even-odd rule has a point inside a ring, closed or not; on the edge it may say either. */
export function isEnclosedExactly(ring: readonly Steps[], [x, y]: Steps): boolean {
  return (
    edgesOf(ring).filter(([[ax, ay], [bx, by]]) => {
      if (ay > y === by > y) return false
      // Where the edge passes the height of the point, times the height of the edge.
      const crossing = (bx - ax) * (y - ay) - (x - ax) * (by - ay)
      return by > ay ? crossing > 0n : crossing < 0n
    }).length %
      2 ===
    1
  )
}

/** How a point lies to a ring whose edges are 10^-9 degrees wide; `close` is too near to that limit for doubles. */
export function exactly(ring: readonly Steps[], point: Steps): 'in' | 'out' | 'close' {
  const sides = edgesOf(ring).map(([a, b]) => besideEdge(a, b, point))
  if (sides.includes('on')) return 'in'
  if (sides.includes('close')) return 'close'
  return isEnclosedExactly(ring, point) ? 'in' : 'out'
}

function besideEdge(a: Steps, b: Steps, [x, y]: Steps): 'on' | 'close' | 'off' {
  const [dx, dy] = [b[0] - a[0], b[1] - a[1]]
  const [px, py] = [x - a[0], y - a[1]]
  const square = dx * dx + dy * dy
  const along = px * dx + py * dy
  if (square === 0n || along <= 0n) return within(px * px + py * py, 1n)
  if (along >= square) return within((px - dx) ** 2n + (py - dy) ** 2n, 1n)
  return within((dx * py - dy * px) ** 2n, square)
}

/** The square of a distance, as a fraction, against that of the width of an edge, a hundredth more or less. */
function within(numerator: bigint, denominator: bigint): 'on' | 'close' | 'off' {
  const limit = EPSILON_STEPS ** 2n * denominator
  if (numerator * 100n <= limit * 98n) return 'on'
  return numerator * 100n <= limit * 102n ? 'close' : 'off'
}

const edgesOf = (ring: readonly Steps[]) => ring.map((to, index) => [ring.at(index - 1) ?? to, to] as const)
