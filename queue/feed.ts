import type { Transaction } from 'kysely'
import type { DateWindow } from '../core/date-window.ts'
import type { DB } from '../db/schema.ts'
import type { PipelineContext } from './context.ts'

/** A configured account of a source, as the ledger knows it. */
export interface FeedConnection {
  connection: string
  name: string
  timeZone: string
  isSandbox: boolean
}

/** A page of a window as an extractor yields it. */
export interface FeedPage {
  records: unknown[]
  page: number
  totalCount: number
  restarted: boolean
  last: boolean
}

/** Where the reading of a window stands. */
export interface FeedProgress {
  nextPage: number
  fetched: number
  seen: ReadonlySet<string>
  totalCount: number | null
  restarts: number
}

export interface FeedPlan {
  windows: DateWindow[]
  /** Kept with the step until it ends, then handed to `cursorAfterPlan`. */
  memo: unknown
}

/** A stream that is read by date windows: one entry says all there is to know about it. */
export interface Feed {
  /** `<source>.<entity>`, the name used in the ledger, the logs and on the command line. */
  name: string
  source: string
  /** The raw table it lands in. */
  table: string
  keyOf: (record: unknown) => string | null
  connections(context: PipelineContext): FeedConnection[]
  /** Which windows a run reads, by the cursor and today's date. */
  plan(context: PipelineContext, connection: string, cursor: unknown): FeedPlan
  extract(
    context: PipelineContext,
    connection: string,
    window: DateWindow,
    progress: FeedProgress,
    signal: AbortSignal,
  ): AsyncGenerator<FeedPage>
  /** The cursor once a window is whole, or null when the window does not join on to it. */
  cursorAfterWindow(cursor: unknown, window: DateWindow): unknown
  cursorAfterPlan(cursor: unknown, memo: unknown): unknown
  /** Runs in the transaction of a window's last page, whose receipts stand in ops.pages. */
  windowDone(trx: Transaction<DB>, run: { runId: string; connection: string; window: DateWindow }): Promise<void>
  /** Whether a failed window is worth trying in two halves. */
  isTooHeavy(error: unknown): boolean
  /** Whether a failed window must be begun again from its first page. */
  mustRestart(error: unknown): boolean
  /**
   * Turns what landed into base rows until nothing is left to do, in batches of one transaction each. Work is chosen
   * by arrival, so a batch that an earlier run left behind is taken up too.
   */
  transform(
    context: PipelineContext,
    run: { runId: string; connection: string },
    signal: AbortSignal,
  ): Promise<TransformCounts>
}

export interface TransformCounts {
  /** Records read by this pass, whatever became of them. */
  records: number
  rewritten: number
  unchanged: number
  quarantined: number
}
