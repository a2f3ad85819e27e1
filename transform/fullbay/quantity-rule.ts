import { type Decimal, ZERO } from '../../core/decimal.ts'
import type { QuantityRule } from './rows.ts'

/** The quantities of a part, with nothing stated read as 0. */
export interface Quantities {
  ordered: Decimal
  returned: Decimal
  toBeReturned: Decimal
  /** The part is a used core that goes back to the supplier. */
  isDirtyCore: boolean
}

/** How many pieces are charged; a refund gives their price and their cost back. */
export interface ChargedQuantity {
  quantity: Decimal
  isRefund: boolean
}

/**
 * Which pieces of a part are on the bill. `q-returned`: those that were not returned; a negative rest is a credit.
 * `demo`: a dirty core counts only once it is returned, and is then refunded; of other parts, what was returned, or else
 * what is going to be, is taken off.
 */
export function chargedQuantity(rule: QuantityRule, part: Quantities): ChargedQuantity {
  if (rule === 'q-returned') return { quantity: part.ordered - part.returned, isRefund: false }
  if (part.isDirtyCore) return { quantity: part.returned > ZERO ? part.returned : ZERO, isRefund: true }
  if (part.returned > ZERO) return { quantity: part.ordered - part.returned, isRefund: false }
  if (part.toBeReturned > ZERO) return { quantity: part.ordered - part.toBeReturned, isRefund: false }
  return { quantity: part.ordered, isRefund: false }
}

/** The rule that a shop does not use. */
export const otherQuantityRule = (rule: QuantityRule): QuantityRule => (rule === 'demo' ? 'q-returned' : 'demo')
