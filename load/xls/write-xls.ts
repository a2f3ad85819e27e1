import { checkedColumns, type CheckedColumn, type XlsCell, type XlsColumn } from './column.ts'
import { checkedOptions, type XlsOptions } from './limits.ts'
import type { XlsNote, XlsNoteKind } from './notes.ts'
import { checkSheetName } from './sheet-name.ts'
import { Workbook } from './workbook.ts'

export interface XlsTable {
  columns: readonly XlsColumn[]
  /** Each with one value per column. They are read once, and not kept. */
  rows: Iterable<readonly XlsCell[]> | AsyncIterable<readonly XlsCell[]>
  /** `Sheet1` unless stated. */
  sheetName?: string
}

export interface XlsFile {
  content: Uint8Array
  sheets: number
  /** Rows of data, headers not counted. */
  rows: number
  /** What was done to values so that cells could hold them: the first 100 of this file. */
  notes: XlsNote[]
  /** All of them, counted. */
  noteCounts: Partial<Record<XlsNoteKind, number>>
}

/**
 * A table as Excel 97-2003 workbooks (.xls), one unless it outgrows the file. The header row is bold and stays in
 * sight. The same table gives the same bytes. Without rows there is a file with the header alone.
 *
 * Throws a PipelineError for a column contract that does not hold, and for a value that does not fit its column.
 */
export async function writeXls(table: XlsTable, options: XlsOptions = {}): Promise<XlsFile[]> {
  const files: XlsFile[] = []
  for await (const file of xlsFiles(table, options)) files.push(file)
  return files
}

/** The same, file by file, so that only one is in memory. */
export async function* xlsFiles(table: XlsTable, options: XlsOptions = {}): AsyncGenerator<XlsFile, void, void> {
  const columns = checkedColumns(table.columns)
  const sheetName = table.sheetName ?? 'Sheet1'
  checkSheetName(sheetName)
  const limits = checkedOptions(options)
  let draft = new Draft(columns, sheetName, limits)
  for await (const row of table.rows) {
    if (draft.isFull()) {
      const file = draft.finish()
      // Let go of the draft before the file is handed out: whoever takes it may keep it for long.
      draft = new Draft(columns, sheetName, limits)
      yield file
    }
    draft.write(row)
  }
  yield draft.finish()
}

/** A file while rows come in. */
class Draft {
  readonly #workbook: Workbook
  readonly #sheetName: string
  readonly #limits: Required<XlsOptions>
  #rows = 0
  #sheet

  constructor(columns: readonly CheckedColumn[], sheetName: string, limits: Required<XlsOptions>) {
    this.#workbook = new Workbook(columns)
    this.#sheetName = sheetName
    this.#limits = limits
    this.#sheet = this.#workbook.addSheet(sheetName)
  }

  /** Whether the next row belongs to another file; every file takes one at least. */
  isFull(): boolean {
    const { sheetsPerFile, bytesPerFile } = this.#limits
    if (this.#rows > 0 && this.#workbook.bytes > bytesPerFile) return true
    return this.#sheetIsFull() && this.#workbook.sheets.length === sheetsPerFile
  }

  write(row: readonly XlsCell[]): void {
    if (this.#sheetIsFull()) this.#sheet = this.#workbook.addSheet(this.#sheetName)
    this.#sheet.writeRow(row)
    this.#rows++
  }

  finish(): XlsFile {
    const { notes, sheets } = this.#workbook
    const content = this.#workbook.finish()
    return { content, sheets: sheets.length, rows: this.#rows, notes: notes.first, noteCounts: notes.counts }
  }

  #sheetIsFull(): boolean {
    return this.#sheet.rows === this.#limits.rowsPerSheet
  }
}
