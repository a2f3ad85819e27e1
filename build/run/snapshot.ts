import { escapeIdentifier } from 'pg'
import { PipelineError } from '../../core/errors.ts'
import type { GraphNode } from '../graph/graph.ts'
import { relationSql, type RelationName } from '../graph/relation.ts'
import type { Compiled } from '../template/render.ts'
import type { Column, Increment, Made } from './increment.ts'
import { columnsOf, names, type Making } from './materialize.ts'
import type { Session } from './session.ts'
import { firstVersionSql, isCurrent, stageSql } from './snapshot-sql.ts'
import { runCompiled } from './statement-error.ts'

/** Makes the table of a snapshot: the first version of every row of its query. */
export async function createSnapshot(
  session: Session,
  node: GraphNode,
  shadow: RelationName,
  compiled: Compiled,
): Promise<Made> {
  const { rowCount } = await runCompiled(
    session,
    `create table ${relationSql(shadow)} as\nselect *, ${firstVersionSql(node)} from (\n`,
    compiled,
    '\n) as snapshot_query',
  )
  return { rows: rowCount, warnings: [], increment: null, isRepeatable: true }
}

/**
 * Compares the query of a snapshot with the current rows of its table, and puts what has changed into the delta table:
 * new versions (`dbt_change_type` insert), and the ends of old ones (update, delete), by their `dbt_scd_id`.
 */
export async function stageSnapshot(session: Session, making: Making, compiled: Compiled): Promise<Made> {
  const { node, delta } = making
  const [source, target] = [relationSql(delta), relationSql(node.relation)]
  const table = await columnsOf(session, target)
  checkTable(node, table)
  const query = await describeQuery(session, compiled)
  const newColumns = query.filter((column) => !isIn(table, column.name))
  const checked = await checkedColumns(session, node, compiled)
  const isGrown = checked.some((name) => !isIn(table, name))
  const fresh = newColumns.map(({ name, type }) => `, null::${type} as ${escapeIdentifier(name)}`)
  // Of the table's own types, so that a value which does not fit is found now and not when it is published.
  await session.query(
    `create table ${source} as select t.*${fresh.join('')}, null::text as dbt_change_type from ${target} as t where false`,
  )
  const [before, after] = stageSql(node, source, {
    columns: query.map((column) => column.name),
    isOld: (name) => isIn(table, name),
    checked: isGrown ? null : checked,
  })
  await runCompiled(session, before, compiled, after)
  const { inserted, ended, nulls } = await countChanges(session, node, source)
  const warning = `${node.name}: ${nulls} new rows have a null in unique_key (${node.config.unique_key.join(', ')}) and will pile up`
  return {
    rows: inserted,
    warnings: nulls > 0 ? [warning] : [],
    increment: incrementOf(making, table, newColumns, inserted + ended),
    isRepeatable: nulls === 0,
  }
}

const isIn = (columns: Column[], name: string) => columns.some((column) => column.name === name)

function checkTable(node: GraphNode, table: Column[]): void {
  const own = ['dbt_scd_id', 'dbt_updated_at', 'dbt_valid_from', 'dbt_valid_to']
  if (node.config.hard_deletes === 'new_record') own.push('dbt_is_deleted')
  const missing = own.filter((name) => !isIn(table, name))
  if (missing.length === 0) return
  throw new PipelineError(
    'MODEL_COLUMNS',
    `${node.file.source.file}: ${relationSql(node.relation)} lacks ${missing.join(', ')}, which this snapshot needs. ` +
      "Add them to the table by hand (dbt_is_deleted is text, 'False' in rows of before), or take back the setting.",
    'never',
  )
}

async function describeQuery(session: Session, compiled: Compiled, list = '*'): Promise<Column[]> {
  const { fields } = await runCompiled(session, `select ${list} from (\n`, compiled, '\n) as snapshot_query limit 0')
  const { rows } = await session.query<{ type: string }>(
    `select format_type(oid, nullif(modifier, -1)) as type
     from unnest($1::oid[], $2::int[]) with ordinality as f (oid, modifier, index) order by index`,
    [fields.map((field) => field.dataTypeID), fields.map((field) => field.dataTypeModifier)],
  )
  return fields.map(({ name }, index) => ({ name, type: rows[index]?.type ?? 'text' }))
}

/** The columns that the check strategy compares, as Postgres names them. */
async function checkedColumns(session: Session, { config }: GraphNode, compiled: Compiled): Promise<string[]> {
  const { strategy, check_cols: columns = 'all' } = config
  if (strategy !== 'check') return []
  return (await describeQuery(session, compiled, columns === 'all' ? '*' : columns.join(', '))).map(({ name }) => name)
}

async function countChanges(session: Session, { config }: GraphNode, delta: string) {
  const isNull = config.unique_key.map((key) => `(${key}) is null`).join(' or ')
  const { rows } = await session.query<{ inserted: number; ended: number; nulls: number }>(
    `select count(*) filter (where dbt_change_type = 'insert')::int as inserted,
       count(*) filter (where dbt_change_type <> 'insert')::int as ended,
       count(*) filter (where dbt_change_type = 'insert' and (${isNull}))::int as nulls
     from ${delta}`,
  )
  return rows[0] ?? { inserted: 0, ended: 0, nulls: 0 }
}

function incrementOf({ node, delta }: Making, table: Column[], newColumns: Column[], rows: number): Increment {
  const [source, target] = [relationSql(delta), relationSql(node.relation)]
  const all = [...table, ...newColumns].map((column) => column.name)
  const current = isCurrent(node, 't')
  const ends = `d.dbt_change_type <> 'insert' and d.dbt_scd_id::text = t.dbt_scd_id::text`
  const replaced = `${current} and exists (select from ${source} as d where ${ends})`
  const was = (change: (name: string) => string | null = () => null) => {
    const old = table.map(({ name }) => change(name) ?? `t.${escapeIdentifier(name)}`)
    return [...old, ...newColumns.map(({ name, type }) => `null::${type} as ${escapeIdentifier(name)}`)].join(', ')
  }
  const ended = was((name) => (name === 'dbt_valid_to' ? 'd.dbt_valid_to' : null))
  return {
    delta,
    rows,
    newColumns,
    merged:
      `select ${was()} from ${target} as t where (${replaced}) is not true ` +
      `union all select ${ended} from ${target} as t ` +
      `cross join lateral (select d.dbt_valid_to from ${source} as d where ${ends} limit 1) as d where ${current} ` +
      `union all select ${names(all)} from ${source} where dbt_change_type = 'insert'`,
    replaced,
    // The rows of the delta leave it as they are applied: an id may stand in an old version and a new one, so that
    // nothing in the table tells for sure whether they are there.
    apply: [
      `update ${target} as t set dbt_valid_to = d.dbt_valid_to from ${source} as d where ${ends} and ${current}`,
      `with taken as (delete from ${source} returning *)
       insert into ${target} (${names(all)}) select ${names(all)} from taken where dbt_change_type = 'insert'`,
    ],
  }
}
