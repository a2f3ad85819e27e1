import { sql } from 'kysely'
import { addDays, dayAt } from '../../core/date-window.ts'
import { PipelineError } from '../../core/errors.ts'
import { extractInvoices, invoiceKey } from '../../extract/fullbay/invoices.ts'
import { InvoiceCursor, InvoicePlanMemo, planInvoiceWindows } from '../../extract/fullbay/windows.ts'
import type { PipelineContext } from '../context.ts'
import type { WindowFeed } from '../feed.ts'
import { flattenLanded } from './flatten-landed.ts'
import type { FullbayShopSource } from './source.ts'

/** Repair invoices of Fullbay: nested JSON by invoice date, one shop per key. */
export const fullbayInvoices: WindowFeed = {
  kind: 'windows',
  name: 'fullbay.invoices',
  source: 'fullbay',
  table: 'raw.fullbay__invoices',
  keyOf: invoiceKey,

  connections: ({ fullbay }) =>
    fullbay.shops.map(({ connection, name, timeZone }) => ({
      connection,
      name,
      timeZone,
      isSandbox: fullbay.isSandbox,
    })),

  plan(context, connection, cursor) {
    const shop = shopOf(context, connection)
    const today = dayAt(context.clock.now(), shop.timeZone)
    const { windows, repulledOn } = planInvoiceWindows(InvoiceCursor.nullable().parse(cursor), today, context.fullbay)
    return { windows, memo: { repulled_on: repulledOn, planned_on: today } satisfies InvoicePlanMemo }
  },

  extract: (context, connection, window, progress, signal) =>
    extractInvoices(shopOf(context, connection).api, window, progress, signal),

  cursorAfterWindow(cursor, window) {
    const held = InvoiceCursor.nullable().parse(cursor)
    if (held === null) return { complete_through: window.end, repulled_on: {} } satisfies InvoiceCursor
    const joins = window.start <= addDays(held.complete_through, 1) && window.end > held.complete_through
    return joins ? ({ ...held, complete_through: window.end } satisfies InvoiceCursor) : null
  },

  // Every window of the plan is whole and the last one ends on its day, so everything through that day is read, wherever
  // the cursor stood: also after a later start date or a clock that was ahead.
  cursorAfterPlan(cursor, memo) {
    if (cursor === null) return null
    const { planned_on, repulled_on } = InvoicePlanMemo.parse(memo)
    return { complete_through: planned_on, repulled_on } satisfies InvoiceCursor
  },

  // An invoice that stood in this span and that no page of the run brought is gone at the source: noted, never deleted.
  async windowDone(trx, { runId, connection, window }) {
    const seen = sql`
      select unnest(p.record_keys) from ops.pages as p
      where p.run_id = ${runId}::uuid and p.feed = 'fullbay.invoices' and p.connection = ${connection}
    `
    await sql`
      insert into raw.fullbay__missing_invoices (connection, record_key, run_id)
      select b.shop_id, b.fullbay_invoice_id, ${runId}::uuid
      from base.fullbay__invoices as b
      -- Only where base is as new as raw: a newer version may stand on another day.
      join raw.fullbay__invoices as r
        on r.connection = b.shop_id and r.record_key = b.fullbay_invoice_id and r.is_current and r.version = b.raw_version
      where b.shop_id = ${connection} and b.invoice_date between ${window.start}::date and ${window.end}::date
        and b.fullbay_invoice_id not in (${seen})
        -- A record without its id may be any of them.
        and not exists (
          select from ops.pages as p
          where p.run_id = ${runId}::uuid and p.feed = 'fullbay.invoices' and p.connection = ${connection} and p.quarantined > 0
        )
      on conflict do nothing
    `.execute(trx)
    await sql`
      delete from raw.fullbay__missing_invoices where connection = ${connection} and record_key in (${seen})
    `.execute(trx)
  },

  isTooHeavy: (error) => hasCode(error, ['FULLBAY_TIMEOUT', 'FULLBAY_SERVER_ERROR', 'FULLBAY_TOO_LARGE']),
  mustRestart: (error) => hasCode(error, ['FULLBAY_COUNT_MISMATCH']),

  transform: (context, run, signal) => flattenLanded(context, shopOf(context, run.connection), run.runId, signal),
}

function hasCode(error: unknown, codes: string[]): boolean {
  return error instanceof PipelineError && codes.includes(error.code)
}

function shopOf(context: PipelineContext, connection: string): FullbayShopSource {
  const shop = context.fullbay.shops.find((candidate) => candidate.connection === connection)
  if (shop !== undefined) return shop
  const message = `Shop ${connection} is not configured here, but a job for it is. Run this worker with the same milepost.yaml as the others.`
  throw new PipelineError('SHOP_UNKNOWN', message, 'later')
}
