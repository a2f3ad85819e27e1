import type { CommonTableExpr, Node, SelectStmt } from 'libpg-query'
import { columnName, namesIn } from './column-name.ts'
import { columnPath, expandedStar, sourcesOf, windowSources } from './expression.ts'
import { readFrom } from './from.ts'
import { LineageError } from './parse.ts'
import {
  decide,
  EMPTY_FROM,
  read,
  type Catalogue,
  type Column,
  type Rows,
  type Scope,
  type WithFrame,
} from './scope.ts'
import { allOf, deciding, KINDS, NO_SOURCES, type BaseColumn, type Sources } from './sources.ts'

/** The rows of a statement, and every table column that it names anywhere. */
export function readStatement(statement: SelectStmt, catalogue: Catalogue): Rows & { reads: Set<BaseColumn> } {
  const reads = new Set<BaseColumn>()
  const root: Scope = {
    outer: null,
    with: null,
    from: EMPTY_FROM,
    windows: new Map(),
    influences: new Set(),
    reads,
    catalogue,
    subquery: (node, scope) => readQuery(selectIn(node), scope),
  }
  return { ...readQuery(statement, root), reads }
}

function selectIn(node: unknown): SelectStmt {
  const found = typeof node === 'object' && node !== null && 'SelectStmt' in node ? node.SelectStmt : undefined
  if (found === undefined) throw new LineageError('only a SELECT can be inside a query')
  return found as SelectStmt
}

/** The rows of a query that stands in `outer`, whose names it can use. */
function readQuery(statement: SelectStmt, outer: Scope): Rows {
  const scope: Scope = { ...outer, outer, from: EMPTY_FROM, windows: new Map(), influences: new Set() }
  scope.with = withFrame(statement, outer)
  if (statement.op !== undefined && statement.op !== 'SETOP_NONE') return readSetOperation(statement, scope)
  return statement.valuesLists === undefined ? readSelect(statement, scope) : readValues(statement, scope)
}

function readSelect(statement: SelectStmt, scope: Scope): Rows {
  scope.from = readFrom(statement.fromClause ?? [], scope)
  decide(scope, sourcesOf(statement.whereClause, scope))
  for (const node of statement.windowClause ?? []) {
    if ('WindowDef' in node) scope.windows.set(node.WindowDef.name ?? '', ownWindow(node.WindowDef, scope))
  }
  const columns = (statement.targetList ?? []).flatMap((node) => targetColumns(node, scope))
  for (const key of statement.groupClause ?? []) decide(scope, groupKey(key, columns, scope))
  decide(scope, sourcesOf(statement.havingClause, scope))
  for (const key of statement.distinctClause ?? []) {
    // A plain DISTINCT is a list of one empty node.
    if (Object.keys(key).length === 0) decide(scope, ...columns.map((column) => column.sources))
    else decide(scope, sortKey(key, columns, scope))
  }
  return finish(statement, columns, scope)
}

/** A window of the WINDOW clause: its `name` is its own, not one that it builds on. */
function ownWindow({ name: _own, ...window }: { name?: string; refname?: string }, scope: Scope): Sources {
  return windowSources(window, scope)
}

function targetColumns(node: Node, scope: Scope): Column[] {
  if (!('ResTarget' in node) || node.ResTarget.val === undefined)
    throw new LineageError('a SELECT list is not readable')
  const star = expandedStar(node.ResTarget.val, scope)
  if (star !== undefined) return star.map((column) => ({ name: column.name, sources: read(scope, column) }))
  return [{ name: columnName(node.ResTarget), sources: sourcesOf(node.ResTarget.val, scope) }]
}

/** ORDER BY and LIMIT, which every kind of query can have. */
function finish(statement: SelectStmt, columns: Column[], scope: Scope): Rows {
  for (const key of statement.sortClause ?? []) {
    if ('SortBy' in key && key.SortBy.node !== undefined) decide(scope, sortKey(key.SortBy.node, columns, scope))
  }
  decide(scope, sourcesOf([statement.limitCount, statement.limitOffset], scope))
  return { columns, influences: scope.influences }
}

/** In ORDER BY and DISTINCT ON a bare name is an output column first, and a number is its place. */
function sortKey(node: Node, columns: Column[], scope: Scope): Sources {
  return (placed(node, columns) ?? outputNamed(node, columns))?.sources ?? sourcesOf(node, scope)
}

/** In GROUP BY a bare name is a column of FROM first. */
function groupKey(node: Node, columns: Column[], scope: Scope): Sources {
  if ('GroupingSet' in node) {
    return allOf((node.GroupingSet.content ?? []).map((key) => groupKey(key, columns, scope)))
  }
  // (a, b) in a grouping set is two keys.
  if ('RowExpr' in node) return allOf((node.RowExpr.args ?? []).map((key) => groupKey(key, columns, scope)))
  const byPlace = placed(node, columns)
  if (byPlace !== undefined) return byPlace.sources
  const output = outputNamed(node, columns)
  const isInput = output !== undefined && scope.from.columns.some((column) => column.name === output.name)
  return output === undefined || isInput ? sourcesOf(node, scope) : output.sources
}

