/** The records that a workbook may consist of. None computes, links or reaches outside of the file. */
export const RECORD = {
  EOF: 0x000a,
  CALCCOUNT: 0x000c,
  CALCMODE: 0x000d,
  CALCPRECISION: 0x000e,
  CALCREFMODE: 0x000f,
  CALCDELTA: 0x0010,
  CALCITER: 0x0011,
  PROTECT: 0x0012,
  PASSWORD: 0x0013,
  HEADER: 0x0014,
  FOOTER: 0x0015,
  WINPROTECT: 0x0019,
  SELECTION: 0x001d,
  DATE1904: 0x0022,
  PRINTROWCOL: 0x002a,
  PRINTGRID: 0x002b,
  FONT: 0x0031,
  CONTINUE: 0x003c,
  WINDOW1: 0x003d,
  BACKUP: 0x0040,
  PANE: 0x0041,
  CODEPAGE: 0x0042,
  DEFCOLWIDTH: 0x0055,
  WRITEACCESS: 0x005c,
  CALCSAVERECALC: 0x005f,
  COLINFO: 0x007d,
  GUTS: 0x0080,
  WSBOOL: 0x0081,
  GRIDSET: 0x0082,
  HCENTER: 0x0083,
  VCENTER: 0x0084,
  BOUNDSHEET: 0x0085,
  COUNTRY: 0x008c,
  HIDEOBJ: 0x008d,
  SETUP: 0x00a1,
  MMS: 0x00c1,
  DBCELL: 0x00d7,
  BOOKBOOL: 0x00da,
  XF: 0x00e0,
  INTERFACEHDR: 0x00e1,
  INTERFACEEND: 0x00e2,
  SST: 0x00fc,
  LABELSST: 0x00fd,
  EXTSST: 0x00ff,
  RRTABID: 0x013d,
  USESELFS: 0x0160,
  DSF: 0x0161,
  PROT4REV: 0x01af,
  REFRESHALL: 0x01b7,
  PROT4REVPASS: 0x01bc,
  DIMENSIONS: 0x0200,
  NUMBER: 0x0203,
  BOOLERR: 0x0205,
  ROW: 0x0208,
  INDEX: 0x020b,
  DEFAULTROWHEIGHT: 0x0225,
  WINDOW2: 0x023e,
  RK: 0x027e,
  STYLE: 0x0293,
  FORMAT: 0x041e,
  BOF: 0x0809,
} as const

/** Bytes of a record's body; what is longer goes on in CONTINUE records. */
export const LONGEST_BODY = 8224
export const RECORD_HEAD = 4

export type Bytes = readonly number[]

export const u8 = (value: number): Bytes => [value & 0xff]
export const u16 = (value: number): Bytes => [value & 0xff, (value >>> 8) & 0xff]
export const u32 = (value: number): Bytes => [...u16(value), ...u16(value >>> 16)]

export function f64(value: number): Bytes {
  const bytes = Buffer.alloc(8)
  bytes.writeDoubleLE(value)
  return [...bytes]
}

/** A record: its number, the length of its body, its body. */
export function record(id: number, ...body: Bytes[]): Buffer {
  const bytes = body.flat()
  return Buffer.from([...u16(id), ...u16(bytes.length), ...bytes])
}

const WIDE = /[^\0-\u00ff]/

/** Whether a text needs two bytes a unit: it has characters beyond Latin-1. */
export function isWide(text: string): boolean {
  return WIDE.test(text)
}

/** A short text: whether it is wide, and its units. Its length stands before, in as many bytes as the record says. */
export function units(text: string): Bytes {
  return isWide(text) ? [1, ...Buffer.from(text, 'utf16le')] : [0, ...Buffer.from(text, 'latin1')]
}
