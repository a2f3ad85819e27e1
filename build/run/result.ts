import type { PipelineError } from '../../core/errors.ts'
import type { Materialization, NodeKind } from '../project/node-config.ts'
import type { Orphan } from './ledger.ts'

/** What a build made of a model, seed or snapshot. */
export interface NodeResult {
  id: string
  name: string
  resource: NodeKind
  schema: string
  /** Name of the relation. */
  relation: string
  kind: Materialization
  /** `skipped` when something it reads, or a test of that, failed; `unchanged` when it stands as it would be built. */
  status: 'built' | 'unchanged' | 'failed' | 'skipped'
  /** Whether readers have it: false when its group was held back. */
  isPublished: boolean
  /** Rows of a new table, or rows that an increment brought; null for a view or what was not built. */
  rows: number | null
  /** Rows of the table that an increment took away or replaced; null otherwise. */
  replaced: number | null
  startedAt: Date | null
  seconds: number
  thread: string
  compiledSql: string | null
  message: string
  error: PipelineError | null
}

export interface TestResult {
  id: string
  name: string
  resource: 'test' | 'unit_test'
  /** `skipped` when something it reads was not built. */
  status: 'pass' | 'warn' | 'fail' | 'error' | 'skipped'
  /** Wrong rows found. */
  failures: number
  /** Whether it is an earlier result, of the same test on the same rows. */
  isReused: boolean
  startedAt: Date | null
  seconds: number
  thread: string
  /** The model or `source.table` that a generic test or unit test belongs to. */
  model: string | null
  column: string | null
  /** Up to 5 of the wrong rows. */
  sample: Record<string, unknown>[]
  compiledSql: string | null
  error: PipelineError | null
}

export type BuildEvent = { index: number; total: number } & (
  | { type: 'model'; node: NodeResult }
  | { type: 'test'; test: TestResult }
)

export interface BuildResult {
  invocationId: string
  startedAt: Date
  /** True when nothing failed, so that every group is published. */
  published: boolean
  nodes: NodeResult[]
  tests: TestResult[]
  /** Groups that were published, and those that were held back because something in them failed. */
  groups: { name: string; isPublished: boolean }[]
  /** Relations of earlier builds whose model is gone; they are left as they are. */
  orphans: Orphan[]
  warnings: string[]
  seconds: number
}
