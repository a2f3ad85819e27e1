import { describe, expect, test } from 'vitest'
import { distinctNames } from '../../../transform/zones/names.ts'
import { type IndexedZone, createZoneIndex } from '../../../transform/zones/zone-index.ts'
import { readRing } from '../../../transform/zones/ring.ts'

type Corners = IndexedZone['ring']

const aZone = (over: Partial<IndexedZone> = {}): IndexedZone => ({
  zoneId: 'z',
  name: 'Depot',
  ring: box(10, 50, 11, 51),
  activeFromMs: null,
  activeToMs: null,
  deletedAtMs: null,
  ...over,
})

/** A closed box from its west, south, east and north end. */
const box = (west: number, south: number, east: number, north: number): Corners => [
  [west, south],
  [east, south],
  [east, north],
  [west, north],
  [west, south],
]

const holds = (ring: Corners, x: number, y: number) => createZoneIndex([aZone({ ring })]).at(x, y, 0).length === 1

describe('case 38: rings that are not as they should be', () => {
  test.for([
    { why: 'unclosed', ring: box(10, 50, 11, 51).slice(0, 4) },
    { why: 'with each point twice', ring: box(10, 50, 11, 51).flatMap((corner) => [corner, corner]) },
    { why: 'the other way round', ring: box(10, 50, 11, 51).toReversed() },
    { why: 'with a spike', ring: [...box(10, 50, 11, 51), [9, 50], [10, 50]] },
    { why: 'with points between its corners', ring: [[10.5, 50], ...box(10, 50, 11, 51).slice(1), [10.25, 50]] },
  ])('$why, a ring holds what it holds', ({ ring }) => {
    expect(holds(ring, 10.5, 50.5)).toBe(true)
    expect(holds(ring, 10.5, 51.5)).toBe(false)
    expect(readRing(ring).area).toBeCloseTo(1, 12)
  })

  test.for([
    { why: 'no points', ring: [], reason: 'FEWER_THAN_3_POINTS' },
    { why: 'one point', ring: [[10, 50]], reason: 'FEWER_THAN_3_POINTS' },
    {
      why: 'two points, closed',
      ring: [
        [10, 50],
        [11, 50],
        [10, 50],
      ],
      reason: 'FEWER_THAN_3_POINTS',
    },
    { why: 'one point many times', ring: Array.from({ length: 9 }, () => [10, 50]), reason: 'FEWER_THAN_3_POINTS' },
    {
      why: 'points on a line',
      ring: [
        [0.1, 0.1],
        [0.2, 0.2],
        [0.3, 0.3],
      ],
      reason: 'ZERO_AREA',
    },
    {
      why: 'there and back by a bend',
      ring: [
        [0, 0],
        [1, 0],
        [1, 1],
        [1, 0],
      ],
      reason: 'ZERO_AREA',
    },
    { why: 'the same box twice', ring: [...box(0, 0, 1, 1), ...box(0, 0, 1, 1)], reason: 'ZERO_AREA' },
    {
      why: 'a latitude beyond the pole',
      ring: [
        [0, 0],
        [1, 0],
        [1, 91],
      ],
      reason: 'BAD_POINT',
    },
    {
      why: 'not a number',
      ring: [
        [0, 0],
        [1, 0],
        [1, NaN],
      ],
      reason: 'BAD_POINT',
    },
    { why: 'half a point', ring: [[0, 0], [1, 0], [1]], reason: 'BAD_POINT' },
  ])('$why: never matches, and is named', ({ ring, reason }) => {
    const index = createZoneIndex([aZone({ ring }), aZone({ zoneId: 'sound' })])
    expect(index.invalid).toEqual([{ zoneId: 'z', reason }])
    expect([index.at(10, 50, 0), index.at(0.15, 0.15, 0), index.at(0.5, 0.5, 0)]).toEqual([['sound'], [], []])
  })

  const bowTie: Corners = [
    [0, 0],
    [2, 2],
    [2, 0],
    [0, 2],
  ]
  test.for([
    { at: [0.5, 1], inside: true },
    { at: [1.5, 1], inside: true },
    { at: [1, 0.5], inside: false },
    { at: [1, 1], inside: true },
  ] as const)('a bow tie holds $at: $inside', ({ at: [x, y], inside }) => {
    expect(holds(bowTie, x, y)).toBe(inside)
    expect(readRing(bowTie).area).toBeCloseTo(2, 12)
  })

  test('a ring that doubles back to make a hole has the hole', () => {
    const ring = [
      [0, 0],
      [4, 0],
      [4, 4],
      [0, 4],
      [0, 0],
      [1, 1],
      [1, 3],
      [3, 3],
      [3, 1],
      [1, 1],
    ]
    expect([holds(ring, 2, 2), holds(ring, 0.5, 3), holds(ring, 3.5, 3.5)]).toEqual([false, true, true])
    expect(readRing(ring).area).toBeCloseTo(12, 12)
  })

  test('lobes that touch in a corner are both inside', () => {
    const ring = [
      [0, 0],
      [1, 0],
      [1, 1],
      [2, 1],
      [2, 2],
      [1, 2],
      [1, 1],
      [0, 1],
    ]
    expect([holds(ring, 0.5, 0.5), holds(ring, 1.5, 1.5), holds(ring, 0.5, 1.5)]).toEqual([true, true, false])
    expect(readRing(ring).area).toBeCloseTo(2, 12)
  })
})

