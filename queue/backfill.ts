import { sql } from 'kysely'
import { windowsBetween } from '../core/date-window.ts'
import { PipelineError } from '../core/errors.ts'
import type { BackfillPlan } from './backfill-plan.ts'
import { FEEDS, STAGES } from './catalogue.ts'
import type { PipelineContext } from './context.ts'
import type { Feed } from './feed.ts'
import type { Run } from './ledger.ts'
import { insertLaterSteps, insertReading, runLane, type RunOptions } from './pipeline-run.ts'
import { insertWindows } from './windows.ts'

export interface BackfillRequest {
  /** Feeds by name, such as `geotab.trips`; with none, all that can be read by dates. */
  feeds: string[]
  /** Connections to read; with none, all. */
  connections: string[]
  /** First and last day, `YYYY-MM-DD`, both included. */
  from: string
  to: string
}

/** What a backfill would read: one reading per feed and connection, each in windows. */
export interface BackfillReading {
  feed: string
  connection: string
  windows: number
}

const WINDOW_DAYS = 1

/** The readings of a backfill. Throws BACKFILL_INVALID where the request names what there is not. */
export function planBackfill(context: PipelineContext, request: BackfillRequest): BackfillReading[] {
  const { from, to } = request
  if (from > to) throw invalid(`the first day (${from}) is after the last (${to})`)
  const able = FEEDS.filter(canReadHistory)
  const feeds = request.feeds.length === 0 ? able : request.feeds.map((name) => named(able, name))
  const windows = windowsBetween(from, to, WINDOW_DAYS).length
  const readings = feeds.flatMap((feed) =>
    feed
      .connections(context)
      .filter(({ connection }) => request.connections.length === 0 || request.connections.includes(connection))
      .map(({ connection }) => ({ feed: feed.name, connection, windows })),
  )
  if (readings.length > 0) return readings
  if (request.connections.length === 0) throw invalid('no source of these feeds is configured')
  throw invalid(`no connection of these feeds is called ${request.connections.join(' or ')}`)
}

/**
 * Reads days of the past again, window by window, and builds the models. Cursors stay where they are, so that a live
 * run goes on as if nothing had happened; what lands counts as arrived, so that corrections reach the next reports.
 */
export async function runBackfill(
  context: PipelineContext,
  request: BackfillRequest,
  options: Pick<RunOptions, 'onAllowed' | 'onTick' | 'retries'>,
): Promise<Run> {
  const readings = planBackfill(context, request)
  const plan: BackfillPlan = { backfill: { from: request.from, to: request.to } }
  const windows = windowsBetween(request.from, request.to, WINDOW_DAYS)
  const retry = options.retries === undefined ? {} : { retries: options.retries }
  return await runLane(context, options, {
    name: 'backfill',
    trigger: 'backfill',
    retries: options.retries,
    async begin(trx, runId) {
      for (const { feed, connection } of readings) {
        const step = await insertReading(context, trx, runId, { feed, connection, plan }, retry)
        await insertWindows(trx, { runId, step, feed, connection }, windows)
        await sql`
          update ops.steps set windows_total = ${windows.length} where run_id = ${runId}::uuid and step = ${step}
        `.execute(trx)
      }
      const stages = STAGES.filter(({ kind, isOnlyLive }) => kind === 'enrich' && isOnlyLive !== true)
      await insertLaterSteps(context, trx, runId, stages)
    },
  })
}

const canReadHistory = (feed: Feed) => feed.kind === 'windows' || feed.history !== null

function named(able: Feed[], name: string): Feed {
  const feed = able.find((candidate) => candidate.name === name)
  if (feed !== undefined) return feed
  const isKnown = FEEDS.some((candidate) => candidate.name === name)
  const problem = isKnown
    ? `${name} cannot be read by dates; it is read whole by every run`
    : `there is no feed ${name}`
  throw invalid(`${problem}. Feeds that can: ${able.map((candidate) => candidate.name).join(', ')}`)
}

const invalid = (problem: string) =>
  new PipelineError('BACKFILL_INVALID', `The backfill cannot be planned: ${problem}.`, 'never')
