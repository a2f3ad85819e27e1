import { type Fields, isFields, text } from './fields.ts'
import { instant } from './instant.ts'
import { ownId, refId, refIds } from './ref-id.ts'
import { type RowContext, type RowResult, idMissing, notAnObject } from './row-result.ts'

/** A row of base.geotab__devices. */
export interface DeviceRow {
  connection: string
  device_id: string
  name: string | null
  serial_number: string | null
  device_type: string | null
  vin: string | null
  engine_vin: string | null
  license_plate: string | null
  license_state: string | null
  comment: string | null
  time_zone: string | null
  work_time_id: string | null
  /** The groups that the device is directly in, in the source's order. */
  group_ids: string[]
  device_plans: string[]
  active_from: string | null
  /** Null: for ever. */
  active_to: string | null
  raw_version: number
}

/** Device: a telematics unit in a vehicle, or whatever else is tracked. A device has neither to have a serial nor a VIN. */
export function toDeviceRow(payload: unknown, context: RowContext): RowResult<DeviceRow> {
  if (!isFields(payload)) return notAnObject()
  const id = ownId(payload)
  if (id === null) return idMissing('device')
  return {
    kind: 'row',
    row: {
      connection: context.connection,
      device_id: id,
      name: text(payload['name']),
      serial_number: text(payload['serialNumber']),
      device_type: text(payload['deviceType']),
      vin: text(payload['vehicleIdentificationNumber']),
      engine_vin: engineVin(payload['engineVehicleIdentificationNumber']),
      license_plate: text(payload['licensePlate']),
      license_state: text(payload['licenseState']),
      comment: text(payload['comment']),
      time_zone: text(payload['timeZoneId']),
      work_time_id: refId(payload['workTime']),
      group_ids: refIds(payload['groups']),
      device_plans: devicePlans(payload),
      active_from: instant(payload['activeFrom']),
      active_to: instant(payload['activeTo']),
      raw_version: context.rawVersion,
    },
  }
}

/** The VIN that the engine gave; null while it was not read, for which Geotab writes `?` or a row of `@`. */
function engineVin(value: unknown): string | null {
  const vin = text(value)
  return vin === null || /^[@?\s]*$/.test(vin) ? null : vin
}

function devicePlans(device: Fields): string[] {
  const plans = texts(device['devicePlans'])
  if (plans.length > 0) return plans
  const billing = device['devicePlanBillingInfo']
  return Array.isArray(billing) ? texts(billing.map((plan) => (isFields(plan) ? plan['devicePlanName'] : null))) : []
}

const texts = (value: unknown) =>
  Array.isArray(value) ? [...new Set(value.map(text).filter((item) => item !== null))] : []
