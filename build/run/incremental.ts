import { escapeIdentifier } from 'pg'
import { PipelineError } from '../../core/errors.ts'
import type { GraphNode } from '../graph/graph.ts'
import { relationSql } from '../graph/relation.ts'
import type { Compiled } from '../template/render.ts'
import type { Column, Increment, Made } from './increment.ts'
import { columnsOf, names, type Making } from './materialize.ts'
import type { Session } from './session.ts'
import { runCompiled } from './statement-error.ts'

/** Puts the rows of an incremental model into its delta table, and says how they are to change the published one. */
export async function stageIncrement(session: Session, making: Making, compiled: Compiled): Promise<Made> {
  const { node, delta } = making
  const table = relationSql(node.relation)
  const { rowCount } = await runCompiled(session, `create table ${relationSql(delta)} as\n`, compiled)
  const columns = await columnsOf(session, table)
  const query = await columnsOf(session, relationSql(delta))
  const { warnings, newColumns } = compareColumns(node, columns, query)
  const wider = columns.flatMap((column) => widened(column, query) ?? [])
  const increment = incrementOf(making, columns, query, newColumns, wider, rowCount ?? 0)
  let isRepeatable = node.config.incremental_strategy !== 'append'
  if (increment.replaced !== null && increment.rows > 0) {
    const { nulls, doubles } = await checkKeys(session, making)
    if (nulls > 0) {
      isRepeatable = false
      warnings.push(
        `${node.name}: ${nulls} rows have a null in unique_key (${node.config.unique_key.join(', ')}) and will pile up`,
      )
    }
    if (doubles > 0 && node.config.incremental_strategy === 'merge') {
      throw new PipelineError(
        'MODEL_KEYS',
        `${node.file.source.file}: merge found ${doubles} keys on several rows; a row could not tell which to take. ` +
          `Make the query unique by ${node.config.unique_key.join(', ')}.`,
        'never',
      )
    }
  }
  if (wider.length === 0 || increment.rows === 0) return { rows: increment.rows, warnings, increment, isRepeatable }
  // Views of others forbid to change the type of a column; a new table in the place of the old one does not disturb them.
  await session.query(`create table ${relationSql(making.shadow)} as ${increment.merged}`)
  const types = wider.map(({ name, type }) => `${name} is ${type} now`).join(', ')
  warnings.push(`${node.name}: longer texts came, so the table is made anew: ${types}`)
  return { rows: increment.rows, warnings, increment: null, isRepeatable }
}

function incrementOf(
  { node, delta }: Making,
  table: Column[],
  query: Column[],
  newColumns: Column[],
  wider: Column[],
  rows: number,
): Increment {
  const target = relationSql(node.relation)
  const source = relationSql(delta)
  const key = keysOf(node)
  // dbt widens a column by way of a new one, so that it comes last.
  const isWider = ({ name }: Column) => wider.some((column) => column.name === name)
  const all = [...table.filter((column) => !isWider(column)), ...table.filter(isWider), ...newColumns]
  const isBrought = (column: Column) => query.some((other) => other.name === column.name)
  const brought = all.filter(isBrought)
  const list = names(brought.map((column) => column.name))
  /** The columns of the table to be, each from `alias` where it has them, else from `other`, else null. */
  const columns = (alias: 't' | 'd', other?: 't', isTaken = isBrought) => {
    return all
      .map((column) => {
        const isThere = alias === 't' ? !newColumns.includes(column) : isTaken(column)
        const from = isThere ? alias : newColumns.includes(column) ? undefined : other
        const type = wider.find((wide) => wide.name === column.name)?.type
        const cast = type === undefined ? '' : `::${type}`
        const value = from === undefined ? `null::${column.type}` : `${from}.${escapeIdentifier(column.name)}`
        return `${value}${cast} as ${escapeIdentifier(column.name)}`
      })
      .join(', ')
  }
  const base = { delta, rows, newColumns }
  const insert = `insert into ${target} (${list}) select ${list} from ${source}`
  const kept = `select ${columns('t')} from ${target} as t`
  const added = `select ${columns('d')} from ${source} as d`
  if (key.length === 0) return { ...base, merged: `${kept} union all ${added}`, replaced: null, apply: [insert] }
  // As in dbt, a null in the key matches nothing: the row is inserted again by every build.
  const matches = key.map((column) => `t.${column} = d.${column}`).join(' and ')
  const replaced = `exists (select from ${source} as d where ${matches})`
  const untouched = `${kept} where not ${replaced}`
  if (node.config.incremental_strategy !== 'merge') {
    const keys = `(select distinct ${key.join(', ')} from ${source}) as d`
    const remove = `delete from ${target} as t using ${keys} where ${matches}`
    return { ...base, merged: `${untouched} union all ${added}`, replaced, apply: [remove, insert] }
  }
  const isUpdated = (column: Column) => isBrought(column) && mayUpdate(node, column)
  const updated = brought.filter(isUpdated)
  const updates = updated.map(({ name }) => `${escapeIdentifier(name)} = d.${escapeIdentifier(name)}`).join(', ')
  const values = brought.map(({ name }) => `d.${escapeIdentifier(name)}`).join(', ')
  return {
    ...base,
    merged:
      `${untouched} union all select ${columns('d', 't', isUpdated)} from ${target} as t join ${source} as d on ${matches} ` +
      `union all ${added} where not exists (select from ${target} as t where ${matches})`,
    replaced,
    apply: [
      `merge into ${target} as t using ${source} as d on ${matches}
       ${updated.length === 0 ? '' : `when matched then update set ${updates}`} when not matched then insert (${list}) values (${values})`,
    ],
  }
}

