import { expectThat } from './walk-container.ts'

export interface WalkedRecord {
  id: number
  /** Where the record stands in the stream. */
  at: number
  body: Buffer
}

export type WalkedCell = string | number | boolean

export interface WalkedSheet {
  name: string
  /** Row and column (`3,0`) to value; a date is its number. */
  cells: Map<string, WalkedCell>
  records: WalkedRecord[]
  /** Rows and columns that the sheet says it has. */
  dimensions: { rows: number; columns: number }
}

export interface WalkedWorkbook {
  globals: WalkedRecord[]
  strings: string[]
  sheets: WalkedSheet[]
}

const BOF = 0x0809
const EOF = 0x000a
const ROW = 0x0208
const DBCELL = 0x00d7

/** All records of a stream: whole, at most 8,224 bytes long, substream after substream, zeros behind the last. */
export function walkRecords(stream: Buffer): WalkedRecord[][] {
  const substreams: WalkedRecord[][] = []
  let open: WalkedRecord[] | undefined
  for (let at = 0; at < stream.length;) {
    // One zero alone may be left behind the last record.
    const id = at + 2 <= stream.length ? stream.readUInt16LE(at) : 0
    if (open === undefined && id !== BOF) {
      expectThat(
        stream.subarray(at).every((byte) => byte === 0),
        `nothing follows the last record at ${at}`,
      )
      break
    }
    const length = stream.readUInt16LE(at + 2)
    expectThat(length <= 8224, `the record at ${at} is at most 8,224 bytes long`)
    expectThat(at + 4 + length <= stream.length, `the record at ${at} ends in the stream`)
    if (open === undefined) substreams.push((open = []))
    else expectThat(id !== BOF, `no substream begins inside of another, at ${at}`)
    open.push({ id, at, body: stream.subarray(at + 4, at + 4 + length) })
    if (id === EOF) open = undefined
    at += 4 + length
  }
  expectThat(open === undefined, 'the last substream has an end')
  return substreams
}

/** Reads a stream whole, and checks whatever its records say about each other. */
export function walkWorkbook(stream: Buffer): WalkedWorkbook {
  const [globals, ...substreams] = walkRecords(stream)
  const strings = stringsOf(globals!)
  const bounds = globals!.filter(({ id }) => id === 0x0085)
  expectThat(bounds.length === substreams.length, 'there is a name for each sheet')
  const sheets = substreams.map((records, index) => {
    const { body } = bounds[index]!
    expectThat(body.readUInt32LE(0) === records[0]!.at, `sheet ${index + 1} stands where its name says`)
    const name = body.toString(body[7] === 1 ? 'utf16le' : 'latin1', 8)
    expectThat(name.length === body[6], `the length of the name of sheet ${index + 1}`)
    return walkSheet(name, records, strings)
  })
  return { globals: globals!, strings, sheets }
}

/** The shared strings, piece by piece, and whether the index over them points at them. */
function stringsOf(globals: WalkedRecord[]): string[] {
  const first = globals.findIndex(({ id }) => id === 0x00fc)
  const after = globals.findIndex(({ id }, index) => index > first && id !== 0x003c)
  const pieces = globals.slice(first, after)
  let piece = 0
  let at = 8
  const strings: string[] = []
  const starts: { at: number; inRecord: number }[] = []
  for (let left = pieces[0]!.body.readUInt32LE(4); left > 0; left--) {
    if (at === pieces[piece]!.body.length) [piece, at] = [piece + 1, 0]
    starts.push({ at: pieces[piece]!.at + 4 + at, inRecord: 4 + at })
    let units = pieces[piece]!.body.readUInt16LE(at)
    at += 2
    let text = ''
    for (;;) {
      const { body } = pieces[piece]!
      const size = body[at]! + 1
      expectThat(size === 1 || size === 2, `the flags at ${pieces[piece]!.at + 4 + at} know one bit`)
      at++
      const taken = Math.min(units, Math.floor((body.length - at) / size))
      const part = body.toString(size === 2 ? 'utf16le' : 'latin1', at, at + taken * size)
      expectThat(part.isWellFormed(), `no piece at ${pieces[piece]!.at} cuts a character in two`)
      expectThat(taken > 0, `no piece at ${pieces[piece]!.at} is empty`)
      text += part
      units -= taken
      at += taken * size
      if (units === 0) break
      expectThat(at === body.length, `the piece at ${pieces[piece]!.at} is full`)
      ;[piece, at] = [piece + 1, 0]
    }
    strings.push(text)
  }
  expectThat(piece === pieces.length - 1 && at === pieces[piece]!.body.length, 'nothing follows the last string')
  expectThat(new Set(strings).size === strings.length, 'each string is stored once')
  checkStringIndex(globals[after]!, starts)
  return strings
}

