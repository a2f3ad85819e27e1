import { setTimeout } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import type { XlsCell } from '../../../load/xls/column.ts'
import { writeXls } from '../../../load/xls/write-xls.ts'
import { columnsOf, textColumns, walk, writeOne } from './a-table.ts'
import { walkContainer } from './walk-container.ts'
import { walkRecords } from './walk-records.ts'

// FORMULA, EXTERNCOUNT, EXTERNSHEET, NAME, EXTERNNAME, NOTE, FILEPASS, OBJ, MSODRAWING, SUPBOOK, HLINK, STRING, ARRAY,
// TABLE, SHRFMLA, and the marks of macros.
const FORBIDDEN = [
  0x0006, 0x0016, 0x0017, 0x0018, 0x0023, 0x001c, 0x002f, 0x005d, 0x00ec, 0x01ae, 0x01b8, 0x0207, 0x0221, 0x0236,
  0x04bc, 0x00d3, 0x01ba,
]

const manyRows = (count: number): XlsCell[][] =>
  Array.from({ length: count }, (_, row) => [`Vehicle ${row}`, row / 7, row % 2 === 0, '2026-01-21', null])
const manyColumns = columnsOf('text', 'number', 'boolean', 'date', 'text')

describe('the container', () => {
  test.for([0, 1, 40, 1000, 30_000])('of %d rows is whole, with one stream and no dates', async (count) => {
    const file = await writeOne(manyColumns, manyRows(count))
    const container = walkContainer(file.content)
    expect(container.names).toEqual(['Root Entry', 'Workbook'])
    expect(container.dated).toBe(false)
    expect(container.rootClass).toBe('2008020000000000c000000000000046')
  })

  test('holds streams of every length around a sector', async () => {
    for (let length = 2800; length < 3400; length += 7) {
      const file = await writeOne(textColumns(1), [['x'.repeat(length)]])
      expect(walk(file).sheets[0]!.cells.get('1,0')).toHaveLength(length)
    }
  })

  test('holds a stream so large that the table of its sectors needs a table', async () => {
    const rows = Array.from({ length: 260 }, (_, row) => [`${row}`.padEnd(32_767, 'é')])
    const file = await writeOne(textColumns(1), rows)
    expect(file.content.length).toBeGreaterThan(8_000_000)
    expect(walk(file).strings).toHaveLength(261)
  })

  test('is the same, byte for byte, whenever and however the rows come', async () => {
    const columns = manyColumns
    const first = await writeOne(columns, manyRows(500))
    await setTimeout(5)
    async function* later() {
      for (const row of manyRows(500)) {
        if (row[1] === 0) await setTimeout(1)
        yield row
      }
    }
    const [second] = await writeXls({ columns, rows: later() })
    expect(Buffer.compare(first.content, second!.content)).toBe(0)
  })
})

