import { PipelineError } from '../../core/errors.ts'
import { dateSerial, dateTimeSerial, type Serial } from './cell-date.ts'
import { isDenormal } from './cell-number.ts'
import { cleanText } from './cell-text.ts'
import type { CheckedColumn, XlsCell } from './column.ts'
import type { XlsNoteKind } from './notes.ts'

/** Where a cell goes: what the column's type makes of a value is one of these, or nothing at all. */
export interface CellTarget {
  text(value: string): void
  number(value: number): void
  boolean(value: boolean): void
  note(kind: XlsNoteKind, message: string): void
  /** The sheet, row and column, for messages. */
  place(): string
}

/** Writes a value as its column's type says. */
export function writeCell(column: CheckedColumn, value: XlsCell, target: CellTarget): void {
  if (value === null || value === undefined || value === '') return
  switch (column.type) {
    case 'text':
      return writeText(column, value, target)
    case 'number':
      return writeNumber(column, value, target)
    case 'boolean':
      if (typeof value !== 'boolean') throw misfit(column, value, target)
      return target.boolean(value)
    case 'date':
      if (typeof value !== 'string') throw misfit(column, value, target)
      return writeSerial(column, value, dateSerial(value), target)
    case 'datetime':
      if (typeof value !== 'string') throw misfit(column, value, target)
      return writeSerial(column, value, dateTimeSerial(value, column.format.includes('.0') ? 1 : 1000), target)
  }
}

function writeText(column: CheckedColumn, value: unknown, target: CellTarget): void {
  if (typeof value === 'string') return target.text(value)
  if (typeof value === 'boolean') return target.text(value ? 'TRUE' : 'FALSE')
  if (typeof value === 'bigint') return target.text(String(value))
  if (typeof value !== 'number') throw misfit(column, value, target)
  if (Number.isFinite(value)) return target.text(String(value))
  target.note('number_not_finite', `${value} is not a number to write; the cell is empty`)
}

function writeNumber(column: CheckedColumn, value: unknown, target: CellTarget): void {
  if (typeof value === 'bigint') return writeBigInt(value, target)
  if (typeof value !== 'number') throw misfit(column, value, target)
  if (!Number.isFinite(value)) {
    return target.note('number_not_finite', `${value} is not a number to write; the cell is empty`)
  }
  if (!isDenormal(value)) return target.number(value)
  target.note('number_too_small', `${value} is smaller than the format can hold; written as 0`)
  target.number(0)
}

function writeBigInt(value: bigint, target: CellTarget): void {
  const number = Number(value)
  if (Number.isFinite(number) && BigInt(number) === value) return target.number(number)
  target.note('number_as_text', 'the integer has more digits than a number of the format can hold; written as text')
  target.text(String(value))
}

function writeSerial(column: CheckedColumn, value: string, serial: Serial, target: CellTarget): void {
  if (serial === undefined) throw misfit(column, value, target)
  if (serial !== 'before1900') return target.number(serial)
  target.note('date_as_text', 'the format counts days from 1900; written as text')
  target.text(value)
}

const EXPECTED = {
  text: 'a text, number or boolean',
  number: 'a number or bigint',
  boolean: 'true or false',
  date: 'a day YYYY-MM-DD as text',
  datetime: 'a wall-clock time YYYY-MM-DD HH:MM:SS as text, its zone applied',
} satisfies Record<CheckedColumn['type'], string>

// The value itself may be personal; what it is and how long suffices to find it.
function misfit(column: CheckedColumn, value: unknown, target: CellTarget): PipelineError {
  const found = typeof value === 'string' ? `a text of ${value.length} characters` : kindOf(value)
  const message = `${target.place()} holds ${found}; a ${column.type} column takes ${EXPECTED[column.type]}.`
  return new PipelineError('XLS_CELL_TYPE', `${message} Convert the value, or change the column's type.`, 'never')
}

function kindOf(value: unknown): string {
  if (value instanceof Date) return 'a Date'
  return Array.isArray(value) ? 'an array' : `a value of type ${typeof value}`
}

/** A text as a cell can hold it; what was done for that is noted. */
export function cleaned(value: string, note: CellTarget['note']): string {
  const { text, removed, replaced, cut } = cleanText(value)
  if (removed > 0) note('control_characters_removed', `${removed} control characters removed`)
  if (replaced > 0) note('half_characters_replaced', `${replaced} halves of characters replaced by U+FFFD`)
  if (cut > 0) note('text_shortened', `${cut} of ${text.length + cut} characters cut from the end`)
  return text
}
