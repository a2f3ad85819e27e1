import { Random, seedOf } from '../../sandbox/random.ts'

/** Feed rows of made-up vehicles for a span of hours: as many of each kind as a fleet gives, cheap to make. */
export interface HoursOptions {
  vehicles: number
  /** Milliseconds since 1970, a whole hour. */
  from: number
  hours: number
  /** Of all kinds, per vehicle and hour. */
  statusPerHour: number
  logsPerHour: number
  tripsPerHour: number
}

export const USUAL_HOUR = { statusPerHour: 65, logsPerHour: 19, tripsPerHour: 3 }

const HOUR_MS = 3_600_000
// Of the readings a vehicle sends, a third are of the diagnostics that are kept by default.
const KEPT = ['DiagnosticOdometerId', 'DiagnosticRawOdometerId', 'DiagnosticEngineHoursId']
const OTHERS = [
  'DiagnosticFuelLevelId',
  'DiagnosticEngineSpeedId',
  'DiagnosticEngineRoadSpeedId',
  'DiagnosticIgnitionId',
]

const iso = (ms: number) => new Date(ms).toISOString()
const hex = (value: number) => value.toString(16).padStart(16, '0')
const device = (vehicle: number) => `b${(vehicle + 1).toString(16).toUpperCase()}`
const driver = (vehicle: number) => `b${(vehicle + 0x100001).toString(16).toUpperCase()}`

/** What does not change from hour to hour, by type name. */
export function standingRows(vehicles: number, zones: number): Record<string, object[]> {
  const random = new Random(seedOf('bench', 'standing'))
  const version = hex(1)
  const all = Array.from({ length: vehicles }, (_, vehicle) => vehicle)
  return {
    Device: all.map((vehicle) => ({
      id: device(vehicle),
      name: `Vehicle ${vehicle}`,
      serialNumber: `G9${String(vehicle).padStart(10, '0')}`,
      deviceType: 'GO9',
      vehicleIdentificationNumber: `1FT${String(vehicle).padStart(14, '0')}`,
      groups: [{ id: `b27${vehicle % 10}` }],
      activeFrom: '2024-01-01T00:00:00.000Z',
      activeTo: '2050-01-01T00:00:00.000Z',
      version,
    })),
    User: all.map((vehicle) => ({
      id: driver(vehicle),
      name: `driver${vehicle}@example.com`,
      employeeNo: String(vehicle).padStart(6, '0'),
      isDriver: true,
      keys: [{ id: `k${vehicle}`, serialNumber: `K${vehicle}`, driverKeyType: 'NFC' }],
      version,
    })),
    Zone: Array.from({ length: zones }, (_, zone) => {
      const [x, y] = [-79 + random.next() * 4, 37 + random.next() * 4]
      const points = Array.from({ length: 21 }, (_unused, at) => {
        const turn = ((at % 20) / 20) * 2 * Math.PI
        return { x: x + 0.02 * Math.cos(turn), y: y + 0.02 * Math.sin(turn) }
      })
      return {
        id: `z${zone}`,
        name: `Zone ${zone}`,
        points,
        activeFrom: '2024-01-01T00:00:00.000Z',
        activeTo: '2050-01-01T00:00:00.000Z',
        version,
      }
    }),
    Rule: ['Speeding', 'Harsh braking', 'Idling'].map((name, at) => ({
      id: `r${at}`,
      name,
      comment: name,
      baseType: 'Stock',
      version,
    })),
    Diagnostic: [...KEPT, ...OTHERS, 'DiagnosticFaultId'].map((id, at) => ({
      id,
      name: id,
      code: at,
      source: 'SourceGeotabGoId',
      version,
    })),
    Group: [
      {
        id: 'GroupCompanyId',
        name: 'Company Group',
        children: Array.from({ length: 10 }, (_, at) => ({ id: `b27${at}` })),
      },
      ...Array.from({ length: 10 }, (_, at) => ({ id: `b27${at}`, name: `Group ${at}`, children: [] })),
    ],
    Controller: [{ id: 'ControllerNoneId', name: 'None' }],
    Source: [{ id: 'SourceGeotabGoId', name: 'Geotab GO' }],
    FailureMode: [{ id: 'NoFailureModeId', name: 'None', code: 0 }],
    UnitOfMeasure: [{ id: 'UnitOfMeasureMetersId', name: 'metres' }],
  }
}

