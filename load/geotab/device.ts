/** The fields of a device that may be changed; no other is ever sent. */
export type UpdatedField = 'name' | 'vin' | 'groups'

/** Values of such fields. A VIN that is null is none. */
export interface DeviceValues {
  name?: string | null
  vin?: string | null
  groups?: string[]
}

/** A device as it was read just now. */
export interface DeviceNow extends Required<DeviceValues> {
  isArchived: boolean
}

/** What is sent: the id and the fields that change, in Geotab's names. */
export interface DeviceChange {
  id: string
  name?: string
  vehicleIdentificationNumber?: string
  groups?: { id: string }[]
}

/** The two calls by which devices are changed. Errors are PipelineErrors with a GEOTAB_* code. */
export interface DeviceApi {
  /** Null when there is no such device. */
  read(deviceId: string, signal: AbortSignal): Promise<DeviceNow | null>
  /** May fail without it being known whether it took effect: then the device is read before it is sent again. */
  set(change: DeviceChange, signal: AbortSignal): Promise<void>
}

/** Null properties would keep what Geotab holds, so that a VIN is taken away by an empty text. */
export function deviceChange(deviceId: string, fields: readonly UpdatedField[], after: DeviceValues): DeviceChange {
  const change: DeviceChange = { id: deviceId }
  if (fields.includes('name')) change.name = after.name ?? ''
  if (fields.includes('vin')) change.vehicleIdentificationNumber = after.vin ?? ''
  if (fields.includes('groups')) change.groups = (after.groups ?? []).map((id) => ({ id }))
  return change
}
