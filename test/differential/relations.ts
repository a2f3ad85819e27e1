import type { Pool } from 'pg'
import { compareSets, type Findings } from './findings.ts'

export interface Column {
  name: string
  type: string
  is_not_null: boolean
  comment: string | null
}

/** A relation as the catalogue has it. */
export interface Relation {
  /** Its name, after what follows the side's prefix in the name of its schema. */
  label: string
  /** Its quoted name with its schema. */
  address: string
  kind: string
  comment: string | null
  columns: Column[]
  indexes: string[]
  constraints: string[]
}

// What our builder keeps of the generation before stands in schemas of its own.
// Names of indexes and constraints are left out: dbt's are hashes of the time, or contain the name of its draft.
const RELATIONS = `
  select
    n.nspname as schema,
    c.relname as name,
    format('%I.%I', n.nspname, c.relname) as address,
    case c.relkind when 'r' then 'table' when 'v' then 'view' when 'm' then 'materialized view' else c.relkind::text end
      || case c.relpersistence when 'u' then ', unlogged' else '' end as kind,
    obj_description(c.oid, 'pg_class') as comment,
    coalesce((
      select json_agg(json_build_object(
        'name', a.attname, 'type', format_type(a.atttypid, a.atttypmod),
        'is_not_null', a.attnotnull, 'comment', col_description(c.oid, a.attnum)
      ) order by a.attnum)
      from pg_attribute as a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    ), '[]') as columns,
    array(
      select case when i.indisunique then 'unique ' else '' end || regexp_replace(pg_get_indexdef(i.indexrelid), '^.* USING ', '')
      from pg_index as i where i.indrelid = c.oid
    ) as indexes,
    array(
      select pg_get_constraintdef(k.oid) from pg_constraint as k where k.conrelid = c.oid and k.contype <> 'n'
    ) as constraints
  from pg_class as c
  join pg_namespace as n on c.relnamespace = n.oid
  where starts_with(n.nspname, $1) and not n.nspname like '%\\_\\_previous' and c.relkind in ('r', 'v', 'm', 'p', 'f')
  order by 1, 2`

/** The relations of all schemas whose name begins with a prefix, by label. */
export async function readRelations(pool: Pool, prefix: string): Promise<Map<string, Relation>> {
  const { rows } = await pool.query<Omit<Relation, 'label'> & { schema: string; name: string }>(RELATIONS, [prefix])
  return new Map(
    rows.map(({ schema, name, ...row }) => {
      const rest = schema.slice(prefix.length).replace(/^_/, '')
      const label = rest === '' ? name : `${rest}.${name}`
      const constraints = row.constraints.map((text) => text.replaceAll(`REFERENCES ${prefix}`, 'REFERENCES '))
      return [label, { ...row, label, constraints }]
    }),
  )
}

/** Compares relations, kinds, columns, constraints, indexes and comments. Returns the pairs that both sides have. */
export function compareRelations(
  findings: Findings,
  ours: Map<string, Relation>,
  dbt: Map<string, Relation>,
): { ours: Relation; dbt: Relation }[] {
  const named = (relations: Map<string, Relation>) =>
    [...relations.values()].map(({ label, kind }) => `${label} (${kind})`)
  compareSets(findings, 'relations', 'the project', named(ours), named(dbt))
  return [...dbt.values()].flatMap((theirs) => {
    const own = ours.get(theirs.label)
    if (own === undefined) return []
    compareColumns(findings, own, theirs)
    compareSets(findings, 'constraints', theirs.label, own.constraints, theirs.constraints)
    compareSets(findings, 'indexes', theirs.label, own.indexes, theirs.indexes)
    compareComments(findings, own, theirs)
    return [{ ours: own, dbt: theirs }]
  })
}

function compareColumns(findings: Findings, ours: Relation, dbt: Relation): void {
  const before = findings.differences.length
  const typed = ({ columns }: Relation) =>
    columns.map(({ name, type, is_not_null }) => `${name} ${type}${is_not_null ? ' not null' : ''}`)
  compareSets(findings, 'columns', dbt.label, typed(ours), typed(dbt))
  const [own, theirs] = [ours, dbt].map(({ columns }) => columns.map(({ name }) => name).join(', '))
  if (findings.differences.length === before && own !== theirs) {
    findings.differences.push(`columns of ${dbt.label}: ours stand as ${own}, dbt's as ${theirs}`)
  }
}

/** dbt comments only where persist_docs asks for it, we comment always: what dbt leaves empty is not compared. */
function compareComments(findings: Findings, ours: Relation, dbt: Relation): void {
  const commented = (relation: Relation) => [
    ...(dbt.comment === null ? [] : [`"${relation.comment ?? ''}"`]),
    ...dbt.columns.flatMap((column) => {
      if (column.comment === null) return []
      const own = relation.columns.find(({ name }) => name === column.name)
      return [`"${own?.comment ?? ''}" on ${column.name}`]
    }),
  ]
  compareSets(findings, 'comments', dbt.label, commented(ours), commented(dbt))
}
