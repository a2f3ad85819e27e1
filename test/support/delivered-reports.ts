import { read, utils } from 'xlsx'
import type { SftpSandbox } from '../../sandbox/sftp/server.ts'

export type DeliveredRow = Record<string, string | number | boolean | null>

/** A file as it arrived, read back. */
export interface DeliveredFile {
  name: string
  /** First part of its name, and the report's. */
  prefix: string
  report: string
  /** End of the window that the name tells, in milliseconds. */
  at: number
  columns: string[]
  rows: DeliveredRow[]
}

const NAME =
  /^(.+)_(asset status|trips history|exceptions details|engine faults) report_(\d{8}_\d{6})(?:_\d+of\d+)?\.xls$/

/** All files of the import folder, oldest first. Throws when a file has another name than a report. */
export function deliveredFiles(sftp: SftpSandbox): DeliveredFile[] {
  return sftp.files
    .names('Import')
    .map((name) => deliveredFile(name, sftp.files.read(`Import/${name}`)))
    .sort((a, b) => a.at - b.at || a.name.localeCompare(b.name))
}

function deliveredFile(name: string, content: Buffer | null): DeliveredFile {
  const parts = NAME.exec(name)
  if (parts === null || content === null) throw new Error(`${name} in the import folder is no report`)
  const [, prefix = '', report = '', stamp = ''] = parts
  const book = read(content, { type: 'buffer', dense: true })
  const sheet = book.Sheets[book.SheetNames[0] ?? '']
  if (sheet === undefined || book.SheetNames.length !== 1)
    throw new Error(`${name} has ${book.SheetNames.length} sheets`)
  const [header = [], ...rows] = utils.sheet_to_json<(string | number | boolean | null)[]>(sheet, {
    header: 1,
    defval: null,
    blankrows: true,
  })
  const columns = header.map(String)
  const asRow = (cells: DeliveredRow[string][]) =>
    Object.fromEntries(columns.map((column, index) => [column, cells[index] ?? null]))
  const iso = stamp.replace(/(\d{4})(\d\d)(\d\d)_(\d\d)(\d\d)(\d\d)/, '$1-$2-$3T$4:$5:$6Z')
  return { name, prefix, report, at: Date.parse(iso), columns, rows: rows.map(asRow) }
}
