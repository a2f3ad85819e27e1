import { expect, test } from 'vitest'
import { demoGeotab } from '../../../sandbox/geotab/demo.ts'

const TYPES = [
  'Device',
  'Diagnostic',
  'User',
  'Zone',
  'Rule',
  'Trip',
  'ExceptionEvent',
  'FaultData',
  'LogRecord',
  'StatusData',
  'DriverChange',
  'DeviceStatusInfo',
]
const HOUR_MS = 3_600_000

function fleetAt(now: Date) {
  const { databases, startDate } = demoGeotab(() => now)
  const fleet = databases[0]?.fleet
  if (fleet === undefined) throw new Error('The demo has no database.')
  fleet.advance(now)
  return { fleet, startDate }
}

test.for([
  { now: '2026-11-23T12:00:00Z', startDate: '2026-11-16' },
  { now: '2026-11-29T23:00:00Z', startDate: '2026-11-16' },
  { now: '2027-07-05T04:00:00Z', startDate: '2027-06-28' },
])('on $now the demo fleet has lived since $startDate and fills the feeds', ({ now, startDate }) => {
  const demo = fleetAt(new Date(now))
  expect(demo.startDate).toBe(startDate)
  let rows = 0
  for (const type of TYPES) rows += [...demo.fleet.store.table(type).rows()].length
  expect(rows).toBeGreaterThan(20_000)
  expect(rows).toBeLessThan(75_000)
})

test('a run an hour later sees the same history go on', () => {
  const first = fleetAt(new Date('2026-11-24T15:00:00Z')).fleet
  const later = fleetAt(new Date('2026-11-24T16:00:00Z')).fleet
  const seen = first.store.version
  for (const type of TYPES) {
    const before = (fleet: typeof first) =>
      [...fleet.store.table(type).rows()]
        .filter(({ version }) => version <= seen)
        .map(({ key, version }) => [key, version])
    const kept = new Set(before(later).map(String))
    expect(before(first).filter((each) => kept.has(String(each)))).toEqual(before(later))
  }
  expect(later.store.version).toBeGreaterThan(seen)
  first.advance(new Date(first.knownMs + HOUR_MS))
  expect(first.store.version).toBe(later.store.version)
})
