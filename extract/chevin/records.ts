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
const BATCH = 2000

interface Unit {
  /** Index of its first line and of the line after its last. */
  from: number
  to: number
  text: string
}

/**
 * Splits a text into the records of RFC 4180, blank lines left out. What the strict parser refuses costs the line on
 * which it begins and nothing more: the next line is looked at anew.
 */
export function* splitRecords(text: string): Generator<CsvRecord> {
  const lines = text.replaceAll('\r\n', '\n').replaceAll('\r', '\n').split('\n')
  for (let at = 0; at < lines.length;) {
    const units: Unit[] = []
    let next = at
    while (units.length < BATCH && next < lines.length) {
      const unit = unitAt(lines, next)
      next = unit.to
      if (unit.text.trim() !== '') units.push(unit)
    }
    const records: CsvRecord[] = []
    at = takeUnits(units, next, lines, records)
    yield* records
  }
}

/** Whether a text seems to end in the middle of a record: no end of line, or a quote that is still open. */
export function seemsUnfinished(text: string): boolean {
  if (text === '') return true
  // With a zero behind it in UTF-16, which is refused for what it is and not waited for.
  if (!/[\r\n]\0?$/.test(text) || countQuotes(text) % 2 === 1) return true
  // Where other lines end in CR and LF, a CR alone is half an end.
  return text.endsWith('\r') && text.includes('\n')
}

/** Lines from one on until the quotes are even, which is what ends a record. */
function unitAt(lines: string[], from: number): Unit {
  const first = lines[from] ?? ''
  let quotes = countQuotes(first)
  if (quotes % 2 === 0) return { from, to: from + 1, text: first }
  const last = Math.min(lines.length, from + MOST_LINES)
  for (let to = from + 1; to < last; to += 1) {
    quotes += countQuotes(lines[to] ?? '')
    if (quotes % 2 === 0) return { from, to: to + 1, text: lines.slice(from, to + 1).join('\n') }
  }
  return { from, to: from + 1, text: first }
}

function countQuotes(text: string): number {
  let quotes = 0
  for (let at = text.indexOf('"'); at !== -1; at = text.indexOf('"', at + 1)) quotes += 1
  return quotes
}

/** Takes the records of some units over, in lots as large as the parser lets pass; returns the line to go on from. */
function takeUnits(units: Unit[], end: number, lines: string[], records: CsvRecord[]): number {
  for (let at = 0; at < units.length;) {
    let lot = units.slice(at)
    let parsed = parseStrictly(lot)
    while (!Array.isArray(parsed) && lot.length > 1) {
      lot = lot.slice(0, lot.length >> 1)
      parsed = parseStrictly(lot)
    }
    if (Array.isArray(parsed)) {
      for (const [index, unit] of lot.entries()) records.push(good(unit, parsed[index] ?? []))
    } else {
      const { from, to } = lot[0] ?? { from: end, to: end }
      records.push({ line: from + 1, lastLine: from + 1, text: lines[from] ?? '', fields: null, problem: parsed })
      if (to > from + 1) return from + 1
    }
    at += lot.length
  }
  return end
}

/** The fields of each unit, or why they are not strict CSV. */
function parseStrictly(units: Unit[]): string[][] | string {
  const text = units.map((unit) => unit.text).join('\n')
  try {
    const parsed = parse(text, { record_delimiter: '\n', relax_column_count: true })
    return parsed.length === units.length ? parsed : 'the line is not one record'
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

function good(unit: Unit, fields: string[]): CsvRecord {
  return { line: unit.from + 1, lastLine: unit.to, text: unit.text, fields, problem: null }
}
