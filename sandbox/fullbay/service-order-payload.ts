import type { Random } from '../random.ts'
import { centsText } from './amounts.ts'
import { localTime, yesNo, type Arrival } from './arrival.ts'
import { clockedHours, complaintPayload } from './complaint-payload.ts'
import type { MiscCharge } from './misc-charges.ts'
import type { Customer } from './roster.ts'
import type { Totals } from './totals.ts'
import type { Complaint, WorkOrder } from './work-order.ts'

/** The parts of an invoice that its service order repeats. */
export interface ServiceOrderSource {
  sequence: number
  date: string
  order: WorkOrder
  /** The complaints that the reply shows. */
  shown: readonly Complaint[]
  totals: Totals
  charges: readonly MiscCharge[]
  suppliesOverridden: boolean
  state: string
}

const OPENING = 7 * 3600
const DAY_AT_WORK = 9 * 3600

/** A service order as Fullbay writes it: naive local times, "Yes"/"No", "" and null for what nobody filled in. */
export function serviceOrderPayload(
  source: ServiceOrderSource,
  random: Random,
  arrival: Arrival,
): Record<string, unknown> {
  const { order, totals, date, sequence } = source
  const { customer } = order
  const started = random.int(0, DAY_AT_WORK)
  const daysOpen = -random.streak(0.55, 12)
  const created = localTime(date, daysOpen, OPENING + Math.floor(started / 2))
  const start = localTime(date, daysOpen, OPENING + started)
  const issued = localTime(date, daysOpen, OPENING + started + 1800)
  const done = localTime(date, 0, OPENING + DAY_AT_WORK - random.int(0, 3600))
  const occasion = { order, arrival, random, taken: created, issued }
  const contact = { name: customer.contact, email: customer.email, phone: customer.card.mainPhone }
  return {
    primaryKey: String(18_000_000 + sequence),
    repairOrderNumber: String(15_000 + sequence),
    technician: order.writer.name,
    technicianNumber: order.writer.number,
    partsManager: '',
    partsManagerNumber: '',
    customerAuthorizedOnHoursOnly: 'No',
    Customer: random.chance(0.03)
      ? { customerId: customer.card.customerId, title: customer.card.title }
      : customer.card,
    Unit: order.unit,
    description: '',
    submitterContact: contact.name,
    submitterContactEmail: contact.email,
    submitterContactPhone: contact.phone,
    submitterContactCellPhone: null,
    authorizerContact: contact.name,
    authorizerContactEmail: contact.email,
    authorizerContactPhone: contact.phone,
    authorizerContactCellPhone: null,
    billingCustomer: customer.billTo,
    BillingAddress: addressOf(customer, source.state),
    RemitToAddress: NO_ADDRESS,
    ShipToAddress: addressOf(customer, source.state),
    unitAccessMethod: null,
    unitAvailableDateTime: created,
    unitMustBeAccessedAtAvailableDateTime: 'No',
    unitReturnDateTime: null,
    unitReturnAsap: yesNo(random.chance(0.6)),
    UnitPickUpAddress: NO_ADDRESS,
    locationInformation: random.chance(0.02) ? 'LOT B' : '',
    authorizationNumber: '',
    poNumber: random.chance(0.2) ? `PO-${random.int(10_000, 99_999)}` : '',
    partsPoNumber: String(28_000_000 + sequence),
    hot: yesNo(random.chance(0.03)),
    followInUseSchedule: 'No',
    unscheduled: yesNo(random.chance(0.25)),
    customerThreshold: 2500,
    preAuthorized: 'Yes',
    laborHoursTotal: totals.hours / 100,
    actualHoursTotal: source.shown.reduce((hours, complaint) => hours + clockedHours(complaint.technicians), 0),
    laborTotal: arrival.money(totals.labor),
    subletLaborTotal: totals.sublet === 0 ? null : totals.sublet / 100,
    partsCostTotal: arrival.money(totals.partsCost),
    partsTotal: arrival.money(totals.parts),
    mileageTotal: totals.mileage / 100,
    mileageCostTotal: 0,
    overrideSuppliesTotal: yesNo(source.suppliesOverridden),
    overridenSuppliesTotal: source.suppliesOverridden ? totals.supplies / 100 : 0,
    serviceCallTotal: totals.serviceCall / 100,
    allPartsPricedDateTime: totals.parts === 0 ? '' : issued,
    startDateTime: start,
    completionDateTime: done,
    createdByTechnician: order.writer.name,
    createdByTechnicianNumber: order.writer.number,
    created,
    MiscCharges: source.charges.map((charge, index) => miscChargePayload(charge, 9_000_000 + sequence * 8 + index)),
    Complaints: source.shown.map((complaint, index) => complaintPayload(complaint, index === 0, occasion)),
  }
}

const NO_ADDRESS = { title: null, line1: null, line2: null, city: null, state: null, country: null, postalCode: null }

function addressOf(customer: Customer, state: string): Record<string, string> {
  const { city, street, postalCode } = customer
  return { title: `${city}, ${state}`, line1: street, line2: '', city, state, country: 'US', postalCode }
}

function miscChargePayload(charge: MiscCharge, id: number): Record<string, unknown> {
  return {
    primaryKey: String(id),
    description: charge.description,
    quantity: charge.quantity,
    rate: charge.rate / 100,
    amount: centsText(charge.amount),
    taxable: yesNo(charge.taxed),
    quickBooksItem: charge.amount < 0 ? 'DISCOUNT' : 'MISC',
    quickBooksItemType: 'misc',
  }
}
