import { parse } from 'csv-parse/sync'

/** The records of a CSV text (RFC 4180), all of the same length. Throws a TypeError that names the line. */
export function parseCsv(text: string, delimiter: string): string[][] {
  try {
    return parse(text, { bom: true, delimiter, skip_empty_lines: true })
  } catch (error) {
    throw new TypeError(`cannot be read as CSV: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    })
  }
}
