import { wantsPlainOutput } from '../core/config-environment.ts'

export type Cell = string | number | boolean | bigint | Date | null | undefined | object

const isNumeric = (text: string) => /^-?[\d,]*\.?\d+%?$/.test(text)

export function cellText(value: Cell): string {
  if (value === null || value === undefined) return ''
  if (value instanceof Date) return value.toISOString()
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}

/** Rows as an aligned text table: numbers to the right, control characters shown rather than sent to the terminal. */
export function renderTable(columns: string[], rows: Cell[][]): string {
  const texts = rows.map((row) => row.map((cell) => printable(cellText(cell))))
  const widths = columns.map((column, i) =>
    texts.reduce((width, row) => Math.max(width, row[i]?.length ?? 0), column.length),
  )
  const numeric = columns.map((_column, i) => texts.every((row) => (row[i] ?? '') === '' || isNumeric(row[i] ?? '')))
  const line = (cells: string[]) =>
    cells
      .map((cell, i) => (numeric[i] ? cell.padStart(widths[i] ?? 0) : cell.padEnd(widths[i] ?? 0)))
      .join('  ')
      .trimEnd()
  const rule = widths.map((width) => '-'.repeat(width)).join('  ')
  return [line(columns), rule, ...texts.map(line)].join('\n')
}

const MAX_CELL = 80

function printable(text: string): string {
  // eslint-disable-next-line no-control-regex -- the point is to find control characters
  const flat = text.replaceAll(/[\u0000-\u001f\u007f-\u009f]/g, (c) => (c === '\n' || c === '\t' ? ' ' : '?'))
  return flat.length > MAX_CELL
    ? `${flat
        .slice(0, MAX_CELL - 1)
        .toWellFormed()
        .replace(/\ufffd$/, '')}…`
    : flat
}

/** RFC 4180: CRLF line ends, quotes where needed, doubled inside. */
export function renderCsv(columns: string[], rows: Cell[][]): string {
  const field = (text: string) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)
  return [columns, ...rows.map((row) => row.map(cellText))].map((row) => `${row.map(field).join(',')}\r\n`).join('')
}

/** JSON for stdout: one document, two spaces. */
export function renderJson(value: unknown): string {
  return JSON.stringify(value, null, 2)
}

export function print(text: string): void {
  process.stdout.write(text.endsWith('\n') ? text : `${text}\n`)
}

/** What a person reads while data goes to stdout. */
export function say(text: string): void {
  process.stderr.write(`${text}\n`)
}

export function count(value: number): string {
  return value.toLocaleString('en-US')
}

export function money(value: string | number | null): string {
  if (value === null) return ''
  const [whole = '0', cents = '00'] = Number(value).toFixed(2).split('.')
  return `${whole.replaceAll(/\B(?=(\d{3})+(?!\d))/g, ',')}.${cents}`
}

/** Whether stderr may carry a moving progress line. */
export function isInteractive(): boolean {
  return process.stderr.isTTY && !wantsPlainOutput()
}
