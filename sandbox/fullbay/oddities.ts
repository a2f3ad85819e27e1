import type { Random } from '../random.ts'

const ODD_INVOICES = 0.006

type Payload = Record<string, unknown>

// Shapes that a PHP server is known to produce: an empty object as [], a list of one as the element, null for a list.
// Each keeps the money of the invoice as it is.
const ODDITIES: readonly ((invoice: Payload, order: Payload) => void)[] = [
  (_, order) => (order['Unit'] = []),
  (_, order) => (order['Customer'] = []),
  (_, order) => (order['BillingAddress'] = []),
  (invoice) => (invoice['promiseToPayDate'] = '0000-00-00'),
  (invoice) => (invoice['locationTitle'] = 'Main yard'),
  (_, order) => (order['MiscCharges'] = withoutList(order['MiscCharges'])),
  (_, order) => (order['Complaints'] = withoutList(order['Complaints'])),
]

/** Gives a few invoices in a thousand a shape that a careful reader has to expect. */
export function addOddity(invoice: Payload, order: Payload, random: Random): void {
  // A bill without any work can come without its service order; it then is what its header charges.
  if (isEmpty(order['Complaints']) && isEmpty(order['MiscCharges']) && random.chance(0.4))
    delete invoice['ServiceOrder']
  if (!random.chance(ODD_INVOICES)) return
  random.pick(ODDITIES)(invoice, order)
}

function withoutList(list: unknown): unknown {
  if (!Array.isArray(list) || list.length > 1) return list
  return list.length === 0 ? null : list[0]
}

const isEmpty = (list: unknown) => Array.isArray(list) && list.length === 0
