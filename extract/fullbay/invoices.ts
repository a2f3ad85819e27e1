import type { DateWindow } from '../../core/date-window.ts'
import { PipelineError } from '../../core/errors.ts'
import { isExactNumber } from '../../core/json.ts'
import { fetchInvoicePage, type FullbayConnection } from './client.ts'

/** A page of a window, verbatim, with what the window's reader needs to know to go on from it. */
export interface WindowPage {
  records: unknown[]
  page: number
  /** Records that the source announces for the whole window. */
  totalCount: number
  /** The window was begun again from its first page, because it changed while it was read. */
  restarted: boolean
  /** No page follows. */
  last: boolean
}

/** Where to go on in a window that was read in part. */
export interface WindowProgress {
  nextPage: number
  /** Records taken from the pages before `nextPage`, and their keys. */
  fetched: number
  seen: ReadonlySet<string>
  totalCount: number | null
  restarts: number
}

/**
 * Reads the invoices of a window page by page. When the announced total changes between pages, records may have moved
 * across page edges, so the window is begun again, once. A window that ends with another number of records than was
 * announced is an error (FULLBAY_COUNT_MISMATCH), never done.
 */
export async function* extractInvoices(
  connection: FullbayConnection,
  window: DateWindow,
  progress: WindowProgress,
  signal: AbortSignal,
): AsyncGenerator<WindowPage> {
  let { nextPage, fetched, totalCount, restarts } = progress
  let seen = new Set(progress.seen)
  for (;;) {
    const reply = await fetchInvoicePage(connection, window, nextPage, signal)
    if (totalCount !== null && reply.totalCount !== totalCount && restarts === 0) {
      restarts += 1
      totalCount = null
      nextPage = 1
      fetched = 0
      seen = new Set()
      continue
    }
    const restarted = restarts > progress.restarts && nextPage === 1
    totalCount = reply.totalCount
    fetched += reply.records.length
    for (const [i, record] of reply.records.entries()) seen.add(invoiceKey(record) ?? `without an id: ${nextPage}/${i}`)
    const last = nextPage >= reply.totalPages
    if (last && seen.size !== totalCount) {
      // A record that comes twice may stand for one that slipped across a page edge: read once more to know.
      if (restarts === 0) {
        restarts += 1
        totalCount = null
        nextPage = 1
        fetched = 0
        seen = new Set()
        continue
      }
      // The same again: the vendor lists a record twice and counts it twice.
      if (fetched !== totalCount) throw countMismatch(connection, window, fetched, totalCount)
    }
    yield { records: reply.records, page: nextPage, totalCount, restarted, last }
    if (last) return
    nextPage += 1
  }
}

/** The vendor's id of an invoice (digits, as a text or a number), or null when the record has none. */
export function invoiceKey(record: unknown): string | null {
  if (typeof record !== 'object' || record === null || Array.isArray(record)) return null
  const key = (record as Record<string, unknown>)['primaryKey']
  if (isExactNumber(key)) return key.rawJSON
  const text = typeof key === 'string' || typeof key === 'number' ? String(key).trim() : ''
  return text === '' ? null : text
}

function countMismatch(
  connection: FullbayConnection,
  window: DateWindow,
  fetched: number,
  announced: number,
): PipelineError {
  return new PipelineError(
    'FULLBAY_COUNT_MISMATCH',
    `Fullbay shop ${connection.shopId}, invoices ${window.start} to ${window.end}: ${announced} were announced, ` +
      `${fetched} came. The window stays open and will be read again.`,
    'later',
  )
}
