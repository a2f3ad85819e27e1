import type { Random } from '../random.ts'
import { percentOf } from './amounts.ts'

/** An extra charge or a discount of an invoice. */
export interface MiscCharge {
  description: string
  /** Whole pieces. */
  quantity: number
  /** Cents per piece, and for all. */
  rate: number
  amount: number
  taxed: boolean
}

const CARD_SURCHARGE_PERCENT = 3000

const FEES = [
  { description: 'ENVIRONMENTAL FEE', rates: [395, 500, 750] },
  { description: 'HAZMAT DISPOSAL', rates: [450, 1200] },
  { description: 'FUEL SURCHARGE', rates: [1500, 2250] },
  { description: 'WASTE OIL DISPOSAL', rates: [25, 50] },
  { description: 'TOWING', rates: [35_000, 62_550] },
]

/** Draws the extra charges of an invoice whose parts, labour and supplies come to `worth` cents. */
export function drawMiscCharges(random: Random, worth: number): MiscCharge[] {
  const charges: MiscCharge[] = []
  if (worth > 0 && random.chance(0.45)) {
    const amount = percentOf(CARD_SURCHARGE_PERCENT, worth)
    charges.push({ description: '3% CREDIT CARD SURCHARGE', quantity: 1, rate: amount, amount, taxed: false })
  }
  if (charges.length === 0 || random.chance(0.25)) {
    const fee = random.pick(FEES)
    const quantity = random.chance(0.2) ? random.int(2, 4) : 1
    const rate = random.pick(fee.rates)
    charges.push({ description: fee.description, quantity, rate, amount: rate * quantity, taxed: random.chance(0.15) })
  }
  if (worth > 30_000 && random.chance(0.08)) {
    const rate = -random.int(2, 20) * 500
    charges.push({ description: 'GOODWILL DISCOUNT', quantity: 1, rate, amount: rate, taxed: false })
  }
  return charges.filter((charge) => charge.amount !== 0)
}
