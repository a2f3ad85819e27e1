import { escapeIdentifier, escapeLiteral } from 'pg'
import { PipelineError } from '../../core/errors.ts'
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
 * the values, some 7 million rows a second; of a stamped table it is found without a scan. Null for what has no such
 * mark (a view, a foreign table) or may not be read, or is being written to: it counts as changed each time. Throws
 * BUILD_REFUSED for a stamp that is not there.
 */
export async function sourceVersions(session: Session, sources: Source[]): Promise<Map<string, string | null>> {
  const versions = new Map<string, string | null>(sources.map((source) => [sourceName(source), null]))
  if (sources.length === 0) return versions
  const { rows: tables } = await session.query<Table & Record<string, unknown>>(
    `select (s.index - 1)::int as index, (
         select string_agg(concat_ws(' ', a.attnum, a.attname, format_type(a.atttypid, a.atttypmod), (
           select md5(string_agg(e.enumlabel, ',' order by e.enumsortorder)) from pg_enum e where e.enumtypid = a.atttypid
         )), ',' order by a.attnum)
         from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
       ) as columns, (
         select string_agg(concat(relid::oid, '/', pg_relation_filenode(relid)), ' ' order by relid::oid)
         from (select relid from pg_partition_tree(c.oid) union select c.oid) as part (relid)
       ) as files, exists (
         select from pg_attribute a
         where a.attrelid = c.oid and a.attname = s.stamp and a.atttypid = 'xid8'::regtype and a.attnotnull
       ) as "isStamped"
     from unnest($1::text[], $2::text[], $3::text[]) with ordinality as s (schema, name, stamp, index)
     join pg_namespace n on n.nspname = s.schema
     join pg_class c on c.relnamespace = n.oid and c.relname = s.name
     where c.relkind in ('r', 'm', 'p') and has_table_privilege(c.oid, 'select')
       and not exists (
         select from pg_partition_tree(c.oid) p join pg_class part on part.oid = p.relid where part.relkind = 'f'
       )`,
    [
      sources.map((source) => source.relation.schema),
      sources.map((source) => source.relation.name),
      sources.map((source) => source.stamped),
    ],
  )
  const looks = tables.flatMap((table) => {
    const source = sources[table.index]
    return source === undefined ? [] : versionQuery(source, table)
  })
  if (looks.length === 0) return versions
  const { rows } = await session.query<{ index: number; version: string | null }>(looks.join('\nunion all\n'))
  for (const { index, version } of rows) {
    const source = sources[index]
    if (source !== undefined) versions.set(sourceName(source), version)
  }
  return versions
}

interface Table {
  index: number
  columns: string | null
  /** The files that its rows are in, one for each partition. */
  files: string | null
  isStamped: boolean
}

function versionQuery(source: Source, { index, columns, files, isStamped }: Table): string {
  const { stamped } = source
  const relation = relationSql(source.relation)
  if (stamped === null) {
    return `select ${index} as index, ${escapeLiteral(columns ?? '')} || count(*) || ':' || coalesce(sum(
      hashtidextended(ctid, xmin::text::bigint + (tableoid::bigint << 32))), 0) as version from ${relation}`
  }
  if (!isStamped) {
    const message = `${source.file.source.file}: ${relation} has no column ${stamped} of type xid8 that is not null, by which it is stamped.`
    throw new PipelineError('BUILD_REFUSED', `${message} Correct or remove its meta.milepost.stamped.`, 'never')
  }
  // Two looks that find the same newest stamp, each with all transactions up to it over, see the same rows: whatever was
  // written between them bears a later stamp, and rows go only with a file. One that is open may still stamp below.
  return `select ${index} as index, case when newest.stamp >= pg_snapshot_xmin(pg_current_snapshot()) then null
      else ${escapeLiteral(`${columns ?? ''} ${files ?? ''} `)} || coalesce(newest.stamp::text, 'no rows') end as version
    from (select max(${escapeIdentifier(stamped)}) as stamp from ${relation}) as newest`
}
