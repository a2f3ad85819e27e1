/** A column of a table or view. One object per column of a query's catalogue, so that it can be a key. */
export interface BaseColumn {
  relation: { schema: string; name: string }
  column: string
}

/** How a value comes from a column: as it is, computed within the row, or computed from several rows. */
export const KINDS = ['identity', 'transform', 'aggregate'] as const
export type SourceKind = (typeof KINDS)[number]

/** The columns that a value is made from. */
export type Sources = ReadonlyMap<BaseColumn, SourceKind>

export const NO_SOURCES: Sources = new Map()

/** The sources of all parts; where a column is in several, the kind that is furthest from identity. */
export function allOf(parts: Iterable<Sources>): Sources {
  const all = new Map<BaseColumn, SourceKind>()
  for (const part of parts) {
    for (const [column, kind] of part) {
      const known = all.get(column)
      all.set(column, known === undefined ? kind : furthest(known, kind))
    }
  }
  return all
}

function furthest(one: SourceKind, other: SourceKind): SourceKind {
  return KINDS.indexOf(one) > KINDS.indexOf(other) ? one : other
}

/** The same sources, after one more step of this kind. */
export function through(kind: SourceKind, sources: Sources): Sources {
  return new Map([...sources].map(([column, known]) => [column, furthest(known, kind)]))
}

/** Columns as the sources of a value that they decide over. */
export function deciding(columns: Iterable<BaseColumn>): Sources {
  return new Map([...columns].map((column) => [column, 'transform' as const]))
}
