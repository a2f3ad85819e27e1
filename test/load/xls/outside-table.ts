import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import type { XlsCell, XlsColumn, XlsColumnType } from '../../../load/xls/column.ts'
import type { LibreOfficeCell, XlrdCell } from '../../support/workbook-readers.ts'

export interface OutsideTable {
  columns: XlsColumn[]
  rows: XlsCell[][]
}

const narrow = fc.string({
  unit: fc.constantFrom('a', 'Z', '0', '=', '+', '"', ',', ';', "'", 'é', 'ÿ', ' ', '\t', '\n'),
})
const wide = fc.string({ unit: fc.constantFrom('я', '漢', '😀', '🚚', '€', 'a', '\uFFFD', '\u200B') })
const anything = fc.string({ unit: 'grapheme' }).map((text) => text.replaceAll(/[^\P{Cc}\t\n]/gu, ''))
const long = fc.tuple(wide, fc.nat(9000), narrow).map(([start, length, end]) => `${start}${'x'.repeat(length)}${end}`)

const text = fc.oneof(
  { arbitrary: narrow, weight: 4 },
  { arbitrary: wide, weight: 4 },
  { arbitrary: anything, weight: 4 },
  { arbitrary: long, weight: 1 },
  { arbitrary: fc.constantFrom('007', '1e5', 'TRUE', '2026-01-21', '12.5', '=1+1', "'quoted", ' '), weight: 2 },
)

const two = (value: number) => String(value).padStart(2, '0')
const daysFrom = (first: string) =>
  fc
    .date({ min: new Date(first), max: new Date('9999-12-31'), noInvalidDate: true })
    .map((instant) => instant.toISOString().slice(0, 10))
const time = fc.tuple(fc.nat(23), fc.nat(59), fc.nat(59)).map((parts) => parts.map(two).join(':'))

const number = fc.oneof(
  fc.integer(),
  fc.integer({ min: -1e9, max: 1e9 }).map((cents) => cents / 100),
  fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e15, max: 1e15 }),
  fc.constantFrom(0, 1e300, -1e-300, 2 ** 53, 1.797e308, 2 ** 29, -(2 ** 29) - 1),
)

const VALUES: Record<XlsColumnType, fc.Arbitrary<XlsCell>> = {
  text,
  number: number.filter((value) => value === 0 || Math.abs(value) >= 2 ** -1022),
  boolean: fc.boolean(),
  // LibreOffice does not know the 29 February 1900, and is a day off before it.
  date: daysFrom('1900-03-01'),
  // LibreOffice shows every second or so of the years 1967 to 1972 as the one before.
  datetime: fc.tuple(daysFrom('1973-01-01'), time).map((parts) => parts.join(' ')),
}
const TYPES = Object.keys(VALUES) as XlsColumnType[]

/** Tables of a few columns and some rows, of any values that need no note. */
export const outsideTables: fc.Arbitrary<OutsideTable> = fc
  .array(fc.constantFrom(...TYPES), { minLength: 1, maxLength: 8 })
  .chain((types) => {
    const cells = types.map((type) => fc.option(VALUES[type], { freq: 6 }))
    const rows = fc.array(fc.tuple(...cells), { maxLength: 80, size: 'max' })
    const columns = types.map((type, index) => ({ name: `${type} ${index + 1}`, type }))
    return rows.map((list) => ({ columns, rows: list }))
  })

/** What xlrd should find in a cell; a date as its text, for which `dateTextOf` is. */
export function asXlrd({ type }: XlsColumn, value: XlsCell): XlrdCell | { dateText: string } {
  if (value === null || value === undefined || value === '') return null
  if (type === 'date' || type === 'datetime') return { dateText: String(value) }
  // -0 is no number of the format.
  return typeof value === 'number' ? value + 0 : (value as string | boolean)
}

/** Excel's numbers of days back to text, whole seconds; days from March 1900 on. */
export function dateTextOf({ type }: XlsColumn, cell: XlrdCell): XlrdCell | { dateText: string } {
  if (typeof cell !== 'object' || cell === null) return cell
  const seconds = Math.round((cell.date - 25_569) * 86_400)
  const iso = new Date(seconds * 1000).toISOString().replace('T', ' ')
  return { dateText: iso.slice(0, type === 'date' ? 10 : 19) }
}

/** What LibreOffice should print: booleans as 1 and 0. */
export function asLibreOffice({ type }: XlsColumn, value: XlsCell): LibreOfficeCell {
  if (value === null || value === undefined || value === '') return null
  if (typeof value === 'string' && type === 'text') return { text: value.replaceAll(/\r\n?/g, '\n') }
  if (typeof value === 'boolean') return { value: value ? '1' : '0' }
  return { value: String(value) }
}

/** Whether two of its cells say the same: it prints numbers with 15 digits, or 20 places, whichever are fewer. */
export function alikeInLibreOffice(wanted: unknown, found: unknown): boolean {
  const [a, b] = [wanted, found].map((cell) => Number((cell as { value?: string } | null)?.value))
  if (Number.isNaN(a) || Number.isNaN(b)) return isDeepStrictEqual(wanted, found)
  return Math.abs(a! - b!) <= Math.abs(a!) * 1e-13 + 1e-19
}
