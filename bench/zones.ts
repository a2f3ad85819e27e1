// Finds the zones of points on one thread: `node bench/zones.ts`. Prints points per second, the ratios to the same
// predicate and to turf over all zones, and checks that the three agree.
import { booleanPointInPolygon, point, polygon } from '@turf/turf'
import { outlineOf } from '../transform/zones/inside.ts'
import { type IndexedZone, createZoneIndex } from '../transform/zones/zone-index.ts'
import { median, printFigures } from './support/figures.ts'

const ZONES = 5000
const VERTICES = 20
const POINTS = 1_000_000
const COMPARED_POINTS = 2000
const ROUNDS = 5

let seed = 20_260_121
const random = () => {
  seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0
  return seed / 2 ** 32
}

/** A star of corners around a place in the north-east of the United States, 0.5 to 5 km wide. */
function star(id: number): IndexedZone {
  const [x, y] = [-80 + random() * 8, 36 + random() * 8]
  const radius = 0.005 + random() * 0.04
  const ring = Array.from({ length: VERTICES }, (_, corner) => {
    const angle = (corner / VERTICES) * 2 * Math.PI
    const reach = radius * (0.5 + random() / 2)
    return [x + reach * Math.cos(angle), y + reach * Math.sin(angle)]
  })
  const open = { activeFromMs: null, activeToMs: null, deletedAtMs: null }
  return { zoneId: `b${id}`, name: `Zone ${id}`, ring: [...ring, ring[0] ?? []], ...open }
}

const seconds = (work: () => void) => {
  const start = process.hrtime.bigint()
  work()
  return Number(process.hrtime.bigint() - start) / 1e9
}

const zones = Array.from({ length: ZONES }, (_, id) => star(id))
const points = Array.from({ length: POINTS }, () => [-80 + random() * 8, 36 + random() * 8] as const)
const some = points.slice(0, COMPARED_POINTS)

let index = createZoneIndex(zones)
const building = seconds(() => {
  index = createZoneIndex(zones)
})
let matches = 0
const indexed = Array.from({ length: ROUNDS }, () => {
  matches = 0
  return POINTS / seconds(() => points.forEach(([x, y]) => (matches += index.at(x, y, 0).length)))
})

const outlines = zones.map(({ ring }) => outlineOf(ring.map(([x = 0, y = 0]) => [x, y])))
const polygons = zones.map(({ ring }) => polygon([ring.map((corner) => [...corner])]))
const found = { index: [] as string[], brute: [] as string[], turf: [] as string[] }
const all = (holds: (zone: number) => boolean) =>
  zones
    .filter((_, zone) => holds(zone))
    .map(({ zoneId }) => zoneId)
    .sort()
    .join()
const brute = seconds(() => {
  for (const [x, y] of some) found.brute.push(all((zone) => outlines[zone]!.holds(x, y)))
})
const turf = seconds(() => {
  for (const [x, y] of some) {
    const here = point([x, y])
    found.turf.push(all((zone) => booleanPointInPolygon(here, polygons[zone]!)))
  }
})
for (const [x, y] of some) found.index.push(index.at(x, y, 0).sort().join())
const agree = found.index.every((ids, at) => ids === found.brute[at] && ids === found.turf[at])
if (!agree) throw new Error('index, brute force and turf do not agree')

const perSecond = median(indexed)
const thousands = (value: number) => Math.round(value).toLocaleString('en')
printFigures(
  `${thousands(ZONES)} zones of ${VERTICES} corners, ${thousands(matches)} matches of ${thousands(POINTS)} points`,
  [
    ['index built', `${Math.round(building * 1000)} ms`],
    ['index', `${thousands(perSecond)} points/s`],
    [
      'the same, all zones',
      `${thousands(COMPARED_POINTS / brute)} points/s`,
      `1/${thousands((perSecond * brute) / COMPARED_POINTS)}`,
    ],
    [
      'turf, all zones',
      `${thousands(COMPARED_POINTS / turf)} points/s`,
      `1/${thousands((perSecond * turf) / COMPARED_POINTS)}`,
    ],
    ['all agree', `${thousands(COMPARED_POINTS)} points`],
  ],
)
