import { childSeed, Random, seedOf } from '../random.ts'
import { drawUnit, type Unit } from './units.ts'

export interface Technician {
  name: string
  /** Payroll number; "" for some. */
  number: string
}

/** What Fullbay writes as a Customer object. */
interface CustomerCard {
  customerId: number
  title: string
  externalId: string | null
  mainPhone: string
  secondaryPhone: string
}

export interface Customer {
  card: CustomerCard
  /** Who gets the bill; mostly the customer itself. */
  billTo: string
  contact: string
  email: string
  street: string
  city: string
  postalCode: string
  taxed: boolean
  /** Hourly labour rate in cents, and what the shop calls it. */
  rate: number
  rateName: string
  units: readonly Unit[]
}

/** The people and machines of one shop; they do not change with time. */
export interface Roster {
  technicians: readonly Technician[]
  writers: readonly Technician[]
  state: string
  /** Percent of labour that is charged as shop supplies, 1/1,000 percent. */
  suppliesPercent: number
  suppliesTaxed: boolean
  /** The parts of the sales tax, 1/1,000 percent each. */
  taxes: readonly { title: string; rate: number }[]
  customer(random: Random): Customer
}

const FIRST = 'Avery Morgan Riley Drew Casey Jordan Quinn Rowan Sage Emery Harper Reese Skyler Parker Hayden Marlow'
const LAST = 'Stone Lake Sample Hollow Ridge Birch Ferry Marsh Quarry Thorne Vale Wexley Ashby Colburn Dunmere Fallow'
const PLACES =
  'NORTH PIER|CEDAR GATE|TWIN FORKS|BLUE MESA|STONE BRIDGE|LAKE HOLLOW|IRON CREEK|WILLOW BEND|EAST QUAY|RED BUTTE'
const TRADES = 'HAULAGE|LOGISTICS|TRANSPORT|FREIGHT LINES|DISPOSAL|CONCRETE|DELIVERY|LEASING'
const STREETS = 'Example Drive|Sample Road|Placeholder Way|Specimen Avenue|Fixture Lane'
const FIRSTS = FIRST.split(' ')
const LASTS = LAST.split(' ')

/** Where a shop of a time zone stands, and what is taxed there. */
const REGIONS = [
  {
    zone: 'America/Detroit',
    state: 'MI',
    areaCode: 313,
    cities: ['Detroit', 'Southfield', 'Warren', 'Livonia'],
    postal: 48_000,
    taxes: [{ title: 'Non-Exempt', rate: 6000 }],
  },
  {
    zone: 'America/Chicago',
    state: 'OK',
    areaCode: 405,
    cities: ['Oakport', 'Tulsa', 'Edmond', 'Moore'],
    postal: 73_000,
    taxes: [
      { title: 'State', rate: 4500 },
      { title: 'County', rate: 1000 },
      { title: 'City', rate: 3125 },
    ],
  },
  {
    zone: null,
    state: 'OH',
    areaCode: 419,
    cities: ['Toledo', 'Lima', 'Dayton'],
    postal: 43_000,
    taxes: [
      { title: 'Ohio', rate: 5750 },
      { title: 'County', rate: 1500 },
    ],
  },
]

const CUSTOMERS = 80
/** Share of the work that is for customers who pay sales tax. */
const TAXED_SHARE = 0.118

/** Draws a shop's people, customers and fleets. */
export function drawRoster(seed: string, shopId: string, timeZone: string): Roster {
  const base = seedOf('roster', seed, shopId)
  const random = new Random(base)
  const region = REGIONS.find(({ zone }) => zone === timeZone || zone === null) ?? random.pick(REGIONS)
  const people = drawPeople(random, 15)
  const standardRate = random.int(27, 35) * 500
  const customers: Customer[] = []
  const shares = customerShares()
  let taxedShare = 0
  for (let index = 0; index < CUSTOMERS; index += 1) {
    const share = shares[index] ?? 0
    // The largest fleets hold an exemption; then whoever still fits in.
    const taxed = index >= 6 && taxedShare + share <= TAXED_SHARE
    if (taxed) taxedShare += share
    customers.push(drawCustomer(new Random(childSeed(base, index)), index, region, standardRate, taxed))
  }
  const pickCustomer = sampler(shares)
  return {
    technicians: people.slice(0, 12),
    writers: people.slice(12),
    state: region.state,
    suppliesPercent: random.pick([5000, 8000]),
    suppliesTaxed: random.chance(0.7),
    taxes: region.taxes,
    customer: (draw) => customers[pickCustomer(draw)] ?? draw.pick(customers),
  }
}

function drawPeople(random: Random, howMany: number): Technician[] {
  const names = new Set<string>()
  while (names.size < howMany) names.add(`${random.pick(FIRSTS)} ${random.pick(LASTS)}`)
  return [...names].map((name, index) => ({
    name,
    number: random.chance(0.6) ? `TECH${String(index + 1).padStart(3, '0')}` : '',
  }))
}

function customerShares(): number[] {
  const weights = Array.from({ length: CUSTOMERS }, (_, index) => 1 / (index + 8))
  const sum = weights.reduce((total, weight) => total + weight, 0)
  return weights.map((weight) => weight / sum)
}

function sampler(shares: number[]): (random: Random) => number {
  let sum = 0
  const upTo = shares.map((share) => (sum += share))
  return (random) => {
    const point = random.next() * sum
    return Math.max(
      0,
      upTo.findIndex((limit) => point < limit),
    )
  }
}

function drawCustomer(
  random: Random,
  index: number,
  region: (typeof REGIONS)[number],
  standardRate: number,
  taxed: boolean,
): Customer {
  const places = PLACES.split('|')
  const trades = TRADES.split('|')
  // Ten places and eight trades make eighty names, each once.
  const title = `${places[index % 10] ?? ''} ${trades[(index * 3 + Math.floor(index / 10)) % 8] ?? ''}`
  const domain = `${title.toLowerCase().replaceAll(' ', '-')}.example`
  const phone = (last: number) => `(${region.areaCode}) 555-${String(last).padStart(4, '0')}`
  const fleet = random.chance(0.3)
  const contact = `${random.pick(FIRSTS)} ${random.pick(LASTS)}`.toUpperCase()
  const card: CustomerCard = {
    customerId: 2_250_000 + index * 37,
    title,
    externalId: random.chance(0.3) ? `${title.slice(0, 3)}${String(index).padStart(3, '0')}` : null,
    mainPhone: random.chance(0.95) ? phone(index * 2) : '',
    secondaryPhone: random.chance(0.25) ? phone(index * 2 + 1) : '',
  }
  const unitsOwned = 4 + Math.floor(90 / (index + 4)) + random.int(0, 6)
  return {
    card,
    billTo: random.chance(0.08) ? `${title} HOLDINGS` : title,
    contact,
    email: random.chance(0.9) ? `BILLING@${domain.toUpperCase()}` : '',
    street: `${random.int(1, 99) * 100} ${random.pick(STREETS.split('|'))}`,
    city: random.pick(region.cities),
    postalCode: String(region.postal + random.int(1, 999)),
    taxed,
    rate: fleet ? standardRate - 1500 : standardRate,
    rateName: fleet ? 'Fleet' : 'Standard',
    units: Array.from({ length: unitsOwned }, (_, unit) => drawUnit(random, index, unit, region.state)),
  }
}
