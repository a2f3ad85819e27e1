import { percentOf } from './amounts.ts'
import type { MiscCharge } from './misc-charges.ts'
import type { Roster } from './roster.ts'
import type { WorkOrder } from './work-order.ts'

interface TaxLine {
  title: string
  /** 1/1,000 percent. */
  rate: number
  amount: number
}

/** The header of an invoice, in cents, summed from its lines. */
export interface Totals {
  parts: number
  partsCost: number
  /** 1/100 hour. */
  hours: number
  labor: number
  sublet: number
  supplies: number
  misc: number
  serviceCall: number
  mileage: number
  subTotal: number
  /** 1/1,000 percent, all tax lines together; 0 for a customer who is exempt. */
  taxRate: number
  tax: number
  taxLines: TaxLine[]
  total: number
}

/** What a shop charges beside parts and labour. */
export interface Surcharges {
  /** Cents of shop supplies for these cents of labour. */
  supplies: (labor: number) => number
  sublet: number
  misc: (worth: number) => MiscCharge[]
}

/** Adds an invoice up, and says which extra charges it carries. */
export function addUp(
  order: WorkOrder,
  roster: Roster,
  surcharges: Surcharges,
): { totals: Totals; charges: MiscCharge[] } {
  let [parts, partsCost, hours, labor, taxable] = [0, 0, 0, 0, 0]
  for (const complaint of order.complaints) {
    for (const correction of complaint.corrections) {
      parts += correction.partsTotal
      partsCost += correction.partsCost
      hours += correction.hours
      labor += correction.labor
      if (correction.laborTaxed) taxable += correction.labor
      for (const line of correction.parts) taxable += line.taxed ? line.amount : 0
    }
  }
  const supplies = surcharges.supplies(labor)
  const charges = surcharges.misc(parts + labor + supplies)
  let misc = 0
  for (const charge of charges) {
    misc += charge.amount
    if (charge.taxed) taxable += charge.amount
  }
  if (roster.suppliesTaxed) taxable += supplies
  const { serviceCall, mileage } = order
  const subTotal = parts + labor + supplies + misc + serviceCall + mileage + surcharges.sublet
  const { tax, taxRate, taxLines } = order.customer.taxed && taxable > 0 ? taxOn(taxable, roster) : UNTAXED
  const total = subTotal + tax
  const { sublet } = surcharges
  return {
    totals: {
      parts,
      partsCost,
      hours,
      labor,
      sublet,
      supplies,
      misc,
      serviceCall,
      mileage,
      subTotal,
      taxRate,
      tax,
      taxLines,
      total,
    },
    charges,
  }
}

const UNTAXED = { tax: 0, taxRate: 0, taxLines: [] }

function taxOn(taxable: number, roster: Roster): { tax: number; taxRate: number; taxLines: TaxLine[] } {
  const taxRate = roster.taxes.reduce((sum, tax) => sum + tax.rate, 0)
  const tax = percentOf(taxRate, taxable)
  let rest = tax
  const taxLines = roster.taxes.map(({ title, rate }, index) => {
    // The last line takes what rounding left, so that the lines add up to the tax.
    const amount = index === roster.taxes.length - 1 ? rest : percentOf(rate, taxable)
    rest -= amount
    return { title, rate, amount }
  })
  return { tax, taxRate, taxLines }
}
