import type { XlsCell, XlsColumn } from '../../../load/xls/column.ts'
import type { XlsOptions } from '../../../load/xls/limits.ts'
import { writeXls, type XlsFile } from '../../../load/xls/write-xls.ts'
import { walkContainer } from './walk-container.ts'
import { walkWorkbook, type WalkedCell, type WalkedWorkbook } from './walk-records.ts'

export const textColumns = (count: number): XlsColumn[] =>
  Array.from({ length: count }, (_, index) => ({ name: `Column${index + 1}`, type: 'text' }))

export const columnsOf = (...types: XlsColumn['type'][]): XlsColumn[] =>
  types.map((type, index) => ({ name: `Column${index + 1}`, type }))

export async function writeOne(
  columns: readonly XlsColumn[],
  rows: readonly (readonly XlsCell[])[],
  options: XlsOptions = {},
): Promise<XlsFile> {
  const [file, ...others] = await writeXls({ columns, rows }, options)
  if (file === undefined || others.length > 0) throw new Error(`${others.length + 1} files instead of one`)
  return file
}

export function walk({ content }: XlsFile): WalkedWorkbook {
  return walkWorkbook(walkContainer(content).stream)
}

/** The values of the only column of the only sheet, row by row from the one below the header. */
export async function written(column: Omit<XlsColumn, 'name'>, values: readonly XlsCell[]): Promise<unknown[]> {
  const file = await writeOne(
    [{ name: 'Value', ...column }],
    values.map((value) => [value]),
  )
  const [sheet] = walk(file).sheets
  return values.map((_, index): WalkedCell | null => sheet!.cells.get(`${index + 1},0`) ?? null)
}
