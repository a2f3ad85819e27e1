import { FOREVER, isoText, type Ref, type Row } from './wire.ts'

/** A diagnostic that is referred to before it is on its own feed. */
export const LATE_DIAGNOSTIC = 'aN3wD1agn0sticFr0mEcm-_'
/** The rule of the stops in one zone: events refer to it, but a list of rules does not show it. */
export const HIDDEN_RULE = 'aZ0neSt0pRuleNotL1sted0'
export const IDLING_RULE = 'a1dl1ngOverF1veM1nutes0'
export const ZONE_STOP_RULE = 'aC9stomerSt0pRuleOfUrs_'

const GO = 'SourceGeotabGoId'

function diagnostic(id: string, name: string, code: number, unit: string, more: Row = {}): Row {
  return {
    id,
    name,
    code,
    unitOfMeasure: `UnitOfMeasure${unit}Id`,
    diagnosticType: 'GoDiagnostic',
    source: GO,
    controller: 'ControllerNoneId',
    conversion: 1,
    offset: 0,
    dataLength: 4,
    ...more,
  }
}

const fault = (id: string, name: string, code: number, source: Ref, diagnosticType: string): Row =>
  diagnostic(id, name, code, 'None', { source, diagnosticType, faultResetMode: 'AutoReset' })

export function diagnosticRows(): Row[] {
  return [
    diagnostic('DiagnosticRawOdometerId', 'Raw odometer', 4, 'Meters', { conversion: 100 }),
    diagnostic('DiagnosticOdometerId', 'Odometer', 5, 'Meters', { conversion: 100 }),
    diagnostic('DiagnosticOdometerAdjustmentId', 'Odometer adjustment', 248, 'Meters'),
    diagnostic('DiagnosticEngineHoursId', 'Engine hours', 10, 'Seconds'),
    diagnostic('DiagnosticEngineHoursAdjustmentId', 'Engine hours adjustment', 249, 'Seconds'),
    diagnostic('DiagnosticIgnitionId', 'Ignition', 10_000, 'None', { dataLength: 1 }),
    diagnostic('DiagnosticFuelLevelId', 'Fuel level (percentage)', 98, 'Percentage', { conversion: 0.3921 }),
    diagnostic('DiagnosticDeviceTotalFuelId', 'Total fuel used', 250, 'Liters'),
    diagnostic('DiagnosticEngineSpeedId', 'Engine speed', 107, 'RevolutionsPerMinute', { conversion: 0.25 }),
    diagnostic('DiagnosticEngineRoadSpeedId', 'Engine road speed', 84, 'KilometersPerHour'),
    diagnostic(
      'DiagnosticAccelerationForwardBrakingId',
      'Acceleration forward or braking',
      1,
      'MetersPerSecondSquared',
      {
        source: 'SourceSystemId',
        diagnosticType: 'DataDiagnostic',
      },
    ),
    fault('DiagnosticDeviceHasBeenUnpluggedId', 'Telematics device unplugged', 128, GO, 'GoFault'),
    fault('DiagnosticLowBatteryId', 'Low battery voltage', 131, { id: GO }, 'GoFault'),
    fault('aP0420CatalystBelowThr0', 'Catalyst system efficiency below threshold', 420, 'SourceObdId', 'ObdFault'),
    fault('aP0301CylinderOneMisf10', 'Cylinder 1 misfire detected', 301, { id: 'SourceObdId' }, 'ObdFault'),
    fault('aSpn110C00lantTemperat0', 'Engine coolant temperature', 110, 'SourceJ1939Id', 'SuspectParameter'),
    fault('NoDiagnosticId', 'No diagnostic', 0, 'SourceSystemId', 'LegacyFault'),
  ]
}

export function lateDiagnostic(): Row {
  return fault(LATE_DIAGNOSTIC, 'Aftertreatment intake, new code', 7_331, 'SourceJ1939Id', 'SuspectParameter')
}

/** Entities without a feed: they can only be read with Get. */
export const LISTS: Readonly<Record<string, readonly Row[]>> = {
  Controller: [
    { id: 'ControllerNoneId', name: 'None', codeId: 0, source: 'SourceSystemId' },
    { id: 'ControllerGoDeviceId', name: 'Telematics device', codeId: 1, source: GO },
    { id: 'ControllerObdPowertrainId', name: 'Powertrain (OBD)', codeId: 2, source: { id: 'SourceObdId' } },
    { id: 'aC0ntr0llerEngineNr1--0', name: 'Engine #1', codeId: 0, source: 'SourceJ1939Id' },
  ],
  FailureMode: [
    { id: 'NoFailureModeId', name: 'No failure mode', code: 0, source: 'SourceSystemId' },
    { id: 'aFm1Vo1tageBelowNormal0', name: 'Voltage below normal', code: 4, source: 'SourceJ1939Id' },
    { id: 'aFm0DataAboveNormal---0', name: 'Data valid but above normal range', code: 0, source: 'SourceJ1939Id' },
  ],
  Source: [
    { id: GO, name: 'Telematics device', code: 1 },
    { id: 'SourceObdId', name: 'OBD', code: 4 },
    { id: 'SourceJ1939Id', name: 'J1939', code: 3 },
    { id: 'SourceJ1708Id', name: 'J1708', code: 2 },
    { id: 'SourceSystemId', name: 'System', code: 0 },
    { id: 'SourceThirdPartyId', name: 'Third party', code: 6 },
  ],
  UnitOfMeasure: [
    'None',
    'Meters',
    'Seconds',
    'Liters',
    'Percentage',
    'RevolutionsPerMinute',
    'KilometersPerHour',
    'MetersPerSecondSquared',
  ].map((unit) => ({ id: `UnitOfMeasure${unit}Id`, name: unit })),
  ZoneType: ['Customer', 'Office', 'Home', 'AddressLookup'].map((kind) => ({
    id: `ZoneType${kind}Id`,
    name: kind,
    comment: '',
  })),
}

export function ruleRows(start: number): Row[] {
  const since = isoText(start - 200 * 86_400_000)
  const rule = (id: string, name: string, baseType: string, comment: string): Row => ({
    id,
    name,
    comment,
    baseType,
    groups: [{ id: 'GroupCompanyId' }],
    activeFrom: since,
    activeTo: FOREVER,
    color: { r: 255, g: 69, b: 0, a: 255 },
    condition: { conditionType: 'RuleWorkHours', children: [], value: 0 },
  })
  return [
    rule('RulePostedSpeedingId', 'Speeding', 'Stock', ''),
    rule('RuleHarshBrakingId', 'Harsh Braking', 'Stock', ''),
    rule('RuleHarshCorneringId', 'Hard Cornering', 'Stock', ''),
    rule('RuleSeatbeltId', 'Seat Belt', 'Stock', ''),
    rule(IDLING_RULE, 'Idling over 5 minutes', 'Custom', 'Excessive idling: coach the driver, then the supervisor.'),
    rule(ZONE_STOP_RULE, 'Customer stop', 'Custom', 'Arrival at a customer, "on site"\nLine 2 of the comment'),
    rule(HIDDEN_RULE, 'Zone Stop - Springfield Operations Center', 'ZoneStop', ''),
  ]
}
