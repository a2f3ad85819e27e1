import type { Graph } from '../graph/graph.ts'
import { relationSql, type RelationName } from '../graph/relation.ts'
import type { Session } from './session.ts'

/** A relation of an earlier build that no model of the project makes any more. */
export interface Orphan extends RelationName {
  model: string
}

/** Makes the table that remembers which relations the builder published, where it is not there yet. */
export async function ensureLedger(session: Session): Promise<void> {
  await session.script([
    'create schema if not exists ops',
    `create table if not exists ops.model_relations (
      project text not null,
      model text not null,
      schema_name text not null,
      relation_name text not null,
      published_at timestamptz not null default now(),
      primary key (schema_name, relation_name)
    )`,
  ])
}

/** The relations that builds of this project have published and that still exist, as SQL names, with their models. */
export async function publishedRelations(session: Session, project: string): Promise<Map<string, Orphan>> {
  const { rows } = await session.query<{ model: string; schema: string; name: string }>(
    `select l.model, l.schema_name as schema, l.relation_name as name
     from ops.model_relations l
     join pg_namespace n on n.nspname = l.schema_name
     join pg_class c on c.relnamespace = n.oid and c.relname = l.relation_name
     where l.project = $1 order by 2, 3`,
    [project],
  )
  return new Map(rows.map((row) => [relationSql(row), row]))
}

/** Records what this build publishes and forgets relations that are gone. */
export async function recordPublished(session: Session, graph: Graph, orphans: Orphan[]): Promise<void> {
  const kept = [...graph.models.map(({ name, relation }) => ({ ...relation, model: name })), ...orphans]
  const columns = [kept.map((row) => row.model), kept.map((row) => row.schema), kept.map((row) => row.name)]
  await session.query('delete from ops.model_relations where project = $1', [graph.project.name])
  await session.query(
    `insert into ops.model_relations (project, model, schema_name, relation_name)
     select $1, * from unnest($2::text[], $3::text[], $4::text[])`,
    [graph.project.name, ...columns],
  )
}
