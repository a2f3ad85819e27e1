import { once } from 'node:events'
import type { DatabaseError, FieldDef } from 'pg'
import type { Command } from 'commander'
import { PipelineError } from '../core/errors.ts'
import { parseJson } from '../core/json.ts'
import { usageError } from './exit.ts'
import { print, renderCsv, renderJson, renderTable, say } from './output.ts'
import { openSession } from './session.ts'

// Type numbers of pg_type, which never change.
const OID = { bool: 16, json: 114, jsonb: 3802 }
const NUMBERS = new Set([20, 21, 23, 26, 700, 701, 1700])

interface Answer {
  columns: string[]
  fields: FieldDef[]
  rows: (string | null)[][]
}

/** One read-only statement; every value as the text Postgres writes, so that no digit is lost on the way. */
async function readOnlyQuery(url: string, statement: string, timeoutMs: number): Promise<Answer> {
  const { Client, DatabaseError } = await import('pg')
  const { connectionError } = await import('../db/connection-error.ts')
  const client = new Client({
    connectionString: url,
    application_name: 'milepost sql',
    options: `-c default_transaction_read_only=on -c statement_timeout=${timeoutMs}`,
    types: { getTypeParser: () => (value: string) => value },
  })
  try {
    await client.connect()
  } catch (error) {
    throw connectionError(error, url)
  }
  try {
    // The extended protocol takes one statement only, so a second one cannot leave the read-only transaction.
    const config = { text: statement, rowMode: 'array' as const, queryMode: 'extended' as const }
    const result = await client.query<(string | null)[]>(config)
    if (result.fields.length === 0)
      throw new PipelineError('SQL', 'That is no query: it returns no rows. `milepost sql` only reads.', 'never')
    return { columns: result.fields.map((field) => field.name), fields: result.fields, rows: result.rows }
  } catch (error) {
    throw error instanceof DatabaseError ? sqlError(error, timeoutMs) : error
  } finally {
    await client.end()
  }
}

function sqlError(error: DatabaseError, timeoutMs: number): PipelineError {
  const hints: Record<string, string> = {
    '42P01': ' If nothing was loaded yet: `npm start` (or `npx milepost run`) loads the data and builds the views.',
    '25006': ' `milepost sql` only reads.',
    '57014': ` It took longer than ${timeoutMs / 1000} s; --timeout allows more.`,
  }
  const isSeveral = /multiple commands/.test(error.message)
  const said = isSeveral ? 'One statement at a time' : error.message
  return new PipelineError('SQL', `${said}.${hints[error.code ?? ''] ?? ''}`, 'never', { cause: error })
}

function jsonValue(text: string | null, field: FieldDef): unknown {
  if (text === null) return null
  if (field.dataTypeID === OID.bool) return text === 't'
  if (field.dataTypeID === OID.json || field.dataTypeID === OID.jsonb) return parseJson(text)
  return NUMBERS.has(field.dataTypeID) && /^-?\d+(\.\d+)?(e[+-]?\d+)?$/i.test(text) ? JSON.rawJSON(text) : text
}

export function addSqlCommand(program: Command): void {
  program
    .command('sql')
    .description('run one read-only query and print its rows')
    .argument('<query>', 'the statement; "-" reads it from standard input')
    .option('--json', 'rows as JSON objects')
    .option('--csv', 'rows as CSV (RFC 4180)')
    .option('--timeout <seconds>', 'give up after this long', '60')
    .addHelpText(
      'after',
      `
Examples:
  $ npx milepost sql "select * from v_customer_analysis order by total_revenue desc limit 10"
  $ npx milepost sql --json "select line_item_type, count(*) from fullbay_line_items group by 1"
  $ npx milepost sql --csv "select * from v_invoice_summary" > invoices.csv`,
    )
    .action(async (query: string, options: { json?: boolean; csv?: boolean; timeout: string }) => {
      const seconds = Number(options.timeout)
      if (!(seconds > 0)) throw usageError(`--timeout takes a number of seconds, not ${options.timeout}`)
      if (options.json === true && options.csv === true) throw usageError('--json and --csv exclude each other')
      const statement = query === '-' ? await readStdin() : query
      const session = await openSession({ migrate: false })
      try {
        const answer = await readOnlyQuery(session.databaseUrl.reveal(), statement, seconds * 1000)
        printAnswer(answer, options)
      } finally {
        await session.close()
      }
    })
}

function printAnswer({ columns, fields, rows }: Answer, options: { json?: boolean; csv?: boolean }): void {
  if (options.json === true) {
    const names = uniqueNames(columns)
    const objects = rows.map((row) => Object.fromEntries(row.map((text, i) => [names[i], jsonValue(text, fields[i]!)])))
    print(renderJson(objects))
  } else if (options.csv === true) process.stdout.write(renderCsv(columns, rows))
  else {
    print(renderTable(columns, rows))
    say(`(${rows.length} ${rows.length === 1 ? 'row' : 'rows'})`)
  }
}

/** Two columns of one name (`select 1, 2`) both survive as JSON members. */
function uniqueNames(columns: string[]): string[] {
  const seen = new Map<string, number>()
  return columns.map((column) => {
    const times = (seen.get(column) ?? 0) + 1
    seen.set(column, times)
    return times === 1 ? column : `${column}_${times}`
  })
}

async function readStdin(): Promise<string> {
  let text = ''
  process.stdin.setEncoding('utf8')
  process.stdin.on('data', (chunk) => {
    text += String(chunk)
  })
  await once(process.stdin, 'end')
  return text
}
