import type { RelationName } from '../graph/relation.ts'

export interface Column {
  name: string
  type: string
}

/** A change to a published table that waits for the publish: until then the table is as it was. */
export interface Increment {
  /** Table with the rows that the change brings. */
  delta: RelationName
  /** Rows in `delta`; with none there is nothing to apply. */
  rows: number
  /** Columns that the table lacks and gets before the change is applied. */
  newColumns: Column[]
  /** Query for what the table will hold, for tests and for models that are built meanwhile. */
  merged: string
  /** Condition for the rows of the table, as `t`, that the change updates or deletes; null when it only adds. */
  replaced: string | null
  /** Statements that apply the change. */
  apply: string[]
}

/** What became of a node in its shadow schema. */
export interface Made {
  /** Rows of a new table, or rows that an increment brings; null for a view. */
  rows: number | null
  warnings: string[]
  /** Set when a table that stands is to be changed rather than replaced. */
  increment: Increment | null
  /** False when building again from the same inputs would not give the same table, such as null keys that pile up. */
  isRepeatable: boolean
}