describe('the records', () => {
  test('case 45: are none that compute, link, or reach outside', async () => {
    const texts = ['=1+1', '+1', '-1', '@SUM(A1)', 'http://a.example', "=cmd|' /C calc'!A0", '\t=1', '＝1']
    const file = await writeOne(
      textColumns(1),
      texts.map((text) => [text]),
    )
    const ids = new Set(
      walkRecords(walkContainer(file.content).stream).flatMap((records) => records.map(({ id }) => id)),
    )
    expect(FORBIDDEN.filter((id) => ids.has(id))).toEqual([])
    expect([...walk(file).sheets[0]!.cells.values()]).toEqual(['Column1', ...texts])
  })

  test('say UTF-16, the date system of 1900, and a frozen header', async () => {
    const { globals, sheets } = walk(await writeOne(manyColumns, manyRows(3)))
    const body = (id: number, records = globals) => records.find((record) => record.id === id)!.body.toString('hex')
    expect(body(0x0042)).toBe('b004')
    expect(body(0x0022)).toBe('0000')
    const [sheet] = sheets
    expect(body(0x0041, sheet!.records)).toBe('00000100010000000200')
    expect(Buffer.from(body(0x023e, sheet!.records), 'hex').readUInt16LE(0) & 0x0108).toBe(0x0108)
  })

  test('case 47: make the header bold, and texts texts, by their cell formats', async () => {
    const { globals, sheets } = walk(await writeOne(columnsOf('text', 'number'), [['a', 1]]))
    const bodies = (id: number) => globals.filter((record) => record.id === id).map(({ body }) => body)
    const [fonts, formats] = [bodies(0x0031), bodies(0x00e0)]
    const look = [...sheets[0]!.records]
      .filter(({ id }) => id === 0x00fd || id === 0x027e)
      .map(({ body }) => formats[body.readUInt16LE(4)]!)
      .map((format) => ({ weight: fonts[format.readUInt16LE(0)]!.readUInt16LE(6), format: format.readUInt16LE(2) }))
    expect(look).toEqual([
      { weight: 700, format: 0 },
      { weight: 700, format: 0 },
      { weight: 400, format: 49 },
      { weight: 400, format: 0 },
    ])
  })

  test('keep the order that the format lays down', async () => {
    const { globals, sheets } = walk(await writeOne(manyColumns, manyRows(40)))
    const runs = (records: { id: number }[]) =>
      records.map(({ id }) => id.toString(16)).filter((id, index, all) => id !== all[index - 1])
    expect(runs(globals).join(' ')).toBe(
      '809 e1 c1 e2 5c 42 161 13d 19 12 13 1af 1bc 3d 40 8d 22 e 1b7 da 31 41e e0 293 160 85 8c fc ff a',
    )
    const cells = new Set(['208', 'fd', '203', '27e', '205', 'd7'])
    expect(runs(sheets[0]!.records.filter(({ id }) => !cells.has(id.toString(16)))).join(' ')).toBe(
      '809 20b d c f 11 10 5f 2a 2b 82 80 225 81 14 15 83 84 a1 55 7d 200 23e 41 1d a',
    )
  })

  test('count the references to each shared string, and store it once', async () => {
    const { globals, strings } = walk(
      await writeOne(textColumns(2), [
        ['a', 'b'],
        ['b', 'a'],
        ['a', ''],
      ]),
    )
    expect(strings).toEqual(['Column1', 'Column2', 'a', 'b'])
    expect(globals.find(({ id }) => id === 0x00fc)!.body.readUInt32LE(0)).toBe(7)
  })

  test.for([1, 8, 9, 127, 128, 1015, 1016, 1024, 1025, 5000])('index %d shared strings', async (count) => {
    const rows = Array.from({ length: count }, (_, row) => [`${row}`])
    expect(walk(await writeOne(textColumns(1), rows)).strings).toHaveLength(count + 1)
  })

  test('leave out empty cells, in empty rows, empty blocks and at the end too', async () => {
    const empty: XlsCell[] = [null, undefined, '']
    const rows = Array.from({ length: 100 }, (_, row) => (row === 0 || row === 70 ? [null, 'x', ''] : empty))
    const [sheet] = walk(await writeOne(textColumns(3), rows)).sheets
    expect(sheet!.dimensions).toEqual({ rows: 101, columns: 3 })
    expect([...sheet!.cells.keys()]).toEqual(['0,0', '0,1', '0,2', '1,1', '71,1'])
  })
})

describe('column widths', () => {
  const widths = async (columns: Parameters<typeof writeOne>[0], rows: XlsCell[][]) => {
    const [sheet] = walk(await writeOne(columns, rows)).sheets
    return sheet!.records
      .filter(({ id }) => id === 0x007d)
      .map(({ body }) => [body.readUInt16LE(0), body.readUInt16LE(2), Math.floor(body.readUInt16LE(4) / 256)])
  }

  test('are those stated, else they follow the header and the longest text, within bounds', async () => {
    const columns = [
      { name: 'A', type: 'text', width: 3.5 },
      { name: 'B', type: 'text' },
      { name: 'C', type: 'text' },
      { name: 'D', type: 'text' },
      { name: 'A long name for numbers', type: 'number' },
      { name: 'F', type: 'datetime' },
    ] as const
    const row = ['a long text', 'short', 'twenty characters !!', 'x'.repeat(500), 1, '2026-01-01 00:00']
    expect(await widths(columns, [row])).toEqual([
      [0, 0, 4],
      [1, 1, 10],
      [2, 2, 22],
      [3, 3, 60],
      [4, 4, 25],
      [5, 5, 21],
    ])
  })

  test('are one record for neighbours that are alike', async () => {
    expect(await widths(textColumns(9), [])).toEqual([[0, 8, 10]])
  })

  test('are 255 records at most, though 256 columns differ', async () => {
    const columns = textColumns(256).map((column, index) => ({ ...column, width: 1 + index / 2 }))
    const records = await widths(columns, [])
    expect(records).toHaveLength(255)
    expect(records.at(-1)).toEqual([254, 255, 129])
  })
})
