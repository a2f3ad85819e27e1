import type { ReportName } from '../../core/config-geotab-schema.ts'

/** A report that is sent to Chevin as .xls files: one entry says all there is to know about it. */
export interface Report {
  name: ReportName
  /** As it stands in file names: `washingtongas_asset status report_20260121_130000.xls`. */
  title: string
  /** The view with exactly the report's columns. */
  model: string
  /** The model with those columns and, before them, what tells its rows apart and when they arrived. */
  rowsModel: string
  /**
   * Which rows a file holds: all of them as they are now (`state`), or those that arrived or changed since the last
   * file (`changes`).
   */
  rows: 'state' | 'changes'
  /** The feeds without which a file would tell less than the truth: when one of them failed, none is made. */
  feeds: string[]
}

export const REPORTS: readonly Report[] = [
  {
    name: 'asset_status',
    title: 'asset status report',
    model: 'reports.rpt_asset_status',
    rowsModel: 'intermediate.int_geotab_asset_status_reported',
    rows: 'state',
    feeds: [
      'geotab.devices',
      'geotab.device_status_info',
      'geotab.log_records',
      'geotab.status_data',
      'geotab.trips',
      'geotab.groups',
      'geotab.zones',
      'geotab.users',
    ],
  },
  {
    name: 'trips_history',
    title: 'trips history report',
    model: 'reports.rpt_trips_history',
    rowsModel: 'intermediate.int_geotab_trips_reported',
    rows: 'changes',
    feeds: ['geotab.devices', 'geotab.trips', 'geotab.status_data', 'geotab.zones', 'geotab.users'],
  },
  {
    name: 'exceptions_details',
    title: 'exceptions details report',
    model: 'reports.rpt_exceptions_details',
    rowsModel: 'intermediate.int_geotab_exceptions_reported',
    rows: 'changes',
    feeds: [
      'geotab.devices',
      'geotab.exception_events',
      'geotab.rules',
      'geotab.log_records',
      'geotab.zones',
      'geotab.users',
    ],
  },
  {
    name: 'engine_faults',
    title: 'engine faults report',
    model: 'reports.rpt_engine_faults',
    rowsModel: 'intermediate.int_geotab_faults_reported',
    rows: 'changes',
    feeds: ['geotab.devices', 'geotab.fault_data', 'geotab.diagnostics', 'geotab.driver_changes', 'geotab.trips'],
  },
]

/** `{prefix}_{title}_{timestamp}.xls`: the end of the window in UTC, and which of several files it is. */
export function reportFileName(
  prefix: string,
  report: Pick<Report, 'title'>,
  windowEnd: Date,
  part: { number: number; of: number },
): string {
  const stamp = windowEnd.toISOString().replaceAll(/[-:]/g, '').replace('T', '_').slice(0, 15)
  const suffix = part.of === 1 ? '' : `_${part.number}of${part.of}`
  return `${prefix}_${report.title}_${stamp}${suffix}.xls`
}
