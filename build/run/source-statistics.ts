import type { Graph } from '../graph/graph.ts'
import { relationSql, type RelationName } from '../graph/relation.ts'
import type { Session } from './session.ts'

// Autovacuum's own rule for when statistics are stale; after a bulk load it may be a minute late.
const STALE = 'n_mod_since_analyze > 50 + 0.1 * n_live_tup'

/**
 * Renews the planner's statistics of the sources that changed much since they were last taken. Right after a first
 * load the planner otherwise takes full tables for empty ones: one of our joins then ran 300 times as long.
 */
export async function refreshStatistics(session: Session, graph: Graph): Promise<void> {
  await analyzeStale(
    session,
    [...graph.sources.values()].map(({ relation }) => relation),
  )
}

/** Renews the statistics of those tables that changed much since they were last taken. */
export async function analyzeStale(session: Session, tables: RelationName[]): Promise<void> {
  if (tables.length === 0) return
  // What this session changed just now is counted too.
  await session.query('select pg_stat_force_next_flush()')
  const { rows } = await session.query<RelationName & Record<string, unknown>>(
    `select s.schemaname as schema, s.relname as name
     from (select distinct * from unnest($1::text[], $2::text[]) as source (schema, name)) as source
     join pg_stat_user_tables as s on s.schemaname = source.schema and s.relname = source.name
     join pg_class as c on c.oid = s.relid
     where ${STALE} and pg_has_role(c.relowner, 'usage')`,
    [tables.map((table) => table.schema), tables.map((table) => table.name)],
  )
  await session.script(rows.map((table) => `analyze (skip_locked) ${relationSql(table)}`))
}
