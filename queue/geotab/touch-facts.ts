import { sql, type Transaction } from 'kysely'
import type { DB } from '../../db/schema.ts'

/** Kinds of facts, by the names of their base tables. */
export type Fact = 'trips' | 'exceptions' | 'faults'

/** Has the facts of the last weeks that refer to any of these ids in a column count as arrived again. */
export async function touchFacts(
  trx: Transaction<DB>,
  of: { connection: string; fact: Fact; column: string; ids: readonly string[]; now: Date },
): Promise<void> {
  const time = of.fact === 'faults' ? 'recorded_at' : 'started_at'
  await sql`
    update ${sql.table(`base.geotab__${of.fact}`)} set landed_xid = pg_current_xact_id(), changed_at = now()
    where connection = ${of.connection} and ${sql.ref(of.column)} = any(${of.ids}::text[])
      and ${sql.ref(time)} > ${of.now}::timestamptz - interval '14 days'
  `.execute(trx)
}