/** The columns of the key as SQL: a name without quotes is folded to lower case, as it would be in the query. */
function keysOf({ config }: GraphNode): string[] {
  return config.unique_key.map((column) => (column.startsWith('"') ? column : escapeIdentifier(column.toLowerCase())))
}

/** Whether a merge changes the column in rows that stand. */
function mayUpdate({ config }: GraphNode, { name }: Column): boolean {
  const { merge_update_columns: only, merge_exclude_columns: except } = config
  const isIn = (list: string[]) => list.some((other) => other.replaceAll('"', '').toLowerCase() === name.toLowerCase())
  return only.length > 0 ? isIn(only) : !isIn(except)
}

/** The column with room for the query's longer texts, as dbt widens it; null when it has room for them. */
function widened({ name, type }: Column, query: Column[]): Column | null {
  const found = query.find((column) => column.name === name)?.type
  const length = (text: string | undefined) =>
    Number(/^character varying\((\d+)\)$/.exec(text ?? '')?.[1] ?? Number.NaN)
  if (Number.isNaN(length(type)) || found === undefined) return null
  if (found === 'text' || found === 'character varying') return { name, type: 'text' }
  return length(found) > length(type) ? { name, type: found } : null
}

async function checkKeys(session: Session, { node, delta }: Making): Promise<{ nulls: number; doubles: number }> {
  const key = keysOf(node)
  const isNull = key.map((column) => `${column} is null`).join(' or ')
  const { rows } = await session.query<{ nulls: string; doubles: string }>(
    `select count(*) filter (where is_null)::text as nulls, count(*) filter (where not is_null and rows > 1)::text as doubles
     from (select ${isNull} as is_null, count(*) as rows from ${relationSql(delta)} group by ${key.join(', ')}, 1) as keys`,
  )
  return { nulls: Number(rows[0]?.nulls), doubles: Number(rows[0]?.doubles) }
}

/** Throws when the query does not fit the table, as far as on_schema_change does not say what to do about it. */
function compareColumns(
  node: GraphNode,
  table: Column[],
  query: Column[],
): { warnings: string[]; newColumns: Column[] } {
  const isIn = (list: Column[], column: Column) => list.some((other) => other.name === column.name)
  const missing = table.filter((column) => !isIn(query, column))
  const added = query.filter((column) => !isIn(table, column))
  const gone = missing.map((column) => `${column.name} is gone`)
  const fresh = added.map((column) => `${column.name} is new`)
  const changed = query.flatMap((column) => {
    const before = table.find((other) => other.name === column.name)
    return before === undefined || before.type === column.type
      ? []
      : `${column.name} was ${before.type}, is ${column.type}`
  })
  const policy = node.config.on_schema_change
  // Where columns may come, dbt lets them go too: the rows of such a query have nulls there.
  const faults = policy === 'fail' ? [...gone, ...fresh, ...changed] : policy === 'ignore' ? gone : []
  if (faults.length === 0) {
    if (policy === 'append_new_columns') return { warnings: [], newColumns: added }
    return {
      warnings: fresh.map((text) => `${node.name}: column ${text} and left out until a full refresh`),
      newColumns: [],
    }
  }
  throw new PipelineError(
    'MODEL_COLUMNS',
    `${node.file.source.file}: the query no longer fits the table it adds to: ${faults.join('; ')}. ` +
      'Rebuild it with a full refresh, or restore the columns.',
    'never',
  )
}
