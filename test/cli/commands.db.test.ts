import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { startMilepost, type Ended } from '../support/milepost.ts'

const EXPECTED = resolve(import.meta.dirname, '../fixtures/fullbay')

let database: TestDatabase
let folder: string
let first: Ended
beforeAll(async () => {
  database = await createTestDatabase()
  folder = mkdtempSync(join(tmpdir(), 'milepost-cli-'))
  writeFileSync(join(folder, 'milepost.yaml'), 'log_level: error\n')
  first = await milepost(['run'])
}, 120_000)
afterAll(async () => {
  rmSync(folder, { recursive: true })
  await database.drop()
})

function milepost(args: string[], options: { env?: Record<string, string>; input?: string } = {}): Promise<Ended> {
  const env = { DATABASE_URL: database.url, ...options.env }
  return startMilepost(args, { cwd: folder, env, ...(options.input === undefined ? {} : { input: options.input }) })
    .ended
}

async function sqlJson<T>(query: string): Promise<T[]> {
  const { code, out, err } = await milepost(['sql', '--json', query])
  expect(err).toBe('')
  expect(code).toBe(0)
  return JSON.parse(out) as T[]
}

test('a run on the sandbox says so, reads both shops, builds the models and sums up', () => {
  expect(first.code).toBe(0)
  expect(first.err).toContain('sandbox')
  expect(first.out).toMatch(/succeeded/)
  expect(first.out).toMatch(/Invoices {3}([\d,]+) fetched = \1 landed \+ 0 unchanged \+ 0 quarantined/)
  expect(first.out).toMatch(/Models {5}\d+ built, \d+ tests passed/)
  expect(first.out).toContain('Top customers (v_customer_analysis)')
})

test('a second run lands nothing and says so', async () => {
  const { code, out } = await milepost(['run', '--json'])
  const summary = JSON.parse(out) as { status: string; sources_read: Record<string, Record<string, number>> }
  expect(code).toBe(0)
  expect(summary.status).toBe('succeeded')
  // The made-up fleet drives on, so that only of the invoices nothing is new.
  const invoices = summary.sources_read['fullbay']
  expect(invoices).toMatchObject({ landed: 0, quarantined: 0, unchanged: invoices?.['fetched'] })
  expect(invoices?.['fetched']).toBeGreaterThan(0)
})

test('invoice 14282 has six lines: three parts, a supply, two of labour, 2,447.27 in all', async () => {
  const rows = await sqlJson<{ line_item_type: string; count: number; total: number }>(
    "select line_item_type, count(*), sum(line_total) as total from fullbay_line_items where invoice_number = '14282' group by 1 order by 1",
  )
  expect(rows).toEqual([
    { line_item_type: 'LABOR', count: 2, total: 1860 },
    { line_item_type: 'PART', count: 3, total: 535.43 },
    { line_item_type: 'SUPPLY', count: 1, total: 51.84 },
  ])
  expect(rows.reduce((sum, row) => sum + row.total * 100, 0) / 100).toBeCloseTo(2447.27, 2)
})

interface ExpectedLine {
  line_no: number
  line_item_type: string
  line_total: string
  line_tax: string | null
  sales_total: string
  quantity?: string
  labor_hours?: string | null
  actual_hours?: string | null
  assigned_technician?: string | null
}

test.for(['invoice_14282_A', 'invoice_S2001_synthetic'])(
  '%s has every line and figure of its expected file in the published relation',
  async (name) => {
    const expected = JSON.parse(await readFile(join(EXPECTED, `${name}.expected.json`), 'utf8')) as {
      invoice_number: string
      lines: ExpectedLine[]
      reconciliation: { status: string; lines_subtotal: string }
    }
    const lines = await sqlJson<Record<string, unknown>>(
      `select line_no, line_item_type, line_total, line_tax, sales_total, quantity, labor_hours, so_hours, assigned_technician
     from fullbay_line_items where invoice_number = '${expected.invoice_number}' order by line_no`,
    )
    const number = (value: string | null | undefined) => (value === null || value === undefined ? null : Number(value))
    expect(lines).toHaveLength(expected.lines.length)
    for (const [i, line] of expected.lines.entries()) {
      expect(lines[i], `line ${line.line_no}`).toMatchObject({
        line_no: line.line_no,
        line_item_type: line.line_item_type,
        line_total: number(line.line_total),
        line_tax: number(line.line_tax),
        sales_total: number(line.sales_total),
        ...(line.quantity === undefined ? {} : { quantity: number(line.quantity) }),
        ...(line.labor_hours === undefined
          ? {}
          : { labor_hours: number(line.labor_hours), so_hours: number(line.actual_hours) }),
        ...(line.assigned_technician === undefined ? {} : { assigned_technician: line.assigned_technician }),
      })
    }
    const [invoice] = await sqlJson<{ reconciliation_status: string; lines_subtotal: number }>(
      `select reconciliation_status, revenue_total as lines_subtotal from fullbay_invoices where invoice_number = '${expected.invoice_number}'`,
    )
    expect(invoice).toEqual({
      reconciliation_status: expected.reconciliation.status,
      lines_subtotal: number(expected.reconciliation.lines_subtotal),
    })
  },
)

