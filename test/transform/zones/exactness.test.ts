import { booleanPointInPolygon, polygon } from '@turf/turf'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readRing } from '../../../transform/zones/ring.ts'
import { createZoneIndex } from '../../../transform/zones/zone-index.ts'
import { STEPS_PER_DEGREE, type Steps, degrees, exactly, isEnclosedExactly } from './exact-ring.ts'

const indexOf = (corners: readonly (readonly number[])[]) =>
  createZoneIndex([{ zoneId: 'z', name: 'Z', ring: corners, activeFromMs: null, activeToMs: null, deletedAtMs: null }])

/** The longitude from -180 to 180 that shows the same meridian. */
const wrapped = ([x, y]: Steps): Steps => {
  const turn = 360n * STEPS_PER_DEGREE
  const half = 180n * STEPS_PER_DEGREE
  return [((((x + half) % turn) + turn) % turn) - half, y]
}

function disagreements(ring: readonly Steps[], points: readonly Steps[]) {
  const index = indexOf(ring.map((corner) => degrees(wrapped(corner))))
  if (index.invalid.length > 0) {
    return points.filter((point) => isEnclosedExactly(ring, point) && !isOnAnyEdge(ring, point))
  }
  return points.filter((point) => {
    const truth = exactly(ring, point)
    return truth !== 'close' && (truth === 'in') !== index.at(...degrees(wrapped(point)), 0).includes('z')
  })
}

// A ring that is walked twice has no inside but its edges.
const isOnAnyEdge = (ring: readonly Steps[], point: Steps) => exactly([...ring, ...ring], point) !== 'out'

// On so few places corners repeat, edges fold back, touch, cross and lie on the height of the points all the time.
const place = fc.tuple(fc.integer({ min: -3, max: 3 }), fc.integer({ min: -3, max: 3 }))
const frame = fc.record({
  step: fc.constantFrom(2_000n, 12_345_678n, 10_000_000_000n, 180_000_000_000n),
  x: fc.constantFrom(0n, -1_277_000_001n, 770_364_999_999n, 1_799_999_990_000n, -1_800_000_000_000n),
  y: fc.constantFrom(0n, 123_456_789n, -330_000_000_007n),
})

test('on rings of few places the index is exact, on both sides of every edge and corner', () => {
  const nudge = fc.constantFrom(0n, 4n, -4n, 30n, -30n, 700n)
  const point = fc.tuple(fc.integer({ min: -7, max: 7 }), fc.integer({ min: -7, max: 7 }), nudge, nudge)
  fc.assert(
    fc.property(
      fc.array(place, { minLength: 1, maxLength: 10 }),
      fc.array(point, { minLength: 20, maxLength: 20 }),
      frame,
      (corners, halves, { step, x, y }) => {
        const ring = corners.map(([i, j]): Steps => [x + BigInt(i) * step, y + BigInt(j) * step])
        const points = halves.map(([i, j, dx, dy]): Steps => [
          x + (BigInt(i) * step) / 2n + dx,
          y + (BigInt(j) * step) / 2n + dy,
        ])
        expect(disagreements(ring, points)).toEqual([])
      },
    ),
    { numRuns: 1500 },
  )
})

const coordinate = (most: number) =>
  fc.bigInt({ min: BigInt(-most) * STEPS_PER_DEGREE, max: BigInt(most) * STEPS_PER_DEGREE })
const anywhere = fc.tuple(coordinate(85), coordinate(89))

test('on rings of any size the index is exact, along the edges too, and turf agrees', () => {
  fc.assert(
    fc.property(
      fc.array(anywhere, { minLength: 3, maxLength: 25 }),
      fc.constantFrom(1n, 1_000n, 1_000_000n, 100_000_000n),
      fc.array(fc.tuple(fc.nat(24), fc.nat(1000)), { minLength: 8, maxLength: 8 }),
      fc.array(anywhere, { minLength: 8, maxLength: 8 }),
      (corners, shrink, ways, strewn) => {
        const small = ([x, y]: Steps): Steps => [x / shrink, y / shrink]
        const ring = corners.map(small)
        const points = [...strewn.map(small), ...ring, ...ways.map(([at, part]) => alongEdge(ring, at, BigInt(part)))]
        expect(disagreements(ring, points)).toEqual([])
        const first = degrees(ring[0]!)
        const turfs = polygon([[...ring.map(degrees), first]])
        const clear = strewn.map(small).filter((point) => !isOnAnyEdge(ring, point))
        expect(
          clear.filter((point) => booleanPointInPolygon(degrees(point), turfs) !== isEnclosedExactly(ring, point)),
        ).toEqual([])
      },
    ),
    { numRuns: 300 },
  )
})

function alongEdge(ring: readonly Steps[], at: number, thousandths: bigint): Steps {
  const [a, b] = [ring[at % ring.length]!, ring[(at + 1) % ring.length]!]
  return [a[0] + ((b[0] - a[0]) * thousandths) / 1000n, a[1] + ((b[1] - a[1]) * thousandths) / 1000n]
}

describe('the area of a ring', () => {
  test('is the same from whichever corner, in whichever direction it is walked', () => {
    fc.assert(
      fc.property(fc.array(place, { minLength: 3, maxLength: 9 }), fc.nat(8), (corners, turn) => {
        const ring = corners.map(([x, y]) => [x, y])
        const at = turn % ring.length
        const turned = [...ring.slice(at), ...ring.slice(0, at)]
        const { area } = readRing(ring)
        expect(readRing(turned).area).toBeCloseTo(area, 9)
        expect(readRing(ring.toReversed()).area).toBeCloseTo(area, 9)
      }),
      { numRuns: 1000 },
    )
  })

  test('is the part of the plane that is inside', () => {
    fc.assert(
      fc.property(fc.array(place, { minLength: 3, maxLength: 6 }), (corners) => {
        const ring = corners.map(([x, y]): Steps => [BigInt(x) * 1000n, BigInt(y) * 1000n])
        let hits = 0
        for (let x = -3000n + 37n; x < 3000n; x += 75n) {
          for (let y = -3000n + 38n; y < 3000n; y += 75n) hits += isEnclosedExactly(ring, [x, y]) ? 1 : 0
        }
        const { area } = readRing(corners)
        expect(Math.abs(area - hits * 0.075 ** 2)).toBeLessThan(0.9)
      }),
      { numRuns: 20 },
    )
  })
})
