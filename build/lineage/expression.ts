import type { ColumnRef, FuncCall, Node, SubLink } from 'libpg-query'
import { namesIn } from './column-name.ts'
import { AGGREGATES, ROW_FUNCTIONS } from './functions.ts'
import { LineageError } from './parse.ts'
import {
  decide,
  fieldOf,
  findColumn,
  findItem,
  read,
  starColumns,
  wholeRow,
  type Column,
  type RangeItem,
  type Scope,
} from './scope.ts'
import { allOf, deciding, NO_SOURCES, through, type Sources } from './sources.ts'

/** The sources of an expression: of one node of the parse tree, a list of them, or what a node has inside. */
export function sourcesOf(value: unknown, scope: Scope): Sources {
  if (Array.isArray(value)) return allOf(value.map((item) => sourcesOf(item, scope)))
  if (typeof value !== 'object' || value === null) return NO_SOURCES
  const parts = Object.entries(value).map(([key, inner]: [string, unknown]) => {
    if (key === 'over') return windowSources(inner as { name?: string; refname?: string }, scope)
    // A node's kind is capitalised, a field of a node is not.
    return /^[A-Z]/.test(key) ? nodeSources({ [key]: inner } as unknown as Node, inner, scope) : sourcesOf(inner, scope)
  })
  return parts.length === 1 ? (parts[0] ?? NO_SOURCES) : allOf(parts)
}

function nodeSources(node: Node, inside: unknown, scope: Scope): Sources {
  if ('ColumnRef' in node) return columnSources(node.ColumnRef, scope)
  if ('SubLink' in node) return subqueryValue(node.SubLink, scope)
  if ('FuncCall' in node) return callSources(node.FuncCall, scope)
  if ('A_Indirection' in node) {
    const field = rowField(node, scope)
    if (field !== undefined) return read(scope, field)
  }
  // JSON_ARRAY(select ...) has a query in it too.
  if ('SelectStmt' in node) return through('aggregate', rowSources(node, scope))
  const isAggregate = 'JsonObjectAgg' in node || 'JsonArrayAgg' in node
  return through(isAggregate ? 'aggregate' : 'transform', sourcesOf(inside, scope))
}

/** The names of a column reference, and whether `*` follows them. */
export function columnPath({ fields = [] }: ColumnRef): { path: string[]; isStar: boolean } {
  return { path: namesIn(fields), isStar: fields.some((field) => 'A_Star' in field) }
}

function columnSources(reference: ColumnRef, scope: Scope): Sources {
  const { path, isStar } = columnPath(reference)
  if (isStar) return wholeRow(scope, itemNamed(scope, path))
  const found = findColumn(scope, path)
  return 'columns' in found ? wholeRow(scope, found) : read(scope, found)
}

function itemNamed(scope: Scope, path: string[]): RangeItem {
  const item = findItem(scope, path)
  if (item === undefined) throw new LineageError(`FROM has no ${path.join('.')} here`)
  return item
}

/** The columns that `*`, `t.*` or `(row).*` stands for; undefined if the node is none of them. */
export function expandedStar(node: Node, scope: Scope): Column[] | undefined {
  if ('ColumnRef' in node) {
    const { path, isStar } = columnPath(node.ColumnRef)
    if (!isStar) return undefined
    if (path.length > 0) return starColumns(itemNamed(scope, path))
    for (const item of scope.from.items) starColumns(item)
    return scope.from.columns
  }
  if (!('A_Indirection' in node)) return undefined
  const { arg, indirection = [] } = node.A_Indirection
  const isStar = indirection.some((step) => 'A_Star' in step)
  if (!isStar) return undefined
  const item = indirection.length === 1 ? rowItem(arg, scope) : undefined
  if (item !== undefined) return starColumns(item)
  const names = arg !== undefined && 'FuncCall' in arg ? ROW_FUNCTIONS.get(functionName(arg.FuncCall)) : undefined
  if (names === undefined || names === null) throw new LineageError('the columns of (...).* are not known')
  const sources = sourcesOf(arg, scope)
  return names.map((name) => ({ name, sources }))
}

/** The column that `(t).a` means where `t` is an entry of FROM. */
function rowField(node: Node, scope: Scope): Column | undefined {
  if (!('A_Indirection' in node)) return undefined
  const { arg, indirection } = node.A_Indirection
  const [name, ...rest] = namesIn(indirection)
  if (name === undefined || indirection?.length !== 1 || rest.length > 0) return undefined
  const item = rowItem(arg, scope)
  return item === undefined ? undefined : fieldOf(item, name)
}

function rowItem(node: Node | undefined, scope: Scope): RangeItem | undefined {
  if (node === undefined || !('ColumnRef' in node)) return undefined
  const { path, isStar } = columnPath(node.ColumnRef)
  if (isStar) return itemNamed(scope, path)
  const found = findColumn(scope, path)
  return 'columns' in found ? found : undefined
}

function callSources(call: FuncCall, scope: Scope): Sources {
  const name = functionName(call)
  const isAggregate =
    AGGREGATES.has(name) ||
    call.over !== undefined ||
    call.agg_filter !== undefined ||
    call.agg_order !== undefined ||
    call.agg_distinct === true ||
    call.agg_star === true
  const sources = through(isAggregate ? 'aggregate' : 'transform', sourcesOf({ ...call }, scope))
  if (ROW_FUNCTIONS.has(name)) decide(scope, sources)
  return sources
}

/** A function's name without its schema, or '' if it is in a schema other than Postgres' own. */
export function functionName({ funcname }: FuncCall): string {
  const [name = '', schema = 'pg_catalog'] = namesIn(funcname).reverse()
  return schema === 'pg_catalog' ? name : ''
}

/** The sources of OVER (...) or of a window of the WINDOW clause. */
export function windowSources(window: { name?: string; refname?: string }, scope: Scope): Sources {
  const named = [window.name, window.refname].map((name) => scope.windows.get(name ?? '') ?? NO_SOURCES)
  return allOf([...named, through('transform', sourcesOf({ ...window }, scope))])
}

function subqueryValue(link: SubLink, scope: Scope): Sources {
  if (link.subLinkType === 'EXISTS_SUBLINK') return deciding(scope.subquery(link.subselect, scope).influences)
  const rows = rowSources(link.subselect, scope)
  if (link.subLinkType === 'EXPR_SUBLINK') return rows
  if (link.subLinkType === 'ARRAY_SUBLINK') return through('aggregate', rows)
  return through('transform', allOf([rows, sourcesOf(link.testexpr, scope)]))
}

/** A subquery's values, and what decides which of them there are. */
function rowSources(query: unknown, scope: Scope): Sources {
  const { columns, influences } = scope.subquery(query, scope)
  return allOf([...columns.map((column) => column.sources), deciding(influences)])
}
