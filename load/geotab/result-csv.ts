import type { DeviceValues, UpdatedField } from './device.ts'
import type { StoredPlanRow } from './plans.ts'
import type { DeviceUpdate } from './updates.ts'

/** What became of a row of the file, in the words of the result. */
export interface RowResult {
  line: number
  serial_number: string
  id: string
  device_id: string
  result: 'applied' | 'unchanged' | 'rejected' | 'failed' | 'planned'
  changed: UpdatedField[]
  before: DeviceValues
  after: DeviceValues
  reasons: string[]
  explanation: string
  warnings: string[]
  at: Date | null
}

export function rowResult(row: StoredPlanRow, update: DeviceUpdate | undefined): RowResult {
  const { line, rowSerialNumber, rowDeviceId, deviceId, reasons, explanation, warnings } = row
  const told = { line, serial_number: rowSerialNumber, id: rowDeviceId, device_id: deviceId ?? '', warnings }
  const nothing = { changed: [], before: {}, after: {}, at: null }
  if (row.decision !== 'change') {
    const result = row.decision === 'unchanged' ? 'unchanged' : 'rejected'
    return { ...told, ...nothing, result, reasons, explanation }
  }
  if (update === undefined || update.outcome === null) {
    const { before, after, fields } = row
    const trouble = update?.error_message
    const why = trouble === undefined || trouble === null ? explanation : `not done yet: ${trouble}`
    return {
      ...told,
      changed: fields,
      before: before ?? {},
      after: after ?? {},
      at: null,
      result: 'planned',
      reasons,
      explanation: why,
    }
  }
  const { fields, before, after, left_alone, error_code, error_message, ended_at } = update
  const changes = { changed: fields, before, after, at: ended_at }
  const why = { reasons: error_code === null ? [] : [error_code], explanation: error_message ?? '' }
  switch (update.outcome) {
    case 'applied':
      return {
        ...told,
        ...changes,
        result: 'applied',
        reasons: left_alone.length === 0 ? reasons : [...reasons, 'EDITED_MEANWHILE'],
        explanation: left_alone.length === 0 ? '' : `${left_alone.join(', ')} changed meanwhile and was left alone`,
      }
    case 'already':
      return {
        ...told,
        ...nothing,
        at: ended_at,
        result: 'unchanged',
        reasons: ['ALREADY'],
        explanation: 'it was as asked for already',
      }
    case 'left_alone':
    case 'rejected':
      return { ...told, ...nothing, at: ended_at, result: 'rejected', ...why }
    default:
      return { ...told, ...changes, result: 'failed', ...why }
  }
}

export const RESULT_COLUMNS = [
  'line',
  'serial_number',
  'id',
  'device_id',
  'result',
  'changed',
  'name_before',
  'name_after',
  'vin_before',
  'vin_after',
  'groups_before',
  'groups_after',
  'reasons',
  'explanation',
  'warnings',
  'at',
]

/** The cells of a result, in the order of RESULT_COLUMNS. */
export function resultCells(row: RowResult): string[] {
  const { before, after } = row
  const groups = (values: DeviceValues) => values.groups?.join('|') ?? ''
  return [
    String(row.line),
    row.serial_number,
    row.id,
    row.device_id,
    row.result,
    row.changed.join('|'),
    before.name ?? '',
    after.name ?? '',
    before.vin ?? '',
    after.vin ?? '',
    groups(before),
    groups(after),
    row.reasons.join('|'),
    row.explanation,
    row.warnings.join('; '),
    row.at?.toISOString() ?? '',
  ]
}

/** RFC 4180 in UTF-8. A cell that a spreadsheet would take for a formula gets an apostrophe before it. */
export function resultCsv(rows: Iterable<RowResult>): Buffer {
  const lines = [RESULT_COLUMNS.join(',')]
  for (const row of rows) lines.push(resultCells(row).map(cell).join(','))
  return Buffer.from(`${lines.join('\r\n')}\r\n`)
}

function cell(text: string): string {
  const safe = /^[=+\-@\t\r\n\uff0b\uff0d\uff1d\uff20]/.test(text) ? `'${text}` : text
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}
