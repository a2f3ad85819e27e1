import { excerpt, fewOf } from './excerpt.ts'
import type { VehicleRow } from './vehicle-row.ts'

/** A device as a plan needs it. */
export interface PlanDevice {
  deviceId: string
  serialNumber: string | null
  name: string | null
  vin: string | null
  groupIds: readonly string[]
  isArchived: boolean
}

export interface DeviceIndex {
  byId: ReadonlyMap<string, PlanDevice>
  bySerial: ReadonlyMap<string, readonly PlanDevice[]>
}

export interface Refusal {
  reason: string
  explanation: string
}

export function deviceIndex(devices: Iterable<PlanDevice>): DeviceIndex {
  const devicesById = new Map<string, PlanDevice>()
  const bySerial = new Map<string, PlanDevice[]>()
  for (const device of devices) {
    devicesById.set(device.deviceId, device)
    const serial = folded(device.serialNumber ?? '')
    if (serial === '') continue
    const held = bySerial.get(serial)
    if (held === undefined) bySerial.set(serial, [device])
    else held.push(device)
  }
  return { byId: devicesById, bySerial }
}

const folded = (serial: string) => serial.trim().toUpperCase()

/** The device that a row is about: by its ID, which its serial number must not contradict, else by serial number alone. */
export function matchDevice(
  index: DeviceIndex,
  { deviceId, serialNumber }: Pick<VehicleRow, 'deviceId' | 'serialNumber'>,
): PlanDevice | Refusal {
  if (deviceId !== '') return byId(index, deviceId, serialNumber)
  if (serialNumber === '')
    return { reason: 'NO_IDENTITY', explanation: 'the row has neither an ID nor a serial number' }
  const all = index.bySerial.get(folded(serialNumber)) ?? []
  const active = all.filter((device) => !device.isArchived)
  const [device] = active
  if (device !== undefined && active.length === 1) return device
  if (active.length > 1) {
    const ids = fewOf(active.map((one) => one.deviceId)).join(', ')
    const explanation = `${active.length} active devices have the serial number ${serialNumber}: ${ids}`
    return { reason: 'SERIAL_AMBIGUOUS', explanation }
  }
  if (all.length > 0) return archived(all[0])
  return { reason: 'SERIAL_UNKNOWN', explanation: `no device has the serial number ${excerpt(serialNumber)}` }
}

function byId(index: DeviceIndex, deviceId: string, serialNumber: string): PlanDevice | Refusal {
  const device = index.byId.get(deviceId)
  if (device === undefined) return { reason: 'ID_UNKNOWN', explanation: `no device has the ID ${excerpt(deviceId)}` }
  if (serialNumber !== '' && folded(serialNumber) !== folded(device.serialNumber ?? '')) {
    const has = device.serialNumber === null ? 'has none' : `has ${device.serialNumber}`
    const explanation = `the row says serial number ${excerpt(serialNumber)}, but device ${deviceId} ${has}`
    return { reason: 'ID_SERIAL_DISAGREE', explanation }
  }
  return device.isArchived ? archived(device) : device
}

function archived(device: PlanDevice | undefined): Refusal {
  return { reason: 'DEVICE_ARCHIVED', explanation: `device ${device?.deviceId ?? ''} is archived` }
}