describe('case 39: the edge', () => {
  const ring = box(10, 50, 11, 51)

  test.for([
    { side: 'bottom', x: 10.3, y: 50 },
    { side: 'top', x: 10.3, y: 51 },
    { side: 'left', x: 10, y: 50.3 },
    { side: 'right', x: 11, y: 50.3 },
    { side: 'bottom left corner', x: 10, y: 50 },
    { side: 'bottom right corner', x: 11, y: 50 },
    { side: 'top left corner', x: 10, y: 51 },
    { side: 'top right corner', x: 11, y: 51 },
  ])('the $side is inside', ({ x, y }) => {
    expect(holds(ring, x, y)).toBe(true)
  })

  test.for([
    { side: 'below', dx: 0, dy: -1, x: 10.3, y: 50 },
    { side: 'above', dx: 0, dy: 1, x: 10.3, y: 51 },
    { side: 'left', dx: -1, dy: 0, x: 10, y: 50.3 },
    { side: 'right', dx: 1, dy: 0, x: 11, y: 50.3 },
  ])('$side of it, 0.9e-9 degrees are inside and 1.1e-9 are not', ({ x, y, dx, dy }) => {
    expect(holds(ring, x + dx * 0.9e-9, y + dy * 0.9e-9)).toBe(true)
    expect(holds(ring, x + dx * 1.1e-9, y + dy * 1.1e-9)).toBe(false)
  })
})

describe('case 40: the antimeridian and the poles', () => {
  test.for([
    { why: 'from 179 to -179', ring: box(179, -1, -179, 1) },
    { why: 'the other way round', ring: box(179, -1, -179, 1).toReversed() },
    { why: 'beginning in the west', ring: [...box(179, -1, -179, 1).slice(1, 4), [179, -1]] },
    { why: 'with longitudes that run on', ring: box(179, -1, 181, 1) },
    { why: 'with longitudes that run on westwards', ring: box(-181, -1, -179, 1) },
  ])('a box $why holds both sides of 180 and nothing else', ({ ring }) => {
    const inside = [179.5, 180, -180, -179.5, 179, -179]
    expect(inside.filter((x) => !holds(ring, x, 0.5))).toEqual([])
    expect([178.9, -178.9, 0, 90, -90].filter((x) => holds(ring, x, 0.5))).toEqual([])
    expect(readRing(ring).area).toBeCloseTo(4, 9)
  })

  test.for([
    { why: 'east of it', ring: box(-180, 0, -179, 1) },
    { why: 'west of it', ring: box(179, 0, 180, 1) },
  ])('an edge on the antimeridian holds it under both its names, with the box $why', ({ ring }) => {
    expect([holds(ring, 180, 0.5), holds(ring, -180, 0.5)]).toEqual([true, true])
  })

  test('a zone wider than half the world is what lies between its corners', () => {
    const ring = [
      [-100, 0],
      [0, 0],
      [100, 0],
      [100, 10],
      [0, 10],
      [-100, 10],
    ]
    expect([holds(ring, -99, 5), holds(ring, 99, 5), holds(ring, 180, 5)]).toEqual([true, true, false])
  })

  test.for([
    { pole: 'north', latitude: 80 },
    { pole: 'south', latitude: -80 },
  ])('a ring around the $pole pole is invalid', ({ latitude }) => {
    const ring = [0, 90, 180, -90].map((longitude) => [longitude, latitude])
    expect(createZoneIndex([aZone({ ring })]).invalid).toEqual([{ zoneId: 'z', reason: 'ENCLOSES_POLE' }])
  })
})

