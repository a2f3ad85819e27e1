import type { CheckedColumn } from './column.ts'
import { container } from './container.ts'
import { Notes } from './notes.ts'
import { RECORD, RECORD_HEAD, record, u16, u32, u8, units } from './record.ts'
import { SharedStrings } from './shared-strings.ts'
import { nextSheetName } from './sheet-name.ts'
import { bofRecord } from './sheet-records.ts'
import { Sheet } from './sheet.ts'
import { stylesOf, type Styles } from './styles.ts'

const UTF_16 = 1200
const USER_NAME_SIZE = 112
const BOUNDSHEET_POSITION = RECORD_HEAD

/** One workbook: sheets of one table. */
export class Workbook {
  readonly notes = new Notes()
  readonly sheets: Sheet[] = []
  readonly #columns: readonly CheckedColumn[]
  readonly #styles: Styles
  readonly #strings = new SharedStrings()

  constructor(columns: readonly CheckedColumn[]) {
    this.#columns = columns
    this.#styles = stylesOf(columns)
  }

  /** Size of the strings and rows so far. */
  get bytes(): number {
    return this.#strings.length + this.sheets.reduce((sum, sheet) => sum + sheet.bytes, 0)
  }

  addSheet(baseName: string): Sheet {
    const name = nextSheetName(
      baseName,
      this.sheets.map((sheet) => sheet.name),
    )
    const { cellFormats } = this.#styles
    const sheet = new Sheet({ name, columns: this.#columns, cellFormats, strings: this.#strings, notes: this.notes })
    this.sheets.push(sheet)
    return sheet
  }

  /** The finished file. */
  finish(): Buffer {
    const bounds = this.sheets.map(({ name }) =>
      record(RECORD.BOUNDSHEET, u32(0), u16(0), u8(name.length), units(name)),
    )
    const head = [...settings(this.sheets.length), ...this.#styles.records, record(RECORD.USESELFS, u16(0))]
    const country = record(RECORD.COUNTRY, u16(1), u16(1))
    const strings = this.#strings.finish(sizeOf([...head, ...bounds, country]))
    const parts = [...head, ...bounds, country, ...strings, record(RECORD.EOF)]
    let size = sizeOf(parts)
    for (const [index, sheet] of this.sheets.entries()) {
      bounds[index]!.writeUInt32LE(size, BOUNDSHEET_POSITION)
      const records = sheet.finish(size, index === 0)
      size += sizeOf(records)
      parts.push(...records)
    }
    return container(parts, size)
  }
}

/** The records before the styles. The date system is that of 1900, nothing is protected, nothing hidden. */
function settings(sheets: number): Buffer[] {
  return [
    bofRecord('workbook'),
    record(RECORD.INTERFACEHDR, u16(UTF_16)),
    record(RECORD.MMS, u16(0)),
    record(RECORD.INTERFACEEND),
    userName('Milepost'),
    record(RECORD.CODEPAGE, u16(UTF_16)),
    record(RECORD.DSF, u16(0)),
    record(RECORD.RRTABID, ...Array.from({ length: sheets }, (_, index) => u16(index + 1))),
    record(RECORD.WINPROTECT, u16(0)),
    record(RECORD.PROTECT, u16(0)),
    record(RECORD.PASSWORD, u16(0)),
    record(RECORD.PROT4REV, u16(0)),
    record(RECORD.PROT4REVPASS, u16(0)),
    window(),
    record(RECORD.BACKUP, u16(0)),
    record(RECORD.HIDEOBJ, u16(0)),
    record(RECORD.DATE1904, u16(0)),
    record(RECORD.CALCPRECISION, u16(1)),
    record(RECORD.REFRESHALL, u16(0)),
    record(RECORD.BOOKBOOL, u16(0)),
  ]
}

/** Who wrote the file, filled up with blanks. */
function userName(name: string): Buffer {
  const padding = Array.from({ length: USER_NAME_SIZE - 3 - name.length }, () => 0x20)
  return record(RECORD.WRITEACCESS, u16(name.length), units(name), padding)
}

function window(): Buffer {
  const [left, top, width, height] = [0, 0, 24_000, 12_000].map(u16)
  const scrollBarsAndTabs = u16(0x0038)
  const [active, firstTab, selected, tabRatio] = [0, 0, 1, 600].map(u16)
  const bounds = [left!, top!, width!, height!]
  return record(RECORD.WINDOW1, ...bounds, scrollBarsAndTabs, active!, firstTab!, selected!, tabRatio!)
}

function sizeOf(parts: readonly Buffer[]): number {
  return parts.reduce((sum, { length }) => sum + length, 0)
}
