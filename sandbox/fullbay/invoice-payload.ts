import { addDays } from '../../core/date-window.ts'
import type { Random } from '../random.ts'
import { centsText } from './amounts.ts'
import { Arrival, localTime } from './arrival.ts'
import type { Bookkeeping } from './changes.ts'
import { addOddity } from './oddities.ts'
import { serviceOrderPayload, type ServiceOrderSource } from './service-order-payload.ts'

/** Everything that an invoice is written from. */
export interface InvoiceSource extends ServiceOrderSource {
  id: number
  shop: { shopId: string; title: string }
  bookkeeping: Bookkeeping
}

const TERMS_DAYS = 30

/** An invoice as Fullbay writes it, with the types as they arrive: numbers here, texts there. */
export function invoicePayload(source: InvoiceSource, random: Random): Record<string, unknown> {
  const arrival = new Arrival(random)
  const { totals, order, date, shop } = source
  const { customer } = order
  const taxTitle = totals.taxRate === 0 ? 'Exempt' : `${source.state} Sales Tax`
  const taxRate = String(totals.taxRate / 1000)
  const taxLines = totals.taxLines.map(({ title, rate, amount }) => ({
    taxTitle: title,
    taxRate: rate / 1000,
    taxTotal: centsText(amount),
  }))
  const serviceOrder = serviceOrderPayload(source, random, arrival)
  const invoice: Record<string, unknown> = {
    primaryKey: arrival.id(source.id, 'text'),
    exported: source.bookkeeping.exported ? '1' : '0',
    invoiceDate: date,
    dueDate: addDays(date, TERMS_DAYS),
    invoiceNumber: String(20_001 + source.sequence),
    customerTitle: customer.billTo,
    customerBillingEmployee: customer.contact,
    customerBillingEmail: customer.email,
    customerBillingAddress: `${customer.street}, ${customer.city}, ${source.state} ${customer.postalCode}, US`,
    Customer: customer.card,
    shopTitle: shop.title,
    shopEmail: `${shop.shopId.toLowerCase()}@shop.example`,
    shopPhysicalAddress: `Facility ID F000000 200 Example St, Sampleton, ${source.state} 00000, US`,
    miscChargeTotal: arrival.money(totals.misc),
    serviceCallTotal: arrival.money(totals.serviceCall),
    mileageTotal: arrival.money(totals.mileage),
    mileageCostTotal: 0,
    partsTotal: arrival.money(totals.parts),
    laborHoursTotal: arrival.plain(totals.hours / 100),
    laborTotal: arrival.money(totals.labor),
    subletLaborTotal: totals.sublet === 0 ? null : arrival.money(totals.sublet),
    suppliesTotal: arrival.money(totals.supplies),
    subTotal: arrival.money(totals.subTotal),
    TaxInformation: { taxTitle, taxRate, taxTotal: totals.tax / 100, TaxLineInformation: taxLines },
    taxTitle,
    taxRate,
    taxTotal: arrival.money(totals.tax),
    total: arrival.money(totals.total),
    balance: source.bookkeeping.paid ? 0 : totals.total / 100,
    quickBooksId: source.bookkeeping.quickBooksId,
    promiseToPayDate: '',
    createdByTechnician: order.writer.name.toUpperCase(),
    createdByTechnicianNumber: order.writer.number,
    created: localTime(date, 0, 16 * 3600 + random.int(0, 7199)),
    ServiceOrder: serviceOrder,
  }
  addOddity(invoice, serviceOrder, random)
  return invoice
}