test.for([
  'v_invoice_summary',
  'v_customer_analysis',
  'v_parts_analysis',
  'v_technician_performance',
  'v_fleet_analysis',
  'v_daily_summary',
  'v_monthly_summary',
  'v_service_mix',
  'v_labor_efficiency',
  'v_charges_and_tax',
  'v_ingestion_performance',
  'v_current_processing_status',
  'v_data_quality_check',
  'v_recent_activity',
  'v_reconciliation',
  'v_shop_freshness',
])('%s has rows, unqualified on a fresh connection', async (view) => {
  const rows = await sqlJson<{ n: number }>(`select count(*) as n from ${view}`)
  expect(rows[0]?.n).toBeGreaterThan(0)
})

test('v_processing_errors is there, and empty when nothing is wrong', async () => {
  expect(await sqlJson('select * from v_processing_errors')).toEqual([])
})

test('v_duplicate_invoices is there, and ids that two shops share do not make their invoices duplicates', async () => {
  const rows = await sqlJson<{ n: number }>(
    "select count(*) as n from v_duplicate_invoices where duplicate_kind = 'SAME_ID_IN_SHOPS'",
  )
  expect(rows).toEqual([{ n: 0 }])
})

test.for([
  {
    name: 'a query that writes',
    args: ['sql', 'delete from fullbay_line_items'],
    code: 1,
    says: /cannot|read-only|reads/,
  },
  {
    name: 'two statements',
    args: ['sql', 'select 1; drop schema raw cascade'],
    code: 1,
    says: /One statement at a time/,
  },
  {
    name: 'a relation that is not there',
    args: ['sql', 'select * from nowhere'],
    code: 1,
    says: /does not exist.*npm start/,
  },
  { name: 'an unknown command', args: ['fly'], code: 2, says: /unknown command/ },
  { name: 'an unknown option', args: ['run', '--fast'], code: 2, says: /unknown option/ },
  { name: 'a query that is missing', args: ['sql'], code: 2, says: /missing required argument/ },
  { name: 'two formats at once', args: ['sql', 'select 1', '--json', '--csv'], code: 2, says: /exclude each other/ },
  { name: 'a record that is not in quarantine', args: ['quarantine', 'show', '99'], code: 2, says: /no record 99/ },
])('$name ends with $code and says why', async ({ args, code, says }) => {
  const ended = await milepost(args)
  expect(ended.err).toMatch(says)
  expect(ended.code).toBe(code)
  expect(ended.out).toBe('')
})

test('CSV keeps quotes and line ends, JSON keeps every digit, and a query can come from standard input', async () => {
  const query = `select 'a "b", c' as x, 12345678901234567890.10::numeric as n, null as nothing, '{"k": [1]}'::jsonb as j`
  const csv = await milepost(['sql', '--csv', '-'], { input: query })
  expect(csv.out).toBe('x,n,nothing,j\r\n"a ""b"", c",12345678901234567890.10,,"{""k"": [1]}"\r\n')
  const json = await milepost(['sql', '--json', query])
  expect(json.out).toContain('"n": 12345678901234567890.10')
})

test.for([
  '--help',
  'run --help',
  'work --help',
  'build --help',
  'models --help',
  'sql --help',
  'status --help',
  'quarantine --help',
  'state --help',
  'sandbox --help',
  'migrate --help',
  'doctor --help',
  'db --help',
  'generate --help',
])('milepost %s shows examples or the exit codes and ends with 0', async (args) => {
  const { code, out } = await milepost(args.split(' '))
  expect(code).toBe(0)
  expect(out).toMatch(/Examples:|Exit codes:/)
})

test('status, state and doctor answer in JSON that a script can read', async () => {
  const status = JSON.parse((await milepost(['status', '--json'])).out) as {
    runs: { status: string }[]
    steps: { kind: string }[]
  }
  expect(status.runs.map((run) => run.status)).toEqual(['succeeded', 'succeeded'])
  expect([...new Set(status.steps.map(({ kind }) => kind))]).toEqual(
    expect.arrayContaining(['extract', 'transform', 'enrich', 'build', 'deliver']),
  )
  const state = JSON.parse((await milepost(['state', '--json'])).out) as { feed: string }[]
  const feeds = state.map((cursor) => cursor.feed)
  expect(feeds.filter((feed) => feed === 'fullbay.invoices')).toHaveLength(2)
  expect(feeds.filter((feed) => feed.startsWith('geotab.'))).toHaveLength(12)
  const doctor = await milepost(['doctor', '--json'])
  expect(doctor.code).toBe(0)
  expect(JSON.parse(doctor.out)).toMatchObject({ healthy: true })
})

test('doctor names what is wrong and ends with 5', async () => {
  const ended = await milepost(['doctor'], { env: { DATABASE_URL: 'postgres://nobody:pw-of-nobody@127.0.0.1:1/none' } })
  expect(ended.code).toBe(5)
  expect(ended.out).toMatch(/PROBLEM +database/)
  expect(ended.out + ended.err).not.toContain('pw-of-nobody')
})

test('a configuration with several mistakes names each of them', async () => {
  writeFileSync(join(folder, 'milepost.yaml'), 'log_level: loud\nfulbay: {}\n')
  const ended = await milepost(['run'])
  writeFileSync(join(folder, 'milepost.yaml'), 'log_level: error\n')
  expect(ended.code).toBe(1)
  expect(ended.err).toMatch(/2 problem[\s\S]*log_level[\s\S]*fulbay/)
})
