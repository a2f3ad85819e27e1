import type { Transaction } from 'kysely'
import type { DateWindow } from '../core/date-window.ts'
import type { DB } from '../db/schema.ts'
import type { Place } from '../extract/landing-timed.ts'
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

interface FeedBase {
  /** `<source>.<entity>`, the name used in the ledger, the logs and on the command line. */
  name: string
  source: string
  /** The raw table it lands in. */
  table: string
  keyOf: (record: unknown) => string | null
  connections(context: PipelineContext): FeedConnection[]
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

/** How windows of dates are read. */
export interface WindowReader {
  extract(
    context: PipelineContext,
    connection: string,
    window: DateWindow,
    progress: FeedProgress,
    signal: AbortSignal,
  ): AsyncGenerator<FeedPage>
  /** Runs in the transaction of a window's last page, whose receipts stand in ops.pages. */
  windowDone(trx: Transaction<DB>, run: { runId: string; connection: string; window: DateWindow }): Promise<void>
  /** Whether a failed window is worth trying in two halves. */
  isTooHeavy(error: unknown): boolean
  /** Whether a failed window must be begun again from its first page. */
  mustRestart(error: unknown): boolean
}

/** A source that is asked by dates: one entry says all there is to know about it. */
export interface WindowFeed extends FeedBase, WindowReader {
  kind: 'windows'
  /** Which windows a run reads, by the cursor and today's date. */
  plan(context: PipelineContext, connection: string, cursor: unknown): FeedPlan
  /** The cursor once a window is whole, or null when the window does not join on to it. */
  cursorAfterWindow(cursor: unknown, window: DateWindow): unknown
  cursorAfterPlan(cursor: unknown, memo: unknown): unknown
}

/** A page of a stream, with the cursor from which the next one is read. */
export interface StreamPage {
  records: unknown[]
  /** Records that the settings leave out. */
  skipped: number
  /** Null where the source has no cursor: it is read whole each time. */
  cursor: unknown
}

/** A source that tells what changed since a cursor, or that is small enough to be read whole each time. */
export interface StreamFeed extends FeedBase {
  kind: 'stream'
  /** The source's own version of a record, in hexadecimal; a lower one never replaces a higher one. */
  versionOf?: (record: unknown) => string | null
  /** Where a record stands in a table that is partitioned by time; absent for other tables. */
  placeOf?: (record: unknown) => Place | null
  /** Whether a reading brings all there is, so that what it lacks is gone. */
  isWhole: boolean
  /** Told the keys of every page in its transaction, of unchanged records too. */
  arrived?(trx: Transaction<DB>, connection: string, keys: readonly string[]): Promise<void>
  read(context: PipelineContext, connection: string, cursor: unknown, signal: AbortSignal): AsyncGenerator<StreamPage>
  /** How a span of the past is read again without touching the cursor; null where the source cannot. */
  history: WindowReader | null
}

export type Feed = WindowFeed | StreamFeed

export interface TransformCounts {
  /** Records read by this pass, whatever became of them. */
  records: number
  rewritten: number
  unchanged: number
  quarantined: number
}