function placed(node: Node, columns: Column[]): Column | undefined {
  return 'A_Const' in node && node.A_Const.ival !== undefined ? columns[(node.A_Const.ival.ival ?? 0) - 1] : undefined
}

function outputNamed(node: Node, columns: Column[]): Column | undefined {
  if (!('ColumnRef' in node)) return undefined
  const { path, isStar } = columnPath(node.ColumnRef)
  return isStar || path.length !== 1 ? undefined : columns.find((column) => column.name === path[0])
}

function readValues(statement: SelectStmt, scope: Scope): Rows {
  const rows = (statement.valuesLists ?? []).map((row) => ('List' in row ? (row.List.items ?? []) : []))
  const columns = (rows[0] ?? []).map((_value, index) => ({
    name: `column${index + 1}`,
    sources: allOf(rows.map((row) => sourcesOf(row[index], scope))),
  }))
  return finish(statement, columns, scope)
}

function readSetOperation(statement: SelectStmt, scope: Scope): Rows {
  const { larg, rarg, op, all } = statement
  if (larg === undefined || rarg === undefined) throw new LineageError(`${op} lacks a side`)
  // The sides see the WITH, but not the names of one another.
  const around = { ...(scope.outer ?? scope), with: scope.with }
  const [left, right] = [larg, rarg].map((side) => readQuery(side, around)) as [Rows, Rows]
  if (left.columns.length !== right.columns.length)
    throw new LineageError('the sides of a set operation differ in width')
  const isUnion = op === 'SETOP_UNION'
  const columns = left.columns.map(({ name, sources }, index) => ({
    name,
    sources: isUnion ? allOf([sources, right.columns[index]?.sources ?? NO_SOURCES]) : sources,
  }))
  for (const side of [left, right]) {
    decide(scope, deciding(side.influences))
    if (!isUnion || all !== true) decide(scope, ...side.columns.map((column) => column.sources))
  }
  return finish(statement, columns, scope)
}

/** The names that a statement's WITH adds: all at once if it is RECURSIVE, else each to those after it. */
function withFrame({ withClause }: SelectStmt, outer: Scope): WithFrame | null {
  const isRecursive = withClause?.recursive === true
  let frame = outer.with
  if (isRecursive) frame = { queries: new Map(), outer: frame }
  const queries = (withClause?.ctes ?? []).flatMap((cte) => {
    if (!('CommonTableExpr' in cte)) return []
    const query = withQuery(cte.CommonTableExpr, { ...outer, with: frame })
    const name = cte.CommonTableExpr.ctename ?? ''
    if (isRecursive) frame?.queries.set(name, query)
    else frame = { queries: new Map([[name, query]]), outer: frame }
    return [query]
  })
  // Also those that nothing names: Postgres resolves what they read.
  for (const query of queries) query()
  return frame
}

const NO_ROWS: Rows = { columns: [], influences: new Set() }

/** One query of a WITH, read once. Where it names itself it is what is known of it, until that grows no more. */
function withQuery(query: CommonTableExpr, scope: Scope): () => Rows {
  const statement = selectIn(query.ctequery)
  const names = namesIn(query.aliascolnames)
  if (query.search_clause !== undefined || query.cycle_clause !== undefined) {
    throw new LineageError(`${query.ctename} has a SEARCH or CYCLE clause, which is not known`)
  }
  const rename = ({ columns, influences }: Rows): Rows => ({
    columns: columns.map((column, index) => ({ ...column, name: names[index] ?? column.name })),
    influences,
  })
  let done: Rows | undefined
  let known: Rows | undefined
  let isReading = false
  return () => {
    if (done !== undefined) return done
    if (isReading) {
      if (known === undefined) {
        if (statement.larg === undefined) throw new LineageError(`${query.ctename} names itself, but is no UNION`)
        known = NO_ROWS
        known = rename(readQuery(statement.larg, { ...scope, with: withFrame(statement, scope) }))
      }
      return known
    }
    isReading = true
    let rows = rename(readQuery(statement, scope))
    while (known !== undefined && weight(rows) > weight(known)) {
      known = rows
      rows = rename(readQuery(statement, scope))
    }
    done = rows
    return done
  }
}

/** Grows with every source that is found, and with every step away from identity. */
function weight({ columns, influences }: Rows): number {
  const steps = columns.flatMap(({ sources }) => [...sources.values()].map((kind) => 1 + KINDS.indexOf(kind)))
  return steps.reduce((sum, step) => sum + step, influences.size)
}
