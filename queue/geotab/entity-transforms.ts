import { toControllerRow, toFailureModeRow, toSourceRow, toUnitOfMeasureRow } from '../../transform/geotab/reference.ts'
import { toDeviceRow } from '../../transform/geotab/device.ts'
import { toDeviceStatusInfoRow } from '../../transform/geotab/device-status-info.ts'
import { toDiagnosticRow } from '../../transform/geotab/diagnostic.ts'
import { toDriverChangeRow } from '../../transform/geotab/driver-change.ts'
import { toExceptionEventRow } from '../../transform/geotab/exception-event.ts'
import { toFaultDataRow } from '../../transform/geotab/fault-data.ts'
import { toGroupRow } from '../../transform/geotab/group.ts'
import { toLogRecordRow, type PositionRow } from '../../transform/geotab/log-record.ts'
import type { RowContext, RowResult } from '../../transform/geotab/row-result.ts'
import { toRuleRow } from '../../transform/geotab/rule.ts'
import { toStatusDataRow, type StatusDataRow } from '../../transform/geotab/status-data.ts'
import { toTripRow, type TripRow } from '../../transform/geotab/trip.ts'
import { toUserRow } from '../../transform/geotab/user.ts'
import { transformFingerprint } from '../../transform/geotab/version.ts'
import { toZoneRow } from '../../transform/geotab/zone.ts'
import { latestPositions, latestStatus } from './latest.ts'
import { groupPaths } from './group-paths.ts'
import type { PipelineContext } from '../context.ts'
import type { TransformCounts } from '../feed.ts'
import { transformLanded, type EntityTransform } from './transform-landed.ts'
import { tripRules } from './trip-rules.ts'

/** What becomes of each entity's records, by the name of its feed. */
export const GEOTAB_TRANSFORMS = {
  devices: pass(rows('devices', 'base.geotab__devices', 'device_id', toDeviceRow)),
  users: pass(rows('users', 'base.geotab__users', 'user_id', toUserRow)),
  zones: pass(rows('zones', 'base.geotab__zones', 'zone_id', toZoneRow)),
  rules: pass(rows('rules', 'base.geotab__rules', 'rule_id', toRuleRow)),
  diagnostics: pass(rows('diagnostics', 'base.geotab__diagnostics', 'diagnostic_id', toDiagnosticRow)),
  device_status_info: pass(
    rows('device_status_info', 'base.geotab__device_status', 'device_id', toDeviceStatusInfoRow),
  ),
  driver_changes: pass(rows('driver_changes', 'base.geotab__driver_changes', 'change_id', toDriverChangeRow)),
  exception_events: pass(facts('exception_events', 'base.geotab__exceptions', 'exception_id', toExceptionEventRow)),
  fault_data: pass(facts('fault_data', 'base.geotab__faults', 'fault_id', toFaultDataRow)),
  log_records: pass<PositionRow>({
    ...rows('log_records', 'base.geotab__positions', 'record_id', toLogRecordRow),
    upsert: { keys: ['connection', 'device_id', 'recorded_at', 'record_id'], changes: 'whole' },
    timeColumn: 'recorded_at',
    startPass: latestPositions,
  }),
  status_data: pass<StatusDataRow>({
    ...rows('status_data', 'base.geotab__status_data', 'record_id', toStatusDataRow),
    upsert: { keys: ['connection', 'device_id', 'diagnostic_id', 'recorded_at', 'record_id'], changes: 'whole' },
    timeColumn: 'recorded_at',
    startPass: latestStatus,
  }),
  trips: pass<TripRow>({
    feed: 'geotab.trips',
    raw: 'raw.geotab__trips',
    base: 'base.geotab__trips',
    upsert: { keys: ['connection', 'device_id', 'started_at'], changes: 'material' },
    timeColumn: 'started_at',
    rules: tripRules(toTripRow),
  }),
  groups: pass({
    ...rows('groups', 'base.geotab__groups', 'group_id', toGroupRow),
    isWhole: true,
    startPass: groupPaths,
  }),
  controllers: pass(references('controllers', 'controller', toControllerRow)),
  sources: pass(references('sources', 'source', toSourceRow)),
  failure_modes: pass(references('failure_modes', 'failure_mode', toFailureModeRow)),
  units_of_measure: pass(references('units_of_measure', 'unit_of_measure', toUnitOfMeasureRow)),
}

/** Makes base rows of what landed for a connection; see `transformLanded`. */
type Pass = (
  context: PipelineContext,
  run: { runId: string; connection: string },
  signal: AbortSignal,
) => Promise<TransformCounts>

function pass<Row extends object>(entity: EntityTransform<Row>): Pass {
  return (context, run, signal) => transformLanded(context, entity, run, signal)
}

type ToRow<Row> = (payload: unknown, context: RowContext) => RowResult<Row>

function rows<Row extends object>(name: string, base: string, key: string, toRow: ToRow<Row>): EntityTransform<Row> {
  const fingerprint = transformFingerprint(null)
  return {
    feed: `geotab.${name}`,
    raw: `raw.geotab__${name}`,
    base,
    upsert: { keys: ['connection', key], changes: 'whole' },
    rules: async () => ({ fingerprint, toRow }),
  }
}

function facts<Row extends object>(name: string, base: string, key: string, toRow: ToRow<Row>): EntityTransform<Row> {
  return { ...rows(name, base, key, toRow), upsert: { keys: ['connection', key], changes: 'material' } }
}

function references<Row extends object>(name: string, entity: string, toRow: ToRow<Row>): EntityTransform<Row> {
  return {
    ...rows(name, 'base.geotab__references', 'reference_id', toRow),
    upsert: { keys: ['connection', 'entity', 'reference_id'], changes: 'whole' },
    isWhole: true,
    referenceEntity: entity,
  }
}
