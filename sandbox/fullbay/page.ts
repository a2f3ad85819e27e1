import { centsText } from './amounts.ts'
import type { Fault } from './fault.ts'
import type { InvoiceRef, Shop } from './generator.ts'
import { emptyReply, failReply, successReply, type Reply } from './reply.ts'

interface PageRequest {
  shop: Shop
  /** All invoices of the window, in order. */
  refs: readonly InvoiceRef[]
  page: number
  pageSize: number
  /** The shop's calendar day. */
  today: string
  faults: readonly Fault[]
}

/** Answers with a page of a window, and with the faults of its data. */
export function pageReply({ shop, refs, page, pageSize, today, faults }: PageRequest): Reply {
  const empty = faults.find((each) => each.fault === 'empty')
  if (empty !== undefined) return emptyReply(pageSize, empty.resultSet !== 'absent')
  const present = refs.filter(({ id }) => !faults.some((each) => each.fault === 'gone' && each.invoice === id))
  const totalPages = Math.ceil(present.length / pageSize)
  if (page > Math.max(1, totalPages)) {
    return failReply(`Invalid page: ${page} is out of range, the last page is ${totalPages}.`)
  }
  const start = (page - 1) * pageSize
  let listed = present.slice(start, start + pageSize)
  for (const each of faults) {
    if (each.fault === 'duplicate')
      listed = withDuplicate(listed, each.where === 'nextPage' ? present[start - 1] : listed[0])
  }
  const texts = listed.map((ref, index) => {
    let text = shop.read(ref, today)
    for (const each of faults) text = faultyRecord(each, text, ref, index)
    return text
  })
  let totalCount = present.length
  for (const each of faults) if (each.fault === 'countDrift') totalCount += each.by ?? 1
  return successReply({ texts, page, pageSize, totalCount: Math.max(0, totalCount), totalPages })
}

function withDuplicate(listed: readonly InvoiceRef[], again: InvoiceRef | undefined): InvoiceRef[] {
  return again === undefined ? [...listed] : [again, ...listed]
}

function faultyRecord(fault: Fault, text: string, ref: InvoiceRef, index: number): string {
  if (fault.fault === 'changed' && fault.invoice === ref.id) {
    return JSON.stringify(withCharge(recordOf(text), Math.round((fault.amount ?? 25) * 100)))
  }
  if (fault.fault !== 'malformed') return text
  const meant = fault.invoice === undefined ? index === 0 : fault.invoice === ref.id
  if (!meant) return text
  if (fault.record === 'notObject') return JSON.stringify(`Warning: Undefined index in record ${ref.id}`)
  const { [fault.record === 'noPrimaryKey' ? 'primaryKey' : 'invoiceDate']: _, ...rest } = recordOf(text)
  return JSON.stringify(rest)
}

function recordOf(text: string): Record<string, unknown> {
  return asRecord(JSON.parse(text))
}

function asRecord(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {}
}

const CHANGED_TOTALS = ['miscChargeTotal', 'subTotal', 'total', 'balance']

/** The invoice with one more extra charge, of so many cents; it adds up as well as it did before. */
function withCharge(invoice: Record<string, unknown>, cents: number): Record<string, unknown> {
  const changed = { ...invoice }
  for (const name of CHANGED_TOTALS) {
    changed[name] = (centsOf(invoice[name]) + cents) / 100
  }
  const order = asRecord(invoice['ServiceOrder'])
  const charges = order['MiscCharges']
  order['MiscCharges'] = [...(Array.isArray(charges) ? charges : charges == null ? [] : [charges]), addedCharge(cents)]
  if (invoice['ServiceOrder'] !== undefined) changed['ServiceOrder'] = order
  return changed
}

/** Cents of an amount as it arrives: 1234.5, "1234.50" or "1,234.50"; what is missing counts nothing. */
function centsOf(amount: unknown): number {
  if (typeof amount === 'string') return Math.round(Number(amount.replaceAll(',', '')) * 100)
  return typeof amount === 'number' ? Math.round(amount * 100) : 0
}

function addedCharge(cents: number): Record<string, unknown> {
  return {
    primaryKey: '9999999',
    description: 'LATE CHARGE',
    quantity: 1,
    rate: cents / 100,
    amount: centsText(cents),
    taxable: 'No',
    quickBooksItem: 'MISC',
    quickBooksItemType: 'misc',
  }
}
