import { expect, test } from 'vitest'
import { aDevice, aRow, plan, planOne, VIN } from './fleet.ts'

const moved = [
  aDevice({ deviceId: 'b1', isArchived: true }),
  aDevice({ deviceId: 'b2' }),
  aDevice({ deviceId: 'b3', serialNumber: 'G3' }),
  aDevice({ deviceId: 'b4', serialNumber: 'G4', isArchived: true }),
  aDevice({ deviceId: 'b5', serialNumber: 'G5' }),
  aDevice({ deviceId: 'b6', serialNumber: 'G5' }),
  aDevice({ deviceId: 'b7', serialNumber: null }),
]

test.for([
  { name: 'the ID and its serial number', id: 'b3', serial: 'G3', device: 'b3' },
  { name: 'the ID alone', id: 'b3', serial: '', device: 'b3' },
  { name: 'the serial number alone, in any case and with spaces', id: '', serial: ' g3 ', device: 'b3' },
  {
    name: 'the serial number of an active and an archived device (case 19)',
    id: '',
    serial: 'G90000000001',
    device: 'b2',
  },
  { name: 'the ID where active devices share a serial number', id: 'b6', serial: 'G5', device: 'b6' },
  { name: 'the ID of a device without a serial number', id: 'b7', serial: '', device: 'b7' },
  { name: 'an ID and the serial number of another', id: 'b3', serial: 'G5', reason: 'ID_SERIAL_DISAGREE' },
  { name: 'a serial number for a device that has none', id: 'b7', serial: 'G3', reason: 'ID_SERIAL_DISAGREE' },
  { name: 'an unknown ID, whatever the serial number', id: 'bX', serial: 'G3', reason: 'ID_UNKNOWN' },
  { name: 'an ID in another case', id: 'B3', serial: 'G3', reason: 'ID_UNKNOWN' },
  { name: 'an unknown serial number', id: '', serial: 'G9', reason: 'SERIAL_UNKNOWN' },
  { name: 'a serial number of two active devices (case 19)', id: '', serial: 'G5', reason: 'SERIAL_AMBIGUOUS' },
  { name: 'an archived device by ID (case 20)', id: 'b4', serial: 'G4', reason: 'DEVICE_ARCHIVED' },
  { name: 'an archived device by serial number (case 20)', id: '', serial: 'G4', reason: 'DEVICE_ARCHIVED' },
  { name: 'neither', id: '', serial: '', reason: 'NO_IDENTITY' },
])('case 19, case 20, case 54: a row names $name', ({ id, serial, device, reason }) => {
  const [row] = plan({ devices: moved, rows: [aRow({ id, serial, name: 'New' })] })
  expect(row).toMatchObject(
    reason === undefined ? { decision: 'change', deviceId: device } : { decision: 'reject', reasons: [reason] },
  )
})

test('case 54, defect 22: the VIN finds no device and hides none', () => {
  expect(planOne({ vin: '3C6TRVAG0ME500001', name: 'New' }, { vin: null })).toMatchObject({ decision: 'change' })
  expect(planOne({ serial: '', vin: VIN, name: 'New' })).toMatchObject({ decision: 'reject', reasons: ['NO_IDENTITY'] })
})
