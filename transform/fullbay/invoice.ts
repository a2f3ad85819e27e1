import { type Decimal, ZERO } from '../../core/decimal.ts'
import { overflow } from './capacity.ts'
import { chargeLines } from './charges.ts'
import type { CompiledRules } from './classification.ts'
import { fourPlaces, moneyColumn, moneyOrNull } from './columns.ts'
import { complaintLines } from './complaints.ts'
import { readContext, readTotals, totalColumns } from './header.ts'
import { type Line, blankRow, numberLines } from './line.ts'
import { materialHash } from './material-hash.ts'
import { otherRuleMatches } from './parts-total.ts'
import {
  type Reading,
  type Source,
  dateAt,
  isEmpty,
  isObject,
  listAt,
  objectAt,
  rootSource,
  textAt,
  warn,
} from './reading.ts'
import { reconcile, reconciliationColumns } from './reconciliation.ts'
import type { InvoiceRow, InvoiceTaxRow, InvoiceWarningRow, LineItemRow, QuantityRule } from './rows.ts'
import { oneSpelling } from './spelling.ts'
import { inferSuppliesTaxable, readTaxLines, taxRows, taxesOfLines } from './tax.ts'

/** Raised whenever flattening gives other rows for the same invoice, so that a deployment flattens all of them again. */
export const TRANSFORM_VERSION = 1

export interface FlattenOptions {
  shopId: string
  /** IANA zone of the shop's clocks: Fullbay sends local times without one. */
  timeZone: string
  quantityRule: QuantityRule
  /** The shop's name as configured; another name on the invoice is warned of. */
  expectedShopTitle?: string
  rules: CompiledRules
}

/** An invoice as rows of our tables. */
export interface FlattenedInvoice {
  kind: 'flattened'
  invoice: InvoiceRow
  lines: LineItemRow[]
  taxes: InvoiceTaxRow[]
  warnings: InvoiceWarningRow[]
  /** Equal for two payloads exactly when nothing that matters differs; see `materialHash`. */
  materialHash: string
}

/** An invoice that no row can be made of. */
interface RejectedInvoice {
  kind: 'rejected'
  code:
    | 'NOT_AN_OBJECT'
    | 'PRIMARY_KEY_MISSING'
    | 'INVOICE_DATE_MISSING'
    | 'INVOICE_DATE_INVALID'
    | 'NESTED_TOO_DEEP'
    | 'AMOUNT_OUT_OF_RANGE'
  path: string
  message: string
}

export type FlattenResult = FlattenedInvoice | RejectedInvoice

/**
 * Flattens one invoice as the Fullbay API gives it (`getInvoices.php`, an element of `resultSet`) into an invoice row,
 * its line items, its taxes and what was odd about it. Pure: the same payload and options give the same rows. No payload
 * makes it throw; one that lacks its id or date is rejected with a reason.
 */
export function flattenInvoice(payload: unknown, options: FlattenOptions): FlattenResult {
  if (!isObject(payload)) return rejected('NOT_AN_OBJECT', '$', 'The invoice is not a JSON object.')
  const reading: Reading = { timeZone: options.timeZone, warnings: [] }
  const root = rootSource(payload, reading)
  const id = textAt(root, 'primaryKey')
  if (id === null) return rejected('PRIMARY_KEY_MISSING', 'primaryKey', 'The invoice has no id.')
  const date = dateAt(root, 'invoiceDate')
  if (date === null) return rejectDate(root)
  const material = materialHash(payload)
  if (material === null) return rejected('NESTED_TOO_DEEP', '$', 'The invoice is nested too deep to be an invoice.')
  return flattenIdentified(root, { id, date, material }, options)
}

interface InvoiceIdentity {
  id: string
  date: string
  material: string
}

