import { PipelineError } from '../../core/errors.ts'
import { cleanText } from './cell-text.ts'
import { MOST_COLUMNS, MOST_FORMATS } from './limits.ts'

/**
 * What the cells of a column may hold:
 * - `text`: text; a number or bigint is written as its text, a boolean as TRUE or FALSE
 * - `number`: a number; a bigint becomes a number where a double holds it exactly, else text, with a note
 * - `boolean`: true or false
 * - `date`: `YYYY-MM-DD`
 * - `datetime`: wall-clock time without a zone, `YYYY-MM-DD HH:MM[:SS[.fff]]` (or a `T` between); whoever calls has
 *   applied the zone. It is cut, never rounded up, to whole seconds, or to milliseconds if the format shows fractions.
 *
 * null, undefined and '' leave the cell truly empty, whatever its type.
 */
export type XlsColumnType = 'text' | 'number' | 'boolean' | 'date' | 'datetime'

export interface XlsColumn {
  name: string
  type: XlsColumnType
  /** In characters, up to 255; from the header and the longest text if absent. */
  width?: number
  /** Number format of a number, date or datetime column (`0.00`, `mm/dd/yyyy`). */
  format?: string
}

export type XlsCell = string | number | bigint | boolean | null | undefined

const DEFAULT_FORMATS = {
  text: '@',
  number: 'General',
  boolean: 'General',
  date: 'yyyy-mm-dd',
  datetime: 'yyyy-mm-dd hh:mm:ss',
} satisfies Record<XlsColumnType, string>

const WIDEST = 255
const LONGEST_FORMAT = 255

/** A column whose contract holds. */
export interface CheckedColumn {
  name: string
  type: XlsColumnType
  width: number | undefined
  format: string
}

export function checkedColumns(columns: readonly XlsColumn[]): CheckedColumn[] {
  if (columns.length === 0) throw invalid('XLS_COLUMNS', 'The sheet has no columns; state at least one.')
  if (columns.length > MOST_COLUMNS) {
    const count = `The sheet has ${columns.length} columns`
    throw invalid('XLS_TOO_MANY_COLUMNS', `${count}; an .xls sheet holds ${MOST_COLUMNS}. Leave some out.`)
  }
  const names = new Set<string>()
  const checked = columns.map((column, index) => {
    const at = `Column ${index + 1} of the sheet`
    checkName(column.name, names, at)
    return checkedColumn(column, `${at} ("${column.name}")`)
  })
  const formats = new Set(checked.map(({ format }) => format)).size
  if (formats > MOST_FORMATS) {
    throw invalid('XLS_FORMAT', `The columns have ${formats} number formats; an .xls workbook holds ${MOST_FORMATS}.`)
  }
  return checked
}

function checkName(name: string, names: Set<string>, at: string): void {
  if (typeof name !== 'string' || name.trim() === '') throw invalid('XLS_COLUMN_NAME', `${at} has no name.`)
  if (cleanText(name).text !== name) {
    throw invalid('XLS_COLUMN_NAME', `${at}: its name is too long, or has control characters or half a character.`)
  }
  if (names.has(name)) throw invalid('XLS_COLUMN_NAME', `${at} is named "${name}" like another; names must differ.`)
  names.add(name)
}

function checkedColumn({ name, type, width, format }: XlsColumn, at: string): CheckedColumn {
  if (!Object.hasOwn(DEFAULT_FORMATS, type)) {
    const types = Object.keys(DEFAULT_FORMATS).join(', ')
    throw invalid('XLS_COLUMN_TYPE', `${at} has the type "${type}"; it must be one of ${types}.`)
  }
  if (width !== undefined && !(width > 0 && width <= WIDEST)) {
    throw invalid('XLS_COLUMN_WIDTH', `${at} is ${width} wide; it must be above 0 and at most ${WIDEST} characters.`)
  }
  if (format !== undefined) {
    if (type === 'text' || type === 'boolean') throw invalid('XLS_FORMAT', `${at}: a ${type} column takes no format.`)
    if (!isFormat(format)) throw invalid('XLS_FORMAT', `${at}: "${format}" is not a number format.`)
  }
  return { name, type, width, format: format ?? DEFAULT_FORMATS[type] }
}

/** Excel calls a workbook damaged over a format with an open quote or bracket, or more than four sections. */
function isFormat(format: string): boolean {
  if (format.trim() === '' || format.length > LONGEST_FORMAT || cleanText(format).text !== format) return false
  if (/[\t\r\n]/.test(format)) return false
  const bare = format.replaceAll(/\\.|"[^"]*"|\[[^[\]"]*\]/gu, '')
  return !/["[\]\\]/.test(bare) && bare.split(';').length <= 4
}

function invalid(code: string, message: string): PipelineError {
  return new PipelineError(code, message, 'never')
}
