import { escapeIdentifier, type Pool } from 'pg'

// Autovacuum's own rule for when statistics are stale; after a bulk load it may be a minute late, and it never looks at
// a partitioned table as a whole.
const STALE = 'n_mod_since_analyze > 1000 + 0.1 * n_live_tup'

/**
 * Renews the planner's statistics of the tables and partitions of these schemas that changed much since they were last
 * taken. Right after a load the planner otherwise takes full tables for empty ones.
 */
export async function analyzeStale(pool: Pool, schemas: string[]): Promise<void> {
  const { rows } = await pool.query<{ schema: string; name: string }>(
    `select s.schemaname as schema, s.relname as name
     from pg_stat_user_tables as s join pg_class as c on c.oid = s.relid
     where s.schemaname = any($1) and c.relkind = 'r' and ${STALE} and pg_has_role(c.relowner, 'usage')`,
    [schemas],
  )
  for (const { schema, name } of rows) {
    await pool.query(`analyze (skip_locked) ${escapeIdentifier(schema)}.${escapeIdentifier(name)}`)
  }
}
