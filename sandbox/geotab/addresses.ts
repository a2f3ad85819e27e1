import { childSeed, Random } from '../random.ts'
import { ApiError, argumentError } from './api-error.ts'
import type { Fleet } from './fleet.ts'
import { METRES_PER_DEGREE, movedBy, type Point } from './geodesy.ts'
import { isRow } from './parameters.ts'
import type { Row } from './wire.ts'
import { zonesAt } from './zones.ts'

const STREETS = [
  'Alder Ct',
  'Beacon Hill Rd',
  'Cedar Ln',
  'Dover St NW',
  'Eastern Ave',
  'Foundry Way',
  'Glebe Rd',
  'Hilltop Dr',
]
const CITIES: [string, string, string, Point][] = [
  ['Washington', 'DC', '20001', { lat: 38.9, lon: -77.03 }],
  ['Rockville', 'MD', '20850', { lat: 39.08, lon: -77.15 }],
  ['Springfield', 'VA', '22150', { lat: 38.78, lon: -77.18 }],
  ['Forestville', 'MD', '20747', { lat: 38.84, lon: -76.87 }],
  ['Fairfax', 'VA', '22030', { lat: 38.85, lon: -77.31 }],
]
// Addresses of one square of some hundred metres are in one street.
const SQUARE = 0.004

/** Answers GetAddresses: made-up addresses, the same for the same place; none for the middle of nowhere. */
export function addressesOf(fleet: Fleet, parameters: Row, most: number): (Row | null)[] {
  const coordinates = parameters['coordinates']
  if (!Array.isArray(coordinates)) throw new ApiError('ArgumentNullException', 'coordinates are missing.')
  if (coordinates.length > most) throw argumentError(`At most ${most} coordinates are allowed per call.`)
  const zones = [...fleet.store.table('Zone').rows()].map(({ row }) => row)
  return coordinates.map((each) => {
    const point = pointOf(each)
    if (point.lat === 0 && point.lon === 0) return null
    const hits = zonesAt(zones, point, fleet.knownMs)
    return { ...addressAt(point), zones: hits.map((id) => ({ id })) }
  })
}

function pointOf(coordinate: unknown): Point {
  const { x, y } = isRow(coordinate) ? coordinate : {}
  const holds = typeof x === 'number' && typeof y === 'number' && Math.abs(x) <= 180 && Math.abs(y) <= 90
  if (!holds) throw new ApiError('ArgumentOutOfRangeException', `${JSON.stringify(coordinate)} is no coordinate.`)
  return { lat: y, lon: x }
}

function addressAt({ lat, lon }: Point): Row {
  const [row, column] = [Math.floor(lat / SQUARE), Math.floor(lon / SQUARE)]
  const street = new Random(childSeed(row * 7919, column)).pick(STREETS)
  const number = 100 + (Math.abs(Math.round((lat + lon) * METRES_PER_DEGREE * 0.1)) % 4800)
  const away = ([, , , at]: (typeof CITIES)[number]) => Math.hypot(at.lat - lat, at.lon - lon)
  const nearest = CITIES.reduce((best, city) => (away(city) < away(best) ? city : best))
  const [city, region, postalCode] = nearest
  return {
    formattedAddress: `${number} ${street}, ${city}, ${region} ${postalCode}, USA`,
    street: `${number} ${street}`,
    streetName: street,
    streetNumber: String(number),
    city,
    region,
    postalCode,
    country: 'USA',
  }
}

/** Answers GetCoordinates: a point near Washington for every text, none for a blank one. */
export function coordinatesOf(parameters: Row): (Row | null)[] {
  const addresses = parameters['addresses']
  if (!Array.isArray(addresses)) throw new ApiError('ArgumentNullException', 'addresses are missing.')
  return addresses.map((address) => {
    if (typeof address !== 'string' || address.trim() === '') return null
    const random = new Random(
      childSeed(address.length, Number.parseInt(Buffer.from(address).toString('hex').slice(0, 8), 16)),
    )
    const { lat, lon } = movedBy({ lat: 38.9, lon: -77.03 }, random.int(-20_000, 20_000), random.int(-20_000, 20_000))
    return { x: lon, y: lat }
  })
}
