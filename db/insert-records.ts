import { sql, type Kysely, type RawBuilder, type Transaction } from 'kysely'
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
  await eachBatch(db, table, records, async ({ names, source }) => {
    await sql`insert into ${sql.table(table)} (${names}) ${source}`.execute(db)
  })
}

export interface UpsertRule {
  /** Columns of the key. */
  keys: readonly string[]
  /**
   * What makes a held row another one: any of its columns (`whole`), or its `material_hash` (`material`), without which
   * a rewritten row does not count as arrived again.
   */
  changes: 'whole' | 'material'
}

/**
 * Inserts objects as `insertRecords` does, and updates the rows that are held under their keys where they differ; a row
 * made of an older `raw_version` never replaces one of a newer. Of objects with one key the last counts. A row that is
 * new or changed is stamped with the transaction (`landed_xid`), others are not written. Returns how many were written.
 */
export async function upsertRecords(
  db: Db,
  table: string,
  rule: UpsertRule,
  records: readonly object[],
): Promise<number> {
  const first = records[0]
  if (first === undefined) return 0
  const columns = Object.keys(first).filter((column) => !rule.keys.includes(column))
  const has = (column: string) => columns.includes(column)
  const stamps = ['landed_xid', ...(rule.changes === 'material' ? ['changed_at'] : [])]
  const isOther = differs(rule.changes === 'material' ? ['material_hash'] : columns.filter((c) => c !== 'raw_version'))
  const isRewritten =
    rule.changes === 'material' ? differs(['raw_version', 'material_hash', 'transform_fingerprint']) : isOther
  const guard = has('raw_version') ? sql` and excluded.raw_version >= held.raw_version` : sql``
  const sets = [
    ...columns.map((column) => sql`${sql.ref(column)} = ${sql.ref(`excluded.${column}`)}`),
    ...stamps.map((column) => {
      const now = column === 'landed_xid' ? sql`pg_current_xact_id()` : sql`now()`
      return sql`${sql.ref(column)} = case when ${isOther} then ${now} else ${sql.ref(`held.${column}`)} end`
    }),
  ]
  const action =
    columns.length === 0 ? sql`do nothing` : sql`do update set ${sql.join(sets)} where ${isRewritten}${guard}`
  const keyOf = (record: Record<string, unknown>) => rule.keys.map((key) => String(record[key])).join('\u0000')
  const distinct = [...new Map(records.map((record) => [keyOf(record as Record<string, unknown>), record])).values()]
  let written = 0
  await eachBatch(db, table, distinct, async ({ names, source }) => {
    const keys = sql.join(rule.keys.map((key) => sql.ref(key)))
    const { numAffectedRows = 0n } = await sql`
      insert into ${sql.table(table)} as held (${names}) ${source} on conflict (${keys}) ${action}
    `.execute(db)
    written += Number(numAffectedRows)
  })
  return written
}

function differs(columns: string[]) {
  const of = (row: string) => sql.join(columns.map((column) => sql.ref(`${row}.${column}`)))
  return columns.length === 0 ? sql`false` : sql`(${of('held')}) is distinct from (${of('excluded')})`
}

async function eachBatch(
  db: Db,
  table: string,
  records: readonly object[],
  write: (batch: { names: RawBuilder<unknown>; source: RawBuilder<unknown> }) => Promise<void>,
): Promise<void> {
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
    await write({ names, source: sql`select ${selected} from unnest(${sql.join(arrays)}) as r (${names})` })
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
