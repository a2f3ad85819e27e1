import { movedBy, ringContains, type Point } from './geodesy.ts'
import { DEPOTS, type Place } from './places.ts'
import { FOREVER, hexId, idOf, isoText, type Row } from './wire.ts'

const DAY_MS = 86_400_000
const FIRST_KEY = 0x3e8

interface Shape {
  name: string
  ring: Point[]
  more?: Row
}

/** Customers with a zone of their own; the rest of them have none. */
const WITH_ZONE = 42

/**
 * Zones of depots and customers, and the awkward ones: L-shaped, round, overlapping, unclosed, doubled corners, with a
 * comma in the name, expired, not begun, across the antimeridian, and one without an area.
 */
export function zoneRows(customers: readonly Place[], start: number): Row[] {
  return shapes(customers, start).map(({ name, ring, more }, index) => ({
    id: hexId(FIRST_KEY + index),
    name,
    points: ring.map(({ lat, lon }) => ({ x: lon, y: lat })),
    zoneTypes: index % 4 === 1 ? [{ id: 'ZoneTypeCustomerId' }] : ['ZoneTypeCustomerId'],
    groups: [{ id: 'GroupCompanyId' }],
    activeFrom: isoText(start - 300 * DAY_MS),
    activeTo: FOREVER,
    displayed: index % 6 !== 5,
    mustIdentifyStops: index % 8 === 0,
    externalReference: '',
    comment: '',
    fillColor: { r: 255, g: 165, b: 0, a: 191 },
    ...more,
  }))
}

function shapes(customers: readonly Place[], start: number): Shape[] {
  const [springfield, rockville, forestville] = DEPOTS.map(({ point }) => point)
  if (springfield === undefined || rockville === undefined || forestville === undefined) return []
  const office = { zoneTypes: ['ZoneTypeOfficeId'] }
  return [
    { name: 'Springfield Operations Center', ring: lShape(springfield, 320), more: office },
    { name: 'Rockville Depot', ring: closed(box(rockville, 260, 200)), more: office },
    { name: 'Forestville Yard', ring: circle(forestville, 280, 36), more: office },
    ...customers.slice(0, WITH_ZONE).map((place, index) => customerZone(place, index)),
    { name: 'Service Area, North West', ring: closed(box({ lat: 38.98, lon: -77.12 }, 14_000, 9_000)) },
    { name: 'Rockville Depot - Gate', ring: closed(box(rockville, 90, 400)) },
    {
      name: 'Old Forestville Yard',
      ring: closed(box(forestville, 500, 500)),
      more: { activeTo: isoText(start - 30 * DAY_MS) },
    },
    {
      name: 'Forestville Extension',
      ring: closed(box(forestville, 600, 600)),
      more: { activeFrom: isoText(start + 3650 * DAY_MS) },
    },
    { name: 'Taveuni Test Site', ring: antimeridian() },
    { name: 'Marker without area', ring: [springfield, springfield, springfield] },
  ]
}

function customerZone({ name, point }: Place, index: number): Shape {
  if (index === 7) return { name, ring: box(point, 150, 150) }
  if (index === 8) return { name: 'Ward & Sons, Alexandria', ring: closed(box(point, 180, 120)) }
  if (index === 9) return { name, ring: closed(box(point, 140, 140).flatMap((corner) => [corner, corner])) }
  if (index % 5 === 0) return { name, ring: circle(point, 110 + index, 24) }
  return { name, ring: closed(box(point, 120 + index * 2, 100 + index * 3)) }
}

const closed = (ring: Point[]): Point[] => [...ring, ...ring.slice(0, 1)]

/** A rectangle from its half width and half height. */
function box(middle: Point, eastM: number, northM: number): Point[] {
  return [
    movedBy(middle, -eastM, -northM),
    movedBy(middle, eastM, -northM),
    movedBy(middle, eastM, northM),
    movedBy(middle, -eastM, northM),
  ]
}

function circle(middle: Point, radiusM: number, sides: number): Point[] {
  const turn = (2 * Math.PI) / sides
  return closed(
    Array.from({ length: sides }, (_, side) =>
      movedBy(middle, Math.cos(side * turn) * radiusM, Math.sin(side * turn) * radiusM),
    ),
  )
}

/** The middle lies in the L, near the corner of its two bars. */
function lShape(middle: Point, lengthM: number): Point[] {
  const corners: [number, number][] = [
    [-0.3, -0.3],
    [1, -0.3],
    [1, 0.3],
    [0.3, 0.3],
    [0.3, 1],
    [-0.3, 1],
  ]
  return closed(corners.map(([east, north]) => movedBy(middle, east * lengthM, north * lengthM)))
}

function antimeridian(): Point[] {
  return closed([
    { lat: -16.9, lon: 179.8 },
    { lat: -16.9, lon: -179.8 },
    { lat: -16.7, lon: -179.8 },
    { lat: -16.7, lon: 179.8 },
  ])
}

/** Ids of the zones that contain a point and are active at an instant. */
export function zonesAt(zones: Iterable<Row>, point: Point, ms: number): string[] {
  const found: string[] = []
  for (const zone of zones) {
    const from = Date.parse(String(zone['activeFrom']))
    const to = Date.parse(String(zone['activeTo']))
    if (ms < from || ms >= to || !ringContains(ringOf(zone), point)) continue
    if (hasArea(zone)) found.push(idOf(zone) ?? '')
  }
  return found
}

const rings = new WeakMap<Row, Point[]>()

function ringOf(zone: Row): Point[] {
  let ring = rings.get(zone)
  if (ring === undefined) {
    const points = Array.isArray(zone['points']) ? (zone['points'] as { x: number; y: number }[]) : []
    rings.set(zone, (ring = points.map(({ x, y }) => ({ lat: y, lon: x }))))
  }
  return ring
}

const hasArea = (zone: Row) => new Set(ringOf(zone).map(({ lat, lon }) => `${lat} ${lon}`)).size > 2
