import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type LiveTrip, feedVersion, resolveTrips } from '../../../transform/geotab/trip-lives.ts'

interface NamedTrip extends LiveTrip {
  name: string
}

const trip = (
  name: string,
  startMs: number,
  stopMs: number | null,
  nextStartMs: number | null,
  version: number,
): NamedTrip => ({
  name,
  startMs,
  stopMs,
  nextStartMs,
  version,
})

const resolved = (...trips: NamedTrip[]) => {
  const { live, stale } = resolveTrips(trips)
  return {
    live: live.map(({ trip: { name }, fromMs, untilMs }) => [name, fromMs, untilMs]),
    stale: stale.map(({ trip: { name }, replacedBy }) => [name, replacedBy.name]),
  }
}

describe('case 3: trips that were recalculated', () => {
  test('that do not overlap all live', () => {
    expect(resolved(trip('b', 200, 250, null, 1), trip('a', 100, 150, 200, 2))).toEqual({
      live: [
        ['a', 100, 200],
        ['b', 200, null],
      ],
      stale: [],
    })
  })

  test.for([
    { why: 'that starts a little later', old: trip('old', 100, 150, 200, 1), now: trip('new', 102, 150, 200, 2) },
    { why: 'that starts a little earlier', old: trip('old', 100, 150, 200, 1), now: trip('new', 95, 150, 200, 2) },
    { why: 'that takes in the old one', old: trip('old', 120, 130, 140, 1), now: trip('new', 100, 150, 200, 2) },
    { why: 'that lies in the old one', old: trip('old', 100, 150, 200, 1), now: trip('new', 120, 130, 140, 2) },
    { why: 'of no length in the old one', old: trip('old', 100, 150, 200, 1), now: trip('new', 120, 120, 140, 2) },
    { why: 'around an old one of no length', old: trip('old', 120, null, null, 1), now: trip('new', 100, 150, 200, 2) },
  ])('leave the newer $why', ({ old, now }) => {
    for (const trips of [
      [old, now],
      [now, old],
    ]) {
      expect(resolved(...trips)).toMatchObject({
        live: [['new', now.startMs, now.nextStartMs]],
        stale: [['old', 'new']],
      })
    }
  })

  test('leave the pieces when one trip was cut in two', () => {
    expect(
      resolved(trip('whole', 100, 180, 200, 1), trip('first', 100.5, 130, 150, 2), trip('second', 150, 180, 200, 3)),
    ).toEqual({
      live: [
        ['first', 100.5, 150],
        ['second', 150, 200],
      ],
      stale: [['whole', 'first']],
    })
  })

  test('leave the whole when two trips were joined', () => {
    const { live, stale } = resolved(
      trip('first', 100, 130, 150, 1),
      trip('second', 150, 180, 200, 2),
      trip('whole', 99, 180, 200, 3),
    )
    expect(live).toEqual([['whole', 99, 200]])
    expect(stale).toEqual([
      ['second', 'whole'],
      ['first', 'whole'],
    ])
  })

  test('only cut short a stop that reaches into the next trip', () => {
    expect(resolved(trip('a', 100, 120, 200, 1), trip('b', 150, 180, 200, 2))).toEqual({
      live: [
        ['a', 100, 150],
        ['b', 150, 200],
      ],
      stale: [],
    })
  })

  test('leave exactly one trip for each instant, in whatever order they come', () => {
    const anyTrip = fc
      .tuple(fc.nat(60), fc.nat(20), fc.option(fc.nat(20)), fc.nat(1000))
      .map(([start, drive, stop, version]) =>
        trip(`${start}`, start, start + drive, stop === null ? null : start + drive + stop, version),
      )
    const trips = fc.uniqueArray(anyTrip, { selector: ({ startMs }) => startMs, maxLength: 20 })
    fc.assert(
      fc.property(
        trips.chain((list) => fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length }))),
        ([list, shuffled]) => {
          const { live, stale } = resolveTrips(list)
          expect(live.length + stale.length).toBe(list.length)
          live.forEach(({ untilMs }, at) => {
            const next = live[at + 1]
            if (next !== undefined) expect(untilMs ?? Infinity).toBeLessThanOrEqual(next.fromMs)
          })
          for (const { trip: old, replacedBy } of stale)
            expect(replacedBy.version).toBeGreaterThanOrEqual(Number(old.version))
          expect(resolveTrips(shuffled).live).toEqual(live)
        },
      ),
      { numRuns: 300 },
    )
  })
})

test('versions of a feed are compared as the numbers they count', () => {
  expect(feedVersion('00000000021568d6')).toBe(0x21568d6n)
  expect(feedVersion('ffffffffffffffff')).toBe(2n ** 64n - 1n)
  for (const none of [null, '', 'xyz', '1'.repeat(17), 5]) expect(feedVersion(none)).toBeNull()
})
