/**
 * The rows that flattening makes, column for column as the tables of the same names (sql/migrations), without what the
 * writer adds (run, versions, arrival). Decimals are text with the places of their column, days are `YYYY-MM-DD`,
 * instants ISO text in UTC; null is unknown.
 */

/** What a line is charged for. */
type LineItemType =
  | 'PART'
  | 'SUPPLY'
  | 'FREIGHT'
  | 'LABOR'
  | 'MISC'
  | 'SHOP_SUPPLIES'
  | 'SERVICE_CALL'
  | 'MILEAGE'
  | 'SUBLET'

/**
 * How the lines meet the totals of the header: to the cent, within 0.05, or not. The lines are never bent to fit.
 */
export type ReconciliationStatus = 'RECONCILED' | 'ROUNDING' | 'UNRECONCILED'

/** How many pieces of a part are charged; see `chargedQuantity`. */
export type QuantityRule = 'q-returned' | 'demo'

/** Where the taxable flag of a labour line was stated; `default` is taxable, because nobody said otherwise. */
export type LaborTaxableSource = 'correction' | 'complaint' | 'default'

/** A row of base.fullbay__invoices. */
export interface InvoiceRow {
  shop_id: string
  fullbay_invoice_id: string
  material_hash: string
  invoice_number: string | null
  invoice_date: string
  due_date: string | null
  invoice_created_at: string | null
  exported: boolean | null
  quickbooks_id: string | null
  promise_to_pay_date: string | null
  shop_title: string | null
  shop_email: string | null
  shop_address: string | null
  customer_id: string | null
  customer: string | null
  customer_external_id: string | null
  customer_main_phone: string | null
  customer_secondary_phone: string | null
  customer_billing_address: string | null
  bill_to_customer: string | null
  fullbay_service_order_id: string | null
  so_number: string | null
  po_number: string | null
  service_order_created: string | null
  service_order_start_date: string | null
  service_order_completion_date: string | null
  unit_id: string | null
  unit: string | null
  unit_nickname: string | null
  unit_type: string | null
  unit_subtype: string | null
  unit_year: string | null
  unit_make: string | null
  unit_model: string | null
  unit_vin: string | null
  unit_vin_is_valid: boolean | null
  unit_license_plate: string | null
  primary_technician: string | null
  primary_technician_number: string | null
  parts_total: string | null
  parts_cost_total: string | null
  labor_total: string | null
  labor_hours_total: string | null
  actual_hours_total: string | null
  sublet_labor_total: string | null
  supplies_total: string | null
  supplies_overridden: boolean | null
  misc_charge_total: string | null
  service_call_total: string | null
  mileage_total: string | null
  mileage_cost_total: string | null
  sub_total: string | null
  tax_title: string | null
  tax_rate: string | null
  tax_total: string | null
  total: string | null
  balance: string | null
  supplies_taxable: boolean | null
  quantity_rule: QuantityRule
  other_quantity_rule_matches: boolean | null
  line_count: number
  dropped_parts: number
  lines_parts: string
  lines_labor: string
  lines_supplies: string
  lines_misc: string
  lines_service_call: string
  lines_mileage: string
  lines_sublet: string
  lines_subtotal: string
  lines_tax: string | null
  gap_parts: string | null
  gap_labor: string | null
  gap_supplies: string | null
  gap_misc: string | null
  gap_service_call: string | null
  gap_mileage: string | null
  gap_subtotal: string | null
  gap_tax: string | null
  header_equation_holds: boolean | null
  reconciliation_status: ReconciliationStatus
}

/** A row of base.fullbay__line_items. */
export interface LineItemRow {
  shop_id: string
  fullbay_invoice_id: string
  line_no: number
  line_key: string
  line_item_type: LineItemType
  classified_by: string | null
  fullbay_complaint_id: string | null
  complaint_type: string | null
  complaint_subtype: string | null
  complaint_note: string | null
  complaint_cause: string | null
  complaint_authorized: boolean | null
  fullbay_correction_id: string | null
  correction_title: string | null
  correction_performed: string | null
  component: string | null
  system: string | null
  global_service: string | null
  recommended_correction: string | null
  service_description: string | null
  fullbay_part_id: string | null
  part_ids: string[] | null
  part_count: number | null
  part_description: string | null
  shop_part_number: string | null
  vendor_part_number: string | null
  part_category: string | null
  misc_charge_id: string | null
  labor_description: string | null
  labor_rate_type: string | null
  labor_taxable_source: LaborTaxableSource | null
  assigned_technician: string | null
  assigned_technician_number: string | null
  technician_assignment_id: string | null
  technician_key: string | null
  technician_portion: string | null
  quantity: string | null
  to_be_returned_quantity: string | null
  returned_quantity: string | null
  so_hours: string | null
  labor_hours: string | null
  unit_cost: string | null
  unit_price: string | null
  line_cost: string | null
  line_total: string
  price_overridden: boolean | null
  taxable: boolean | null
  tax_rate: string | null
  line_tax: string | null
  sales_total: string
  inventory_item: boolean | null
  core_type: string | null
  sublet: boolean | null
  quickbooks_account: string | null
  quickbooks_item: string | null
  quickbooks_item_type: string | null
}

/** A row of base.fullbay__invoice_taxes. */
export interface InvoiceTaxRow {
  shop_id: string
  fullbay_invoice_id: string
  tax_no: number
  tax_title: string | null
  tax_rate: string | null
  tax_total: string | null
}

/** A row of base.fullbay__invoice_warnings: what was odd, where (a path into the payload) and what stood there. */
export interface InvoiceWarningRow {
  shop_id: string
  fullbay_invoice_id: string
  warning_no: number
  code: string
  path: string
  value: string | null
  message: string
}
