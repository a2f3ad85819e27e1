import { type Decimal, ZERO, absolute, allocate, divide, multiply, parseDecimal } from '../../core/decimal.ts'
import { fourPlaces, moneyOrNull } from './columns.ts'
import type { Line } from './line.ts'
import { type Source, listAt, moneyAt, numberAt, textAt, warn } from './reading.ts'
import type { InvoiceTaxRow } from './rows.ts'

/** One tax of an invoice (state, county); `rate` in percent. */
export interface TaxLine {
  title: string | null
  rate: Decimal | null
  total: Decimal | null
}

const HUNDRED: Decimal = parseDecimal('100') ?? ZERO

/** The taxes listed, with a warning when they add up to another tax than the invoice's. */
export function readTaxLines(tax: Source, taxTotal: Decimal | null): TaxLine[] {
  const lines = listAt(tax, 'TaxLineInformation').map((line) => ({
    title: textAt(line, 'taxTitle'),
    rate: numberAt(line, 'taxRate', 'rate'),
    total: moneyAt(line, 'taxTotal'),
  }))
  const sum = lines.reduce<Decimal>((total, line) => total + (line.total ?? ZERO), ZERO)
  if (lines.length > 0 && taxTotal !== null && sum !== taxTotal) {
    warn(tax, 'TaxLineInformation', 'TAX_LINES_MISMATCH', 'The taxes listed add up to another tax.', moneyOrNull(sum))
  }
  return lines
}

/** The taxes as rows, numbered from 1 in their order. */
export function taxRows(shopId: string, invoiceId: string, lines: readonly TaxLine[]): InvoiceTaxRow[] {
  return lines.map((line, index) => ({
    shop_id: shopId,
    fullbay_invoice_id: invoiceId,
    tax_no: index + 1,
    tax_title: line.title,
    tax_rate: fourPlaces(line.rate),
    tax_total: moneyOrNull(line.total),
  }))
}

/**
 * Whether shop supplies are taxed, which the payload does not say: tried by which reading makes the tax that the invoice
 * states, with supplies first. Null when neither does, when there is no rate to try, or no supplies.
 */
export function inferSuppliesTaxable(
  lines: readonly Line[],
  rate: Decimal | null,
  taxTotal: Decimal | null,
  taxLines: readonly TaxLine[],
): boolean | null {
  const supplies = lines.find((line) => line.bucket === 'supplies')
  if (supplies === undefined || taxTotal === null) return null
  const base = lines.reduce((sum, line) => (line.row.taxable === true ? sum + line.total : sum), ZERO)
  const makesTax = (amount: Decimal) => taxOn(amount, rate) === taxTotal || sumOfTaxes(amount, taxLines) === taxTotal
  if (rate === ZERO) return null
  if (makesTax(base + supplies.total)) return true
  return makesTax(base) ? false : null
}

function taxOn(amount: Decimal, rate: Decimal | null): Decimal | null {
  return rate === null ? null : divide(multiply(amount, rate), HUNDRED, 2)
}

/** Several taxes are each rounded by themselves. */
function sumOfTaxes(amount: Decimal, taxLines: readonly TaxLine[]): Decimal | null {
  const taxes = taxLines.map((line) => taxOn(amount, line.rate))
  return taxes.length < 2 || taxes.includes(null)
    ? null
    : taxes.reduce<Decimal>((sum, tax) => sum + (tax ?? ZERO), ZERO)
}

/**
 * Splits the invoice's tax over its taxable lines without a remainder, lines of the sign of the tax only (a credit gets
 * none of a positive tax); where no line is known to be taxable, over those of which nothing is known. Null when the
 * tax is not stated, or, with a warning, when there is nothing to split it over.
 */
export function taxesOfLines(invoice: Source, lines: readonly Line[], taxTotal: Decimal | null): Decimal[] | null {
  if (taxTotal === null) return null
  if (taxTotal === ZERO) return lines.map(() => ZERO)
  const bears = (line: Line, taxable: boolean | null) =>
    line.row.taxable === taxable && line.total !== ZERO && line.total < ZERO === taxTotal < ZERO
  const bearer = lines.some((line) => bears(line, true)) ? true : null
  const weights = lines.map((line) => (bears(line, bearer) ? absolute(line.total) : ZERO))
  if (weights.some((weight) => weight > ZERO)) return allocate(taxTotal, weights, 2)
  warn(invoice, 'taxTotal', 'TAX_WITHOUT_TAXABLE_LINES', 'There is tax, but no line that could bear it.')
  return null
}
