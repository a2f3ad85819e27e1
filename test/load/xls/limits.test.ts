import { describe, expect, test } from 'vitest'
import type { XlsCell, XlsColumn } from '../../../load/xls/column.ts'
import { writeXls, xlsFiles, type XlsFile } from '../../../load/xls/write-xls.ts'
import { textColumns, walk, writeOne } from './a-table.ts'

const numbers = (count: number): XlsCell[][] => Array.from({ length: count }, (_, row) => [row])
const oneNumber: XlsColumn[] = [{ name: 'N', type: 'number' }]
const shapes = (files: XlsFile[]) =>
  files.map((file) => walk(file).sheets.map(({ name, dimensions }) => `${name}: ${dimensions.rows}`))

describe('case 45: rows', () => {
  test.for([
    { rows: 65_534, sheets: ['Sheet1: 65535'] },
    { rows: 65_535, sheets: ['Sheet1: 65536'] },
    { rows: 65_536, sheets: ['Sheet1: 65536', 'Sheet2: 2'] },
  ])('$rows of them make $sheets', async ({ rows, sheets }) => {
    const file = await writeOne(oneNumber, numbers(rows))
    const workbook = walk(file)
    expect(shapes([file])).toEqual([sheets])
    expect(file).toMatchObject({ rows, sheets: sheets.length })
    const last = workbook.sheets.at(-1)!
    expect(last.cells.get('0,0')).toBe('N')
    expect(last.cells.get(`${last.dimensions.rows - 1},0`)).toBe(rows - 1)
  })

  test.for([
    { rows: 0, files: [['Sheet1: 1']] },
    { rows: 2, files: [['Sheet1: 3']] },
    { rows: 3, files: [['Sheet1: 3', 'Sheet2: 2']] },
    { rows: 4, files: [['Sheet1: 3', 'Sheet2: 3']] },
    { rows: 5, files: [['Sheet1: 3', 'Sheet2: 3'], ['Sheet1: 2']] },
    { rows: 9, files: [['Sheet1: 3', 'Sheet2: 3'], ['Sheet1: 3', 'Sheet2: 3'], ['Sheet1: 2']] },
  ])('$rows of them, two a sheet and two sheets a file, make $files', async ({ rows, files }) => {
    const written = await writeXls({ columns: oneNumber, rows: numbers(rows) }, { rowsPerSheet: 3, sheetsPerFile: 2 })
    expect(shapes(written)).toEqual(files)
    const values = written.flatMap((file) =>
      walk(file).sheets.flatMap(({ cells }) => [...cells.values()].filter((value) => value !== 'N')),
    )
    expect(values).toEqual(numbers(rows).flat())
  })

  test('a file ends behind the size that it may have, and each has a row at least', async () => {
    const rows = Array.from({ length: 5 }, (_, row) => [`${row}`.repeat(3000)])
    const files = await writeXls({ columns: textColumns(1), rows }, { bytesPerFile: 5000 })
    expect(files.map((file) => file.rows)).toEqual([2, 2, 1])
    const each = await writeXls({ columns: textColumns(1), rows }, { bytesPerFile: 1 })
    expect(each.map((file) => file.rows)).toEqual([1, 1, 1, 1, 1])
  })

  test('notes name the sheet, and belong to their file', async () => {
    const rows = [[1], [NaN], [3], [NaN]]
    const files = await writeXls({ columns: oneNumber, rows }, { rowsPerSheet: 2, sheetsPerFile: 2 })
    expect(files.map(({ notes }) => notes.map(({ sheet, row }) => [sheet, row]))).toEqual([
      [['Sheet2', 2]],
      [['Sheet2', 2]],
    ])
  })

  test('are read one by one, and no further when nobody asks for the next file', async () => {
    let read = 0
    function* rows() {
      for (;;) yield [read++]
    }
    for await (const file of xlsFiles({ columns: oneNumber, rows: rows() }, { rowsPerSheet: 11, sheetsPerFile: 1 })) {
      expect(file.rows).toBe(10)
      break
    }
    expect(read).toBe(11)
  })

  test('an error of the source comes through', async () => {
    async function* rows() {
      yield [1]
      throw new Error('the connection is gone')
    }
    await expect(writeXls({ columns: oneNumber, rows: rows() })).rejects.toThrow('the connection is gone')
  })

  test.for([{ row: [] }, { row: [1, 2] }])('with $row.length cells for one column are refused', async ({ row }) => {
    await expect(writeOne(oneNumber, [[1], row])).rejects.toMatchObject({
      code: 'XLS_ROW_WIDTH',
      message: expect.stringContaining('Sheet1, row 3 has') as string,
    })
  })
})

