import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import * as XLSX from 'xlsx'
import type { XlsCell, XlsColumnType } from '../../../load/xls/column.ts'
import { columnsOf, textColumns, walk, writeOne, written } from './a-table.ts'

describe('numbers', () => {
  test.for([
    { value: 0, size: 10 },
    { value: -1, size: 10 },
    { value: 2 ** 29 - 1, size: 10 },
    { value: -(2 ** 29), size: 10 },
    { value: 2 ** 29 + 1, size: 14 },
    { value: -(2 ** 29) - 1, size: 14 },
    { value: 2 ** 29, size: 10 },
    { value: 0.5, size: 10 },
    { value: 12.34, size: 10 },
    { value: 0.1, size: 10 },
    { value: -0.07, size: 10 },
    { value: 1.005, size: 14 },
    { value: 0.1 + 0.2, size: 14 },
    { value: 1 / 3, size: 14 },
    { value: 1e308, size: 14 },
    { value: Number.MAX_VALUE, size: 14 },
    { value: Number.MAX_SAFE_INTEGER, size: 14 },
    { value: 2 ** -1022, size: 10 },
    { value: -38.907_192_3, size: 14 },
  ])('$value is exact, in a record of $size bytes', async ({ value, size }) => {
    const [sheet] = walk(await writeOne(columnsOf('number'), [[value]])).sheets
    expect(sheet!.cells.get('1,0')).toBe(value)
    expect(sheet!.records.find(({ id }) => id === 0x0203 || id === 0x027e)!.body).toHaveLength(size)
  })

  test('every double comes back as it was', async () => {
    const double = fc.oneof(
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.integer({ min: -1e10, max: 1e10 }).map((cents) => cents / 100),
      fc.integer(),
    )
    const normal = double.filter((value) => Math.abs(value) >= 2 ** -1022)
    await fc.assert(
      fc.asyncProperty(fc.array(normal, { minLength: 200, maxLength: 200 }), async (values) => {
        expect(await written({ type: 'number' }, values)).toEqual(values)
      }),
      { numRuns: 30 },
    )
  })

  test('-0 is written as 0, which is the only zero of the format', async () => {
    expect(await written({ type: 'number' }, [-0])).toEqual([0])
  })

  test('what the format cannot hold is emptied, zeroed or written as text, and noted', async () => {
    const values = [NaN, Infinity, -Infinity, 5e-324, 2n ** 53n + 1n, 2n ** 60n, 10n ** 400n, 7n]
    const file = await writeOne(
      columnsOf('number'),
      values.map((value) => [value]),
    )
    const { cells } = walk(file).sheets[0]!
    expect(values.map((_, row) => cells.get(`${row + 1},0`))).toEqual([
      undefined,
      undefined,
      undefined,
      0,
      '9007199254740993',
      2 ** 60,
      `1${'0'.repeat(400)}`,
      7,
    ])
    expect(file.noteCounts).toEqual({ number_not_finite: 3, number_too_small: 1, number_as_text: 2 })
    expect(file.notes[0]).toEqual({
      kind: 'number_not_finite',
      sheet: 'Sheet1',
      row: 2,
      column: 'Column1',
      message: 'NaN is not a number to write; the cell is empty',
    })
  })
})

describe('case 42, case 45, case 47: texts', () => {
  test('of other types are written as their text', async () => {
    const values = [12.5, -0, 7n, true, false, '007', '=1+1', ' x ', NaN]
    const texts = ['12.5', '0', '7', 'TRUE', 'FALSE', '007', '=1+1', ' x ', null]
    expect(await written({ type: 'text' }, values)).toEqual(texts)
  })

  test.for([
    {
      name: 'control characters are removed',
      given: 'a\0b\u001Fc\u007Fd\u0085e',
      kept: 'abcde',
      note: 'control_characters_removed',
    },
    {
      name: 'a text of control characters alone is an empty cell',
      given: '\0\u0001',
      kept: null,
      note: 'control_characters_removed',
    },
    {
      name: 'a lone high surrogate is replaced',
      given: 'a\uD83Db',
      kept: 'a\uFFFDb',
      note: 'half_characters_replaced',
    },
    { name: 'a lone low surrogate is replaced', given: '\uDE00', kept: '\uFFFD', note: 'half_characters_replaced' },
    {
      name: '32,768 units are shortened',
      given: 'x'.repeat(32_768),
      kept: `${'x'.repeat(32_766)}…`,
      note: 'text_shortened',
    },
    {
      name: 'a pair is not cut in two',
      given: `${'x'.repeat(32_765)}😀😀`,
      kept: `${'x'.repeat(32_765)}…`,
      note: 'text_shortened',
    },
  ])('$name', async ({ given, kept, note }) => {
    const file = await writeOne(textColumns(1), [[given]])
    expect(walk(file).sheets[0]!.cells.get('1,0') ?? null).toBe(kept)
    expect(file.notes.map(({ kind, row, column }) => ({ kind, row, column }))).toEqual([
      { kind: note, row: 2, column: 'Column1' },
    ])
  })

  test('TAB, LF and CR stay, and 32,767 units are no too many', async () => {
    const texts = ['a\tb\nc\r\nd', 'x'.repeat(32_767)]
    const file = await writeOne(textColumns(2), [texts])
    expect([...walk(file).sheets[0]!.cells.values()].slice(2)).toEqual(texts)
    expect(file.notes).toEqual([])
  })

  test('that become alike by cleaning are one string', async () => {
    const file = await writeOne(textColumns(1), [['ab'], ['a\0b'], ['a\u0001b']])
    expect(walk(file).strings).toEqual(['Column1', 'ab'])
  })

  test('notes are kept up to a hundred and counted in full', async () => {
    const rows = Array.from({ length: 250 }, (_, row) => [`${row}\0`])
    const file = await writeOne(textColumns(1), rows)
    expect(file.notes).toHaveLength(100)
    expect(file.noteCounts).toEqual({ control_characters_removed: 250 })
  })
})

