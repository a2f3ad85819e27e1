import { PipelineError } from '../../core/errors.ts'
import { cleaned, writeCell, type CellTarget } from './cell.ts'
import type { CheckedColumn, XlsCell } from './column.ts'
import type { Notes, XlsNoteKind } from './notes.ts'
import { RECORD, RECORD_HEAD } from './record.ts'
import { RowBlock } from './row-block.ts'
import type { SharedStrings } from './shared-strings.ts'
import { bofRecord, sheetHead, sheetTail } from './sheet-records.ts'
import { HEADER_CELL_FORMAT } from './styles.ts'

export interface SheetParts {
  name: string
  columns: readonly CheckedColumn[]
  /** The cell format of each column. */
  cellFormats: readonly number[]
  strings: SharedStrings
  notes: Notes
}

/** One sheet: its rows become bytes as they come. */
export class Sheet implements CellTarget {
  readonly name: string
  readonly #parts: SheetParts
  readonly #open: RowBlock
  readonly #blocks: Buffer[] = []
  /** Where each block's DBCELL record stands, from the first block on. */
  readonly #dbCells: number[] = []
  readonly #longest: Uint16Array
  #blockBytes = 0
  #rows = 0
  #column = 0
  #format = 0

  constructor(parts: SheetParts) {
    this.name = parts.name
    this.#parts = parts
    this.#open = new RowBlock(parts.columns.length)
    this.#longest = new Uint16Array(parts.columns.length)
    this.#writeHeader()
  }

  /** Rows, the header included. */
  get rows(): number {
    return this.#rows
  }

  /** Size of the rows so far. */
  get bytes(): number {
    return this.#blockBytes
  }

  writeRow(cells: readonly XlsCell[]): void {
    const { columns, cellFormats } = this.#parts
    this.#startRow()
    if (cells.length !== columns.length) throw this.#wrongWidth(cells.length)
    for (let index = 0; index < columns.length; index++) {
      this.#column = index
      this.#format = cellFormats[index]!
      writeCell(columns[index]!, cells[index], this)
    }
    if (this.#open.isFull) this.#closeBlock()
  }

  text(value: string): void {
    const { strings } = this.#parts
    let index = strings.find(value)
    let length = value.length
    if (index === undefined) {
      const text = cleaned(value, (kind, message) => this.note(kind, message))
      if (text === '') return
      length = text.length
      // A text that had to be changed may be known in its new form.
      index = (text === value ? undefined : strings.find(text)) ?? strings.add(text)
    }
    if (length > this.#longest[this.#column]!) this.#longest[this.#column] = length
    this.#open.text(this.#column, this.#format, index)
  }

  number(value: number): void {
    this.#open.number(this.#column, this.#format, value)
  }

  boolean(value: boolean): void {
    this.#open.boolean(this.#column, this.#format, value)
  }

  note(kind: XlsNoteKind, message: string): void {
    const column = this.#parts.columns[this.#column]!.name
    this.#parts.notes.add({ kind, sheet: this.name, row: this.#rows, column, message })
  }

  place(): string {
    return `${this.name}, row ${this.#rows}, column "${this.#parts.columns[this.#column]!.name}"`
  }

  /** The records of the sheet, which starts at a position of the stream. */
  finish(position: number, isFirst: boolean): Buffer[] {
    if (!this.#open.isEmpty) this.#closeBlock()
    const { columns } = this.#parts
    const head = sheetHead({ columns, longest: this.#longest, rows: this.#rows })
    const bof = bofRecord('sheet')
    const indexSize = RECORD_HEAD + 16 + this.#dbCells.length * 4
    const headAt = position + bof.length + indexSize
    const cellsAt = headAt + head.bytes.length
    const index = this.#index(headAt + head.columnWidthAt, cellsAt, indexSize)
    return [bof, index, head.bytes, ...this.#blocks, sheetTail(isFirst)]
  }

  #writeHeader(): void {
    this.#startRow()
    for (const [index, { name }] of this.#parts.columns.entries()) {
      this.#column = index
      this.#format = HEADER_CELL_FORMAT
      this.text(name)
    }
  }

  #startRow(): void {
    this.#open.startRow(this.#rows)
    this.#rows++
  }

  #closeBlock(): void {
    const { bytes, dbCellAt } = this.#open.take()
    this.#dbCells.push(this.#blockBytes + dbCellAt)
    this.#blocks.push(bytes)
    this.#blockBytes += bytes.length
  }

  #index(columnWidthAt: number, cellsAt: number, size: number): Buffer {
    const index = Buffer.alloc(size)
    let to = index.writeUInt16LE(RECORD.INDEX, 0)
    to = index.writeUInt16LE(size - RECORD_HEAD, to)
    to = index.writeUInt32LE(0, to + 4)
    to = index.writeUInt32LE(this.#rows, to)
    to = index.writeUInt32LE(columnWidthAt, to)
    for (const dbCell of this.#dbCells) to = index.writeUInt32LE(cellsAt + dbCell, to)
    return index
  }

  #wrongWidth(cells: number): PipelineError {
    const { columns } = this.#parts
    const message = `${this.name}, row ${this.#rows} has ${cells} cells for ${columns.length} columns.`
    return new PipelineError('XLS_ROW_WIDTH', `${message} Give each row one value per column.`, 'never')
  }
}
