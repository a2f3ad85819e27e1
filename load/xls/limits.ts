import { PipelineError } from '../../core/errors.ts'

/** Rows of a sheet, header included; the format counts them in 16 bits. */
export const MOST_ROWS = 65_536
export const MOST_COLUMNS = 256
/** UTF-16 units of a cell's text. */
export const LONGEST_TEXT = 32_767
/** Number formats of a workbook, less the eight that every workbook states. */
export const MOST_FORMATS = 210

// The index over the shared strings counts them in groups of at most 65,535, in 128 groups: 8.3 million strings. A
// string and the cell that shows it take 18 bytes or more, so files of this size never get there.
const MOST_BYTES = 128 * 1024 * 1024
const SHEETS = 4

/** Where a table is cut. Whatever does not fit goes on in the next sheet, then in the next file, header repeated. */
export interface XlsOptions {
  /** Sheets of a file, 1 to 255; 4 unless stated. */
  sheetsPerFile?: number
  /** Rows of a sheet, its header included: 2 to 65,536, which is the default. */
  rowsPerSheet?: number
  /** A file ends at the first row behind this size: 1 to 134,217,728 (128 MiB), which is the default. */
  bytesPerFile?: number
}

export function checkedOptions(options: XlsOptions): Required<XlsOptions> {
  return {
    sheetsPerFile: checked('sheetsPerFile', options.sheetsPerFile ?? SHEETS, 1, 255),
    rowsPerSheet: checked('rowsPerSheet', options.rowsPerSheet ?? MOST_ROWS, 2, MOST_ROWS),
    bytesPerFile: checked('bytesPerFile', options.bytesPerFile ?? MOST_BYTES, 1, MOST_BYTES),
  }
}

function checked(name: string, value: number, least: number, most: number): number {
  if (Number.isInteger(value) && value >= least && value <= most) return value
  throw new PipelineError(
    'XLS_OPTION',
    `The workbook option ${name} is ${value}; it must be a whole number from ${least} to ${most}.`,
    'never',
  )
}
