import { compileRules } from '../../../transform/fullbay/classification.ts'
import {
  type FlattenedInvoice,
  type FlattenOptions,
  type FlattenResult,
  flattenInvoice,
} from '../../../transform/fullbay/invoice.ts'
import type { LineItemRow } from '../../../transform/fullbay/rows.ts'
import { seededRules } from './seeded-rules.ts'

type Json = Record<string, unknown>

export const OPTIONS: FlattenOptions = {
  shopId: 'DET',
  timeZone: 'America/Detroit',
  quantityRule: 'q-returned',
  rules: compileRules(seededRules(), 'DET'),
}

/** A part of 10.00 that is charged once; numbers as Fullbay mixes them. */
export const aPart = (over: Json = {}): Json => ({
  primaryKey: '1',
  description: 'BRAKE SHOE',
  shopPartNumber: 'BS-1',
  quantity: 1,
  returnedQuantity: 0,
  cost: '6.00',
  sellingPrice: 10,
  taxable: 'Yes',
  ...over,
})

export const aTechnician = (over: Json = {}): Json => ({
  primaryKey: '1',
  technician: 'Avery Stone',
  technicianNumber: '',
  actualHours: 1,
  portion: 100,
  ...over,
})

export const aCorrection = (over: Json = {}): Json => ({
  primaryKey: '500',
  actualCorrection: 'Replaced brake shoes',
  laborHoursTotal: 0,
  laborTotal: 0,
  taxable: 'No',
  Parts: [],
  ...over,
})

export const aComplaint = (over: Json = {}): Json => ({
  primaryKey: 400,
  AssignedTechnicians: [],
  Corrections: [aCorrection()],
  ...over,
})

/** A complaint with one correction. */
export const aJob = (correction: Json, complaint: Json = {}) =>
  aComplaint({ ...complaint, Corrections: [aCorrection(correction)] })

/** An invoice without lines; `serviceOrder` is merged into its service order. */
export const anInvoice = (over: Json = {}, serviceOrder: Json = {}): Json => ({
  primaryKey: '900',
  invoiceNumber: 'A-1',
  invoiceDate: '2025-06-11',
  Customer: { customerId: 7, title: 'EXAMPLE DELIVERY' },
  ServiceOrder: {
    primaryKey: '300',
    repairOrderNumber: 'R-1',
    Unit: { customerUnitId: '77', vin: '5PVNJ8JN2C4S00001' },
    MiscCharges: [],
    Complaints: [aComplaint()],
    ...serviceOrder,
  },
  ...over,
})

/** An invoice of the complaints given. */
export const anInvoiceOf = (complaints: unknown, over: Json = {}) => anInvoice(over, { Complaints: complaints })

/** Flattens an invoice that must not be rejected. */
export function flatten(payload: unknown, options: Partial<FlattenOptions> = {}): FlattenedInvoice {
  const result: FlattenResult = flattenInvoice(payload, { ...OPTIONS, ...options })
  if (result.kind === 'rejected') throw new Error(`rejected: ${result.code} ${result.message}`)
  return result
}

export const codesOf = (result: FlattenedInvoice) => result.warnings.map((warning) => warning.code)

/** One column of the lines of a type. */
export function column<K extends keyof LineItemRow>(result: FlattenedInvoice, key: K, type?: string): LineItemRow[K][] {
  return result.lines.filter((line) => type === undefined || line.line_item_type === type).map((line) => line[key])
}
