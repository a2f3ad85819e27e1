import { sql, type Kysely, type Transaction } from 'kysely'
import { halves, type DateWindow } from '../core/date-window.ts'
import type { LandedPage } from '../extract/landing.ts'
import type { DB } from '../db/schema.ts'
import type { FeedPage, FeedProgress } from './feed.ts'

/** One feed of one connection within one run. */
export interface Reading {
  runId: string
  step: string
  feed: string
  connection: string
}

export async function insertWindows(trx: Transaction<DB>, reading: Reading, windows: DateWindow[]): Promise<void> {
  if (windows.length === 0) return
  await sql`
    insert into ops.windows (run_id, feed, connection, window_start, window_end, status)
    select ${reading.runId}::uuid, ${reading.feed}, ${reading.connection}, w.s, w.e, 'pending'
    from unnest(${windows.map((w) => w.start)}::date[], ${windows.map((w) => w.end)}::date[]) as w (s, e)
    on conflict do nothing
  `.execute(trx)
}

/** The oldest window of the reading that is not whole yet, with how far it has come; undefined when all are. */
export async function nextWindow(
  db: Kysely<DB>,
  reading: Reading,
): Promise<{ window: DateWindow; progress: FeedProgress } | undefined> {
  const { rows } = await sql<{
    window_start: string
    window_end: string
    next_page: number
    total_count: number | null
    fetched: number
    restarts: number
    keys: string[]
  }>`
    select w.window_start, w.window_end, w.next_page, w.total_count, w.fetched, w.restarts,
      array(
        select distinct unnest(p.record_keys) from ops.pages as p
        where p.run_id = w.run_id and p.feed = w.feed and p.connection = w.connection
          and p.window_start = w.window_start and p.window_end = w.window_end and p.page < w.next_page
      ) as keys
    from ops.windows as w
    where w.run_id = ${reading.runId}::uuid and w.feed = ${reading.feed} and w.connection = ${reading.connection}
      and w.status = 'pending'
    order by w.window_start
    limit 1
  `.execute(db)
  const row = rows[0]
  if (row === undefined) return undefined
  return {
    window: { start: row.window_start, end: row.window_end },
    progress: {
      nextPage: row.next_page,
      totalCount: row.total_count,
      fetched: row.fetched,
      restarts: row.restarts,
      seen: new Set(row.keys),
    },
  }
}

/** Writes a landed page's receipt and moves the window and the step's counts on. */
export async function recordPage(
  trx: Transaction<DB>,
  reading: Reading,
  window: DateWindow,
  page: FeedPage,
  landed: LandedPage,
): Promise<void> {
  const at = sql`run_id = ${reading.runId}::uuid and feed = ${reading.feed} and connection = ${reading.connection}`
  await sql`
    insert into ops.pages (run_id, feed, connection, window_start, window_end, page, fetched, landed, unchanged,
      quarantined, record_keys)
    values (${reading.runId}::uuid, ${reading.feed}, ${reading.connection}, ${window.start}::date, ${window.end}::date,
      ${page.page}, ${landed.fetched}, ${landed.landed}, ${landed.unchanged}, ${landed.quarantined}, ${landed.keys}::text[])
  `.execute(trx)
  await sql`
    update ops.windows set next_page = ${page.page + 1}, total_count = ${page.totalCount},
      fetched = case when ${page.restarted} then 0 else fetched end + ${landed.fetched},
      restarts = restarts + ${page.restarted ? 1 : 0},
      status = ${page.last ? 'done' : 'pending'}, finished_at = ${page.last ? sql`now()` : null}
    where ${at} and window_start = ${window.start}::date and window_end = ${window.end}::date
  `.execute(trx)
  await sql`
    update ops.steps set pages = pages + 1, windows_done = windows_done + ${page.last ? 1 : 0},
      fetched = fetched + ${landed.fetched}, landed = landed + ${landed.landed},
      unchanged = unchanged + ${landed.unchanged}, quarantined = quarantined + ${landed.quarantined}
    where run_id = ${reading.runId}::uuid and step = ${reading.step}
  `.execute(trx)
}

/** Replaces a window that is too heavy for the source by its halves; false when it is a single day. */
export async function splitWindow(trx: Transaction<DB>, reading: Reading, window: DateWindow): Promise<boolean> {
  const parts = halves(window)
  if (parts === null) return false
  await sql`
    update ops.windows set status = 'split'
    where run_id = ${reading.runId}::uuid and feed = ${reading.feed} and connection = ${reading.connection}
      and window_start = ${window.start}::date and window_end = ${window.end}::date
  `.execute(trx)
  await insertWindows(trx, reading, parts)
  await sql`
    update ops.steps set windows_total = windows_total + 1 where run_id = ${reading.runId}::uuid and step = ${reading.step}
  `.execute(trx)
  return true
}

/** Has a window begun again from its first page at the next attempt. */
export async function restartWindow(db: Kysely<DB>, reading: Reading, window: DateWindow): Promise<void> {
  await sql`
    update ops.windows set next_page = 1, fetched = 0, total_count = null, restarts = 0
    where run_id = ${reading.runId}::uuid and feed = ${reading.feed} and connection = ${reading.connection}
      and window_start = ${window.start}::date and window_end = ${window.end}::date
  `.execute(db)
}
