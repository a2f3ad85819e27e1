import { parse } from 'csv-parse/sync'

/** A record of a CSV file and the lines it stands on; `fields` is null when it is no CSV, and `problem` says why. */
export interface CsvRecord {
  line: number
  lastLine: number
  text: string
  fields: string[] | null
  problem: string | null
}

// A field that goes on for more lines than this is a quote that nobody closed.
const MOST_LINES = 50
const MOST_FIELDS = 100_000
// Records that the parser is given at once: it is quick with many, and says of all only that one is broken.
const MOST_AT_ONCE = 2000

/** What seems to be one record: the text up to a line end with even quotes before it. */
interface Unit {
  line: number
  lines: number
  from: number
  /** Of its last line end, or of the text's end. */
  to: number
  text: string
}

/**
 * Splits a text into the records of RFC 4180, blank lines left out. A record that the strict parser refuses costs the
 * line on which it begins and nothing more: the next line is looked at anew.
 */
export function* splitRecords(text: string): Generator<CsvRecord> {
  const plain = text.replaceAll('\r\n', '\n').replaceAll('\r', '\n')
  let atOnce = MOST_AT_ONCE
  let [at, line] = [0, 1]
  while (at < plain.length) {
    const units = unitsFrom(plain, { at, line }, atOnce)
    const [first] = units
    if (first === undefined) return
    const parsed = parseStrictly(units)
    if (Array.isArray(parsed)) {
      yield* units.map((unit, index) => recordOf(unit, parsed[index] ?? []))
      const last = units.at(-1) ?? first
      ;[at, line] = [last.to + 1, last.line + last.lines]
      atOnce = Math.min(MOST_AT_ONCE, atOnce * 4)
    } else if (units.length > 1) {
      atOnce = 1 + (units.length >> 4)
    } else {
      const end = lineEnd(plain, first.from)
      const broken = plain.slice(first.from, end)
      yield { line: first.line, lastLine: first.line, text: broken, fields: null, problem: parsed }
      ;[at, line] = [end + 1, first.line + 1]
    }
  }
}

/** The next units that are not blank. */
function unitsFrom(text: string, { at, line }: { at: number; line: number }, most: number): Unit[] {
  const units: Unit[] = []
  while (units.length < most && at < text.length) {
    const { end, lines } = recordFrom(text, at)
    const unit = { line, lines, from: at, to: end, text: text.slice(at, end) }
    if (unit.text.trim() !== '') units.push(unit)
    line += lines
    at = end + 1
  }
  return units
}

/** The fields of each unit, or why not all are strict CSV. */
function parseStrictly(units: Unit[]): string[][] | string {
  const text = units.map((unit) => unit.text).join('\n')
  try {
    const parsed = parse(text, { record_delimiter: '\n', relax_column_count: true })
    if (parsed.length !== units.length) return 'the line is not one record'
    return parsed.some((fields) => fields.length > MOST_FIELDS) ? `it has more than ${MOST_FIELDS} columns` : parsed
  } catch (error) {
    if (!(error instanceof Error) || !('code' in error)) throw error
    return PROBLEMS[String(error.code)] ?? error.message
  }
}

const PROBLEMS: Record<string, string> = {
  INVALID_OPENING_QUOTE: 'a quote stands within a field that does not begin with one',
  CSV_INVALID_CLOSING_QUOTE: 'something follows the quote that ends a field',
  CSV_QUOTE_NOT_CLOSED: 'a quote is opened and never closed',
}

function recordOf(unit: Unit, fields: string[]): CsvRecord {
  return { line: unit.line, lastLine: unit.line + unit.lines - 1, text: unit.text, fields, problem: null }
}

/** Whether a text seems to end in the middle of a record: no end of line, or a quote that is still open. */
export function seemsUnfinished(text: string): boolean {
  if (text === '') return true
  // With a zero behind it in UTF-16, which is refused for what it is and not waited for.
  if (!/[\r\n]\0?$/.test(text) || countQuotes(text) % 2 === 1) return true
  // Where other lines end in CR and LF, a CR alone is half an end.
  return text.endsWith('\r') && text.includes('\n')
}

/** Where the record that begins somewhere ends, which is at the first line end with even quotes before it. */
function recordFrom(text: string, at: number): { end: number; lines: number } {
  const first = lineEnd(text, at)
  let quotes = countQuotes(text.slice(at, first))
  let end = first
  for (let lines = 1; lines < MOST_LINES; lines += 1) {
    if (quotes % 2 === 0) return { end, lines }
    if (end === text.length) break
    const next = lineEnd(text, end + 1)
    quotes += countQuotes(text.slice(end + 1, next))
    end = next
  }
  return quotes % 2 === 0 ? { end, lines: MOST_LINES } : { end: first, lines: 1 }
}

function lineEnd(text: string, from: number): number {
  const at = text.indexOf('\n', from)
  return at === -1 ? text.length : at
}

function countQuotes(text: string): number {
  let quotes = 0
  for (let at = text.indexOf('"'); at !== -1; at = text.indexOf('"', at + 1)) quotes += 1
  return quotes
}
