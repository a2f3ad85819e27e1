import { sql, type Kysely, type Transaction } from 'kysely'
import type { DB } from './schema.ts'

const BATCH_ROWS = 1000

/**
 * Inserts objects into a table, a thousand per statement; each object's keys are column names and all objects have the
 * same keys. Values go as one JSON parameter and are cast by the table's own column types, so decimals travel as text
 * and lose nothing.
 */
export async function insertRecords<T extends object>(
  db: Kysely<DB> | Transaction<DB>,
  table: string,
  records: readonly T[],
): Promise<void> {
  const first = records[0]
  if (first === undefined) return
  const columns = sql.join(Object.keys(first).map((column) => sql.ref(column)))
  for (let from = 0; from < records.length; from += BATCH_ROWS) {
    const batch = JSON.stringify(records.slice(from, from + BATCH_ROWS))
    await sql`
      insert into ${sql.table(table)} (${columns})
      select ${columns} from json_populate_recordset(null::${sql.table(table)}, ${batch}::json)
    `.execute(db)
  }
}
