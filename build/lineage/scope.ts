import { LineageError } from './parse.ts'
import { allOf, NO_SOURCES, through, type BaseColumn, type Sources } from './sources.ts'

/** A column that a query can name; `base` if it is a table's own. */
export interface Column {
  name: string
  sources: Sources
  base?: BaseColumn
}

/** The rows of a query: their columns, and the columns that decide which rows there are. */
export interface Rows {
  columns: Column[]
  influences: ReadonlySet<BaseColumn>
}

/** One entry of FROM by its name. */
export interface RangeItem {
  name: string
  /** The relation's schema if it goes by its own name. */
  schema?: string
  columns: Column[]
  /** A function's result whose columns are not known: any name may be one. */
  open?: Sources
}

/** What FROM gives: its entries by name, and the columns that a bare name or `*` means. */
export interface From {
  items: RangeItem[]
  columns: Column[]
}

export const EMPTY_FROM: From = { items: [], columns: [] }

/** The queries of a WITH that can be named from here; an inner one hides an outer of the same name. */
export interface WithFrame {
  queries: Map<string, () => Rows>
  outer: WithFrame | null
}

/** The columns of each relation by its `schema.name`. */
export type Catalogue = ReadonlyMap<string, readonly BaseColumn[]>

/** What an expression can name, from the inside out. */
export interface Scope {
  outer: Scope | null
  with: WithFrame | null
  from: From
  windows: Map<string, Sources>
  /** Grows while the query is read. */
  influences: Set<BaseColumn>
  /** Every table column that the whole statement names. */
  reads: Set<BaseColumn>
  catalogue: Catalogue
  /** Reads the query that an expression or a FROM has inside. */
  subquery: (node: unknown, scope: Scope) => Rows
}

export function findWithQuery(scope: Scope, name: string): (() => Rows) | undefined {
  for (let frame = scope.with; frame !== null; frame = frame.outer) {
    const query = frame.queries.get(name)
    if (query !== undefined) return query
  }
  return undefined
}

/** Notes that the statement names a column, and gives the column's sources. */
export function read(scope: Scope, column: Column): Sources {
  if (column.base !== undefined) scope.reads.add(column.base)
  return column.sources
}

export function decide(scope: Scope, ...parts: Sources[]): void {
  for (const part of parts) for (const column of part.keys()) scope.influences.add(column)
}

/** What a name means, `a`, `t.a` or `schema.t.a`: a column, or a whole row where it names an entry of FROM. */
export function findColumn(scope: Scope, path: string[]): Column | RangeItem {
  const name = path.at(-1) ?? ''
  const found = path.length === 1 ? findBare(scope, name) : findQualified(scope, path.slice(0, -1), name)
  if (found !== undefined) return found
  throw new LineageError(`there is no column ${path.join('.')} here`)
}

/** The entry of FROM that `t` or `schema.t` means. */
export function findItem(scope: Scope, path: string[]): RangeItem | undefined {
  const [name, schema] = [...path].reverse()
  for (let level: Scope | null = scope; level !== null; level = level.outer) {
    const found = level.from.items.find(
      (item) => item.name === name && (schema === undefined || item.schema === schema),
    )
    if (found !== undefined) return found
  }
  return undefined
}

function findQualified(scope: Scope, path: string[], name: string): Column | undefined {
  const item = findItem(scope, path)
  return item === undefined ? undefined : fieldOf(item, name)
}

/** A column of one entry of FROM. */
export function fieldOf(item: RangeItem, name: string): Column | undefined {
  const column = item.columns.find((other) => other.name === name)
  return column ?? (item.open === undefined ? undefined : { name, sources: item.open })
}

function findBare(scope: Scope, name: string): Column | RangeItem | undefined {
  for (let level: Scope | null = scope; level !== null; level = level.outer) {
    const column = level.from.columns.find((other) => other.name === name)
    if (column !== undefined) return column
  }
  const item = findItem(scope, [name])
  if (item !== undefined) return item
  for (let level: Scope | null = scope; level !== null; level = level.outer) {
    const open = level.from.items.find((other) => other.open !== undefined)
    if (open !== undefined) return fieldOf(open, name)
  }
  return undefined
}

/** The sources of an entry's whole row. */
export function wholeRow(scope: Scope, item: RangeItem): Sources {
  const columns = item.columns.map((column) => read(scope, column))
  return through('transform', allOf([...columns, item.open ?? NO_SOURCES]))
}

/** The columns that `t.*` stands for. */
export function starColumns(item: RangeItem): Column[] {
  if (item.open === undefined) return item.columns
  throw new LineageError(`the columns of ${item.name}.* are not known: name them, as in ${item.name}(a, b)`)
}
