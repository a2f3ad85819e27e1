import { escapeIdentifier, escapeLiteral } from 'pg'
import type { Places } from '../graph/context.ts'
import type { GraphNode } from '../graph/graph.ts'
import { relationSql, type RelationName } from '../graph/relation.ts'
import type { Compiled } from '../template/render.ts'
import { createByContract } from './contract.ts'
import { stageIncrement } from './incremental.ts'
import type { Column, Made } from './increment.ts'
import { createSeed } from './seed.ts'
import { createSnapshot, stageSnapshot } from './snapshot.ts'
import type { Session } from './session.ts'
import { runCompiled } from './statement-error.ts'

/** A node and where a build makes it. */
export interface Making {
  node: GraphNode
  /** Null for a seed. */
  compiled: Compiled | null
  /** Where its new relation goes, or the view of what its table will hold. */
  shadow: RelationName
  /** Where the rows go that are to be added to its table. */
  delta: RelationName
  /** Whether its published table is to be changed rather than replaced. */
  isIncrement: boolean
  /** Where this build finds what the node reads. */
  places: Places
}

/** Makes the relation of a node aside, with its indexes, comments and statistics. */
export async function materialize(session: Session, making: Making): Promise<Made> {
  const { node, compiled, shadow, isIncrement } = making
  const target = relationSql(shadow)
  const made = isIncrement && compiled !== null ? await stage(session, making, compiled) : await create(session, making)
  if (made.increment !== null) return made
  const isView = node.config.materialized === 'view'
  const indexes = node.config.indexes.map(({ columns, unique, type }) => {
    return `create ${unique ? 'unique ' : ''}index on ${target} using ${type} (${names(columns)})`
  })
  // A view is made again by the publish, and described then.
  if (isView) return made
  made.warnings.push(...(await describe(session, node, shadow, 'table')))
  await session.script([...indexes, ...analyzeSql(target, made.rows)])
  return made
}

// Postgres sorts a sample of 300 rows for each unit of the target by every column: a second for 150 columns at 100.
const COARSE_TARGET = 10
const isSampled = (rows: number | null) => rows !== null && rows > 300 * COARSE_TARGET

/** Statistics of all columns, which what is built next waits for. */
function analyzeSql(table: string, rows: number | null): string[] {
  if (!isSampled(rows)) return [`analyze ${table}`]
  return [`set local default_statistics_target = ${COARSE_TARGET}`, `analyze ${table}`]
}

/** Finer statistics of the columns that rows are looked up by, for the readers; nothing where they would be the same. */
export function lookupStatistics(node: GraphNode, table: RelationName, rows: number | null): string[] {
  const columns = [...new Set(node.config.indexes.flatMap((index) => index.columns))]
  return isSampled(rows) && columns.length > 0 ? [`analyze ${relationSql(table)} (${names(columns)})`] : []
}

async function stage(session: Session, making: Making, compiled: Compiled): Promise<Made> {
  const stageNode = making.node.kind === 'snapshot' ? stageSnapshot : stageIncrement
  const made = await stageNode(session, making, compiled)
  const { increment } = made
  if (increment !== null && (increment.rows > 0 || increment.newColumns.length > 0)) {
    const target = relationSql(making.shadow)
    await session.script([`analyze ${relationSql(increment.delta)}`, `create view ${target} as ${increment.merged}`])
  }
  return made
}

async function create(session: Session, { node, shadow, compiled, places }: Making): Promise<Made> {
  if (compiled === null) return createSeed(session, node, shadow)
  if (node.kind === 'snapshot') return createSnapshot(session, node, shadow, compiled)
  if (node.config.contract?.enforced === true) {
    return createByContract(session, node, shadow, compiled, places)
  }
  const isView = node.config.materialized === 'view'
  const { rowCount } = await runCompiled(
    session,
    `create ${isView ? 'view' : 'table'} ${relationSql(shadow)} as\n`,
    compiled,
  )
  return { rows: isView ? null : rowCount, warnings: [], increment: null, isRepeatable: true }
}

/** Gives a relation and its columns the project's descriptions as comments. Returns warnings. */
export async function describe(
  session: Session,
  node: GraphNode,
  place: RelationName,
  kind: 'view' | 'table',
): Promise<string[]> {
  const target = relationSql(place)
  const comments: string[] = []
  if (node.description !== '') comments.push(`comment on ${kind} ${target} is ${escapeLiteral(node.description)}`)
  let undescribed: string[] = []
  if (node.columns.length > 0) {
    const columns = new Set((await columnsOf(session, target)).map((column) => column.name))
    undescribed = node.columns.flatMap(({ name }) => (columns.has(name) ? [] : name))
    for (const { name, description } of node.columns) {
      if (description === '' || !columns.has(name)) continue
      comments.push(`comment on column ${target}.${escapeIdentifier(name)} is ${escapeLiteral(description)}`)
    }
  }
  await session.script(comments)
  return undescribed.map((name) => `${node.name} has no column ${name}, which its YAML describes`)
}

/** The columns of a relation, named as SQL, in order. */
export async function columnsOf(session: Session, relation: string): Promise<Column[]> {
  const { rows } = await session.query<Column & Record<string, unknown>>(
    `select attname as name, format_type(atttypid, atttypmod) as type from pg_attribute
     where attrelid = $1::regclass and attnum > 0 and not attisdropped order by attnum`,
    [relation],
  )
  return rows
}

export const names = (columns: string[]) => columns.map((column) => escapeIdentifier(column)).join(', ')
