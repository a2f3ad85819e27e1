import type { Decimal } from '../../core/decimal.ts'
import { fourPlaces, moneyOrNull } from './columns.ts'
import {
  type Source,
  dateAt,
  flagAt,
  instantAt,
  isEmpty,
  moneyAt,
  numberAt,
  objectAt,
  textAt,
  warn,
} from './reading.ts'
import type { InvoiceRow } from './rows.ts'
import { isValidVin, normaliseVin } from './vin.ts'

/** The totals that an invoice states, as decimals; null is not stated. */
export interface HeaderTotals {
  parts: Decimal | null
  partsCost: Decimal | null
  labor: Decimal | null
  laborHours: Decimal | null
  actualHours: Decimal | null
  sublet: Decimal | null
  supplies: Decimal | null
  suppliesOverridden: boolean | null
  misc: Decimal | null
  serviceCall: Decimal | null
  mileage: Decimal | null
  mileageCost: Decimal | null
  subTotal: Decimal | null
  /** Percent. */
  taxRate: Decimal | null
  tax: Decimal | null
  total: Decimal | null
  balance: Decimal | null
}

/** Reads the totals; what the invoice leaves out is taken from its service order. */
export function readTotals(invoice: Source, serviceOrder: Source, tax: Source): HeaderTotals {
  const either = (key: string) => moneyAt(invoice, key) ?? moneyAt(serviceOrder, key)
  const suppliesOverridden = flagAt(serviceOrder, 'overrideSuppliesTotal')
  const overriddenSupplies = suppliesOverridden === true ? moneyAt(serviceOrder, 'overridenSuppliesTotal') : null
  return {
    parts: either('partsTotal'),
    partsCost: either('partsCostTotal'),
    labor: either('laborTotal'),
    laborHours: numberAt(invoice, 'laborHoursTotal', 'hours') ?? numberAt(serviceOrder, 'laborHoursTotal', 'hours'),
    actualHours: numberAt(serviceOrder, 'actualHoursTotal', 'hours'),
    sublet: either('subletLaborTotal'),
    supplies: moneyAt(invoice, 'suppliesTotal') ?? overriddenSupplies,
    suppliesOverridden,
    misc: moneyAt(invoice, 'miscChargeTotal'),
    serviceCall: either('serviceCallTotal'),
    mileage: either('mileageTotal'),
    mileageCost: either('mileageCostTotal'),
    subTotal: moneyAt(invoice, 'subTotal'),
    taxRate: numberAt(invoice, 'taxRate', 'rate') ?? numberAt(tax, 'taxRate', 'rate'),
    tax: moneyAt(invoice, 'taxTotal') ?? moneyAt(tax, 'taxTotal'),
    total: moneyAt(invoice, 'total'),
    balance: moneyAt(invoice, 'balance'),
  }
}

/** The totals as columns of the invoice row. */
export function totalColumns(totals: HeaderTotals) {
  return {
    parts_total: moneyOrNull(totals.parts),
    parts_cost_total: moneyOrNull(totals.partsCost),
    labor_total: moneyOrNull(totals.labor),
    labor_hours_total: fourPlaces(totals.laborHours),
    actual_hours_total: fourPlaces(totals.actualHours),
    sublet_labor_total: moneyOrNull(totals.sublet),
    supplies_total: moneyOrNull(totals.supplies),
    supplies_overridden: totals.suppliesOverridden,
    misc_charge_total: moneyOrNull(totals.misc),
    service_call_total: moneyOrNull(totals.serviceCall),
    mileage_total: moneyOrNull(totals.mileage),
    mileage_cost_total: moneyOrNull(totals.mileageCost),
    sub_total: moneyOrNull(totals.subTotal),
    tax_rate: fourPlaces(totals.taxRate),
    tax_total: moneyOrNull(totals.tax),
    total: moneyOrNull(totals.total),
    balance: moneyOrNull(totals.balance),
  } satisfies Partial<InvoiceRow>
}

