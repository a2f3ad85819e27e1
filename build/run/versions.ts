import { escapeLiteral } from 'pg'
import type { Source } from '../project/properties.ts'
import { sourceName } from '../graph/context.ts'
import { relationSql } from '../graph/relation.ts'
import type { Session } from './session.ts'

/** A text for which relation each source is and for its columns: another one when it was replaced under its name. */
export async function sourceIdentities(session: Session, sources: Source[]): Promise<Map<string, string>> {
  if (sources.length === 0) return new Map()
  const { rows } = await session.query<{ index: number; identity: string }>(
    `select (s.index - 1)::int as index, c.oid || ':' || coalesce((
         select string_agg(concat_ws(' ', a.attnum, a.attname, format_type(a.atttypid, a.atttypmod)), ',' order by a.attnum)
         from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
       ), '') as identity
     from unnest($1::text[], $2::text[]) with ordinality as s (schema, name, index)
     join pg_namespace n on n.nspname = s.schema
     join pg_class c on c.relnamespace = n.oid and c.relname = s.name`,
    [sources.map((source) => source.relation.schema), sources.map((source) => source.relation.name)],
  )
  return new Map(
    rows.flatMap(({ index, identity }) => {
      const source = sources[index]
      return source === undefined ? [] : [[sourceName(source), identity] as const]
    }),
  )
}

/**
 * A text for the contents of each source that is a table: it changes whenever a row is added, changed or deleted. It
 * is the sum of the hashes of where each row version stands and which transaction wrote it: one scan without reading
 * the values, some 7 million rows a second. Null for what has no such mark (a view, a foreign table) or may not be
 * read: it counts as changed each time.
 */
export async function sourceVersions(session: Session, sources: Source[]): Promise<Map<string, string | null>> {
  const versions = new Map<string, string | null>(sources.map((source) => [sourceName(source), null]))
  if (sources.length === 0) return versions
  const { rows: tables } = await session.query<{ index: number; columns: string }>(
    `select (s.index - 1)::int as index, (
         select string_agg(concat_ws(' ', a.attnum, a.attname, format_type(a.atttypid, a.atttypmod), (
           select md5(string_agg(e.enumlabel, ',' order by e.enumsortorder)) from pg_enum e where e.enumtypid = a.atttypid
         )), ',' order by a.attnum)
         from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
       ) as columns
     from unnest($1::text[], $2::text[]) with ordinality as s (schema, name, index)
     join pg_namespace n on n.nspname = s.schema
     join pg_class c on c.relnamespace = n.oid and c.relname = s.name
     where c.relkind in ('r', 'm', 'p') and has_table_privilege(c.oid, 'select')
       and not exists (
         select from pg_partition_tree(c.oid) p join pg_class part on part.oid = p.relid where part.relkind = 'f'
       )`,
    [sources.map((source) => source.relation.schema), sources.map((source) => source.relation.name)],
  )
  if (tables.length === 0) return versions
  const scans = tables.map(({ index, columns }) => {
    const relation = relationSql(sources[index]?.relation ?? { schema: '', name: '' })
    return `select ${index} as index, ${escapeLiteral(columns ?? '')} || count(*) || ':' || coalesce(sum(
      hashtidextended(ctid, xmin::text::bigint + (tableoid::bigint << 32))), 0) as version from ${relation}`
  })
  const { rows } = await session.query<{ index: number; version: string }>(scans.join('\nunion all\n'))
  for (const { index, version } of rows) {
    const source = sources[index]
    if (source !== undefined) versions.set(sourceName(source), version)
  }
  return versions
}
