import { addDays, type DateWindow } from '../../core/date-window.ts'
import { childSeed, Random, seedOf } from '../random.ts'
import { percentOf } from './amounts.ts'
import { changeWork, drawBookkeeping, drawChange, type LaterChange } from './changes.ts'
import { openDayBook, type Volume } from './day-book.ts'
import { drawGap } from './gaps.ts'
import { invoicePayload, type InvoiceSource } from './invoice-payload.ts'
import { drawMiscCharges } from './misc-charges.ts'
import { drawRoster } from './roster.ts'
import { addUp } from './totals.ts'
import { drawWorkOrder } from './work-order.ts'

/** An invoice that is served as it stands, on its date, among the generated ones. */
export interface FixedInvoice {
  id: string
  date: string
  /** Its JSON, verbatim. */
  text: string
}

export type ShopOptions = {
  seed: string
  shopId: string
  title: string
  /** IANA zone: the shop's calendar day decides which invoices exist. */
  timeZone: string
  /** Date of the first invoices, YYYY-MM-DD. */
  firstDate: string
  fixed?: readonly FixedInvoice[]
} & Volume

/** An invoice of a shop, before its content is made. */
export interface InvoiceRef {
  id: string
  date: string
  /** Running number in the shop from 0, or the fixed invoice itself. */
  source: number | FixedInvoice
}

/** A made-up repair shop. The same options always give the same bytes, whichever dates are asked for first. */
export interface Shop {
  readonly shopId: string
  readonly title: string
  readonly timeZone: string
  readonly firstDate: string
  /** The invoices of a window (both ends included) that exist on `today`, by date, then id. */
  list(window: DateWindow, today: string): InvoiceRef[]
  /** An invoice's JSON as the shop has it on `today`. */
  read(ref: InvoiceRef, today: string): string
  /** The change that an invoice goes through, and its date; null when it stays as it was written. */
  changeOf(ref: InvoiceRef): (LaterChange & { date: string }) | null
}

// The same numbers for every shop: an invoice id is unique in its shop only.
const FIRST_INVOICE_ID = 17_600_000
const WITH_SUPPLIES = 0.925
const SUPPLIES_OVERRIDDEN = 0.01
const WITH_MISC = 0.373
const WITH_SUBLET = 0.008

export function createShop(options: ShopOptions): Shop {
  const { seed, shopId, title, timeZone, firstDate } = options
  const roster = drawRoster(seed, shopId, timeZone)
  const dayBook = openDayBook(seedOf('days', seed, shopId), firstDate, options)
  const fixed = (options.fixed ?? []).toSorted(byDateThenId)
  // One family of streams for each part of an invoice, so that a later change leaves the other parts as they were.
  const streams = (part: string) => {
    const family = seedOf(part, seed, shopId)
    return (sequence: number) => new Random(childSeed(family, sequence))
  }
  const [workOf, chargesOf, changesOf] = [streams('work'), streams('charges'), streams('changes')]
  const [booksOf, shapeOf] = [streams('books'), streams('shape')]

  function drawInvoice(sequence: number, date: string, today: string): InvoiceSource {
    const order = drawWorkOrder(workOf(sequence), roster, sequence)
    const changes = changesOf(sequence)
    const change = drawChange(changes)
    const changed = change !== null && addDays(date, change.afterDays) <= today
    if (changed && change.kind === 'material') changeWork(changes, order)
    const random = chargesOf(sequence)
    const [withSupplies, overridden, sublet, withMisc] = [
      random.chance(WITH_SUPPLIES),
      random.chance(SUPPLIES_OVERRIDDEN) ? random.int(5, 60) * 100 : null,
      random.chance(WITH_SUBLET) ? random.int(4, 40) * 2500 : 0,
      random.chance(WITH_MISC),
    ]
    const gap = drawGap(random)
    const worked = order.complaints.some(({ corrections }) => corrections.some(({ labor }) => labor > 0))
    const { totals, charges } = addUp(order, roster, {
      supplies: (labor) => (labor > 0 && withSupplies ? (overridden ?? percentOf(roster.suppliesPercent, labor)) : 0),
      sublet: worked ? sublet : 0,
      misc: (worth) => (withMisc && worth >= 0 ? drawMiscCharges(random, worth) : []),
    })
    return {
      id: FIRST_INVOICE_ID + sequence,
      sequence,
      date,
      order,
      shown: gap(order, totals),
      totals,
      charges,
      suppliesOverridden: overridden !== null && totals.supplies > 0,
      state: roster.state,
      shop: options,
      bookkeeping: drawBookkeeping(booksOf(sequence), change, changed),
    }
  }

  return {
    shopId,
    title,
    timeZone,
    firstDate,
    list(window, today) {
      const refs: InvoiceRef[] = fixed
        .filter(({ date }) => date >= window.start && date <= window.end && date <= today)
        .map((invoice) => ({ id: invoice.id, date: invoice.date, source: invoice }))
      for (let date = window.start; date <= window.end && date <= today; date = addDays(date, 1)) {
        const end = dayBook.firstOf(addDays(date, 1))
        for (let sequence = dayBook.firstOf(date); sequence < end; sequence += 1) {
          refs.push({ id: String(FIRST_INVOICE_ID + sequence), date, source: sequence })
        }
      }
      return refs.sort(byDateThenId)
    },
    read({ date, source }, today) {
      if (typeof source !== 'number') return source.text
      const invoice = drawInvoice(source, date, today)
      return JSON.stringify(invoicePayload(invoice, shapeOf(source)))
    },
    changeOf({ date, source }) {
      const change = typeof source === 'number' ? drawChange(changesOf(source)) : null
      return change === null ? null : { ...change, date: addDays(date, change.afterDays) }
    },
  }
}

function byDateThenId(one: { date: string; id: string }, other: { date: string; id: string }): number {
  if (one.date !== other.date) return one.date < other.date ? -1 : 1
  return Number(one.id) - Number(other.id)
}
