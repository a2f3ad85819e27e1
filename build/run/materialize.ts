import { escapeIdentifier, escapeLiteral } from 'pg'
import { PipelineError } from '../../core/errors.ts'
import type { Model } from '../graph/graph.ts'
import type { RelationName } from '../graph/relation.ts'
import { relationSql } from '../graph/relation.ts'
import type { Compiled } from '../template/render.ts'
import type { Session } from './session.ts'
import { runCompiled } from './statement-error.ts'

/** A model and the relation that a build makes of it. */
export interface Placement {
  model: Model
  /** Where this build makes it: in a shadow schema, or in place (`model.relation`). */
  place: RelationName
  /** An incremental model whose table is changed in place. */
  isInPlace: boolean
}

interface Made {
  /** Rows of a new table, or rows inserted in place; null for a view. */
  rows: number | null
  /** Rows that an incremental model took away before it added. */
  deleted: number
  warnings: string[]
}

interface Column {
  name: string
  type: string
}

/** Makes the relation of a model, with its indexes, comments and statistics. */
export async function materialize(session: Session, placement: Placement, compiled: Compiled): Promise<Made> {
  const { model, place, isInPlace } = placement
  const target = relationSql(place)
  const made = isInPlace
    ? await increment(session, model, target, compiled)
    : await create(session, model, target, compiled)
  const isView = model.config.materialized === 'view'
  const columns = await columnsOf(session, target)
  const undescribed = model.columns.filter((column) => !columns.some((other) => other.name === column.name))
  made.warnings.push(
    ...undescribed.map((column) => `${model.name} has no column ${column.name}, which its YAML describes`),
  )
  const comments = model.columns
    .filter((column) => column.description !== '' && !undescribed.includes(column))
    .map(
      ({ name, description }) =>
        `comment on column ${target}.${escapeIdentifier(name)} is ${escapeLiteral(description)}`,
    )
  if (model.description !== '') {
    comments.push(`comment on ${isView ? 'view' : 'table'} ${target} is ${escapeLiteral(model.description)}`)
  }
  // A table to which nothing was added is described and analysed as it was.
  const isUntouched = isInPlace && made.rows === 0 && made.deleted === 0
  await session.script(isView || isUntouched ? comments : [...comments, `analyze ${target}`])
  return made
}

async function create(session: Session, model: Model, target: string, compiled: Compiled): Promise<Made> {
  const isView = model.config.materialized === 'view'
  const { rowCount } = await runCompiled(session, `create ${isView ? 'view' : 'table'} ${target} as\n`, compiled)
  const indexes = model.config.indexes.map(({ columns, unique, type }) => {
    return `create ${unique ? 'unique ' : ''}index on ${target} using ${type} (${names(columns)})`
  })
  await session.script(indexes)
  return { rows: isView ? null : rowCount, deleted: 0, warnings: [] }
}

async function increment(session: Session, model: Model, target: string, compiled: Compiled): Promise<Made> {
  const delta = 'pg_temp.model_delta'
  const { unique_key: key, incremental_strategy: strategy } = model.config
  await runCompiled(session, 'create temporary table model_delta as\n', compiled)
  const columns = await columnsOf(session, target)
  let deleted = 0
  const { warnings } = compareColumns(model, columns, await columnsOf(session, delta))
  if (strategy === 'delete+insert') {
    // As in dbt, a null in the key matches nothing: the row is inserted again by every build.
    const isNull = key.map((column) => `${escapeIdentifier(column)} is null`).join(' or ')
    const { rows } = await session.query<{ count: string }>(
      `select count(*)::text as count from ${delta} where ${isNull}`,
    )
    const nulls = Number(rows[0]?.count)
    if (nulls > 0)
      warnings.push(`${model.name}: ${nulls} rows have a null in unique_key (${key.join(', ')}) and will pile up`)
    const matches = key.map((column) => `t.${escapeIdentifier(column)} = d.${escapeIdentifier(column)}`).join(' and ')
    const removed = await session.query(
      `delete from ${target} as t using (select distinct ${names(key)} from ${delta}) as d where ${matches}`,
    )
    deleted = removed.rowCount ?? 0
  }
  const list = names(columns.map((column) => column.name))
  const { rowCount } = await session.query(`insert into ${target} (${list}) select ${list} from ${delta}`)
  await session.query(`drop table ${delta}`)
  return { rows: rowCount, deleted, warnings }
}

/** Throws when the query does not fit the table; a column that the table lacks is only warned of, as `ignore` says. */
function compareColumns(model: Model, table: Column[], query: Column[]): { warnings: string[] } {
  const isIn = (list: Column[], column: Column) => list.some((other) => other.name === column.name)
  const missing = table.filter((column) => !isIn(query, column)).map((column) => `${column.name} is gone`)
  const added = query.filter((column) => !isIn(table, column)).map((column) => `${column.name} is new`)
  const changed = query.flatMap((column) => {
    const before = table.find((other) => other.name === column.name)
    return before === undefined || before.type === column.type
      ? []
      : `${column.name} was ${before.type}, is ${column.type}`
  })
  const ignores = model.config.on_schema_change === 'ignore'
  const faults = ignores ? missing : [...missing, ...added, ...changed]
  if (faults.length === 0) {
    return { warnings: added.map((text) => `${model.name}: column ${text} and left out until a full refresh`) }
  }
  throw new PipelineError(
    'MODEL_COLUMNS',
    `${model.template.file}: the query no longer fits the table it adds to: ${faults.join('; ')}. ` +
      'Rebuild it with a full refresh, or restore the columns.',
    'never',
  )
}

async function columnsOf(session: Session, relation: string): Promise<Column[]> {
  const { rows } = await session.query<Column & Record<string, unknown>>(
    `select attname as name, format_type(atttypid, atttypmod) as type from pg_attribute
     where attrelid = $1::regclass and attnum > 0 and not attisdropped order by attnum`,
    [relation],
  )
  return rows
}

const names = (columns: string[]) => columns.map((column) => escapeIdentifier(column)).join(', ')
