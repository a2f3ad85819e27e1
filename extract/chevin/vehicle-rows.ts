import { PipelineError } from '../../core/errors.ts'
import { splitRecords, type CsvRecord } from './records.ts'

export const VEHICLE_COLUMNS = ['serial', 'id', 'vin', 'name', 'groups'] as const
export type VehicleColumn = (typeof VEHICLE_COLUMNS)[number]

/** A row as it lands: its texts as they came, by column; a column that the file does not have is absent. */
export interface VehicleFileRow {
  line: number
  values: Partial<Record<VehicleColumn, string>>
}

/** A row of which no vehicle can be read. */
export interface BadVehicleRow {
  line: number
  field: string
  text: string
  reason: string
}

export interface VehicleRows {
  /** As the header names them; null when there is none and the columns go by position. */
  header: string[] | null
  rows: VehicleFileRow[]
  bad: BadVehicleRow[]
  warnings: string[]
}

// No fleet has so many vehicles, and no export so many slips: then it is another kind of file.
const MOST = { rows: 300_000, bad: 10_000 }
// Of columns that are not used.
const MOST_TOLD = 10

const NAMES: Record<VehicleColumn, string[]> = {
  serial: ['serial', 'serialnumber', 'serialno', 'deviceserialnumber', 'geotabserial', 'geotabserialnumber'],
  id: ['id', 'deviceid', 'geotabid', 'geotabdeviceid'],
  vin: ['vin', 'vehicleidentificationnumber', 'devicevin', 'vinnumber'],
  name: ['name', 'devicename', 'vehiclename', 'description'],
  groups: ['groups', 'group', 'groupids', 'groupid', 'devicegroup', 'devicegroups'],
}

/**
 * Reads the rows of a vehicle file. The first row is a header when two or more of its cells, or its only one, name
 * columns; then the columns go by name, in any order and any case, else by position: serial, id, vin, name, groups.
 * Throws CHEVIN_HEADER when a header leaves no vehicle to be found, CHEVIN_TOO_MANY when it is no file of vehicles.
 */
export function readVehicleRows(text: string, most = MOST): VehicleRows {
  let columns: (VehicleColumn | null)[] = [...VEHICLE_COLUMNS]
  const result: VehicleRows = { header: null, rows: [], bad: [], warnings: [] }
  let isFirst = true
  for (const record of splitRecords(text)) {
    const found = isFirst ? headerOf(record) : null
    isFirst = false
    if (result.rows.length + result.bad.length >= most.rows) throw tooMany(`more than ${most.rows} rows`)
    if (result.bad.length >= most.bad)
      throw tooMany(`${most.bad} rows that cannot be read, as in line ${result.bad[0]?.line}: ${result.bad[0]?.reason}`)
    const { line, fields, problem } = record
    if (found !== null) {
      columns = found.columns
      result.header = found.header
      result.warnings = found.warnings
    } else if (fields === null)
      result.bad.push({ line, field: 'row', text: record.text, reason: problem ?? 'it is no CSV' })
    else if (fields.every((field) => field.trim() === '')) continue
    else if (fields.length === columns.length) result.rows.push({ line, values: valuesOf(columns, fields) })
    else result.bad.push({ line, field: 'row', text: record.text, reason: countProblem(columns, fields.length) })
  }
  return result
}

function valuesOf(columns: (VehicleColumn | null)[], fields: string[]): VehicleFileRow['values'] {
  const values: VehicleFileRow['values'] = {}
  for (const [index, column] of columns.entries()) if (column !== null) values[column] = fields[index] ?? ''
  return values
}

function countProblem(columns: unknown[], found: number): string {
  return `${found} columns where ${columns.length} are expected${found > columns.length ? ' (a comma within a field needs quotes)' : ''}`
}

const columnNamed = (cell: string): VehicleColumn | null => {
  const plain = cell.toLowerCase().replaceAll(/[^a-z]/g, '')
  return VEHICLE_COLUMNS.find((column) => NAMES[column].includes(plain)) ?? null
}

function headerOf(
  record: CsvRecord | undefined,
): { header: string[]; columns: (VehicleColumn | null)[]; warnings: string[] } | null {
  const header = record?.fields ?? []
  const columns = header.map(columnNamed)
  const known = columns.filter((column) => column !== null)
  if (known.length === 0 || (known.length === 1 && header.length > 1)) return null
  const twice = known.find((column, index) => known.indexOf(column) !== index)
  if (twice !== undefined) throw badHeader(header, `two columns mean the ${twice}`)
  if (!known.includes('serial') && !known.includes('id')) {
    throw badHeader(header, 'there is neither a Serial nor an ID column')
  }
  const strange = header.filter((_cell, index) => columns[index] === null).map((cell) => JSON.stringify(cell))
  const missing = VEHICLE_COLUMNS.filter((column) => !known.includes(column))
  const warnings = [
    ...(strange.length === 0
      ? []
      : [
          `columns not used: ${strange.slice(0, MOST_TOLD).join(', ').slice(0, 500)}${strange.length > MOST_TOLD ? ` and ${strange.length - MOST_TOLD} more` : ''}`,
        ]),
    ...(missing.length === 0 ? [] : [`columns missing, which therefore stay as they are: ${missing.join(', ')}`]),
  ]
  return { header, columns, warnings }
}

function tooMany(what: string): PipelineError {
  return new PipelineError(
    'CHEVIN_TOO_MANY',
    `The vehicle file has ${what}. Nothing of it was used: have the export looked at.`,
    'never',
  )
}

function badHeader(header: string[], why: string): PipelineError {
  return new PipelineError(
    'CHEVIN_HEADER',
    `The vehicle file's header (${header.join(', ').slice(0, 300)}) cannot be used: ${why}. Nothing of the file was used. ` +
      'Have it exported with the columns Serial, ID, VIN, Name, Groups.',
    'never',
  )
}
