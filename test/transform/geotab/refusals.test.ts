import { expect, test } from 'vitest'
import { parseJson } from '../../../core/json.ts'
import { toDeviceStatusInfoRow } from '../../../transform/geotab/device-status-info.ts'
import { toDeviceRow } from '../../../transform/geotab/device.ts'
import { toDiagnosticRow } from '../../../transform/geotab/diagnostic.ts'
import { toDriverChangeRow } from '../../../transform/geotab/driver-change.ts'
import { toExceptionEventRow } from '../../../transform/geotab/exception-event.ts'
import { toFaultDataRow } from '../../../transform/geotab/fault-data.ts'
import { toGroupRow } from '../../../transform/geotab/group.ts'
import {
  toControllerRow,
  toFailureModeRow,
  toSourceRow,
  toUnitOfMeasureRow,
} from '../../../transform/geotab/reference.ts'
import { toRuleRow } from '../../../transform/geotab/rule.ts'
import { toUserRow } from '../../../transform/geotab/user.ts'
import { toZoneRow } from '../../../transform/geotab/zone.ts'
import { context, refusalOf } from './a-record.ts'

test.for([
  { what: 'exception', toRow: toExceptionEventRow, time: 'activeFrom' },
  { what: 'fault', toRow: toFaultDataRow, time: 'dateTime' },
  { what: 'driver change', toRow: toDriverChangeRow, time: 'dateTime' },
])('a $what without a time is refused', ({ toRow, time }) => {
  const payload = { id: 'b1', device: 'b2' }
  expect(refusalOf(toRow(payload, context))).toBe(`TIME_MISSING ${time}`)
  expect(refusalOf(toRow({ ...payload, [time]: '2026-02-30' }, context))).toBe(`TIME_INVALID ${time}`)
})

test.for([
  { what: 'driver change', toRow: toDriverChangeRow },
  { what: 'status', toRow: toDeviceStatusInfoRow },
])('a $what without a device is refused', ({ toRow }) => {
  expect(refusalOf(toRow({ id: 'b1', dateTime: '2026-01-21' }, context))).toBe('DEVICE_MISSING device')
})

test('a status beyond the poles is refused', () => {
  const result = toDeviceStatusInfoRow({ device: 'b1', latitude: -91, longitude: 3 }, context)
  expect(refusalOf(result)).toBe('COORDINATE_OUT_OF_RANGE latitude,longitude')
})

const IDENTIFIED = {
  exception: toExceptionEventRow,
  fault: toFaultDataRow,
  'driver change': toDriverChangeRow,
  device: toDeviceRow,
  user: toUserRow,
  zone: toZoneRow,
  rule: toRuleRow,
  diagnostic: toDiagnosticRow,
  group: toGroupRow,
  controller: toControllerRow,
  source: toSourceRow,
  'failure mode': toFailureModeRow,
  'unit of measure': toUnitOfMeasureRow,
}

test.for(Object.entries(IDENTIFIED))('a %s without an id, or that is no object, is refused', ([what, toRow]) => {
  expect(toRow({ name: 'x' }, context)).toMatchObject({
    kind: 'refused',
    code: 'ID_MISSING',
    message: `The ${what} has no id.`,
  })
  for (const payload of [null, [], 'x', 5, parseJson('1e400')]) {
    expect(refusalOf(toRow(payload, context))).toBe('NOT_AN_OBJECT $')
  }
})
