import type { Pool } from 'pg'
import type { Graph } from '../graph/graph.ts'
import type { RelationName } from '../graph/relation.ts'
import { metadataOf, type Provenance } from './metadata.ts'

export type Catalog = Awaited<ReturnType<typeof catalogOf>>

interface Found {
  id: string
  database: string
  schema: string
  name: string
  type: string
  comment: string | null
  owner: string
  rows: number | null
  bytes: number | null
  columns: { name: string; type: string; index: number; comment: string | null }[]
}

/** What the database knows of the project's relations, as dbt's catalog (version 1); what is not built is left out. */
export async function catalogOf(db: Pick<Pool, 'query'>, graph: Graph, options: Provenance) {
  const nodes = graph.nodes
    .filter((node) => node.config.materialized !== 'ephemeral')
    .map(({ id, relation }) => ({ id, relation }))
  const sources = [...graph.sources].map(([name, { relation }]) => {
    return { id: `source.${graph.project.name}.${name}`, relation }
  })
  return {
    metadata: metadataOf('catalog', options),
    nodes: await tablesOf(db, nodes),
    sources: await tablesOf(db, sources),
    errors: null,
  }
}

async function tablesOf(db: Pick<Pool, 'query'>, wanted: { id: string; relation: RelationName }[]) {
  const places = wanted.map(({ id, relation: { schema, name } }) => ({ id, schema, name }))
  const { rows } = await db.query<Found>(RELATIONS, [JSON.stringify(places)])
  return Object.fromEntries(rows.map((found) => [found.id, tableEntry(found)]))
}

// The number of rows is the planner's estimate; -1 says that the table was never analyzed. A partitioned table has no
// size of its own.
const RELATIONS = `
  select
    wanted.id, current_database()::text as database, wanted.schema, wanted.name,
    case relation.relkind when 'v' then 'VIEW' when 'm' then 'MATERIALIZED VIEW' else 'BASE TABLE' end as type,
    obj_description(relation.oid, 'pg_class') as comment,
    pg_get_userbyid(relation.relowner)::text as owner,
    case when relation.relkind in ('r', 'm', 'p') and relation.reltuples >= 0 then relation.reltuples::float8 end as rows,
    case when relation.relkind in ('r', 'm') then pg_total_relation_size(relation.oid)::float8 end as bytes,
    coalesce((
      select json_agg(json_build_object(
        'name', attname, 'type', format_type(atttypid, atttypmod), 'index', attnum,
        'comment', col_description(attrelid, attnum)
      ) order by attnum)
      from pg_attribute where attrelid = relation.oid and attnum > 0 and not attisdropped
    ), '[]') as columns
  from jsonb_to_recordset($1) as wanted (id text, schema text, name text)
  join pg_namespace as namespace on namespace.nspname = wanted.schema
  join pg_class as relation on relation.relnamespace = namespace.oid and relation.relname = wanted.name
  where relation.relkind in ('r', 'v', 'm', 'f', 'p')
  order by wanted.id`

function tableEntry({ id, columns, rows, bytes, ...metadata }: Found) {
  const figures = [
    ...(rows === null ? [] : [statistic('row_count', 'Rows', rows, 'Rows as the planner estimates them')]),
    ...(bytes === null ? [] : [statistic('bytes', 'Size', bytes, 'Bytes of the table with its indexes')]),
  ]
  const has = statistic('has_stats', 'Has statistics', figures.length > 0, 'Whether there are figures')
  return {
    metadata,
    columns: Object.fromEntries(columns.map((column) => [column.name, column])),
    stats: Object.fromEntries([...figures, { ...has, include: false }].map((figure) => [figure.id, figure])),
    unique_id: id,
  }
}

function statistic(id: string, label: string, value: number | boolean, description: string) {
  return { id, label, value, include: true, description }
}
