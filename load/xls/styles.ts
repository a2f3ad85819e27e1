import type { CheckedColumn } from './column.ts'
import { RECORD, record, u16, u32, u8, units, type Bytes } from './record.ts'

const REGULAR = 400
const BOLD = 700
const BOLD_FONT = 1
const FIRST_OWN_FORMAT = 164
const STYLE_FORMATS = 15

/** Cell formats by their place: 0 to 14 belong to styles, then the default, the header's and the columns' own. */
export const DEFAULT_CELL_FORMAT = 15
export const HEADER_CELL_FORMAT = 16

// Every workbook states these eight, which follow the country of whoever opens it.
const MONEY_FORMATS: [number, string][] = [
  [5, '"$"#,##0_);\\("$"#,##0\\)'],
  [6, '"$"#,##0_);[Red]\\("$"#,##0\\)'],
  [7, '"$"#,##0.00_);\\("$"#,##0.00\\)'],
  [8, '"$"#,##0.00_);[Red]\\("$"#,##0.00\\)'],
  [42, '_("$"* #,##0_);_("$"* \\(#,##0\\);_("$"* "-"_);_(@_)'],
  [41, '_(* #,##0_);_(* \\(#,##0\\);_(* "-"_);_(@_)'],
  [44, '_("$"* #,##0.00_);_("$"* \\(#,##0.00\\);_("$"* "-"??_);_(@_)'],
  [43, '_(* #,##0.00_);_(* \\(#,##0.00\\);_(* "-"??_);_(@_)'],
]

const BUILT_IN = new Map([
  ['General', 0],
  ['@', 49],
])

export interface Styles {
  records: Buffer[]
  /** The cell format of each column. */
  cellFormats: number[]
}

/** Fonts, number formats, cell formats and the one style of a workbook with these columns. */
export function stylesOf(columns: readonly CheckedColumn[]): Styles {
  const own = [...new Set(columns.map(({ format }) => format))]
  const numbers = new Map(BUILT_IN)
  const formats = [...MONEY_FORMATS]
  for (const format of own.filter((text) => !BUILT_IN.has(text))) {
    const number = FIRST_OWN_FORMAT + formats.length - MONEY_FORMATS.length
    numbers.set(format, number)
    formats.push([number, format])
  }
  const records = [
    ...[REGULAR, BOLD, REGULAR, REGULAR].map(font),
    ...formats.map(([number, text]) => record(RECORD.FORMAT, u16(number), u16(text.length), units(text))),
    ...Array.from({ length: STYLE_FORMATS }, (_, index) => styleFormat(index)),
    cellFormat(0, 0),
    cellFormat(BOLD_FONT, 0),
    ...own.map((format) => cellFormat(0, numbers.get(format)!)),
    record(RECORD.STYLE, u16(0x8000), u8(0), u8(0xff)),
  ]
  const cellFormats = columns.map(({ format }) => HEADER_CELL_FORMAT + 1 + own.indexOf(format))
  return { records, cellFormats }
}

function font(weight: number): Buffer {
  const name = 'Arial'
  const tenPoints = u16(200)
  const automaticColour = u16(0x7fff)
  return record(
    RECORD.FONT,
    tenPoints,
    u16(0),
    automaticColour,
    u16(weight),
    u16(0), // neither raised nor lowered
    u8(0), // not underlined
    u8(2), // sans serif
    u8(0), // character set
    u8(0),
    u8(name.length),
    units(name),
  )
}

const BOTTOM = u8(0x20)
const NO_BORDER_NO_FILL: Bytes = [...u32(0), ...u32(0), ...u16(0x20c0)]

function styleFormat(index: number): Buffer {
  // Of the first, every attribute counts; of the others, the number format alone.
  const ignored = index === 0 ? 0 : 0xf4
  return record(RECORD.XF, u16(0), u16(0), u16(0xfff5), BOTTOM, u8(0), u8(0), u8(ignored), NO_BORDER_NO_FILL)
}

function cellFormat(fontIndex: number, format: number): Buffer {
  const set = (format === 0 ? 0 : 0x04) | (fontIndex === 0 ? 0 : 0x08)
  return record(RECORD.XF, u16(fontIndex), u16(format), u16(1), BOTTOM, u8(0), u8(0), u8(set), NO_BORDER_NO_FILL)
}
