import { escapeIdentifier } from 'pg'
import type { GraphNode } from '../graph/graph.ts'
import { relationSql } from '../graph/relation.ts'
import { names } from './materialize.ts'

const NOW = 'now()::timestamp without time zone'

/** dbt's own columns of a first version: what they hold is the text that makes `dbt_scd_id`, so it is as in dbt. */
export function firstVersionSql(node: GraphNode): string {
  const updatedAt = updatedAtOf(node)
  const { unique_key: key, hard_deletes: hardDeletes } = node.config
  return [
    `${scdId([...key, updatedAt])} as dbt_scd_id`,
    `${updatedAt} as dbt_updated_at`,
    `${updatedAt} as dbt_valid_from`,
    `${openEnd(node, updatedAt)} as dbt_valid_to`,
    ...(hardDeletes === 'new_record' ? [`'False'::text as dbt_is_deleted`] : []),
  ].join(', ')
}

/** Condition for the rows of the table, as `alias`, that are the last version of their key. */
export function isCurrent({ config }: GraphNode, alias: string): string {
  const end = `${alias}.dbt_valid_to`
  return config.dbt_valid_to_current === undefined
    ? `${end} is null`
    : `(${end} = ${config.dbt_valid_to_current} or ${end} is null)`
}

/** What stands before and after the query of a snapshot in the statement that fills its delta table. */
export function stageSql(
  node: GraphNode,
  delta: string,
  query: {
    columns: string[]
    /** Whether the table has that column. */
    isOld: (name: string) => boolean
    /** The columns that the check strategy compares; null when all rows count as changed. */
    checked: string[] | null
  },
): [string, string] {
  const { unique_key: key, strategy, hard_deletes: hardDeletes } = node.config
  const keeps = hardDeletes === 'new_record'
  const updatedAt = updatedAtOf(node)
  const keyNames = key.map((_, index) => `dbt_unique_key_${index + 1}`)
  const keys = key.map((expression, index) => `${expression} as ${keyNames[index]}`).join(', ')
  const isSame = keyNames.map((name) => `s.${name} = t.${name}`).join(' and ')
  const compared = query.checked?.map(
    (name) => `t.${escapeIdentifier(name)} is distinct from s.${escapeIdentifier(name)}`,
  )
  const changed = strategy === 'timestamp' ? ['t.dbt_valid_from < s.dbt_new_from'] : (compared ?? ['true'])
  if (keeps) changed.push("t.dbt_is_deleted = 'True'")
  const brought = (alias: string, isThere: (name: string) => boolean) =>
    query.columns.map((name) => (isThere(name) ? `${alias}.${escapeIdentifier(name)}` : 'null')).join(', ')
  const isDeleted = (value: string) => (keeps ? `, ${value}` : '')
  const ending = (change: string, id: string, end: string) =>
    `select '${change}', ${brought('', () => false)}, ${id}, null, null, ${end}${isDeleted('null')}`
  const gone =
    `from current_rows as t where not exists (select from source_rows as s where ${isSame})` +
    (keeps ? " and t.dbt_is_deleted is distinct from 'True'" : '')
  const list = [...query.columns, 'dbt_scd_id', 'dbt_updated_at', 'dbt_valid_from', 'dbt_valid_to']
  const before = `insert into ${delta} (dbt_change_type, ${names(list)}${isDeleted('dbt_is_deleted')})
with source_rows as (
  select *, ${keys}, ${updatedAt} as dbt_new_from, ${scdId([...key, updatedAt])} as dbt_new_id from (\n`
  const parts = [
    `select 'insert', ${brought('s', () => true)}, s.dbt_new_id, s.dbt_new_from, s.dbt_new_from, ` +
      `${openEnd(node, 's.dbt_new_from')}${isDeleted("'False'")} from changed_rows as s`,
    `${ending('update', 's.dbt_old_id', 's.dbt_new_from')} from changed_rows as s where s.dbt_old_id is not null`,
    ...(hardDeletes === 'ignore' ? [] : [`${ending('delete', 't.dbt_scd_id', NOW)} ${gone}`]),
    ...(keeps
      ? [
          `select 'insert', ${brought('t', query.isOld)}, ${scdId(['t.dbt_scd_id', NOW])}, ${NOW}, ${NOW}, ` +
            `t.dbt_valid_to, 'True' ${gone}`,
        ]
      : []),
  ]
  const after = `\n  ) as snapshot_query
),
current_rows as (
  select *, ${keys} from ${relationSql(node.relation)} as t where ${isCurrent(node, 't')}
),
changed_rows as (
  select s.*, t.dbt_scd_id as dbt_old_id from source_rows as s left join current_rows as t on ${isSame}
  where t.${keyNames[0]} is null or ${changed.join(' or ')}
)
${parts.join('\nunion all\n')}`
  return [before, after]
}

const updatedAtOf = ({ config }: GraphNode) => config.updated_at ?? NOW

/** The end of a version that is current, of the type of its beginning. */
const openEnd = ({ config }: GraphNode, beginning: string) =>
  `coalesce(nullif(${beginning}, ${beginning}), ${config.dbt_valid_to_current ?? 'null'})`

const scdId = (parts: string[]) =>
  `md5(${parts.map((part) => `coalesce(cast(${part} as varchar), '')`).join(` || '|' || `)})`
