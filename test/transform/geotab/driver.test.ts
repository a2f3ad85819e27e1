import fc from 'fast-check'
import { expect, test } from 'vitest'
import { driverAt } from '../../../transform/geotab/driver.ts'

const trips = [
  { startMs: 100, nextStartMs: 200, driverId: 'alice' },
  { startMs: 200, nextStartMs: 300, driverId: null },
  { startMs: 400, nextStartMs: null, driverId: 'carol' },
]
const changes = [
  { atMs: 50, driverId: 'xavier' },
  { atMs: 250, driverId: 'yvonne' },
  { atMs: 350, driverId: null },
]

test.for([
  { at: 49, driverId: null, method: 'none', why: 'before anything is known' },
  { at: 50, driverId: 'xavier', method: 'driver_change', why: 'at a change' },
  { at: 99, driverId: 'xavier', method: 'driver_change', why: 'before the trip' },
  { at: 100, driverId: 'alice', method: 'trip', why: 'as the trip starts' },
  { at: 199, driverId: 'alice', method: 'trip', why: 'in the stop after the trip' },
  { at: 200, driverId: 'xavier', method: 'driver_change', why: 'in a trip of nobody' },
  { at: 260, driverId: 'yvonne', method: 'driver_change', why: 'after a change in a trip of nobody' },
  { at: 300, driverId: 'yvonne', method: 'driver_change', why: 'after the trip' },
  { at: 360, driverId: null, method: 'driver_change', why: 'after somebody left' },
  { at: 400, driverId: 'carol', method: 'trip', why: 'in the trip that goes on' },
  { at: 9e9, driverId: 'carol', method: 'trip', why: 'long after, in the trip that goes on' },
])('$why ($at) the driver is $driverId by $method', ({ at, driverId, method }) => {
  expect(driverAt(at, trips, changes)).toEqual({ driverId, method })
})

test('of changes at the same instant the last counts', () => {
  const twice = [
    { atMs: 50, driverId: 'a' },
    { atMs: 50, driverId: 'b' },
  ]
  expect(driverAt(50, [], twice).driverId).toBe('b')
})

test('without trips the driver is always that of the last change', () => {
  const someone = fc.record({ atMs: fc.nat(100), driverId: fc.option(fc.constantFrom('a', 'b', 'c')) })
  fc.assert(
    fc.property(fc.array(someone), fc.nat(110), (list, at) => {
      const sorted = list.toSorted((a, b) => a.atMs - b.atMs)
      const last = sorted.findLast(({ atMs }) => atMs <= at)
      const expected =
        last === undefined ? { driverId: null, method: 'none' } : { driverId: last.driverId, method: 'driver_change' }
      expect(driverAt(at, [], sorted)).toEqual(expected)
    }),
  )
})
