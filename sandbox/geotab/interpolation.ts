import type { Fleet } from './fleet.ts'
import { dateAt, rowAt, textAt } from './parameters.ts'
import { isoText, type Row } from './wire.ts'
import type { Vehicle } from './vehicle.ts'

/**
 * Rows without an id at the two ends of a search for one device: its position, or what a measurement was. No row lies
 * after the newest position that arrived.
 */
export function interpolated(fleet: Fleet, typeName: string, search: Row): Row[] {
  if (typeName !== 'LogRecord' && typeName !== 'StatusData') return []
  const from = dateAt(search, 'fromDate')
  const to = dateAt(search, 'toDate')
  const deviceId = textAt(rowAt(search, 'deviceSearch') ?? {}, 'id') ?? ''
  const vehicle = fleet.vehicles.get(deviceId)
  const newest = fleet.newest.get(deviceId)
  if (vehicle === undefined || newest === undefined || from === undefined || to === undefined) return []
  const instants = [...new Set([from, to])].filter((ms) => ms >= vehicle.timeline.fromMs && ms <= fleet.knownMs)
  if (typeName === 'LogRecord') return instants.map((ms) => positionRow(vehicle, ms, Math.min(ms, newest)))
  const diagnostic = textAt(rowAt(search, 'diagnosticSearch') ?? {}, 'id') ?? ''
  return instants
    .map((ms) => measurementRow(vehicle, diagnostic, ms, Math.min(ms, newest)))
    .filter((row) => row !== null)
}

function positionRow(vehicle: Vehicle, ms: number, knownMs: number): Row {
  const { lat, lon } = vehicle.timeline.at(knownMs)
  return {
    device: { id: vehicle.spec.id },
    dateTime: isoText(ms),
    latitude: lat,
    longitude: lon,
    speed: vehicle.timeline.speedAt(knownMs),
  }
}

function measurementRow(vehicle: Vehicle, diagnostic: string, ms: number, knownMs: number): Row | null {
  const data = measured(vehicle, diagnostic, knownMs)
  if (data === null) return null
  const row = { device: { id: vehicle.spec.id }, diagnostic: { id: diagnostic }, dateTime: isoText(ms), data }
  return { ...row, controller: 'ControllerNoneId' }
}

function measured({ spec, odometer }: Vehicle, diagnostic: string, ms: number): number | null {
  const engine = spec.kind !== 'trailer'
  switch (diagnostic) {
    case 'DiagnosticOdometerAdjustmentId':
      return odometer.shownAt(ms)
    case 'DiagnosticOdometerId':
      return spec.ecmOdometer ? odometer.shownAt(ms) : null
    case 'DiagnosticRawOdometerId':
      return spec.ecmOdometer ? odometer.rawAt(ms) : null
    case 'DiagnosticEngineHoursAdjustmentId':
    case 'DiagnosticEngineHoursId':
      return engine ? odometer.engineSecondsAt(ms) : null
    default:
      return null
  }
}
