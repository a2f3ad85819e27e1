import type { CheckedColumn } from './column.ts'
import { RECORD, f64, record, u16, u32, u8 } from './record.ts'
import { DEFAULT_CELL_FORMAT } from './styles.ts'

const LEAST_WIDTH = 8
const MOST_WIDTH = 60
const MARGIN = 2
// A column's width is counted in 1/256 of a digit; a little more for the lines of the grid.
const WIDTH_UNIT = 256
const GRID = 182
const MOST_COLINFO = 255

/** The record that begins the workbook's own part, and each sheet. */
export function bofRecord(kind: 'workbook' | 'sheet'): Buffer {
  const build = [...u16(0x0dbb), ...u16(0x07cc)]
  return record(RECORD.BOF, u16(0x0600), u16(kind === 'workbook' ? 0x0005 : 0x0010), build, u32(0), u32(0x0006))
}

export interface SheetHead {
  bytes: Buffer
  /** Where in the bytes the record of the default column width stands: the index points there. */
  columnWidthAt: number
}

interface SheetShape {
  columns: readonly CheckedColumn[]
  /** Length of each column's longest text, its header included. */
  longest: Uint16Array
  rows: number
}

/** Everything between a sheet's index and its cells. */
export function sheetHead({ columns, longest, rows }: SheetShape): SheetHead {
  const settings = Buffer.concat([
    record(RECORD.CALCMODE, u16(1)),
    record(RECORD.CALCCOUNT, u16(100)),
    record(RECORD.CALCREFMODE, u16(1)),
    record(RECORD.CALCITER, u16(0)),
    record(RECORD.CALCDELTA, f64(0.001)),
    record(RECORD.CALCSAVERECALC, u16(1)),
    record(RECORD.PRINTROWCOL, u16(0)),
    record(RECORD.PRINTGRID, u16(0)),
    record(RECORD.GRIDSET, u16(1)),
    record(RECORD.GUTS, u32(0), u32(0)),
    record(RECORD.DEFAULTROWHEIGHT, u16(0), u16(255)),
    record(RECORD.WSBOOL, u16(0x04c1)),
    record(RECORD.HEADER),
    record(RECORD.FOOTER),
    record(RECORD.HCENTER, u16(0)),
    record(RECORD.VCENTER, u16(0)),
    setup(),
  ])
  const bytes = Buffer.concat([
    settings,
    record(RECORD.DEFCOLWIDTH, u16(LEAST_WIDTH)),
    ...columnRecords(columns.map((column, index) => widthOf(column, longest[index]!))),
    record(RECORD.DIMENSIONS, u32(0), u32(rows), u16(0), u16(columns.length), u16(0)),
  ])
  return { bytes, columnWidthAt: settings.length }
}

/** How it prints: on the printer's own paper, upright, at full size, with half an inch for header and footer. */
function setup(): Buffer {
  const fullSize = u16(100)
  const upright = u16(0x0006) // and the printer's own settings unknown
  const dots = u16(600)
  const margins = [f64(0.5), f64(0.5)]
  return record(RECORD.SETUP, u16(0), fullSize, u16(1), u16(1), u16(1), upright, dots, dots, ...margins, u16(1))
}

function widthOf({ type, width, format }: CheckedColumn, longest: number): number {
  if (width !== undefined) return width
  const value = type === 'date' || type === 'datetime' ? format.length : LEAST_WIDTH
  return Math.min(MOST_WIDTH, Math.max(value, longest) + MARGIN)
}

/** Widths, one record for neighbours that are alike; a sheet may have one record less than it may have columns. */
function columnRecords(widths: number[]): Buffer[] {
  const runs: { first: number; last: number; width: number }[] = []
  for (const [index, width] of widths.entries()) {
    const run = runs.at(-1)
    if (run !== undefined && (run.width === width || runs.length === MOST_COLINFO)) {
      run.last = index
      run.width = Math.max(run.width, width)
    } else runs.push({ first: index, last: index, width })
  }
  return runs.map(({ first, last, width }) => {
    const units = Math.min(0xffff, Math.round(width * WIDTH_UNIT) + GRID)
    const setByUser = u16(0x0002)
    return record(RECORD.COLINFO, u16(first), u16(last), u16(units), u16(DEFAULT_CELL_FORMAT), setByUser, u16(0))
  })
}

const SHOWN = 0x01be // grid, headings, zeros, the pane frozen without a split
const SELECTED = 0x0600

/** How the sheet is seen: its header row stands still. */
export function sheetTail(isFirst: boolean): Buffer {
  const [topPane, bottomPane] = [3, 2]
  const firstShown = u16(1)
  return Buffer.concat([
    record(
      RECORD.WINDOW2,
      u16(SHOWN | (isFirst ? SELECTED : 0)),
      u16(0),
      u16(0),
      u16(0x0040),
      u16(0),
      u16(0),
      u16(0),
      u32(0),
    ),
    record(RECORD.PANE, u16(0), u16(1), firstShown, u16(0), u8(bottomPane), u8(0)),
    selection(topPane, 0),
    selection(bottomPane, 1),
    record(RECORD.EOF),
  ])
}

function selection(pane: number, row: number): Buffer {
  return record(RECORD.SELECTION, u8(pane), u16(row), u16(0), u16(0), u16(1), u16(row), u16(row), u8(0), u8(0))
}
