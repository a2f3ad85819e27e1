import { distance, point } from '@turf/turf'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { coordinateKey } from '../../../transform/geotab/addresses.ts'
import { type Fix, positionAt } from '../../../transform/geotab/position.ts'

const fix = (second: number, latitude: number | null, longitude: number | null): Fix => ({
  atMs: second * 1000,
  latitude,
  longitude,
})

describe('the position at an instant', () => {
  const before = fix(0, 10, 20)
  const after = fix(100, 10.01, 20)

  test.for([
    { why: 'half-way', at: 50, b: before, a: after, latitude: 10.005, method: 'interpolated', gap: 50 },
    { why: 'a quarter of the way', at: 25, b: before, a: after, latitude: 10.0025, method: 'interpolated', gap: 75 },
    { why: 'at the first', at: 0, b: before, a: after, latitude: 10, method: 'interpolated', gap: 0 },
    { why: 'at the second', at: 100, b: before, a: after, latitude: 10.01, method: 'interpolated', gap: 0 },
    { why: 'standing', at: 50, b: before, a: fix(100, 10, 20), latitude: 10, method: 'interpolated', gap: 50 },
    {
      why: 'just close enough',
      at: 150,
      b: before,
      a: fix(300, 10.01, 20),
      latitude: 10.005,
      method: 'interpolated',
      gap: 150,
    },
    { why: 'too far apart', at: 150, b: before, a: fix(301, 10.01, 20), latitude: null, method: 'none', gap: null },
    {
      why: 'too far apart, near the first',
      at: 60,
      b: before,
      a: fix(301, 10.01, 20),
      latitude: 10,
      method: 'nearest',
      gap: 60,
    },
    {
      why: 'too far apart, near the second',
      at: 300,
      b: before,
      a: fix(301, 10.01, 20),
      latitude: 10.01,
      method: 'nearest',
      gap: 1,
    },
    { why: 'only before', at: 60, b: before, a: null, latitude: 10, method: 'nearest', gap: 60 },
    { why: 'only before, too long ago', at: 60.001, b: before, a: null, latitude: null, method: 'none', gap: null },
    { why: 'only after', at: 40, b: null, a: after, latitude: 10.01, method: 'nearest', gap: 60 },
    { why: 'nothing', at: 40, b: null, a: null, latitude: null, method: 'none', gap: null },
    { why: 'no fix before', at: 40, b: fix(0, 0, 0), a: after, latitude: 10.01, method: 'nearest', gap: 60 },
    { why: 'no fixes', at: 40, b: fix(0, 0, 0), a: fix(50, null, null), latitude: null, method: 'none', gap: null },
    { why: 'antipodes', at: 50, b: before, a: fix(100, -10, -160), latitude: 10, method: 'nearest', gap: 50 },
  ])('$why: $latitude, $method', ({ at, b, a, latitude, method, gap }) => {
    const found = positionAt(at * 1000, b, a)
    if (latitude === null) expect(found.latitude).toBeNull()
    else expect(found.latitude).toBeCloseTo(latitude, 9)
    expect(found).toMatchObject({ method, gapSeconds: gap })
  })

  test.for([
    { from: 179.9, to: -179.9, longitude: 180 },
    { from: -179.9, to: 179.9, longitude: 180 },
    { from: 179.7, to: -179.9, longitude: 179.9 },
  ])('case 40: from $from to $to goes the short way, by $longitude', ({ from, to, longitude }) => {
    const { longitude: found } = positionAt(50_000, fix(0, 5, from), fix(100, 5, to))
    expect(Math.abs(found ?? 0)).toBeCloseTo(longitude, 9)
  })

  test('is never exactly (0, 0)', () => {
    expect(positionAt(50_000, fix(0, 0, -1), fix(100, 0, 1))).toMatchObject({ longitude: -1, method: 'nearest' })
  })

  test('limits can be set', () => {
    const found = positionAt(500_000, before, fix(1000, 10.01, 20), { maxGapSeconds: 1000, nearestSeconds: 0 })
    expect(found.method).toBe('interpolated')
  })

  test('lies on the way between its neighbours, in proportion to time', () => {
    const latitude = fc.double({ min: -89, max: 89, noNaN: true })
    const longitude = fc.double({ min: -180, max: 180, noNaN: true })
    const step = fc.double({ min: -0.5, max: 0.5, noNaN: true })
    fc.assert(
      fc.property(latitude, longitude, step, step, fc.integer({ min: 1, max: 99 }), (y, x, dy, dx, part) => {
        fc.pre(!(y === 0 && x === 0) && !(y + dy === 0 && x + dx === 0))
        const found = positionAt(part * 1000, fix(0, y, x), fix(100, y + dy, x + dx))
        const [a, p, b] = [point([x, y]), point([found.longitude ?? 0, found.latitude ?? 0]), point([x + dx, y + dy])]
        const whole = distance(a, b)
        expect(distance(a, p)).toBeCloseTo((whole * part) / 100, 5)
        expect(distance(p, b)).toBeCloseTo((whole * (100 - part)) / 100, 5)
        expect(Math.abs(found.longitude ?? 999)).toBeLessThanOrEqual(180)
      }),
    )
  })
})

test.for([
  { latitude: 39.4767609, longitude: -2.05665278, key: [3_947_676, -205_665] },
  { latitude: 0, longitude: -0, key: [0, 0] },
  { latitude: -0.000001, longitude: 0.000004, key: [0, 0] },
  { latitude: -0.000005, longitude: 0.000005, key: [-1, 1] },
  { latitude: 90, longitude: 180, key: [9_000_000, 18_000_000] },
  { latitude: -90, longitude: -180, key: [-9_000_000, 18_000_000] },
  { latitude: 5, longitude: -179.999996, key: [500_000, 18_000_000] },
])('case 44: the address of $latitude, $longitude is kept under $key', ({ latitude, longitude, key }) => {
  const [latitude_e5, longitude_e5] = key
  expect(coordinateKey(latitude, longitude)).toStrictEqual({ latitude_e5, longitude_e5 })
})
