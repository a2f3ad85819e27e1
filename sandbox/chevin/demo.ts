import type { Fleet } from '../geotab/fleet.ts'
import { DEPARTMENTS, LOCATIONS, REGIONS, TWO_PARENTS } from '../geotab/groups.ts'
import type { Row } from '../geotab/wire.ts'
import { vehicleFile, type FileDevice } from './vehicle-file.ts'

// Fewer than a fifth of the demo's fleet, so that no approval is needed.
const CHANGES = 4

/** The vehicle file of a day for a fleet as it is now, with everything in it that such files were seen to hold. */
export function demoVehicleFile(fleet: Fleet, day: string, nowMs: number): Buffer {
  return vehicleFile({
    seed: day,
    devices: [...fleet.store.table('Device').rows()].map(({ row }) => fileDevice(row, nowMs)),
    changeable: [...DEPARTMENTS, ...LOCATIONS, TWO_PARENTS],
    fixed: REGIONS,
    changes: CHANGES,
    nasty: true,
    encoding: 'utf-8-bom',
  })
}

function fileDevice(row: Row, nowMs: number): FileDevice {
  const text = (name: string) => (typeof row[name] === 'string' ? row[name] : '')
  const groups = Array.isArray(row['groups']) ? (row['groups'] as { id: string }[]) : []
  return {
    id: text('id'),
    serialNumber: text('serialNumber'),
    name: text('name'),
    vin: text('vehicleIdentificationNumber'),
    groupIds: groups.map(({ id }) => id),
    isArchived: Date.parse(text('activeTo')) <= nowMs,
  }
}