/** The rows of the hours as JSON texts, by type name, each in the order of its versions. */
export function hourRows(options: HoursOptions): Record<string, string[]> {
  const rows: Record<string, string[]> = {
    Trip: [],
    LogRecord: [],
    StatusData: [],
    ExceptionEvent: [],
    FaultData: [],
    DriverChange: [],
    DeviceStatusInfo: [],
  }
  const give = (kind: string, row: string) => rows[kind]?.push(row)
  const firstHour = options.from / HOUR_MS
  let version = firstHour * 1_000_000_000
  const end = options.from + options.hours * HOUR_MS
  for (let vehicle = 0; vehicle < options.vehicles; vehicle += 1) {
    const id = device(vehicle)
    const of = `"device":{"id":"${id}"}`
    for (let hour = 0; hour < options.hours; hour += 1) {
      const start = options.from + hour * HOUR_MS
      const random = new Random(seedOf('bench', vehicle, start))
      const at = (part: number) => Math.floor(start + part * HOUR_MS)
      const unique = `${(firstHour + hour).toString(36)}x${vehicle.toString(36)}`
      const odometer = 50_000_000 + (firstHour + hour) * 45_000
      const [x, y] = [-79 + random.next() * 4, 37 + random.next() * 4]
      for (let trip = 0; trip < options.tripsPerHour; trip += 1) {
        const [from, to] = [trip / options.tripsPerHour, (trip + 0.7) / options.tripsPerHour]
        const minutes = Math.floor((0.7 * 60) / options.tripsPerHour)
        const km = 45 / options.tripsPerHour
        give(
          'Trip',
          `{"id":"t${unique}${trip}",${of},"driver":{"id":"${driver(vehicle)}"},"start":"${iso(at(from))}","stop":"${iso(at(to))}","nextTripStart":"${iso(at((trip + 1) / options.tripsPerHour))}","distance":${km},"drivingDuration":"00:${String(minutes).padStart(2, '0')}:00","stopDuration":"00:06:00","idlingDuration":"00:00:30","averageSpeed":${(km / (minutes / 60)).toFixed(2)},"maximumSpeed":95,"stopPoint":{"x":${(x + trip * 0.05).toFixed(6)},"y":${(y + trip * 0.05).toFixed(6)}},"afterHoursStart":false,"afterHoursEnd":false,"workDistance":${km},"workDrivingDuration":"00:14:00","workStopDuration":"00:06:00","version":"${hex((version += 3))}"}`,
        )
      }
      for (let log = 0; log < options.logsPerHour; log += 1) {
        const part = log / options.logsPerHour
        give(
          'LogRecord',
          `{"id":"l${unique}x${log.toString(36)}",${of},"dateTime":"${iso(at(part))}","latitude":${(y + part * 0.15).toFixed(7)},"longitude":${(x + part * 0.15).toFixed(7)},"speed":${Math.floor(part * 90)},"version":"${hex((version += 3))}"}`,
        )
      }
      for (let reading = 0; reading < options.statusPerHour; reading += 1) {
        const part = reading / options.statusPerHour
        const diagnostic = reading % 3 === 0 ? KEPT[(reading / 3) % 3] : OTHERS[reading % 4]
        const value =
          diagnostic === 'DiagnosticEngineHoursId'
            ? (firstHour + hour + part) * 1800
            : Math.floor(odometer + part * 45_000)
        give(
          'StatusData',
          `{"id":"s${unique}x${reading.toString(36)}",${of},"diagnostic":{"id":"${diagnostic}"},"dateTime":"${iso(at(part))}","data":${value},"controller":"ControllerNoneId","version":"${hex((version += 3))}"}`,
        )
      }
      if (random.chance(0.3)) {
        give(
          'ExceptionEvent',
          `{"id":"e${unique}",${of},"driver":{"id":"${driver(vehicle)}"},"rule":{"id":"r${vehicle % 3}"},"activeFrom":"${iso(at(0.31))}","activeTo":"${iso(at(0.33))}","duration":"00:01:12","distance":1.2,"diagnostic":"NoDiagnosticId","state":"ExceptionEventStateValidId","version":"${hex((version += 3))}"}`,
        )
      }
      if (random.chance(0.05)) {
        give(
          'FaultData',
          `{"id":"f${unique}",${of},"diagnostic":{"id":"DiagnosticFaultId"},"dateTime":"${iso(at(0.5))}","faultState":"Active","controller":"ControllerNoneId","failureMode":"NoFailureModeId","count":1,"version":"${hex((version += 3))}"}`,
        )
      }
      if (random.chance(0.02)) {
        give(
          'DriverChange',
          `{"id":"c${unique}",${of},"driver":{"id":"${driver(vehicle)}"},"dateTime":"${iso(at(0.01))}","type":"DriverKey","version":"${hex((version += 3))}"}`,
        )
      }
    }
    give(
      'DeviceStatusInfo',
      `{${of},"dateTime":"${iso(end)}","latitude":38.9,"longitude":${(-77 - vehicle * 0.0001).toFixed(5)},"speed":40,"bearing":90,"isDriving":true,"isDeviceCommunicating":true,"driver":{"id":"${driver(vehicle)}"},"currentStateDuration":"00:10:00"}`,
    )
  }
  return rows
}