describe('dates', () => {
  test.for([
    { text: '1900-01-01', serial: 1 },
    { text: '1900-02-28', serial: 59 },
    { text: '1900-03-01', serial: 61 },
    { text: '1970-01-01', serial: 25_569 },
    { text: '2000-02-29', serial: 36_585 },
    { text: '2026-01-21', serial: 46_043 },
    { text: '9999-12-31', serial: 2_958_465 },
  ])('$text is day $serial', async ({ text, serial }) => {
    expect(await written({ type: 'date' }, [text])).toEqual([serial])
    expect(await written({ type: 'datetime' }, [`${text} 18:00`])).toEqual([serial + 0.75])
  })

  test('a time of day is the wall clock, whatever the zone: 01:30 twice when the clocks go back', async () => {
    const eastern = new Intl.DateTimeFormat('sv-SE', {
      timeZone: 'America/New_York',
      dateStyle: 'short',
      timeStyle: 'medium',
    })
    const instants = ['2026-11-01T05:30:00Z', '2026-11-01T06:30:00Z', '2026-03-08T06:59:59Z', '2026-03-08T07:00:00Z']
    const texts = instants.map((instant) => eastern.format(new Date(instant)))
    const day = 46_327
    expect(texts[2]!.slice(11)).toBe('01:59:59')
    expect(await written({ type: 'datetime' }, texts)).toEqual([
      day + 1.5 / 24,
      day + 1.5 / 24,
      46_089 + 7199 / 86_400,
      46_089 + 3 / 24,
    ])
  })

  test('seconds are cut to what the format shows, never rounded up to the next', async () => {
    const text = '2026-01-21T23:59:59.9996'
    const midnight = 46_044
    const [plain] = await written({ type: 'datetime' }, [text])
    expect(plain).toBe(midnight - 1 / 86_400)
    const [fine] = await written({ type: 'datetime', format: 'hh:mm:ss.000' }, [text])
    expect(fine).toBe(midnight - 0.001 / 86_400)
  })

  test.for(['1899-12-31', '0001-01-01', '1600-02-29'])(
    '%s, before the format counts, is text and noted',
    async (text) => {
      const file = await writeOne(columnsOf('date', 'datetime'), [[text, `${text} 10:00`]])
      expect([...walk(file).sheets[0]!.cells.values()].slice(2)).toEqual([text, `${text} 10:00`])
      expect(file.noteCounts).toEqual({ date_as_text: 2 })
    },
  )
})

test('booleans are booleans', async () => {
  expect(await written({ type: 'boolean' }, [true, false, null])).toEqual([true, false, null])
})

const misfits: [XlsColumnType, unknown][] = [
  ['number', '12'],
  ['number', ' '],
  ['number', true],
  ['boolean', 'true'],
  ['boolean', 1],
  ['date', 46_043],
  ['date', '2026-02-29'],
  ['date', '1900-02-29'],
  ['date', '2026-1-1'],
  ['date', '2026-01-21 10:00'],
  ['date', new Date(0)],
  ['datetime', '2026-01-21T10:00:00Z'],
  ['datetime', '2026-01-21 10:00:00+02'],
  ['datetime', '2026-01-21 24:00'],
  ['datetime', '2026-01-21 10:60'],
  ['datetime', '2026-01-21 10:00:60'],
  ['datetime', '2026-01-21'],
  ['text', {}],
  ['text', []],
  ['text', Symbol('x')],
]

test.for(misfits)('a %s column refuses what does not fit: case %#', async ([type, value]) => {
  const rows = [
    [null, null],
    ['x', value as XlsCell],
  ]
  await expect(writeOne(columnsOf('text', type), rows)).rejects.toMatchObject({
    code: 'XLS_CELL_TYPE',
    retry: 'never',
    message: expect.stringContaining('Sheet1, row 3, column "Column2"') as string,
  })
})

test('an error about a cell does not tell its value', async () => {
  await expect(writeOne(columnsOf('number'), [['SECRET-VIN']])).rejects.not.toThrow(/SECRET/)
})

test('another reader sees the same values and types', async () => {
  const file = await writeOne(columnsOf('text', 'number', 'boolean', 'date', 'datetime'), [
    ['007', 12.34, true, '2026-01-21', '2026-01-21 13:00:00'],
    ['Ünï 😀', 1 / 3, false, '1900-03-01', null],
  ])
  const book = XLSX.read(file.content, { type: 'buffer', cellNF: true })
  const sheet = book.Sheets['Sheet1']!
  const cells = ['A2', 'B2', 'C2', 'D2', 'E2', 'A3', 'B3', 'C3', 'D3'].map((at) => {
    const { t, v } = sheet[at] as XLSX.CellObject
    return [t, v]
  })
  expect(cells).toEqual([
    ['s', '007'],
    ['n', 12.34],
    ['b', true],
    ['n', 46_043],
    ['n', 46_043 + 13 / 24],
    ['s', 'Ünï 😀'],
    ['n', 1 / 3],
    ['b', false],
    ['n', 61],
  ])
  expect((sheet['D2'] as XLSX.CellObject).z).toBe('yyyy-mm-dd')
  expect(sheet['E3']).toBeUndefined()
})
