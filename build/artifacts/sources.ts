import type { Freshness } from '../project/properties-file.ts'
import { metadataOf, type Provenance } from './metadata.ts'
import { timingOf } from './run-results.ts'

/** How old the newest row of a source is, or why that is not known. */
export type FreshnessResult = { id: string } & (
  | {
      status: 'pass' | 'warn' | 'error'
      maxLoadedAt: Date
      snapshottedAt: Date
      ageSeconds: number
      criteria: Freshness
      startedAt: Date
      seconds: number
      thread: string
    }
  | { status: 'runtime error'; error: string }
)

export type Sources = ReturnType<typeof sourcesOf>

/** The freshness of sources as dbt's sources artifact (version 3) tells it. */
export function sourcesOf(results: FreshnessResult[], options: Provenance & { seconds: number }) {
  return {
    metadata: metadataOf('sources', options),
    results: results.map(resultEntry),
    elapsed_time: options.seconds,
  }
}

const NO_LIMIT = { count: null, period: null }

function resultEntry(result: FreshnessResult) {
  const { id: unique_id, status } = result
  if (status === 'runtime error') return { unique_id, status, error: result.error }
  const { warn_after, error_after, filter } = result.criteria
  return {
    unique_id,
    status,
    max_loaded_at: result.maxLoadedAt.toISOString(),
    snapshotted_at: result.snapshottedAt.toISOString(),
    max_loaded_at_time_ago_in_s: result.ageSeconds,
    criteria: { warn_after: warn_after ?? NO_LIMIT, error_after: error_after ?? NO_LIMIT, filter: filter ?? null },
    adapter_response: {},
    timing: timingOf(result.startedAt, result.seconds),
    thread_id: result.thread,
    execution_time: result.seconds,
  }
}
