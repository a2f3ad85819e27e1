import { lockId } from '../../db/advisory-lock.ts'
import type { Graph } from '../graph/graph.ts'
import { relationSql, type RelationName } from '../graph/relation.ts'
import type { Session } from './session.ts'

/** A relation of an earlier build that no model of the project makes any more. */
export interface Orphan extends RelationName {
  model: string
}

/** What the builder remembers of a relation that it published. */
export interface Published extends RelationName {
  model: string
  kind: 'view' | 'table'
  /** Hash of what the project said of the node. */
  definition: string
  /** Hash of the definition and of the contents of all that the node read. */
  inputs: string
  /** Stands for the contents of the relation: equal tokens, equal rows. */
  token: string
  /** Whether the same inputs give the same rows at any time. */
  isTimeless: boolean
  /** The snapshot (`pg_current_snapshot()`) that the node read in, and the cluster that it belongs to. */
  snapshot: string | null
  system: string | null
  /** The relation and its file, which change when somebody else replaces or empties it. */
  oid: number
  file: number
  /** The query of a view, to put it back. */
  query: string | null
}

/** What is there to know of a relation before a build. */
export interface Existing extends RelationName {
  oid: number
  file: number
  kind: 'view' | 'table'
  relkind: string
  owner: string
}

/** Makes the tables that remember what the builder published, where they are not there yet. */
export async function ensureLedger(session: Session): Promise<void> {
  if (await hasLedger(session)) return
  await session.script([
    // Of two that make it at once, `if not exists` lets one fail.
    `select pg_advisory_xact_lock(${lockId('build ledger')})`,
    'create schema if not exists ops',
    `create table if not exists ops.model_relations (
      project text not null,
      model text not null,
      schema_name text not null,
      relation_name text not null,
      published_at timestamptz not null default now(),
      primary key (schema_name, relation_name)
    )`,
    `alter table ops.model_relations
      add column if not exists kind text not null default 'table',
      add column if not exists definition text not null default '',
      add column if not exists inputs text not null default '',
      add column if not exists token text not null default '',
      add column if not exists is_timeless boolean not null default false,
      add column if not exists snapshot text,
      add column if not exists system text,
      add column if not exists relation_oid bigint not null default 0,
      add column if not exists relation_file bigint not null default 0,
      add column if not exists query text`,
    `create table if not exists ops.model_tests (
      project text not null,
      target_schema text not null,
      test text not null,
      token text not null,
      result json not null,
      primary key (project, target_schema, test)
    )`,
    `create table if not exists ops.model_undo (
      project text not null,
      target_schema text not null,
      step integer not null,
      published_at timestamptz not null default now(),
      undo jsonb not null,
      primary key (project, target_schema, step)
    )`,
  ])
}

async function hasLedger(session: Session): Promise<boolean> {
  const { rows } = await session.query<{ found: boolean }>(`select to_regclass('ops.model_undo') is not null as found`)
  return rows[0]?.found === true
}

const PUBLISHED_COLUMNS = `l.model, l.schema_name as schema, l.relation_name as name, l.kind, l.definition, l.inputs,
  l.token, l.is_timeless as "isTimeless", l.snapshot, l.system, l.relation_oid::float8 as oid,
  l.relation_file::float8 as file, l.query`

/** The relations that builds of this project have published and that still exist, by SQL name. */
export async function publishedRelations(session: Session, project: string): Promise<Map<string, Published>> {
  if (!(await hasLedger(session))) return new Map()
  const { rows } = await session.query<Published & Record<string, unknown>>(
    `select ${PUBLISHED_COLUMNS}
     from ops.model_relations l
     join pg_namespace n on n.nspname = l.schema_name
     join pg_class c on c.relnamespace = n.oid and c.relname = l.relation_name
     where l.project = $1 order by 2, 3`,
    [project],
  )
  return new Map(rows.map((row) => [relationSql(row), row]))
}

/** What stands where nodes go, by SQL name. */
export async function existingRelations(session: Session, places: RelationName[]): Promise<Map<string, Existing>> {
  const { rows } = await session.query<Existing & Record<string, unknown>>(
    `select c.oid::bigint::float8 as oid, c.relfilenode::bigint::float8 as file, n.nspname as schema, c.relname as name, c.relkind,
       pg_get_userbyid(c.relowner) as owner, case c.relkind when 'v' then 'view' else 'table' end as kind
     from unnest($1::text[], $2::text[]) m (schema, name)
     join pg_namespace n on n.nspname = m.schema
     join pg_class c on c.relnamespace = n.oid and c.relname = m.name`,
    [places.map((place) => place.schema), places.map((place) => place.name)],
  )
  return new Map(rows.map((row) => [relationSql(row), row]))
}

/** Remembers relations as they are now published; `oid` and `file` are read from the catalogue. */
export async function recordPublished(session: Session, project: string, entries: Published[]): Promise<void> {
  await session.query(
    `insert into ops.model_relations (project, model, schema_name, relation_name, kind, definition, inputs, token,
       is_timeless, snapshot, system, query, relation_oid, relation_file)
     select $1, e.model, e.schema, e.name, e.kind, e.definition, e.inputs, e.token, e."isTimeless", e.snapshot,
       e.system, e.query, c.oid::bigint, c.relfilenode::bigint
     from jsonb_to_recordset($2::jsonb) as e (model text, schema text, name text, kind text, definition text,
       inputs text, token text, "isTimeless" boolean, snapshot text, system text, query text)
     join pg_namespace n on n.nspname = e.schema
     join pg_class c on c.relnamespace = n.oid and c.relname = e.name
     on conflict (schema_name, relation_name) do update set
       project = excluded.project, model = excluded.model, kind = excluded.kind, definition = excluded.definition,
       inputs = excluded.inputs, token = excluded.token, is_timeless = excluded.is_timeless,
       snapshot = excluded.snapshot, system = excluded.system, query = excluded.query,
       relation_oid = excluded.relation_oid, relation_file = excluded.relation_file, published_at = now()`,
    [project, JSON.stringify(entries)],
  )
}

/** Forgets relations that are gone. */
export async function forgetMissing(session: Session, project: string): Promise<void> {
  await session.query(
    `delete from ops.model_relations l
     where l.project = $1 and to_regclass(format('%I.%I', l.schema_name, l.relation_name)) is null`,
    [project],
  )
}

/** Relations in the graph's schemas that earlier builds made and no node makes any more. */
export function orphansOf(graph: Graph, published: Map<string, Published>): Orphan[] {
  const current = new Set(graph.nodes.map((node) => relationSql(node.relation)))
  const schemas = new Set(graph.nodes.map((node) => node.relation.schema))
  return [...published].flatMap(([name, { schema, name: relation, model }]) =>
    current.has(name) || !schemas.has(schema) ? [] : { schema, name: relation, model },
  )
}
