import type { Random } from '../random.ts'
import { movedBy, type Point } from './geodesy.ts'

/** Somewhere that vehicles go. */
export interface Place {
  name: string
  point: Point
}

export const DEPOTS: readonly Place[] = [
  { name: 'Springfield Operations Center', point: { lat: 38.7745, lon: -77.176 } },
  { name: 'Rockville Depot', point: { lat: 39.0916, lon: -77.153 } },
  { name: 'Forestville Yard', point: { lat: 38.845, lon: -76.873 } },
]

const WASHINGTON: Point = { lat: 38.9072, lon: -77.0369 }
const CUSTOMERS = 60
const KINDS = ['Regulator Station', 'Metering Site', 'Works', 'Apartments', 'Laundry', 'Bakery', 'School', 'Clinic']
const NAMES = [
  'Birch',
  'Canal',
  'Dogwood',
  'Ember',
  'Falcon',
  'Granite',
  'Harbor',
  'Ivy',
  'Juniper',
  'Kestrel',
  'Linden',
]

/** Customers around Washington DC, denser towards its middle. */
export function drawCustomers(random: Random): Place[] {
  return Array.from({ length: CUSTOMERS }, (_, index) => {
    const angle = random.next() * 2 * Math.PI
    const away = 1500 + 33_000 * random.next() ** 1.4
    const name = `${NAMES[index % NAMES.length] ?? ''} ${KINDS[index % KINDS.length] ?? ''}`
    return { name, point: movedBy(WASHINGTON, Math.cos(angle) * away, Math.sin(angle) * away) }
  })
}
