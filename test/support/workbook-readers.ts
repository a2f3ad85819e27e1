import { execFile, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { parse } from 'csv-parse/sync'
import { afterAll } from 'vitest'

const run = promisify(execFile)
const PYTHON = '/usr/bin/python3'
const MOST_OUTPUT = 512 * 1024 * 1024

/** Why a test that needs xlrd does not run here; undefined where it can. */
export function xlrdMissing(): string | undefined {
  return runs(PYTHON, '-c', 'import xlrd') ? undefined : 'skipped: needs python3-xlrd'
}

/** Why a test that needs LibreOffice does not run here; undefined where it can. */
export function libreOfficeMissing(): string | undefined {
  return runs('soffice', '--version') ? undefined : 'skipped: needs soffice'
}

function runs(program: string, ...args: string[]): boolean {
  return spawnSync(program, args, { stdio: 'ignore' }).status === 0
}

/** A date is the number that stands for it. */
export type XlrdCell = string | number | boolean | { date: number } | null

export interface XlrdSheet {
  name: string
  rows: XlrdCell[][]
  /** Rows that stand still when the sheet is scrolled. */
  frozenRows: number
  /** Whether all cells of the first row are bold, and none of the second. */
  boldHeader: boolean
  /** Width of each column, in characters. */
  widths: number[]
}

const XLRD = `
import json, sys, xlrd
book = xlrd.open_workbook(sys.argv[1], formatting_info=True)
assert book.datemode == 0, 'the date system of 1904'
def value(cell):
    if cell.ctype == xlrd.XL_CELL_TEXT: return cell.value
    if cell.ctype == xlrd.XL_CELL_NUMBER: return cell.value
    if cell.ctype == xlrd.XL_CELL_DATE: return {'date': cell.value}
    if cell.ctype == xlrd.XL_CELL_BOOLEAN: return cell.value == 1
    assert cell.ctype in (xlrd.XL_CELL_EMPTY, xlrd.XL_CELL_BLANK), 'a cell that holds an error'
    return None
def bold(sheet, row):
    return [book.font_list[book.xf_list[cell.xf_index].font_index].weight == 700
            for cell in sheet.row(row) if cell.ctype != xlrd.XL_CELL_EMPTY]
sheets = []
for sheet in book.sheets():
    frozen = sheet.horz_split_pos if sheet.panes_are_frozen else 0
    sheets.append({
        'name': sheet.name,
        'rows': [[value(cell) for cell in sheet.row(row)] for row in range(sheet.nrows)],
        'frozenRows': frozen,
        'boldHeader': all(bold(sheet, 0)) and not (sheet.nrows > 1 and any(bold(sheet, 1))),
        'widths': [sheet.colinfo_map[column].width / 256 for column in range(sheet.ncols)],
    })
json.dump(sheets, sys.stdout)
`

/** The sheets of an .xls file as Python's xlrd reads them. */
export async function readWithXlrd(path: string): Promise<XlrdSheet[]> {
  const { stdout } = await run(PYTHON, ['-c', XLRD, path], { maxBuffer: MOST_OUTPUT })
  return JSON.parse(stdout) as XlrdSheet[]
}

/** What LibreOffice quotes is text; the rest are numbers, dates and booleans, as it prints them. */
export type LibreOfficeCell = { text: string } | { value: string } | null

export interface LibreOfficeSheet {
  name: string
  rows: LibreOfficeCell[][]
}

export interface LibreOfficeOptions {
  /** Values as the screen shows them, in their number format; else numbers with 15 digits, booleans as 1 and 0. */
  asShown?: boolean
}

// One for all files of a test file: making it takes longer than reading. Two LibreOffices at once cannot share one.
const profileFolder = mkdtempSync(join(tmpdir(), 'milepost-soffice-profile-'))
afterAll(() => rmSync(profileFolder, { recursive: true, force: true }))

/** The sheets of a workbook as LibreOffice reads them. It drops empty rows at the end, and makes CR LF a line feed. */
export async function readWithLibreOffice(path: string, options: LibreOfficeOptions = {}): Promise<LibreOfficeSheet[]> {
  const folder = await mkdtemp(join(tmpdir(), 'milepost-soffice-'))
  try {
    // Comma, double quote, UTF-8, from line 1; quote all text; all sheets, a file each.
    const filter = `csv:Text - txt - csv (StarCalc):44,34,76,1,,0,true,true,${options.asShown === true},false,false,-1`
    const profile = `-env:UserInstallation=${pathToFileURL(profileFolder).href}`
    const out = join(folder, 'out')
    await run('soffice', [profile, '--headless', '--convert-to', filter, '--outdir', out, path], { timeout: 60_000 })
    const stem = `${basename(path, '.xls')}-`
    const names = (await readdir(out)).map((file) => file.slice(stem.length, -'.csv'.length))
    const sheets = names.map(async (name) => ({
      name,
      rows: rowsOf(await readFile(join(out, `${stem}${name}.csv`), 'utf8')),
    }))
    return (await Promise.all(sheets)).sort((a, b) => a.name.localeCompare(b.name, 'en', { numeric: true }))
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

function rowsOf(csv: string): LibreOfficeCell[][] {
  return parse(csv, {
    record_delimiter: '\n',
    max_record_size: MOST_OUTPUT,
    cast: (value, { quoting }) => (quoting ? { text: value } : value === '' ? null : { value }),
  }) as unknown as LibreOfficeCell[][]
}
