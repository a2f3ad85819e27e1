/** Reads a generated invoice the way an accountant would, by code that shares nothing with the generator. */
export type Json = Record<string, unknown>

const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value)

export const objectOf = (value: unknown): Json => (isObject(value) ? value : {})

/** A list as it may arrive: null for none, the element itself for one. */
export function listOf(value: unknown): Json[] {
  return (Array.isArray(value) ? value : [value]).filter(isObject)
}

/** A number of `digits` decimals as a whole number. */
function scaled(value: unknown, digits: number): number {
  if (typeof value === 'number') return Math.round(value * 10 ** digits)
  return typeof value === 'string' && value !== '' ? Math.round(Number(value.replaceAll(',', '')) * 10 ** digits) : 0
}

export const cents = (value: unknown) => scaled(value, 2)
const sum = (values: number[]) => values.reduce((total, value) => total + value, 0)

function partCents(part: Json): number {
  const kept = scaled(part['quantity'], 3) - scaled(part['returnedQuantity'], 3)
  const product = kept * scaled(part['sellingPrice'], 4)
  return (Math.sign(product) * Math.floor((Math.abs(product) + 50_000) / 100_000)) | 0
}

export function correctionsOf(invoice: Json): Json[] {
  return listOf(objectOf(invoice['ServiceOrder'])['Complaints']).flatMap((complaint) =>
    listOf(complaint['Corrections']),
  )
}

/** The names of the equations between header and lines that do not hold. */
export function brokenEquations(invoice: Json): string[] {
  const header = (name: string) => cents(invoice[name])
  const corrections = correctionsOf(invoice)
  const tax = objectOf(invoice['TaxInformation'])
  const charges = listOf(objectOf(invoice['ServiceOrder'])['MiscCharges'])
  const buckets = [
    'partsTotal',
    'laborTotal',
    'suppliesTotal',
    'miscChargeTotal',
    'serviceCallTotal',
    'mileageTotal',
    'subletLaborTotal',
  ]
  const equations: Record<string, boolean> = {
    subTotal: header('subTotal') === sum(buckets.map(header)),
    total: header('total') === header('subTotal') + header('taxTotal'),
    tax: header('taxTotal') === sum(listOf(tax['TaxLineInformation']).map((line) => cents(line['taxTotal']))),
    misc: header('miscChargeTotal') === sum(charges.map((charge) => cents(charge['amount']))),
    labor: header('laborTotal') === sum(corrections.map((correction) => cents(correction['laborTotal']))),
    parts:
      header('partsTotal') === sum(corrections.flatMap((correction) => listOf(correction['Parts']).map(partCents))),
    correction: corrections.every(
      (correction) => cents(correction['partsTotal']) === sum(listOf(correction['Parts']).map(partCents)),
    ),
  }
  return Object.keys(equations).filter((name) => equations[name] === false)
}
