import type { ExceptionTruth } from '../../sandbox/geotab/exception.ts'
import type { Fleet } from '../../sandbox/geotab/fleet.ts'
import { distanceM } from '../../sandbox/geotab/geodesy.ts'
import type { TripTruth } from '../../sandbox/geotab/trip.ts'
import type { Row } from '../../sandbox/geotab/wire.ts'
import type { DeliveredRow } from './delivered-reports.ts'

// The formats of the reports, written down a second time: what they say is compared with this.
const MILE_M = 1609.344
const clock = new Intl.DateTimeFormat('en-US', {
  timeZone: 'America/New_York',
  year: 'numeric',
  month: '2-digit',
  day: '2-digit',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hour12: true,
})

/** An instant as the reports tell it: `03/02/2026` and `07:05:09 AM`, in New York. */
export function reportInstant(ms: number): { date: string; time: string } {
  const [date = '', time = ''] = clock.format(Math.floor(ms / 1000) * 1000).split(', ')
  return { date, time: time.replace('\u202f', ' ') }
}

export function reportDuration(seconds: number): string {
  const whole = Math.trunc(seconds)
  const two = (value: number) => String(value).padStart(2, '0')
  return `${two(Math.floor(whole / 3600))}:${two(Math.floor(whole / 60) % 60)}:${two(whole % 60)}`
}

/** Serial number of the key and number of the employee, as a report tells them of a driver. */
export function reportDriver(fleet: Fleet, driverId: string): { serial: string | null; employee: string | null } {
  const user = fleet.store.table('User').get(driverId)?.row
  if (user === undefined) return { serial: null, employee: null }
  const keys = ((user['keys'] ?? []) as Row[]).filter((key) => typeof key['serialNumber'] === 'string')
  const key = keys.find((one) => one['driverKeyType'] === 'NFC') ?? keys[0]
  return { serial: textOf(key?.['serialNumber']), employee: textOf(user['employeeNo']) }
}

const textOf = (value: unknown) => (typeof value === 'string' && value !== '' ? value : null)

export function reportZones(fleet: Fleet, zoneIds: readonly string[]): string[] {
  return [...new Set(zoneIds.map((id) => String(fleet.store.table('Zone').get(id)?.row['name'])))]
}

const near = (one: unknown, other: number, most: number) => typeof one === 'number' && Math.abs(one - other) <= most

/** Every name is told, and nothing else: names may have commas in them, so that the list cannot be taken apart. */
function tellsZones(told: unknown, names: string[]): boolean {
  if (names.length === 0) return told === null
  return (
    typeof told === 'string' && names.every((name) => told.includes(name)) && told.length === names.join(', ').length
  )
}

type Check = [column: string, isTrue: boolean, expected: unknown]

const wrong = (row: DeliveredRow, checks: Check[]): string[] =>
  checks.flatMap(([column, isTrue, expected]) =>
    isTrue ? [] : [`${column} is ${JSON.stringify(row[column])}, not ${JSON.stringify(expected)}`],
  )

const same = (row: DeliveredRow, column: string, expected: DeliveredRow[string]): Check => [
  column,
  row[column] === expected,
  expected,
]

export const tripKey = (trip: Pick<TripTruth, 'deviceId' | 'start'>) => {
  const start = reportInstant(Date.parse(trip.start))
  return `${trip.deviceId} ${start.date} ${start.time}`
}

/** What a delivered row of trips history tells wrongly of a trip. */
export function tripDifferences(row: DeliveredRow, trip: TripTruth, fleet: Fleet): string[] {
  const start = reportInstant(Date.parse(trip.start))
  const stop = reportInstant(Date.parse(trip.stop))
  const driver = reportDriver(fleet, trip.driverId)
  const zones = reportZones(fleet, trip.zoneIds)
  const miles = trip.distanceM / MILE_M
  const mph = trip.maximumSpeedKmh / (MILE_M / 1000)
  const odometer = trip.odometerStartM === null ? null : trip.odometerStartM / MILE_M
  return wrong(row, [
    same(row, 'DeviceName', String(fleet.store.table('Device').get(trip.deviceId)?.row['name'])),
    same(row, 'StartDate', start.date),
    same(row, 'StartTime', start.time),
    same(row, 'StopDate', stop.date),
    same(row, 'StopTime', stop.time),
    same(row, 'DrivingDuration', reportDuration(trip.drivingSeconds)),
    same(row, 'StopDuration', reportDuration(trip.stopSeconds ?? 0)),
    same(row, 'IdlingDuration', reportDuration(trip.idleSeconds)),
    same(row, 'DriverSerialNumber', driver.serial),
    same(row, 'DriverEmployeeNumber', driver.employee),
    ['Distance', near(row['Distance'], miles, 0.001), miles],
    ['MaximumSpeed', near(row['MaximumSpeed'], mph, 0.001), mph],
    ['Latitude', near(row['Latitude'], trip.stopPoint.lat, 1e-6), trip.stopPoint.lat],
    ['Longitude', near(row['Longitude'], trip.stopPoint.lon, 1e-6), trip.stopPoint.lon],
    ['LocationZones', tellsZones(row['LocationZones'], zones), zones],
    [
      'OdometerAtStart',
      row['OdometerAtStart'] === null || odometer === null || near(row['OdometerAtStart'], odometer, 0.1),
      odometer,
    ],
  ])
}

export function exceptionKey(event: Pick<ExceptionTruth, 'deviceId' | 'ruleId' | 'activeFrom'>, fleet: Fleet): string {
  const from = reportInstant(Date.parse(event.activeFrom))
  return `${event.deviceId} ${ruleName(fleet, event.ruleId)} ${from.date} ${from.time}`
}

const ruleName = (fleet: Fleet, ruleId: string) => String(fleet.store.table('Rule').get(ruleId)?.row['name'])

/** What a delivered row of exceptions details tells wrongly of an event. */
export function exceptionDifferences(row: DeliveredRow, event: ExceptionTruth, fleet: Fleet): string[] {
  const from = reportInstant(Date.parse(event.activeFrom))
  const seconds = (Date.parse(event.activeTo) - Date.parse(event.activeFrom)) / 1000
  const driver = reportDriver(fleet, event.driverId)
  const miles = event.distanceM / MILE_M
  const place = fleet.truth.position(event.deviceId, new Date(event.activeFrom))
  const { Latitude: lat, Longitude: lon } = row
  const isNear =
    lat === null ? lon === null : place !== null && distanceM(place, { lat: Number(lat), lon: Number(lon) }) < 30
  return wrong(row, [
    same(row, 'DeviceName', String(fleet.store.table('Device').get(event.deviceId)?.row['name'])),
    same(row, 'RuleName', ruleName(fleet, event.ruleId)),
    same(row, 'StartDate', from.date),
    same(row, 'StartTime', from.time),
    same(row, 'Duration', reportDuration(seconds)),
    same(row, 'DriverSerialNumber', driver.serial),
    same(row, 'DriverEmployeeNumber', driver.employee),
    ['Distance', near(row['Distance'], miles, 0.001), miles],
    ['Latitude', isNear, place],
  ])
}
