import { flag, isFields, text } from './fields.ts'
import { instant } from './instant.ts'
import { ownId, refIds } from './ref-id.ts'
import { type RowContext, type RowResult, idMissing, notAnObject } from './row-result.ts'

/** A row of base.geotab__users. */
export interface UserRow {
  connection: string
  user_id: string
  name: string | null
  first_name: string | null
  last_name: string | null
  employee_number: string | null
  key_serial_number: string | null
  is_driver: boolean | null
  company_group_ids: string[]
  driver_group_ids: string[]
  active_from: string | null
  active_to: string | null
  raw_version: number
}

/** User: who may log in, who drives, or both. */
export function toUserRow(payload: unknown, context: RowContext): RowResult<UserRow> {
  if (!isFields(payload)) return notAnObject()
  const id = ownId(payload)
  if (id === null) return idMissing('user')
  return {
    kind: 'row',
    row: {
      connection: context.connection,
      user_id: id,
      name: text(payload['name']),
      first_name: text(payload['firstName']),
      last_name: text(payload['lastName']),
      employee_number: text(payload['employeeNo']),
      key_serial_number: keySerialNumber(payload['keys']),
      is_driver: flag(payload['isDriver']),
      company_group_ids: refIds(payload['companyGroups']),
      driver_group_ids: refIds(payload['driverGroups']),
      active_from: instant(payload['activeFrom']),
      active_to: instant(payload['activeTo']),
      raw_version: context.rawVersion,
    },
  }
}

/** Of the first NFC key with a serial number, else of the first key with one. */
function keySerialNumber(value: unknown): string | null {
  if (!Array.isArray(value)) return null
  const keys = value.filter(isFields).map((key) => ({
    serial: text(key['serialNumber']),
    isNfc: text(key['driverKeyType'])?.toUpperCase() === 'NFC',
  }))
  const withSerial = keys.filter(({ serial }) => serial !== null)
  return (withSerial.find(({ isNfc }) => isNfc) ?? withSerial[0])?.serial ?? null
}