function checkStringIndex({ id, body }: WalkedRecord, starts: { at: number; inRecord: number }[]): void {
  expectThat(id === 0x00ff, 'an index follows the strings')
  const perGroup = body.readUInt16LE(0)
  expectThat(perGroup === Math.max(Math.floor(starts.length / 128) + 1, 8), 'the size of the groups of strings')
  const groups = (body.length - 2) / 8
  expectThat(groups === Math.ceil(starts.length / perGroup), 'the count of the groups of strings')
  for (let group = 0; group < groups; group++) {
    const { at, inRecord } = starts[group * perGroup]!
    expectThat(body.readUInt32LE(2 + group * 8) === at, `group ${group} of strings stands where the index says`)
    expectThat(body.readUInt16LE(6 + group * 8) === inRecord, `the place in its record of group ${group} of strings`)
  }
}

function walkSheet(name: string, records: WalkedRecord[], strings: string[]): WalkedSheet {
  const cells = new Map<string, WalkedCell>()
  for (const record of records) {
    const value = valueOf(record, strings)
    if (value === undefined) continue
    const key = placeOf(record)
    expectThat(!cells.has(key), `cell ${key} of ${name} is written once`)
    cells.set(key, value)
  }
  const dimensions = records.find(({ id }) => id === 0x0200)!.body
  checkBlocks(records)
  const columns = dimensions.readUInt16LE(10)
  return { name, cells, records, dimensions: { rows: dimensions.readUInt32LE(4), columns } }
}

const placeOf = ({ body }: WalkedRecord) => `${body.readUInt16LE(0)},${body.readUInt16LE(2)}`

function valueOf({ id, body, at }: WalkedRecord, strings: string[]): WalkedCell | undefined {
  if (id === 0x00fd) {
    const text = strings[body.readUInt32LE(6)]
    expectThat(text !== undefined, `the string of the cell at ${at} exists`)
    return text
  }
  if (id === 0x0203) return body.readDoubleLE(6)
  if (id === 0x027e) return rk(body.readInt32LE(6))
  if (id !== 0x0205) return undefined
  expectThat(body[7] === 0 && body[6]! <= 1, `the cell at ${at} is true or false`)
  return body[6] === 1
}

function rk(value: number): number {
  const bits = Buffer.alloc(8)
  bits.writeInt32LE(value & ~3, 4)
  const number = (value & 2) === 0 ? bits.readDoubleLE(0) : value >> 2
  return (value & 1) === 0 ? number : number / 100
}

/** Blocks of up to 32 rows, their cells in order, and an index that points at each block and each row's first cell. */
function checkBlocks(records: WalkedRecord[]): void {
  const index = records[1]!
  expectThat(index.id === 0x020b, 'the index follows the beginning of a sheet')
  const width = records.find(({ at }) => at === index.body.readUInt32LE(12))
  expectThat(width?.id === 0x0055, 'the index points at the column width')
  const ends = records.filter(({ id }) => id === DBCELL)
  const pointers = Array.from({ length: (index.body.length - 16) / 4 }, (_, at) => index.body.readUInt32LE(16 + at * 4))
  expectThat(pointers.join(',') === ends.map(({ at }) => at).join(','), 'the index points at every block')
  let from = records.findIndex(({ id }) => id === ROW)
  let row = 0
  for (const end of ends) {
    const to = records.indexOf(end, from)
    const rows = records.slice(from, to).filter(({ id }) => id === ROW)
    expectThat(rows.length <= 32, `the block before ${end.at} has at most 32 rows`)
    for (const record of rows) expectThat(record.body.readUInt16LE(0) === row++, `the row at ${record.at} is next`)
    checkBlock(rows, records.slice(from + rows.length, to), end)
    from = to + 1
  }
  expectThat(index.body.readUInt32LE(8) === row, 'the index knows the count of rows')
}

function checkBlock(rows: WalkedRecord[], cells: WalkedRecord[], end: WalkedRecord): void {
  const back = end.body.readUInt32LE(0)
  expectThat(
    back === (cells.length === 0 ? 0 : end.at - rows[0]!.at),
    `the block before ${end.at} begins where it says`,
  )
  let at = rows[0]!.at + rows[0]!.body.length + 4
  let seen = 0
  for (const [place, { body }] of rows.entries()) {
    at += end.body.readUInt16LE(4 + place * 2)
    const own = cells.filter((cell) => cell.body.readUInt16LE(0) === body.readUInt16LE(0))
    expectThat(
      own.every((cell, index) => cell === cells[seen + index]),
      `rows before ${end.at} are in one piece each`,
    )
    if (own.length > 0) expectThat(own[0]!.at === at, `row ${body.readUInt16LE(0)} begins where its block says`)
    const columns = own.map((cell) => cell.body.readUInt16LE(2))
    expectThat(
      columns.every((column, index) => index === 0 || column > columns[index - 1]!),
      'cells are in order',
    )
    expectThat(body.readUInt16LE(2) === (columns[0] ?? 0), `first column of row ${body.readUInt16LE(0)}`)
    expectThat(body.readUInt16LE(4) === (columns.at(-1) ?? -1) + 1, `last column of row ${body.readUInt16LE(0)}`)
    seen += own.length
  }
  expectThat(seen === cells.length, `all cells before ${end.at} are of the block's rows`)
}
