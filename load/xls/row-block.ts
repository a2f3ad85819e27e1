import { rkOf } from './cell-number.ts'
import { RECORD, RECORD_HEAD } from './record.ts'
import { DEFAULT_CELL_FORMAT } from './styles.ts'

export const ROWS_PER_BLOCK = 32

const CELL_HEAD = RECORD_HEAD + 6
const LONGEST_CELL = CELL_HEAD + 8
const ROW_BODY = 16
const ROW_SIZE = RECORD_HEAD + ROW_BODY
const ROW_HEIGHT = 255

/** Bytes of a block, and where its DBCELL record stands in it. */
export interface BlockBytes {
  bytes: Buffer
  dbCellAt: number
}

/** Up to 32 rows: their ROW records, their cells, and a DBCELL record that says where each row's cells start. */
export class RowBlock {
  readonly #columns: number
  #cells: Buffer
  #used = 0
  #firstRow = 0
  #rows = 0
  readonly #starts = new Uint32Array(ROWS_PER_BLOCK)
  readonly #firstColumns = new Uint16Array(ROWS_PER_BLOCK)
  readonly #endColumns = new Uint16Array(ROWS_PER_BLOCK)

  constructor(columns: number) {
    this.#columns = columns
    this.#cells = Buffer.allocUnsafeSlow(ROWS_PER_BLOCK * columns * LONGEST_CELL)
  }

  get isFull(): boolean {
    return this.#rows === ROWS_PER_BLOCK
  }

  get isEmpty(): boolean {
    return this.#rows === 0
  }

  startRow(row: number): void {
    if (this.#rows === 0) this.#firstRow = row
    this.#starts[this.#rows] = this.#used
    this.#firstColumns[this.#rows] = this.#columns
    this.#endColumns[this.#rows] = 0
    this.#rows++
  }

  /** A text, by its index among the shared strings. */
  text(column: number, format: number, index: number): void {
    this.#start(RECORD.LABELSST, column, format, 4)
    this.#used = this.#cells.writeUInt32LE(index, this.#used)
  }

  number(column: number, format: number, value: number): void {
    const rk = rkOf(value)
    if (rk === undefined) {
      this.#start(RECORD.NUMBER, column, format, 8)
      this.#used = this.#cells.writeDoubleLE(value, this.#used)
    } else {
      this.#start(RECORD.RK, column, format, 4)
      this.#used = this.#cells.writeInt32LE(rk, this.#used)
    }
  }

  boolean(column: number, format: number, value: boolean): void {
    this.#start(RECORD.BOOLERR, column, format, 2)
    // The second byte says that it is no error code.
    this.#used = this.#cells.writeUInt16LE(value ? 1 : 0, this.#used)
  }

  #start(id: number, column: number, format: number, valueSize: number): void {
    const at = this.#rows - 1
    if (this.#endColumns[at] === 0) this.#firstColumns[at] = column
    this.#endColumns[at] = column + 1
    const cells = this.#cells
    cells.writeUInt16LE(id, this.#used)
    cells.writeUInt16LE(6 + valueSize, this.#used + 2)
    cells.writeUInt16LE(this.#firstRow + at, this.#used + 4)
    cells.writeUInt16LE(column, this.#used + 6)
    cells.writeUInt16LE(format, this.#used + 8)
    this.#used += CELL_HEAD
  }

  /** The block's bytes; the block is empty afterwards. */
  take(): BlockBytes {
    const rows = this.#rows
    const dbCellAt = rows * ROW_SIZE + this.#used
    const bytes = Buffer.allocUnsafeSlow(dbCellAt + RECORD_HEAD + 4 + rows * 2)
    for (let at = 0; at < rows; at++) this.#writeRow(bytes, at)
    this.#cells.copy(bytes, rows * ROW_SIZE, 0, this.#used)
    this.#writeDbCell(bytes, dbCellAt)
    this.#used = 0
    this.#rows = 0
    return { bytes, dbCellAt }
  }

  #writeRow(bytes: Buffer, at: number): void {
    let to = at * ROW_SIZE
    const end = this.#endColumns[at]!
    to = bytes.writeUInt16LE(RECORD.ROW, to)
    to = bytes.writeUInt16LE(ROW_BODY, to)
    to = bytes.writeUInt16LE(this.#firstRow + at, to)
    to = bytes.writeUInt16LE(end === 0 ? 0 : this.#firstColumns[at]!, to)
    to = bytes.writeUInt16LE(end, to)
    to = bytes.writeUInt16LE(ROW_HEIGHT, to)
    to = bytes.writeUInt32LE(0, to)
    to = bytes.writeUInt16LE(0x0100, to)
    bytes.writeUInt16LE(DEFAULT_CELL_FORMAT, to)
  }

  /** Each row's first cell, counted from that of the row before; the first from the end of the first ROW record. */
  #writeDbCell(bytes: Buffer, dbCellAt: number): void {
    let to = bytes.writeUInt16LE(RECORD.DBCELL, dbCellAt)
    to = bytes.writeUInt16LE(4 + this.#rows * 2, to)
    to = bytes.writeUInt32LE(this.#used === 0 ? 0 : dbCellAt, to)
    for (let at = 0; at < this.#rows; at++) {
      const before = at === 0 ? -(this.#rows - 1) * ROW_SIZE : this.#starts[at - 1]!
      to = bytes.writeUInt16LE(this.#starts[at]! - before, to)
    }
  }
}
