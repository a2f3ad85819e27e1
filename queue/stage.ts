import type { PipelineContext } from './context.ts'
import type { FeedConnection } from './feed.ts'

/** Work on a connection that needs all of its feeds, or the models: done once in a run, after them. */
export interface Stage {
  /** `<source>.<what>`, the name used in the ledger and the logs. */
  name: string
  /** `enrich` comes between the transforms and the build, `deliver` after the build, `sync` after that. */
  kind: 'enrich' | 'deliver' | 'sync'
  source: string
  /** Whether backfills leave it out. */
  isOnlyLive?: true
  /** Feeds of the connection that must have succeeded in the run; without them the stage is skipped. */
  needs?: string[]
  connections(context: PipelineContext): FeedConnection[]
  /** Does the work, in transactions of its own, and returns what the run keeps of it. It may be done again. */
  run(
    context: PipelineContext,
    of: { runId: string; step: string; connection: string },
    signal: AbortSignal,
  ): Promise<unknown>
}
