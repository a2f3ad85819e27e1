import type { Alias, JoinExpr, Node, RangeFunction, RangeVar } from 'libpg-query'
import { namesIn } from './column-name.ts'
import { functionName, sourcesOf } from './expression.ts'
import { ROW_FUNCTIONS } from './functions.ts'
import { LineageError } from './parse.ts'
import { decide, EMPTY_FROM, findWithQuery, read, type Column, type From, type RangeItem, type Scope } from './scope.ts'
import { allOf, deciding, NO_SOURCES, through, type Sources } from './sources.ts'

/** Reads a FROM list into `scope.from`; what it joins and filters by goes to `scope.influences`. */
export function readFrom(nodes: Node[], scope: Scope): From {
  return nodes.reduce((before, node) => sideBySide(before, itemOf(node, scope, before)), EMPTY_FROM)
}

function sideBySide(left: From, right: From): From {
  return { items: [...left.items, ...right.items], columns: [...left.columns, ...right.columns] }
}

/** One entry of FROM. `lateral` is what stands before it, which a LATERAL entry and a function can name. */
function itemOf(node: Node, scope: Scope, lateral: From): From {
  const inside: Scope = { ...scope, from: lateral }
  if ('RangeVar' in node) return tableOf(node.RangeVar, scope)
  if ('JoinExpr' in node) return joinOf(node.JoinExpr, scope, lateral)
  if ('RangeSubselect' in node) {
    const { subquery, alias, lateral: isLateral } = node.RangeSubselect
    const rows = scope.subquery(subquery, isLateral === true ? inside : { ...scope, from: EMPTY_FROM })
    decide(scope, deciding(rows.influences))
    return entry({ name: '', columns: rows.columns }, alias)
  }
  if ('RangeFunction' in node) return functionOf(node.RangeFunction, inside)
  throw new LineageError(`FROM with ${Object.keys(node).join()} is not known`)
}

const named = (names: string[], sources: Sources): Column[] => names.map((name) => ({ name, sources }))

function entry(item: RangeItem, alias: Alias | undefined): From {
  if (alias === undefined) return { items: [item], columns: item.columns }
  const names = namesIn(alias.colnames)
  const columns = item.columns.map((column, index) => ({ ...column, name: names[index] ?? column.name }))
  const { schema: _hidden, ...rest } = item
  return { items: [{ ...rest, name: alias.aliasname ?? '', columns }], columns }
}

function tableOf({ schemaname: schema, relname: name = '', alias }: RangeVar, scope: Scope): From {
  const query = schema === undefined ? findWithQuery(scope, name) : undefined
  if (query !== undefined) {
    const rows = query()
    decide(scope, deciding(rows.influences))
    return entry({ name, columns: rows.columns }, alias)
  }
  const place = `${schema ?? 'pg_catalog'}.${name}`
  const base = scope.catalogue.get(place)
  if (base === undefined) {
    const unknown = schema === undefined ? `${name} has no schema and is no query of a WITH` : `${place} is not known`
    throw new LineageError(`the relation ${unknown}`)
  }
  const columns = base.map((own): Column => ({ name: own.column, sources: new Map([[own, 'identity']]), base: own }))
  return entry({ name, schema: schema ?? 'pg_catalog', columns }, alias)
}

function joinOf(join: JoinExpr, scope: Scope, lateral: From): From {
  if (join.larg === undefined || join.rarg === undefined) throw new LineageError('a join lacks a side')
  const left = itemOf(join.larg, scope, lateral)
  const right = itemOf(join.rarg, scope, sideBySide(lateral, left))
  const rightNames = new Set(right.columns.map((column) => column.name))
  const shared =
    join.isNatural === true
      ? left.columns.map((column) => column.name).filter((name) => rightNames.has(name))
      : namesIn(join.usingClause)
  const merged = shared.map((name) => mergedColumn(name, join, left, right, scope))
  decide(scope, sourcesOf(join.quals, { ...scope, from: sideBySide(left, right) }))
  const isOwn = (column: Column) => !shared.includes(column.name)
  const columns = [...merged, ...left.columns.filter(isOwn), ...right.columns.filter(isOwn)]
  if (join.alias !== undefined) return entry({ name: '', columns }, join.alias)
  const { aliasname } = join.join_using_alias ?? {}
  const alias = aliasname === undefined ? [] : [{ name: aliasname, columns: merged }]
  return { items: [...left.items, ...right.items, ...alias], columns }
}

/** The one column that USING makes of two, with the value of the side that always has one. */
function mergedColumn(name: string, join: JoinExpr, left: From, right: From, scope: Scope): Column {
  const sides = [left, right].map((side) => {
    const column = side.columns.find((other) => other.name === name)
    if (column === undefined) throw new LineageError(`a side of the join has no column ${name}`)
    return read(scope, column)
  })
  decide(scope, ...sides)
  const [ofLeft = NO_SOURCES, ofRight = NO_SOURCES] = sides
  if (join.jointype === 'JOIN_FULL') return { name, sources: through('transform', allOf(sides)) }
  return { name, sources: join.jointype === 'JOIN_RIGHT' ? ofRight : ofLeft }
}

/** Functions in FROM: one, or several side by side with ROWS FROM or unnest(a, b). */
function functionOf({ alias, coldeflist, functions = [], ordinality }: RangeFunction, scope: Scope): From {
  const calls = functions.map((item) => ('List' in item ? (item.List.items ?? []) : [item]))
  const isAlone = calls.length === 1
  const columns: Column[] = []
  let open: Sources | undefined
  for (const [call, ...definition] of calls) {
    const sources = through('transform', sourcesOf(call, scope))
    decide(scope, sources)
    const defined = definedNames(coldeflist ?? definition)
    const names = defined.length > 0 ? defined : resultNames(call, isAlone ? alias : undefined)
    columns.push(...named(names ?? [], sources))
    if (names === undefined) open = sources
  }
  if (ordinality === true) columns.push({ name: 'ordinality', sources: NO_SOURCES })
  return entry({ name: nameOfCall(calls[0]?.[0]), columns, ...(open === undefined ? {} : { open }) }, alias)
}

const nameOfCall = (node: Node | undefined) =>
  node !== undefined && 'FuncCall' in node ? (namesIn(node.FuncCall.funcname).at(-1) ?? '') : ''

/** The names of a column definition list: f() as (a int, b text). */
function definedNames(nodes: Node[] | undefined): string[] {
  return (nodes ?? []).flatMap((node) => {
    if ('List' in node) return definedNames(node.List.items)
    return 'ColumnDef' in node ? [node.ColumnDef.colname ?? ''] : []
  })
}

/** The columns of a function's result, undefined if it is not known. */
function resultNames(call: Node | undefined, alias: Alias | undefined): string[] | undefined {
  const isCall = call !== undefined && 'FuncCall' in call
  const known = isCall ? ROW_FUNCTIONS.get(functionName(call.FuncCall)) : null
  // A function that is not known has the columns that the query gives names to.
  if (known === undefined) return alias?.colnames === undefined ? undefined : namesIn(alias.colnames)
  if (known !== null) return known
  const name = nameOfCall(call)
  // unnest(a, b) gives a column for each array.
  const extra = isCall && name === 'unnest' ? (call.FuncCall.args ?? []).slice(1) : []
  return extra.length > 0 ? [name, ...extra.map(() => name)] : [alias?.aliasname ?? name]
}
