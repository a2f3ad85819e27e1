import type { Random } from '../random.ts'
import { yesNo, type Arrival } from './arrival.ts'
import type { PartLine } from './part-lines.ts'
import type { Assignment, Complaint, Correction, WorkOrder } from './work-order.ts'

/** What a complaint needs to know of its invoice to be written. */
export interface Occasion {
  order: WorkOrder
  arrival: Arrival
  random: Random
  /** When the complaint was taken, and when its parts were issued (naive local times). */
  taken: string
  issued: string
}

/** A complaint as Fullbay writes it. The call-out and the miles stand on the first one. */
export function complaintPayload(complaint: Complaint, first: boolean, occasion: Occasion): Record<string, unknown> {
  const { arrival, random, order } = occasion
  const { corrections, technicians, job } = complaint
  const sum = (value: (correction: Correction) => number) => corrections.reduce((total, each) => total + value(each), 0)
  return {
    primaryKey: arrival.id(complaint.id, 'number'),
    mileageRate: 'Standard',
    laborRate: order.customer.rateName,
    type: 'Complaint',
    subType: job.preventive ? 'PM' : '',
    authorized: yesNo(complaint.authorized),
    severity: ' - ',
    note: noteOf(complaint, random),
    cause: job.cause,
    causeType: null,
    laborHoursTotal: sum((each) => each.hours) / 100,
    actualHoursTotal: clockedHours(technicians),
    laborTaxable: '',
    laborTotal: arrival.money(sum((each) => each.labor)),
    partsCostTotal: arrival.money(sum((each) => each.partsCost)),
    partsTotal: arrival.money(sum((each) => each.partsTotal)),
    mileageTaxable: '',
    mileageTotal: first ? order.mileage / 100 : 0,
    mileageCostTotal: 0,
    serviceCallTaxable: '',
    serviceCallTotal: first ? order.serviceCall / 100 : 0,
    sublet: 'No',
    partCategory: null,
    quickBooksAccount: null,
    quickBooksItem: null,
    quickBooksItemType: null,
    created: occasion.taken,
    AssignedTechnicians: technicians.map(assignmentPayload),
    Corrections: corrections.map((correction) => correctionPayload(correction, occasion)),
  }
}

/** Hours on the clock as the vendor sums them: in binary fractions, unrounded. */
export function clockedHours(technicians: readonly Assignment[]): number {
  return technicians.reduce((hours, { seconds }) => hours + seconds / 3600, 0)
}

function noteOf(complaint: Complaint, random: Random): string {
  const oddity = random.next()
  if (oddity < 0.002) return `${complaint.job.note} 🔧 – driver says “asap”`
  if (oddity < 0.003) return `${complaint.job.note}\u0000\u0007`
  return complaint.job.note
}

function assignmentPayload({ id, technician, seconds, portion }: Assignment): Record<string, unknown> {
  return {
    actualHours: seconds / 3600,
    portion,
    primaryKey: String(id),
    quickBooksLaborItem: null,
    technician: technician.name,
    technicianNumber: technician.number,
  }
}

function correctionPayload(correction: Correction, occasion: Occasion): Record<string, unknown> {
  const { arrival } = occasion
  const { job } = correction
  return {
    primaryKey: arrival.id(correction.id, 'text'),
    globalComponent: job.component,
    globalSystem: job.system,
    globalService: null,
    unitService: null,
    laborRate: occasion.order.customer.rateName,
    title: '',
    recommendedCorrection: job.recommended,
    actualCorrection: job.actual,
    correctionPerformed: correction.performed,
    preAuthorized: 'No',
    prePaid: 'No',
    laborHoursTotal: arrival.plain(correction.hours / 100),
    laborTotal: arrival.money(correction.labor),
    taxable: yesNo(correction.laborTaxed),
    partsCostTotal: arrival.money(correction.partsCost),
    partsTotal: arrival.money(correction.partsTotal),
    created: occasion.taken,
    Parts: correction.parts.map((part) => partPayload(part, occasion)),
  }
}

function partPayload(part: PartLine, { arrival, issued }: Occasion): Record<string, unknown> {
  return {
    primaryKey: arrival.id(part.id, 'text'),
    description: part.description,
    shopPartNumber: part.number,
    vendorPartNumber: part.vendorNumber,
    partCategory: part.category,
    quantity: arrival.quantity(part.quantity),
    toBeReturnedQuantity: part.toBeReturned / 1000,
    returnedQuantity: part.returned / 1000,
    cost: arrival.unitPrice(part.cost),
    sellingPrice: arrival.unitPrice(part.price),
    sellingPriceOverridden: yesNo(part.overridden),
    taxable: yesNo(part.taxed),
    inventory: yesNo(part.inventory),
    coreType: part.core,
    sublet: yesNo(part.sublet),
    quickBooksAccount: null,
    quickBooksItem: 'Part',
    quickBooksItemType: null,
    created: issued,
  }
}
