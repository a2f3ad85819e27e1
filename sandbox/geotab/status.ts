import type { Fleet } from './fleet.ts'
import { isoText, timeSpan, type Row } from './wire.ts'

const SILENT_MS = 4 * 3_600_000

/** The present state of a device, from the newest position that arrived. */
export function statusRow(fleet: Fleet, deviceId: string): Row {
  const sighting = fleet.sightings.get(deviceId)
  const device = fleet.store.table('Device').get(deviceId)
  if (sighting === undefined) return { device: { id: deviceId } }
  const { ms, lat, lon, speed, driving, sinceMs, driver } = sighting
  return {
    device: { id: deviceId },
    dateTime: isoText(ms),
    latitude: lat,
    longitude: lon,
    speed,
    bearing: sighting.bearing,
    isDriving: driving,
    isDeviceCommunicating: fleet.knownMs - ms < SILENT_MS,
    driver,
    isHistoricLastDriver: false,
    currentStateDuration: timeSpan(Math.max(0, fleet.knownMs - sinceMs)),
    groups: device?.row['groups'] ?? [],
    exceptionEvents: [],
  }
}