/** Who, what and when: the columns of the invoice row that no amount stands in. */
export function readContext(invoice: Source, serviceOrder: Source, tax: Source) {
  const unit = objectAt(serviceOrder, 'Unit')
  const vin = textAt(unit, 'vin')
  const normalVin = vin === null ? null : normaliseVin(vin)
  const invoiceNumber = textAt(invoice, 'invoiceNumber')
  if (invoiceNumber === null) warn(invoice, 'invoiceNumber', 'INVOICE_NUMBER_MISSING', 'The invoice has no number.')
  const order = readServiceOrder(serviceOrder, unit)
  return {
    invoice_number: invoiceNumber,
    due_date: dateAt(invoice, 'dueDate'),
    invoice_created_at: instantAt(invoice, 'created'),
    exported: flagAt(invoice, 'exported'),
    quickbooks_id: textAt(invoice, 'quickBooksId'),
    promise_to_pay_date: dateAt(invoice, 'promiseToPayDate'),
    shop_title: textAt(invoice, 'shopTitle'),
    shop_email: textAt(invoice, 'shopEmail'),
    shop_address: textAt(invoice, 'shopPhysicalAddress'),
    ...readCustomer(invoice, serviceOrder),
    customer_billing_address: textAt(invoice, 'customerBillingAddress'),
    bill_to_customer: textAt(invoice, 'customerTitle'),
    ...order,
    po_number: textAt(serviceOrder, 'poNumber'),
    service_order_created: instantAt(serviceOrder, 'created'),
    service_order_start_date: instantAt(serviceOrder, 'startDateTime'),
    service_order_completion_date: instantAt(serviceOrder, 'completionDateTime'),
    unit_id: textAt(unit, 'customerUnitId'),
    unit: textAt(unit, 'number'),
    unit_nickname: textAt(unit, 'nickname'),
    unit_type: textAt(unit, 'type'),
    unit_subtype: textAt(unit, 'subType'),
    unit_year: textAt(unit, 'year'),
    unit_make: textAt(unit, 'make'),
    unit_model: textAt(unit, 'model'),
    unit_vin: normalVin === '' ? null : normalVin,
    unit_vin_is_valid: normalVin === null ? null : isValidVin(normalVin),
    unit_license_plate: textAt(unit, 'licensePlate'),
    primary_technician: textAt(serviceOrder, 'technician'),
    primary_technician_number: textAt(serviceOrder, 'technicianNumber'),
    tax_title: textAt(invoice, 'taxTitle') ?? textAt(tax, 'taxTitle'),
  } satisfies Partial<InvoiceRow>
}

/** The customer of the service order, each field falling back to the customer of the invoice. */
function readCustomer(invoice: Source, serviceOrder: Source) {
  const ofOrder = objectAt(serviceOrder, 'Customer')
  const ofInvoice = objectAt(invoice, 'Customer')
  const either = (key: string) => textAt(ofOrder, key) ?? textAt(ofInvoice, key)
  const id = either('customerId')
  const title = either('title')
  if (isEmpty(ofOrder) && isEmpty(ofInvoice)) {
    warn(invoice, 'Customer', 'CUSTOMER_MISSING', 'The invoice names no customer.')
  } else {
    if (id === null) warn(ofInvoice, 'customerId', 'CUSTOMER_ID_MISSING', 'The customer has no id.')
    if (title === null) warn(ofInvoice, 'title', 'CUSTOMER_NAME_MISSING', 'The customer has no name.')
  }
  return {
    customer_id: id,
    customer: title,
    customer_external_id: either('externalId'),
    customer_main_phone: either('mainPhone'),
    customer_secondary_phone: either('secondaryPhone'),
  }
}

function readServiceOrder(serviceOrder: Source, unit: Source) {
  const id = textAt(serviceOrder, 'primaryKey')
  const number = textAt(serviceOrder, 'repairOrderNumber')
  if (!isEmpty(serviceOrder)) {
    if (id === null) warn(serviceOrder, 'primaryKey', 'SERVICE_ORDER_ID_MISSING', 'The service order has no id.')
    if (number === null) {
      warn(serviceOrder, 'repairOrderNumber', 'REPAIR_ORDER_NUMBER_MISSING', 'The service order has no number.')
    }
    if (isEmpty(unit)) warn(serviceOrder, 'Unit', 'UNIT_MISSING', 'The service order names no unit.')
  }
  return { fullbay_service_order_id: id, so_number: number }
}
