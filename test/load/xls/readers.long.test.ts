import fc from 'fast-check'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { XlsCell, XlsColumn } from '../../../load/xls/column.ts'
import { writeXls } from '../../../load/xls/write-xls.ts'
import { libreOfficeMissing, readWithLibreOffice, readWithXlrd, xlrdMissing } from '../../support/workbook-readers.ts'
import { columnsOf, textColumns } from './a-table.ts'
import {
  alikeInLibreOffice,
  asLibreOffice,
  asXlrd,
  dateTextOf,
  outsideTables,
  type OutsideTable,
} from './outside-table.ts'

let folder: string
let files = 0

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'milepost-xls-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

/** The path of a file with the table, which is one file long. */
async function save({ columns, rows }: { columns: readonly XlsColumn[]; rows: Iterable<readonly XlsCell[]> }) {
  const [file, ...others] = await writeXls({ columns, rows })
  expect(others).toEqual([])
  const path = join(folder, `table-${++files}.xls`)
  await writeFile(path, file!.content)
  return path
}

const READERS = [
  {
    reader: 'xlrd',
    missing: xlrdMissing(),
    randomTables: 20,
    read: async (path: string, { columns }: OutsideTable) =>
      (await readWithXlrd(path)).map(({ name, rows: [header, ...rows] }) => {
        const values = rows.map((row) => row.map((cell, index): unknown => dateTextOf(columns[index]!, cell)))
        return { name, rows: [header as unknown[], ...values] }
      }),
    expected: (column: XlsColumn, value: XlsCell): unknown => asXlrd(column, value),
    alike: isDeepStrictEqual,
  },
  {
    reader: 'LibreOffice',
    missing: libreOfficeMissing(),
    randomTables: 4,
    read: async (path: string): Promise<{ name: string; rows: unknown[][] }[]> => readWithLibreOffice(path),
    expected: (column: XlsColumn, value: XlsCell): unknown => asLibreOffice(column, value),
    alike: alikeInLibreOffice,
  },
]

describe.for(READERS)('$reader', ({ missing, randomTables, read, expected, alike }) => {
  beforeEach((context) => context.skip(missing !== undefined, missing))

  /** The first row of each sheet that is not as it should be. */
  async function differences(table: OutsideTable, sheetRows: XlsCell[][][] = [table.rows]): Promise<unknown[]> {
    const sheets = await read(await save(table), table)
    const names = sheets.map(({ name }) => name).join(' ')
    if (names !== sheetRows.map((_, index) => `Sheet${index + 1}`).join(' ')) return [{ names }]
    const header = table.columns.map(({ name }) => expected({ name, type: 'text' }, name))
    return sheetRows.flatMap((rows, index) => {
      const wanted = rows.map((row) => row.map((cell, column) => expected(table.columns[column]!, cell)))
      // Readers leave out empty rows at the end.
      while (wanted.at(-1)?.every((cell) => cell === null) === true) wanted.pop()
      return firstDifference([header, ...wanted], sheets[index]!.rows, alike)
    })
  }

  test('reads random tables as they were, types too', async () => {
    const holds = fc.asyncProperty(outsideTables, async (table) => {
      expect(await differences(table)).toEqual([])
    })
    await fc.assert(holds, { numRuns: randomTables, interruptAfterTimeLimit: 40_000 })
  })

  test('reads texts of every length around the limits of strings and records', async () => {
    const lengths = [0, 1, 254, 255, 256, 257, 8223, 8224, 8225, 32_766, 32_767]
    const rows = lengths.map((length) => [
      'x'.repeat(length),
      'é'.repeat(length),
      'я'.repeat(length),
      '😀'.repeat(length / 2),
    ])
    expect(await differences({ columns: textColumns(4), rows })).toEqual([])
  })

  test('case 42: reads a text that had to be cut as it was cut', async () => {
    const table = { columns: textColumns(1), rows: [['я'.repeat(32_768)]] }
    const [wrong] = await differences(table)
    const cut = `${'я'.repeat(32_766)}…`
    expect(wrong).toMatchObject({ row: 1, found: [expected(table.columns[0]!, cut)] })
  })

  test('reads strings that straddle the ends of records at any place', async () => {
    const texts = ['straddling', 'странствие', '😀🚚🛻🚛🚜', 'a😀bя🚚c', 'я', '🚚']
    // Each record is 8,224 bytes long; a step of 8,207 moves the next text on through its end.
    const rows = texts.flatMap((text, kind) =>
      Array.from({ length: 40 }, (_, step) => [`${kind}${'f'.repeat(8160 + step)}`, `${text}${kind}${step}`]),
    )
    expect(await differences({ columns: textColumns(2), rows })).toEqual([])
  })

  test.for([65_535, 65_536])('reads %d rows', async (count) => {
    const rows = Array.from({ length: count }, (_, row) => [row, `row ${row % 1000}`])
    const sheets = count > 65_535 ? [rows.slice(0, 65_535), rows.slice(65_535)] : [rows]
    expect(await differences({ columns: columnsOf('number', 'text'), rows }, sheets)).toEqual([])
  })

  test.for([1, 255, 256])('reads %d columns', async (count) => {
    const rows = [0, 1].map((row) => textColumns(count).map((_, column) => `${row},${column}`))
    expect(await differences({ columns: textColumns(count), rows })).toEqual([])
  })

  test('case 46: reads a sheet without rows as its header alone', async () => {
    expect(
      await differences({ columns: columnsOf('text', 'number', 'boolean', 'date', 'datetime'), rows: [] }),
    ).toEqual([])
  })

  test('reads empty rows in between', async () => {
    const rows = Array.from({ length: 100 }, (_, row) => (row % 40 === 39 ? ['x', 1] : [null, '']))
    expect(await differences({ columns: columnsOf('text', 'number'), rows })).toEqual([])
  })

  test('reads a file of more than 7 MB, whose sectors need a second table', async () => {
    const rows = Array.from({ length: 4000 }, (_, row) => [`${row}`.padEnd(2000, 'y'), row / 7])
    expect(await differences({ columns: columnsOf('text', 'number'), rows })).toEqual([])
  })
})

