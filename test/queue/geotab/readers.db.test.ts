import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Run } from '../../../queue/ledger.ts'
import { USUAL } from '../../../sandbox/geotab/disorder.ts'
import { createTestDatabase, type TestDatabase } from '../../support/database.ts'
import { unaccounted } from '../../support/geotab-counts.ts'
import { openGeotabPipeline, type GeotabPipeline } from '../../support/geotab-pipeline.ts'
import { libreOfficeMissing, readWithLibreOffice, readWithXlrd, xlrdMissing } from '../../support/workbook-readers.ts'

let database: TestDatabase
let pipeline: GeotabPipeline
let folder: string
let run: Run
beforeAll(async () => {
  database = await createTestDatabase()
  pipeline = await openGeotabPipeline(database, { fleets: [{ id: 'demo', vehicles: 8, disorder: USUAL }] })
  folder = mkdtempSync(join(tmpdir(), 'milepost-reports-'))
  run = await pipeline.run()
})
afterAll(async () => {
  await pipeline.close()
  rmSync(folder, { recursive: true })
  await database.drop()
})

test('the run that sent them adds up', async () => {
  expect(run.status).toBe('succeeded')
  expect(await unaccounted(database, run.run_id)).toEqual([])
})

const REPORTS = [
  { title: 'asset status', model: 'rpt_asset_status', columns: 25 },
  { title: 'trips history', model: 'rpt_trips_history', columns: 26 },
  { title: 'exceptions details', model: 'rpt_exceptions_details', columns: 18 },
  { title: 'engine faults', model: 'rpt_engine_faults', columns: 13 },
]

type Value = string | number | boolean | null

/** The delivered file of a report, on disk. */
function fileOf(title: string): string {
  const names = pipeline.sftp.files.names('Import').filter((name) => name.includes(`_${title} report_`))
  expect(names).toHaveLength(1)
  const path = join(folder, names[0]!)
  writeFileSync(path, pipeline.sftp.files.read(`Import/${names[0]}`)!)
  return path
}

/** The report as its model tells it: the header, and the rows in an order of their own. Decimals are numbers. */
async function told(model: string): Promise<{ header: string[]; rows: Value[][] }> {
  const { rows } = await sql<{ row: Record<string, Value> }>`
    select to_jsonb(r) as row from ${sql.table(`reports.${model}`)} as r
  `.execute(database.db)
  const { rows: columns } = await sql<{ name: string }>`
    select column_name as name from information_schema.columns
    where table_schema = 'reports' and table_name = ${model} order by ordinal_position
  `.execute(database.db)
  const header = columns.map(({ name }) => name)
  return { header, rows: ordered(rows.map(({ row }) => header.map((name) => row[name] ?? null))) }
}

const ordered = <Row>(rows: Row[]) => rows.toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))

test.skipIf(xlrdMissing()).for(REPORTS)(
  'xlrd reads the $title file as its model tells it, cell by cell and type by type',
  async ({ title, model, columns }) => {
    const expected = await told(model)
    const [sheet] = await readWithXlrd(fileOf(title))
    expect(sheet?.rows[0]).toEqual(expected.header)
    expect(expected.header).toHaveLength(columns)
    expect(ordered((sheet?.rows ?? []).slice(1))).toEqual(expected.rows)
    expect(expected.rows.length).toBeGreaterThan(0)
    expect(sheet).toMatchObject({ frozenRows: 1, boldHeader: true })
  },
)

test.skipIf(libreOfficeMissing()).for(REPORTS)(
  'LibreOffice reads the $title file as its model tells it',
  async ({ title, model }) => {
    const expected = await told(model)
    const [sheet] = await readWithLibreOffice(fileOf(title))
    // It prints booleans as 1 and 0, and numbers with 15 digits.
    const cells = (sheet?.rows ?? []).map((row) =>
      row.map((cell) => (cell === null ? null : 'text' in cell ? cell.text : Number(cell.value))),
    )
    const printed = (value: Value) =>
      typeof value === 'boolean' ? Number(value) : typeof value === 'number' ? Number(value.toPrecision(15)) : value
    expect(cells[0]).toEqual(expected.header)
    expect(ordered(cells.slice(1))).toEqual(ordered(expected.rows.map((row) => row.map(printed))))
  },
)
