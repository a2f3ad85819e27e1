import { hash } from 'node:crypto'
import type { Decimal } from '../../core/decimal.ts'
import type { LineItemRow } from './rows.ts'

/** The total of the header that a line counts towards. */
export type Bucket = 'parts' | 'labor' | 'supplies' | 'misc' | 'serviceCall' | 'mileage' | 'sublet'

/** A line on its way: its row, and what is still calculated with. Tax, number and key are filled in at the end. */
export interface Line {
  row: LineItemRow
  bucket: Bucket
  total: Decimal
  /** What makes the line the same line on the next reading of its invoice, before repeats are told apart. */
  identity: string
}

/** Separates the members of an identity; the last member alone is free text. */
export const IDENTITY_SEPARATOR = '\u001f'

/** A row with nothing known yet but its invoice. Lines are copies of it, so that all rows have one shape. */
export function blankRow(shopId: string, invoiceId: string, taxRate: string | null): LineItemRow {
  return {
    shop_id: shopId,
    fullbay_invoice_id: invoiceId,
    line_no: 0,
    line_key: '',
    line_item_type: 'PART',
    classified_by: null,
    fullbay_complaint_id: null,
    complaint_type: null,
    complaint_subtype: null,
    complaint_note: null,
    complaint_cause: null,
    complaint_authorized: null,
    fullbay_correction_id: null,
    correction_title: null,
    correction_performed: null,
    component: null,
    system: null,
    global_service: null,
    recommended_correction: null,
    service_description: null,
    fullbay_part_id: null,
    part_ids: null,
    part_count: null,
    part_description: null,
    shop_part_number: null,
    vendor_part_number: null,
    part_category: null,
    misc_charge_id: null,
    labor_description: null,
    labor_rate_type: null,
    labor_taxable_source: null,
    assigned_technician: null,
    assigned_technician_number: null,
    technician_assignment_id: null,
    technician_key: null,
    technician_portion: null,
    quantity: null,
    to_be_returned_quantity: null,
    returned_quantity: null,
    so_hours: null,
    labor_hours: null,
    unit_cost: null,
    unit_price: null,
    line_cost: null,
    line_total: '0.00',
    price_overridden: null,
    taxable: null,
    tax_rate: taxRate,
    line_tax: null,
    sales_total: '0.00',
    inventory_item: null,
    core_type: null,
    sublet: null,
    quickbooks_account: null,
    quickbooks_item: null,
    quickbooks_item_type: null,
  }
}

/**
 * Numbers the lines and gives each its key: a hash of its identity, or, for a line whose identity occurred before (a
 * source that repeats an id), of its identity and how often, so that no two lines of an invoice share a key.
 */
export function numberLines(lines: readonly Line[]): void {
  const identities = lines.map((line) => line.identity)
  const keys = (new Set(identities).size === lines.length ? identities : toldApart(identities)).map(keyOf)
  for (let at = 0; at < lines.length; at++) {
    const row = lines[at]?.row
    if (row === undefined) continue
    row.line_no = at + 1
    row.line_key = keys[at] ?? ''
  }
}

function toldApart(identities: readonly string[]): string[] {
  const occurrences = new Map<string, number>()
  return identities.map((identity) => {
    const before = occurrences.get(identity) ?? 0
    occurrences.set(identity, before + 1)
    // No identity starts with a digit, so that this one is nobody else's.
    return before === 0 ? identity : `${before}${IDENTITY_SEPARATOR}${identity}`
  })
}

const KEY_LENGTH = 32
const keyOf = (identity: string) => hash('sha256', identity, 'hex').slice(0, KEY_LENGTH)
