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

/**
 * Splits a text into the records of RFC 4180, blank lines left out. A record that is not strictly so costs the line on
 * which it begins and nothing more: the next line is looked at anew.
 */
export function* splitRecords(text: string): Generator<CsvRecord> {
  const plain = text.replaceAll('\r\n', '\n').replaceAll('\r', '\n')
  let line = 1
  for (let at = 0; at < plain.length;) {
    const { end, lines } = recordFrom(plain, at)
    const record = plain.slice(at, end)
    const fields = fieldsOf(record)
    if (typeof fields === 'string') {
      const next = lineEnd(plain, at)
      yield { line, lastLine: line, text: plain.slice(at, next), fields: null, problem: fields }
      line += 1
      at = next + 1
    } else {
      const lastLine = line + lines - 1
      if (record.trim() !== '') yield { line, lastLine, text: record, fields, problem: null }
      line += lines
      at = end + 1
    }
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

/** The fields of a record, or why it is not strict CSV. Written by hand, since a file may be broken in every line. */
function fieldsOf(text: string): string[] | string {
  const fields: string[] = []
  let quote = text.indexOf('"')
  for (let at = 0; fields.length < MOST_FIELDS;) {
    if (quote !== -1 && quote < at) quote = text.indexOf('"', at)
    let end: number
    if (quote === at) {
      end = endOfQuoted(text, at)
      if (end === -1) return 'a quote is opened and never closed'
      if (end < text.length && text[end] !== ',') return 'something follows the quote that ends a field'
      fields.push(text.slice(at + 1, end - 1).replaceAll('""', '"'))
    } else {
      const comma = text.indexOf(',', at)
      end = comma === -1 ? text.length : comma
      if (quote !== -1 && quote < end) return 'a quote stands within a field that does not begin with one'
      fields.push(text.slice(at, end))
    }
    if (end === text.length) return fields
    at = end + 1
  }
  return `it has more than ${MOST_FIELDS} columns`
}

/** Where a field in quotes ends, or -1. */
function endOfQuoted(text: string, from: number): number {
  let at = text.indexOf('"', from + 1)
  while (at !== -1 && text[at + 1] === '"') at = text.indexOf('"', at + 2)
  return at === -1 ? -1 : at + 1
}