test('case 40: a band around the world is a zone, one that winds on is not', () => {
  const around = (degrees: number) =>
    Array.from({ length: degrees / 90 + 1 }, (_, step) => ((step * 90 + 180) % 360) - 180)
  const band = (degrees: number) => [
    ...around(degrees).map((x) => [x, 0]),
    ...around(degrees)
      .toReversed()
      .map((x) => [x, 10]),
  ]
  expect(readRing(band(360)).area).toBeCloseTo(3600, 6)
  expect([-180, -91, 0, 45, 180].map((x) => holds(band(360), x, 5))).toEqual([true, true, true, true, true])
  expect(readRing(band(450)).invalidReason).toBe('TOO_WIDE')
})

describe('case 41: which zones count, in which order', () => {
  test.for([
    { at: 99, found: [] },
    { at: 100, found: ['z'] },
    { at: 199, found: ['z'] },
    { at: 200, found: [] },
  ])('a zone from 100 to 200 holds at $at: $found', ({ at, found }) => {
    const index = createZoneIndex([aZone({ activeFromMs: 100, activeToMs: 200 })])
    expect(index.at(10.5, 50.5, at)).toEqual(found)
  })

  test('a deleted zone holds what happened before it was deleted', () => {
    const index = createZoneIndex([aZone({ deletedAtMs: 150, activeToMs: 200 })])
    expect([index.at(10.5, 50.5, 149), index.at(10.5, 50.5, 150)]).toEqual([['z'], []])
  })

  test('zones come by size, then name, then id, in whatever order they are given', () => {
    const zones = [
      aZone({ zoneId: 'large', ring: box(9, 49, 12, 52), name: 'A' }),
      aZone({ zoneId: 'c', name: 'North' }),
      aZone({ zoneId: 'a', name: 'South' }),
      aZone({ zoneId: 'b', name: 'North' }),
      aZone({ zoneId: 'nameless', name: null }),
      aZone({ zoneId: 'small', ring: box(10.4, 50.4, 10.6, 50.6), name: 'Z' }),
    ]
    const order = ['small', 'nameless', 'b', 'c', 'a', 'large']
    expect(createZoneIndex(zones).at(10.5, 50.5, 0)).toEqual(order)
    expect(createZoneIndex(zones.toReversed()).at(10.5, 50.5, 0)).toEqual(order)
  })

  test('equal names are one, and no name is none', () => {
    expect(distinctNames(['North', null, 'South', 'North', ' ', 'north'])).toEqual(['North', 'South', 'north'])
  })
})

test.for([
  [NaN, 50],
  [10, NaN],
  [181, 50],
  [10, -91],
  [Infinity, 50],
] as const)('the point %s, %s is in no zone', ([x, y]) => {
  expect(holds(box(-180, -90, -1, 90), x, y)).toBe(false)
})

test('no zones hold nothing', () => {
  expect(createZoneIndex([]).at(10, 50, 0)).toEqual([])
})

test('a latitude of 0 and a longitude of 0 are places like any other', () => {
  expect(holds(box(-1, -1, 1, 1), 0, 0)).toBe(true)
})

test('a ring of very many points is read in little time', () => {
  const ring = Array.from({ length: 20_000 }, (_, at) => {
    const angle = (at / 20_000) * 2 * Math.PI
    return [10 + Math.cos(angle), 50 + Math.sin(angle)]
  })
  expect(readRing(ring).area).toBeCloseTo(Math.PI, 5)
  expect([holds(ring, 10.7, 50.7), holds(ring, 10.8, 50.8)]).toEqual([true, false])
})
