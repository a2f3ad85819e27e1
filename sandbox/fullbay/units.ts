import type { Random } from '../random.ts'
import { drawVin } from './vin.ts'

/** What Fullbay writes as a Unit object; any of it may be "" or null. */
export interface Unit {
  customerUnitId: string
  number: string
  nickname: string
  type: string
  subType: string | null
  year: string
  make: string | null
  model: string | null
  vin: string | null
  licensePlate: string
}

const MODELS = [
  { type: 'Truck', make: 'Freightliner', model: 'Cascadia', vin: '3AK' },
  { type: 'Truck', make: 'Freightliner', model: 'M2 106', vin: '1FV' },
  { type: 'Truck', make: 'Kenworth', model: 'T680', vin: '1XK' },
  { type: 'Truck', make: 'Peterbilt', model: '579', vin: '1XP' },
  { type: 'Truck', make: 'Volvo', model: 'VNL 760', vin: '4V4' },
  { type: 'Truck', make: 'International', model: 'LT625', vin: '3HS' },
  { type: 'Truck', make: 'Mack', model: 'Anthem', vin: '1M1' },
  { type: 'Truck', make: 'Hino', model: '268A', vin: '5PV' },
  { type: 'Truck', make: 'Isuzu', model: 'NPR HD', vin: '54D' },
  { type: 'Truck', make: 'Ford', model: 'F-650', vin: '1FD' },
  { type: 'Trailer', make: 'Great Dane', model: 'Champion', vin: '1GR' },
  { type: 'Trailer', make: 'Wabash', model: 'DuraPlate', vin: '1JJ' },
  { type: 'Trailer', make: 'Utility', model: '3000R', vin: '1UY' },
]

/**
 * Draws the `unit`-th machine of the `customer`-th customer. Every tenth has no VIN and every seventh no make and
 * model, which are the shares that shops really have.
 */
export function drawUnit(random: Random, customer: number, unit: number, state: string): Unit {
  const model = random.pick(MODELS)
  const year = random.int(2010, 2025)
  const vin = drawVin(random, model.vin, year)
  const number = random.pick([String(random.int(100, 999)), `T-${random.int(10, 99)}`, `${random.int(1000, 9999)}`])
  const untitled = (customer + unit * 3) % 7 === 5
  return {
    customerUnitId: String(6_000_000 + customer * 200 + unit),
    number,
    nickname: random.chance(0.06) ? random.pick(['BIG BLUE', 'OLD RED', 'YARD DOG', 'SPARE']) : '',
    type: model.type,
    subType: random.chance(0.3) ? 'Heavy' : null,
    year: untitled && random.chance(0.5) ? '' : String(year),
    make: untitled ? random.pick(['', null]) : model.make,
    model: untitled ? random.pick(['', null]) : model.model,
    vin: (customer * 7 + unit) % 10 === 4 ? random.pick(['', '', null]) : typed(random, vin),
    licensePlate: random.chance(0.6) ? `${state}${random.int(10_000, 99_999)}` : '',
  }
}

/** A VIN as people type it: mostly right. */
function typed(random: Random, vin: string): string {
  const slip = random.next()
  if (slip < 0.02) return vin.toLowerCase()
  if (slip < 0.035) return ` ${vin.slice(0, 9)} ${vin.slice(9)}`
  if (slip < 0.05) return `${vin.slice(0, 8)}${vin.charAt(8) === '5' ? '6' : '5'}${vin.slice(9)}`
  if (slip < 0.06) return 'UNKNOWN'
  return vin
}
