import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { flatten } from './an-invoice.ts'

const sql = readFileSync(new URL('../../../sql/migrations/0002_fullbay.sql', import.meta.url), 'utf8')
const sample: unknown = JSON.parse(
  readFileSync(new URL('../../fixtures/fullbay/invoice_S2001_synthetic.json', import.meta.url), 'utf8'),
)
const result = flatten(sample)

// What the writer adds, and what the database fills in.
const WRITER = [
  'id',
  'raw_data_id',
  'raw_version',
  'content_hash',
  'transform_fingerprint',
  'run_id',
  'processed_at',
  'landed_xid',
  'ingestion_timestamp',
  'ingestion_source',
]

/** Columns of a table and their types, as the migration declares them. */
function columnsOf(table: string): Map<string, string> {
  const body = new RegExp(`create table base\\.${table} \\(([\\s\\S]*?)\\n\\);`).exec(sql)?.[1] ?? ''
  const declared = [...body.matchAll(/^ {4}([a-z_]+) ((?:numeric\(\d+, \d+\)|[a-z0-9]+)(?:\[\])?)/gm)]
  const columns = declared.map(([, name = '', type = '']) => [name, type] as const)
  return new Map(columns.filter(([name]) => !['primary', 'foreign', ...WRITER].includes(name)))
}

describe.for([
  { table: 'fullbay__invoices', rows: [result.invoice] },
  { table: 'fullbay__line_items', rows: result.lines },
  { table: 'fullbay__invoice_taxes', rows: result.taxes },
  { table: 'fullbay__invoice_warnings', rows: result.warnings },
])('the rows of base.$table', ({ table, rows }) => {
  const columns = columnsOf(table)

  test('have exactly its columns', () => {
    expect(columns.size).toBeGreaterThan(5)
    expect(rows.length).toBeGreaterThan(0)
    for (const row of rows) expect(Object.keys(row).toSorted()).toEqual([...columns.keys()].toSorted())
  })

  test('hold values of the types of the columns, decimals with all their places', () => {
    const misfits = rows.flatMap((row) =>
      Object.entries(row).filter(([name, value]) => value !== null && !fits(value, columns.get(name) ?? '')),
    )
    expect(misfits).toEqual([])
  })
})

function fits(value: unknown, type: string): boolean {
  const places = /^numeric\(\d+, (\d)\)$/.exec(type)?.[1]
  if (type === 'text[]') return Array.isArray(value)
  if (places === undefined && !/^(date|timestamptz)$/.test(type)) {
    return typeof value === { text: 'string', boolean: 'boolean', integer: 'number' }[type]
  }
  const patterns = { date: /^\d{4}-\d\d-\d\d$/, timestamptz: /^\d{4}-\d\d-\d\dT[\d:.]+Z$/ }
  const pattern = type === 'date' || type === 'timestamptz' ? patterns[type] : new RegExp(`^-?\\d+\\.\\d{${places}}$`)
  return typeof value === 'string' && pattern.test(value)
}
