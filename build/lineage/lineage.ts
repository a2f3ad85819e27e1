import { LineageError, parseSelect, TOO_DEEP } from './parse.ts'
import { readStatement } from './query.ts'
import type { Catalogue } from './scope.ts'
import type { BaseColumn, SourceKind } from './sources.ts'

export interface LineageInput {
  /** One SELECT as Postgres would run it with an empty search_path. */
  sql: string
  /** The columns, in order, of each relation that it may read, by `schema.name` without quotes. */
  relations: ReadonlyMap<string, readonly string[]>
}

export interface OutputColumn {
  column: string
  sources: (BaseColumn & { kind: SourceKind })[]
}

/** Where the columns of a query come from. */
export interface QueryLineage {
  /** In the order of the query. */
  columns: OutputColumn[]
  /** What decides which rows there are, and their order: joins, filters, groups, DISTINCT, ORDER BY, LIMIT. */
  influences: BaseColumn[]
  /** Every column that the query names anywhere, used or not: without it, Postgres would refuse the query. */
  reads: BaseColumn[]
}

/** Says why the lineage of a query cannot be told. */
export interface UnknownLineage {
  problem: string
}

/** The columns that each column of a SELECT is made from, or the reason why that cannot be told. */
export async function columnLineage({ sql, relations }: LineageInput): Promise<QueryLineage | UnknownLineage> {
  try {
    const statement = await parseSelect(sql)
    const { columns, influences, reads } = readStatement(statement, catalogueOf(relations))
    return {
      columns: columns.map(({ name, sources }) => ({
        column: name,
        sources: [...sources].map(([source, kind]) => ({ ...source, kind })),
      })),
      influences: [...influences],
      reads: [...reads],
    }
  } catch (error) {
    if (error instanceof LineageError) return { problem: error.message }
    if (error instanceof RangeError) return { problem: TOO_DEEP }
    throw error
  }
}

function catalogueOf(relations: LineageInput['relations']): Catalogue {
  return new Map(
    [...relations].map(([place, columns]) => {
      const dot = place.indexOf('.')
      const relation = { schema: place.slice(0, dot), name: place.slice(dot + 1) }
      return [place, columns.map((column) => ({ relation, column }))]
    }),
  )
}
