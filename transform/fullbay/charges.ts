import { type Decimal, ONE, ZERO, multiply } from '../../core/decimal.ts'
import type { HeaderTotals } from './header.ts'
import { fourPlaces } from './columns.ts'
import { type Bucket, IDENTITY_SEPARATOR, type Line } from './line.ts'
import { type Source, flagAt, listAt, moneyAt, numberAt, textAt, warn } from './reading.ts'
import type { LineItemRow } from './rows.ts'
import { headerNeedsSublet } from './reconciliation.ts'

/**
 * The lines of the invoice as a whole: miscellaneous charges as they are listed; shop supplies, service call and mileage
 * where the header states more or less than nothing; sublet labour where the header adds up only with it.
 */
export function chargeLines(
  blank: LineItemRow,
  invoice: Source,
  serviceOrder: Source,
  complaints: readonly Source[],
  totals: HeaderTotals,
): Line[] {
  const lines = miscLines(blank, invoice, serviceOrder, totals.misc)
  if (hasAmount(totals.supplies)) {
    // Taxability of supplies is not in the payload; it is inferred from the tax once all lines are known.
    lines.push(totalLine(blank, 'SHOP_SUPPLIES', 'supplies', totals.supplies, null))
  }
  if (hasAmount(totals.serviceCall)) {
    const taxable = isTaxable(complaints, 'serviceCallTotal', 'serviceCallTaxable')
    lines.push(totalLine(blank, 'SERVICE_CALL', 'serviceCall', totals.serviceCall, taxable))
  }
  if (hasAmount(totals.mileage)) {
    const taxable = isTaxable(complaints, 'mileageTotal', 'mileageTaxable')
    lines.push(totalLine(blank, 'MILEAGE', 'mileage', totals.mileage, taxable))
  }
  if (totals.sublet !== null && headerNeedsSublet(totals)) {
    lines.push(totalLine(blank, 'SUBLET', 'sublet', totals.sublet, null))
  }
  return lines
}

const hasAmount = (total: Decimal | null): total is Decimal => total !== null && total !== ZERO

function miscLines(blank: LineItemRow, invoice: Source, serviceOrder: Source, total: Decimal | null): Line[] {
  const charges = listAt(serviceOrder, 'MiscCharges')
  if (charges.length > 0) return charges.map((charge) => miscLine(blank, charge))
  if (!hasAmount(total)) return []
  warn(
    invoice,
    'miscChargeTotal',
    'MISC_WITHOUT_DETAIL',
    'The miscellaneous charges are not listed; one line carries them.',
  )
  return [totalLine(blank, 'MISC', 'misc', total, null)]
}

function miscLine(blank: LineItemRow, charge: Source): Line {
  const quantity = numberAt(charge, 'quantity', 'quantity')
  const rate = numberAt(charge, 'rate', 'price')
  const id = textAt(charge, 'primaryKey')
  const description = textAt(charge, 'description')
  const row: LineItemRow = {
    ...blank,
    line_item_type: 'MISC',
    misc_charge_id: id,
    part_description: description,
    quantity: fourPlaces(quantity),
    unit_price: fourPlaces(rate),
    taxable: flagAt(charge, 'taxable'),
    quickbooks_item: textAt(charge, 'quickBooksItem'),
    quickbooks_item_type: textAt(charge, 'quickBooksItemType'),
  }
  const identity = `MISC${IDENTITY_SEPARATOR}${id === null ? `description ${description ?? ''}` : `id ${id}`}`
  return { row, bucket: 'misc', total: miscAmount(charge, quantity, rate), identity }
}

function miscAmount(charge: Source, quantity: Decimal | null, rate: Decimal | null): Decimal {
  const amount = moneyAt(charge, 'amount')
  if (amount !== null) return amount
  warn(charge, 'amount', 'AMOUNT_MISSING', 'The charge has no amount; quantity times rate stands in for it.')
  return multiply(quantity ?? ZERO, rate ?? ZERO, 2)
}

/** A line for a total of the header. */
function totalLine(
  blank: LineItemRow,
  type: LineItemRow['line_item_type'],
  bucket: Bucket,
  total: Decimal,
  taxable: boolean | null,
): Line {
  const row: LineItemRow = { ...blank, line_item_type: type, quantity: fourPlaces(ONE), taxable }
  return { row, bucket, total, identity: type }
}

/**
 * Whether a charge that complaints make up is taxable: those that carry some of it must all say so, or, when none
 * carries any, all that say anything. Nothing said is not taxable.
 */
function isTaxable(complaints: readonly Source[], totalKey: string, flagKey: string): boolean {
  const carriers = complaints.filter((complaint) => hasAmount(moneyAt(complaint, totalKey)))
  const flags = (carriers.length > 0 ? carriers : complaints).map((complaint) => flagAt(complaint, flagKey))
  const said = carriers.length > 0 ? flags : flags.filter((flag) => flag !== null)
  return said.length > 0 && said.every((flag) => flag === true)
}
