import { type Decimal, ZERO, formatFixed } from '../../core/decimal.ts'
import { type Part, partsTotal } from './parts.ts'
import { otherQuantityRule } from './quantity-rule.ts'
import { type Source, moneyAt, warn } from './reading.ts'
import type { QuantityRule } from './rows.ts'

/** A correction's parts, and what it and its part lines say they cost. */
export interface CorrectionParts {
  correction: Source
  parts: Part[]
  /** Null when the correction does not say. */
  stated: Decimal | null
  lines: Decimal
}

/** Puts what a correction states beside what its part lines add up to. */
export function correctionParts(correction: Source, parts: Part[], lines: Decimal): CorrectionParts {
  return { correction, parts, stated: moneyAt(correction, 'partsTotal'), lines }
}

/**
 * Compares the part lines with the parts totals stated, and where they differ tries the other quantity rule: true when
 * that one meets every total stated by a correction (or, when the corrections state none that differs, the header's),
 * false when it does not, null when nothing differs. Warns of each correction that differs.
 */
export function otherRuleMatches(
  corrections: readonly CorrectionParts[],
  rule: QuantityRule,
  header: Decimal | null,
): boolean | null {
  const other = otherQuantityRule(rule)
  const differing = corrections.filter(({ stated, lines }) => stated !== null && stated !== lines)
  for (const { correction, parts, stated, lines } of differing) {
    const meets = partsTotal(parts, other) === stated
    warn(
      correction,
      'partsTotal',
      'PARTS_TOTAL_MISMATCH',
      `The part lines add up to ${formatFixed(lines, 2)}; quantity rule "${other}" ${meets ? 'would meet' : 'would not meet'} the total.`,
    )
  }
  if (differing.length > 0) {
    return corrections.every(({ stated, parts }) => stated === null || partsTotal(parts, other) === stated)
  }
  const sum = corrections.reduce((total, { lines }) => total + lines, ZERO)
  if (header === null || header === sum) return null
  return corrections.reduce((total, { parts }) => total + partsTotal(parts, other), ZERO) === header
}
