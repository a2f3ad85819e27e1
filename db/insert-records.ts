import { sql, type Kysely, type Transaction } from 'kysely'
import type { DB } from './schema.ts'

type Db = Kysely<DB> | Transaction<DB>
type Value = string | number | boolean | null | readonly string[]

const BATCH_ROWS = 1000
const columnTypes = new Map<string, Map<string, string>>()

/**
 * Inserts objects into a table (`schema.name`), a thousand per statement; each object's keys are column names and all
 * objects have the same keys. Every column travels as one array and is cast by the table's own column type, so decimals
 * go as text and lose nothing; for wide rows that is twice as fast as a JSON recordset (bench/pipeline.ts).
 */
export async function insertRecords(db: Db, table: string, records: readonly object[]): Promise<void> {
  const first = records[0]
  if (first === undefined) return
  const types = await typesOf(db, table)
  const columns = Object.keys(first)
  const names = sql.join(columns.map((column) => sql.ref(column)))
  // An array within an array would have to be rectangular, so array columns travel as their text form.
  const selected = sql.join(columns.map((column) => castBack(column, types.get(column))))
  for (let from = 0; from < records.length; from += BATCH_ROWS) {
    const batch = records.slice(from, from + BATCH_ROWS) as Record<string, Value>[]
    const arrays = columns.map((column) => {
      const type = types.get(column) ?? 'text'
      const values = type.endsWith('[]') ? batch.map((row) => arrayText(row[column])) : batch.map((row) => row[column])
      return sql`${values}::${sql.raw(type.endsWith('[]') ? 'text' : type)}[]`
    })
    await sql`
      insert into ${sql.table(table)} (${names}) select ${selected} from unnest(${sql.join(arrays)}) as r (${names})
    `.execute(db)
  }
}

function castBack(column: string, type: string | undefined) {
  const name = sql.ref(`r.${column}`)
  return type?.endsWith('[]') === true ? sql`${name}::${sql.raw(type)}` : name
}

/** Postgres's text form of a list of texts; null for null. */
function arrayText(value: Value | undefined): string | null {
  if (!Array.isArray(value)) return null
  return `{${value.map((item) => `"${String(item).replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`).join(',')}}`
}

/** The types of a table's columns, without their modifiers; asked once per table and process. */
async function typesOf(db: Db, table: string): Promise<Map<string, string>> {
  const held = columnTypes.get(table)
  if (held !== undefined) return held
  const { rows } = await sql<{ name: string; type: string }>`
    select attname as name, format_type(atttypid, null) as type from pg_attribute
    where attrelid = ${table}::regclass and attnum > 0 and not attisdropped
  `.execute(db)
  const types = new Map(rows.map((row) => [row.name, row.type]))
  columnTypes.set(table, types)
  return types
}