function firstDifference(wanted: unknown[][], found: unknown[][], alike: (a: unknown, b: unknown) => boolean) {
  const differs = (row: number) =>
    wanted[row]?.length !== found[row]?.length ||
    !wanted[row]!.every((cell, column) => alike(cell, found[row]![column]))
  const row = Array.from({ length: Math.max(wanted.length, found.length) }).findIndex((_, index) => differs(index))
  return row === -1 ? [] : [{ row, wanted: wanted[row], found: found[row] }]
}

describe('the look of a sheet', () => {
  test('in xlrd: the header is bold and stands still, widths follow the texts', async (context) => {
    context.skip(xlrdMissing() !== undefined, xlrdMissing())
    const columns: XlsColumn[] = [
      { name: 'Vehicle', type: 'text' },
      { name: 'Miles', type: 'number', width: 9, format: '0.00' },
    ]
    const [sheet] = await readWithXlrd(await save({ columns, rows: [['Truck number twelve', 1.5]] }))
    expect(sheet).toMatchObject({ frozenRows: 1, boldHeader: true })
    expect(sheet!.widths.map(Math.floor)).toEqual([21, 9])
  })

  test('in LibreOffice: numbers, booleans and dates are shown in their formats', async (context) => {
    context.skip(libreOfficeMissing() !== undefined, libreOfficeMissing())
    const columns: XlsColumn[] = [
      { name: 'Miles', type: 'number', format: '#,##0.00 "mi"' },
      { name: 'Moves', type: 'boolean' },
      { name: 'Day', type: 'date', format: 'mm/dd/yyyy' },
      { name: 'Time', type: 'datetime' },
    ]
    const path = await save({
      columns,
      rows: [
        [1234.5, true, '2026-01-21', '2026-01-21 23:59:59.999'],
        [0, false, null, null],
      ],
    })
    const [sheet] = await readWithLibreOffice(path, { asShown: true })
    const shown = sheet!.rows
      .slice(1)
      .map((row) => row.map((cell) => (cell !== null && 'value' in cell ? cell.value : (cell?.text ?? null))))
    expect(shown).toEqual([
      ['1,234.50 mi', '1', '01/21/2026', '2026-01-21 23:59:59'],
      ['0.00 mi', '0', null, null],
    ])
  })
})