function flattenIdentified(root: Source, identity: InvoiceIdentity, options: FlattenOptions): FlattenResult {
  const { shopId, quantityRule } = options
  const serviceOrder = readServiceOrder(root)
  const tax = objectAt(root, 'TaxInformation')
  const context = readContext(root, serviceOrder, tax)
  checkShopTitle(root, context.shop_title, options.expectedShopTitle)
  const totals = readTotals(root, serviceOrder, tax)
  const taxLines = readTaxLines(tax, totals.tax)

  const blank = blankRow(shopId, identity.id, fourPlaces(totals.taxRate))
  const complaints = readComplaints(serviceOrder)
  const work = complaintLines(blank, complaints, options)
  const lines = [...work.lines, ...chargeLines(blank, root, serviceOrder, complaints, totals)]
  const otherRule = otherRuleMatches(work.corrections, quantityRule, totals.parts)
  const reconciliation = reconcile(lines, totals)
  if (reconciliation.headerEquationHolds === false) {
    warn(root, 'subTotal', 'HEADER_INCONSISTENT', 'The totals of the header do not add up to its subtotal and total.')
  }
  const suppliesTaxable = inferSuppliesTaxable(lines, totals.taxRate, totals.tax, taxLines)
  for (const line of lines) if (line.bucket === 'supplies') line.row.taxable = suppliesTaxable
  const lineTaxes = reconciliation.status === 'UNRECONCILED' ? null : taxesOfLines(root, lines, totals.tax)
  const linesTax = lineTaxes?.reduce((sum, amount) => sum + amount, ZERO) ?? null
  finishLines(lines, lineTaxes)

  const invoice: InvoiceRow = {
    shop_id: shopId,
    fullbay_invoice_id: identity.id,
    material_hash: identity.material,
    invoice_date: identity.date,
    ...context,
    ...totalColumns(totals),
    supplies_taxable: suppliesTaxable,
    quantity_rule: quantityRule,
    other_quantity_rule_matches: otherRule,
    line_count: lines.length,
    dropped_parts: work.droppedParts,
    ...reconciliationColumns(reconciliation),
    lines_tax: moneyOrNull(linesTax),
    gap_tax: totals.tax === null || linesTax === null ? null : moneyColumn(totals.tax - linesTax),
  }
  const rows = lines.map((line) => line.row)
  const tooLarge = overflow(invoice, rows)
  if (tooLarge !== null) return rejected('AMOUNT_OUT_OF_RANGE', '$', `An amount is too large to store: ${tooLarge}.`)
  return {
    kind: 'flattened',
    invoice,
    lines: rows,
    taxes: taxRows(shopId, identity.id, taxLines),
    warnings: warningRows(root.reading, shopId, identity.id),
    materialHash: identity.material,
  }
}

function rejected(code: RejectedInvoice['code'], path: string, message: string): RejectedInvoice {
  return { kind: 'rejected', code, path, message }
}

function rejectDate(root: Source): RejectedInvoice {
  const unreadable = root.reading.warnings.some((warning) => warning.path === 'invoiceDate')
  return unreadable
    ? rejected('INVOICE_DATE_INVALID', 'invoiceDate', 'The invoice date is not a day of the calendar.')
    : rejected('INVOICE_DATE_MISSING', 'invoiceDate', 'The invoice has no date.')
}

function readServiceOrder(root: Source): Source {
  const serviceOrder = objectAt(root, 'ServiceOrder')
  if (isEmpty(serviceOrder)) {
    warn(root, 'ServiceOrder', 'NO_SERVICE_ORDER', 'The invoice has no service order, so no parts and labour.')
  }
  return serviceOrder
}

function readComplaints(serviceOrder: Source): Source[] {
  const complaints = listAt(serviceOrder, 'Complaints')
  if (complaints.length === 0 && !isEmpty(serviceOrder)) {
    warn(serviceOrder, 'Complaints', 'NO_COMPLAINTS', 'The service order has no complaints, so no parts and labour.')
  }
  return complaints
}

function checkShopTitle(root: Source, title: string | null, expected: string | undefined): void {
  if (title === null || expected === undefined || oneSpelling(title) === oneSpelling(expected)) return
  const message = `The invoice names another shop than the one configured ("${expected}").`
  warn(root, 'shopTitle', 'SHOP_TITLE_MISMATCH', message)
}

function finishLines(lines: readonly Line[], taxes: readonly Decimal[] | null): void {
  lines.forEach(({ row, total }, index) => {
    const tax = taxes?.[index] ?? null
    row.line_total = moneyColumn(total)
    row.line_tax = moneyOrNull(tax)
    row.sales_total = tax === null || tax === ZERO ? row.line_total : moneyColumn(total + tax)
  })
  numberLines(lines)
}

function warningRows(reading: Reading, shopId: string, invoiceId: string): InvoiceWarningRow[] {
  return reading.warnings.map((warning, index) => ({
    shop_id: shopId,
    fullbay_invoice_id: invoiceId,
    warning_no: index + 1,
    code: warning.code,
    path: warning.path,
    value: warning.value,
    message: warning.message,
  }))
}
