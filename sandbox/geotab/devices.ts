import { Random, childSeed } from '../random.ts'
import { drawVin } from '../fullbay/vin.ts'
import { DEPARTMENTS, LOCATIONS, REGIONS, TWO_PARENTS } from './groups.ts'
import { driverId } from './people.ts'
import { FOREVER, hexId, isoText, type Row } from './wire.ts'

type VehicleKind = 'van' | 'truck' | 'pool' | 'trailer'

/** What is fixed about a vehicle. */
export interface VehicleSpec {
  index: number
  id: string
  kind: VehicleKind
  /** Index of the place where its days begin and end. */
  depot: number
  /** Its usual driver; null when nobody ever identifies himself in it. */
  driver: string | null
  /** Whether its engine tells the odometer, whether its trips carry odometer and engine hours. */
  ecmOdometer: boolean
  tripOdometer: boolean
  tripEngineHours: boolean
  /** Metres by which the odometer shown is ahead of the engine's. */
  odometerOffsetM: number
  startOdometerM: number
  startEngineS: number
  /** Index of the day on which it joins the fleet. */
  joins: number
}

const MAKES: [string, string, number][] = [
  ['1FT', 'Ford Transit', 2021],
  ['1FD', 'Ford F-550', 2019],
  ['1GC', 'Chevrolet Express', 2020],
  ['1FV', 'Freightliner M2', 2018],
  ['3C6', 'Ram ProMaster', 2022],
]
const DAY_MS = 86_400_000

export function vehicleSpecs(seed: number, vehicles: number, lateJoiner: boolean): VehicleSpec[] {
  return Array.from({ length: vehicles }, (_, index) => {
    const random = new Random(childSeed(seed, index))
    const kind = kindOf(index, vehicles)
    const powered = kind !== 'trailer'
    const ecmOdometer = powered && index % 9 !== 4
    return {
      index,
      id: hexId(index + 1),
      kind,
      depot: index % 3,
      driver: powered && index % 7 !== 3 ? driverId(index) : null,
      ecmOdometer,
      tripOdometer: ecmOdometer && index % 5 !== 2,
      tripEngineHours: powered && index % 4 !== 1,
      odometerOffsetM: index % 3 === 0 ? 0 : random.int(-2_000_000, 9_000_000),
      startOdometerM: random.int(12_000_000, 190_000_000),
      startEngineS: random.int(1_000_000, 20_000_000),
      joins: lateJoiner && vehicles > 4 && index === vehicles - 2 ? 2 : 0,
    }
  })
}

function kindOf(index: number, vehicles: number): VehicleKind {
  if (vehicles > 3 && index === vehicles - 1) return 'trailer'
  if (index % 10 === 8) return 'pool'
  return index % 10 >= 6 ? 'truck' : 'van'
}

/** The fleet's devices, and after them the archived ones: one of another vehicle, one whose serial number moved on. */
export function deviceRows(seed: number, specs: readonly VehicleSpec[], start: number): Row[] {
  const rows = specs.map((spec) => deviceRow(seed, spec, start))
  const [first] = rows
  if (first === undefined) return rows
  const archived = (place: number, more: Row): Row => ({
    ...deviceRow(seed, { ...(specs[0] as VehicleSpec), index: place, id: hexId(place + 1) }, start),
    activeFrom: isoText(start - 900 * DAY_MS),
    activeTo: isoText(start - 100 * DAY_MS),
    ...more,
  })
  return [
    ...rows,
    archived(specs.length, { name: 'Sold 2025', comment: 'Sold at auction' }),
    archived(specs.length + 1, { name: 'Before the move', serialNumber: first['serialNumber'] }),
  ]
}

function deviceRow(seed: number, { index, id, kind, depot }: VehicleSpec, start: number): Row {
  const random = new Random(childSeed(seed, 100_000 + index))
  const [maker, model, year] = MAKES[index % MAKES.length] ?? MAKES[0]!
  const vin = drawVin(random, maker, year)
  const common: Row = {
    id,
    name: nameOf(index, model, kind),
    groups: groupsOf(index, depot),
    comment: '',
    activeFrom: isoText(start - random.int(20, 800) * DAY_MS + random.int(0, 86_399_999)),
    activeTo: FOREVER,
    timeZoneId: 'America/New_York',
    workTime: 'WorkTimeStandardHoursId',
    customProperties: [],
  }
  if (kind === 'trailer') return { ...common, deviceType: 'CustomDevice', productId: 10_000, hardwareId: 0 }
  return {
    ...common,
    serialNumber: `G9${String(random.int(1, 999_999_999)).padStart(10, '0')}`,
    deviceType: index % 6 === 5 ? 'GO9B' : 'GO9',
    hardwareId: 600_000 + index,
    productId: 120,
    licensePlate: `EX${String(1000 + index * 7)}`,
    licenseState: index % 3 === 0 ? 'VA' : 'MD',
    vehicleIdentificationNumber: index % 13 === 12 ? '' : vin,
    engineVehicleIdentificationNumber: engineVinOf(index, vin),
    devicePlans: ['ProPlus'],
    devicePlanBillingInfo: [{ billingLevel: 10, devicePlanName: 'ProPlus' }],
    deviceFlags: { activeFeatures: ['GoActive'], isEngineAllowed: true, isVINAllowed: true, isTripDetailAllowed: true },
    odometerFactor: 1,
    odometerOffset: 0,
    engineHourOffset: 0,
    idleMinutes: 3,
    speedingOn: 100,
    speedingOff: 90,
  }
}

function nameOf(index: number, model: string, kind: VehicleKind): string {
  if (kind === 'trailer') return `Trailer T-${index + 1}`
  if (index === 4) return '2024-05-06'
  if (index === 6) return 'Unit 107, spare (ex Rockville)'
  return `Unit ${101 + index} ${model}`
}

function groupsOf(index: number, depot: number): Row[] {
  const ids = [REGIONS[depot] ?? 'GroupCompanyId', DEPARTMENTS[index % DEPARTMENTS.length] ?? 'GroupCompanyId']
  if (index % 4 === 2) ids.push(LOCATIONS[index % LOCATIONS.length] ?? 'GroupCompanyId')
  if (index % 8 === 7) ids.push(TWO_PARENTS)
  if (index % 12 === 11) return [{ id: 'GroupCompanyId' }]
  return ids.map((id) => ({ id }))
}

/** The VIN that the engine told: usually the same, sometimes unread. */
function engineVinOf(index: number, vin: string): string {
  if (index % 11 === 5) return '@'.repeat(17)
  if (index % 11 === 9) return '?'
  return index % 11 === 7 ? '' : vin
}