describe('case 45: columns', () => {
  test.for([1, 255, 256])('%d of them fit', async (count) => {
    const [sheet] = walk(
      await writeOne(textColumns(count), [textColumns(count).map(({ name }) => `of ${name}`)]),
    ).sheets
    expect(sheet!.dimensions).toEqual({ rows: 2, columns: count })
    expect(sheet!.cells.get(`1,${count - 1}`)).toBe(`of Column${count}`)
  })

  const a = (over: object): XlsColumn[] => [{ name: 'A', type: 'number', ...over }]
  test.for<[string, string, XlsColumn[]]>([
    ['257 of them', 'XLS_TOO_MANY_COLUMNS', textColumns(257)],
    ['none', 'XLS_COLUMNS', []],
    ['no name', 'XLS_COLUMN_NAME', a({ name: ' ' })],
    ['a name of control characters', 'XLS_COLUMN_NAME', a({ name: 'a\0' })],
    ['a name too long', 'XLS_COLUMN_NAME', a({ name: 'x'.repeat(32_768) })],
    ['a name twice', 'XLS_COLUMN_NAME', [...a({}), ...a({})]],
    ['an unknown type', 'XLS_COLUMN_TYPE', a({ type: 'money' })],
    ['a type that objects have', 'XLS_COLUMN_TYPE', a({ type: 'constructor' })],
    ['no width', 'XLS_COLUMN_WIDTH', a({ width: 0 })],
    ['a width that is no number', 'XLS_COLUMN_WIDTH', a({ width: NaN })],
    ['too wide', 'XLS_COLUMN_WIDTH', a({ width: 256 })],
    ['a format for text', 'XLS_FORMAT', a({ type: 'text', format: '0' })],
    ['an empty format', 'XLS_FORMAT', a({ format: '' })],
    ['an open quote', 'XLS_FORMAT', a({ format: '0 "mi' })],
    ['an open bracket', 'XLS_FORMAT', a({ format: '[Red0' })],
    ['five sections', 'XLS_FORMAT', a({ format: '0;0;0;0;0' })],
    ['a format too long', 'XLS_FORMAT', a({ format: '0'.repeat(256) })],
    [
      'more formats than a workbook holds',
      'XLS_FORMAT',
      Array.from({ length: 211 }, (_, index) => ({ name: `${index}`, type: 'number', format: `0 "${index}"` })),
    ],
  ])('with %s are refused as %s', async ([, code, columns]) => {
    await expect(writeOne(columns, [])).rejects.toMatchObject({ code, retry: 'never' })
  })

  test.for(['0.00', '#,##0.00 "mi"', '[Red]-0;[Blue]0', '\\"0', '0;-0;;@'])('take the format %s', async (format) => {
    const { globals } = walk(await writeOne(a({ format }), [[1]]))
    const formats = globals.filter(({ id }) => id === 0x041e).map(({ body }) => body.toString('latin1', 5))
    expect(formats.at(-1)).toBe(format)
    expect(formats).toHaveLength(9)
  })

  test('210 formats fit', async () => {
    const columns = Array.from({ length: 210 }, (_, index) => ({
      name: `${index}`,
      type: 'number' as const,
      format: `0 "${index}"`,
    }))
    const { globals } = walk(await writeOne(columns, []))
    expect(globals.filter(({ id }) => id === 0x041e)).toHaveLength(218)
  })
})

describe('sheet names', () => {
  const namesOf = async (sheetName: string, sheets: number) => {
    const options = { rowsPerSheet: 2, sheetsPerFile: 255 }
    const [file] = await writeXls({ columns: oneNumber, rows: numbers(sheets), sheetName }, options)
    return walk(file!).sheets.map(({ name }) => name)
  }

  test.for([
    { base: 'Sheet1', names: ['Sheet1', 'Sheet2', 'Sheet3'] },
    { base: 'Trips', names: ['Trips', 'Trips 2', 'Trips 3'] },
    { base: 'Q11', names: ['Q11', 'Q11 2', 'Q11 3'] },
    { base: 'Поездки 😀', names: ['Поездки 😀', 'Поездки 😀 2', 'Поездки 😀 3'] },
    { base: 'x'.repeat(31), names: ['x'.repeat(31), `${'x'.repeat(29)} 2`, `${'x'.repeat(29)} 3`] },
    { base: `${'x'.repeat(29)} 2`, names: [`${'x'.repeat(29)} 2`, `${'x'.repeat(29)} 3`, `${'x'.repeat(29)} 4`] },
    { base: `${'x'.repeat(28)}😀y`, names: [`${'x'.repeat(28)}😀y`, `${'x'.repeat(28)} 2`, `${'x'.repeat(28)} 3`] },
  ])('$base goes on without a name twice', async ({ base, names }) => {
    expect(await namesOf(base, 3)).toEqual(names)
  })

  test('of 255 sheets differ and fit', async () => {
    const names = await namesOf('a Name of Thirty-One characters', 255)
    expect(new Set(names.map((name) => name.toLowerCase())).size).toBe(255)
    expect(Math.max(...names.map((name) => name.length))).toBeLessThanOrEqual(31)
  })

  test.for([
    '',
    ' ',
    'x'.repeat(32),
    'a[b',
    'a]b',
    'a:b',
    'a*b',
    'a?b',
    'a/b',
    'a\\b',
    "'a",
    "a'",
    'a\nb',
    'a\0',
    '\uD83D',
    'History',
  ])('like %j are refused', async (sheetName) => {
    const table = { columns: oneNumber, rows: [], sheetName }
    await expect(writeXls(table)).rejects.toMatchObject({ code: 'XLS_SHEET_NAME', retry: 'never' })
  })
})

test.for([
  { sheetsPerFile: 0 },
  { sheetsPerFile: 256 },
  { rowsPerSheet: 1 },
  { rowsPerSheet: 65_537 },
  { rowsPerSheet: 2.5 },
  { bytesPerFile: 0 },
  { bytesPerFile: NaN },
])('the option %j is refused', async (options) => {
  await expect(writeOne(oneNumber, [], options)).rejects.toMatchObject({ code: 'XLS_OPTION', retry: 'never' })
})
