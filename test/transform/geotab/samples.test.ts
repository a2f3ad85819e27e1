import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { toDeviceStatusInfoRow } from '../../../transform/geotab/device-status-info.ts'
import { toDeviceRow } from '../../../transform/geotab/device.ts'
import { toDiagnosticRow } from '../../../transform/geotab/diagnostic.ts'
import { toDriverChangeRow } from '../../../transform/geotab/driver-change.ts'
import { toExceptionEventRow } from '../../../transform/geotab/exception-event.ts'
import { toFaultDataRow } from '../../../transform/geotab/fault-data.ts'
import { toGroupRow } from '../../../transform/geotab/group.ts'
import { toLogRecordRow } from '../../../transform/geotab/log-record.ts'
import { toSourceRow } from '../../../transform/geotab/reference.ts'
import { toRuleRow } from '../../../transform/geotab/rule.ts'
import { toStatusDataRow } from '../../../transform/geotab/status-data.ts'
import { toTripRow } from '../../../transform/geotab/trip.ts'
import { toUserRow } from '../../../transform/geotab/user.ts'
import { toZoneRow } from '../../../transform/geotab/zone.ts'
import { context } from './a-record.ts'

const SAMPLES = {
  LogRecord: {
    toRow: toLogRecordRow,
    shows: { device_id: 'b28', latitude: 42.2348557, longitude: -8.71324158, speed_kmh: 1 },
  },
  StatusData: { toRow: toStatusDataRow, shows: { diagnostic_id: 'DiagnosticOdometerId', value: 99_620_700 } },
  Trip: {
    toRow: toTripRow,
    shows: {
      driver_id: 'b2D',
      distance_m: 113_276_750,
      driving_seconds: '5261.000000',
      stop_seconds: '425.000000',
      engine_end_seconds: 16_879_647.575,
      odometer_end_m: null,
      is_completed: true,
      warnings: [],
    },
  },
  ExceptionEvent: {
    toRow: toExceptionEventRow,
    shows: {
      driver_id: 'b3A',
      rule_id: 'RuleHarshCorneringId',
      diagnostic_id: null,
      duration_seconds: '0.300000',
      distance_m: 1.301,
      state: 'valid',
      is_ended: true,
      source_created_at: '2026-01-24T00:07:15.176Z',
      warnings: [],
    },
  },
  FaultData: {
    toRow: toFaultDataRow,
    shows: {
      fault_state: 'Active',
      effective_status: 'FaultStatusActiveId',
      controller_id: 'ControllerGoDeviceId',
      failure_mode_id: null,
      occurrences: 1,
      is_red_stop_lamp_on: false,
      dismissed_at: null,
    },
  },
  DriverChange: {
    toRow: toDriverChangeRow,
    shows: { device_id: 'b1', driver_id: null, changed_at: '2026-01-21T13:13:00.742Z', change_type: 'DriverKey' },
  },
  DeviceStatusInfo: {
    toRow: toDeviceStatusInfoRow,
    shows: { bearing_degrees: 79, is_driving: true, is_communicating: true, state_seconds: '7749.000000' },
  },
  Device: {
    toRow: toDeviceRow,
    shows: {
      serial_number: 'G90000000032',
      engine_vin: 'WMAR62ZZ3LT034488',
      group_ids: ['b27AB'],
      device_plans: ['ProPlus'],
      work_time_id: 'WorkTimeStandardHoursId',
      active_to: null,
    },
  },
  User: {
    toRow: toUserRow,
    shows: { first_name: null, key_serial_number: 'EUR00000010301000', company_group_ids: ['GroupCompanyId'] },
  },
  Diagnostic: {
    toRow: toDiagnosticRow,
    shows: { code: 5, source_id: 'SourceGeotabGoId', unit_of_measure_id: 'UnitOfMeasureMetersId', controller_id: null },
  },
  Group: { toRow: toGroupRow, shows: { name: 'Company Group', child_ids: ['GroupAssetInformationId'], comment: null } },
}

const sampleOf = (entity: string): unknown[] =>
  JSON.parse(readFileSync(new URL(`../../fixtures/geotab/${entity}.sample.json`, import.meta.url), 'utf8')) as unknown[]

test.for(Object.entries(SAMPLES))('the sample of %s becomes its row', ([entity, { toRow, shows }]) => {
  const [first] = sampleOf(entity).map((payload) => toRow(payload, context))
  expect(first).toMatchObject({ kind: 'row', row: { connection: 'demo', ...shows } })
})

const EVERY_ROW = [...Object.values(SAMPLES).map(({ toRow }) => toRow), toRuleRow, toZoneRow, toSourceRow]

test('whatever stands in the fields of a record, it becomes a row or is refused with a path', () => {
  const fields = [...new Set(Object.keys(SAMPLES).flatMap((entity) => Object.keys(sampleOf(entity)[0] as object)))]
  const odd = fc.oneof(
    fc.jsonValue(),
    fc.constantFrom(
      NaN,
      Infinity,
      '',
      'NaN',
      '2026-01-01',
      '00:00:01',
      { id: null },
      [{ id: [] }],
      JSON.rawJSON('1e999'),
    ),
  )
  const payload = fc.dictionary(fc.constantFrom(...fields, 'points', 'children'), odd, { minKeys: 5 })
  fc.assert(
    fc.property(payload, fc.boolean(), (over, whole) => {
      const sound = {
        id: 'b1',
        device: 'b2',
        diagnostic: 'b3',
        dateTime: '2026-01-01',
        start: '2026-01-01',
        activeFrom: '2026-01-01',
        data: 1,
      }
      for (const toRow of EVERY_ROW) {
        const result = toRow(whole ? { ...over, ...sound } : over, context)
        if (result.kind === 'refused') expect(result.path).not.toBe('')
        else expect(Object.values(result.row)).not.toContain(undefined)
      }
    }),
    { numRuns: 300 },
  )
})
