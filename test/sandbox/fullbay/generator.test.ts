import { assert, integer, property } from 'fast-check'
import { expect, test } from 'vitest'
import { addDays } from '../../../core/date-window.ts'
import { createShop, type InvoiceRef, type Shop } from '../../../sandbox/fullbay/generator.ts'
import { brokenEquations, cents, correctionsOf, listOf, objectOf, type Json } from './invoice-sums.ts'
import { aShop } from './shop-client.ts'

const WHOLE = { start: '2024-01-01', end: '2024-12-31' }
const LONG_AFTER = '2025-06-30'
const TOTAL = 5000

function aYear(seed = 'year'): Shop {
  return createShop({
    seed,
    shopId: 'DET',
    title: 'A year',
    timeZone: 'America/Detroit',
    firstDate: WHOLE.start,
    totalInvoices: TOTAL,
    lastDate: WHOLE.end,
  })
}

const year = aYear()
const refs = year.list(WHOLE, LONG_AFTER)
const read = (shop: Shop, ref: InvoiceRef, today = LONG_AFTER): Json => objectOf(JSON.parse(shop.read(ref, today)))
const invoices = refs.map((ref) => read(year, ref))
const share = (holds: (invoice: Json) => boolean) => (100 * invoices.filter(holds).length) / invoices.length
const complaintsOf = (invoice: Json) => listOf(objectOf(invoice['ServiceOrder'])['Complaints'])
const unitOf = (invoice: Json) => objectOf(objectOf(invoice['ServiceOrder'])['Unit'])

test('a shop with a total writes exactly that many invoices, each with an id of its own', () => {
  expect(refs).toHaveLength(TOTAL)
  expect(new Set(refs.map(({ id }) => id)).size).toBe(TOTAL)
  expect(refs.map(({ id }) => id)).toEqual(invoices.map((invoice) => String(invoice['primaryKey'])))
})

test('the same seed gives the same bytes, another seed gives others', () => {
  const again = aYear()
  const other = aYear('another')
  const sample = refs.filter((_, index) => index % 50 === 0)
  expect(sample.map((ref) => again.read(ref, LONG_AFTER))).toEqual(sample.map((ref) => year.read(ref, LONG_AFTER)))
  expect(other.read(refs[0]!, LONG_AFTER)).not.toBe(year.read(refs[0]!, LONG_AFTER))
})

test('a date can be asked for by itself and is the same as in the middle of a longer window', () => {
  assert(
    property(integer({ min: 0, max: 355 }), integer({ min: 0, max: 6 }), (offset, more) => {
      const date = addDays(WHOLE.start, offset)
      const alone = aYear().list({ start: date, end: date }, LONG_AFTER)
      const wider = year.list({ start: addDays(date, -more), end: addDays(date, more) }, LONG_AFTER)
      expect(wider.filter((ref) => ref.date === date)).toEqual(alone)
    }),
    { numRuns: 40 },
  )
})

test('an invoice exists from its own date on, not before', () => {
  expect(year.list(WHOLE, '2024-02-29').every(({ date }) => date <= '2024-02-29')).toBe(true)
  expect(year.list(WHOLE, '2024-02-29').at(-1)?.date).toBe('2024-02-29')
})

test('a shop with a daily pace keeps it, and closes never', () => {
  const shop = aShop({ perDay: 12 })
  const written = shop.list({ start: '2025-01-01', end: '2025-12-30' }, '2027-01-01').length
  // A day more or less busy than usual is made up for by the next of its kind.
  expect(Math.abs(written - 12 * 364)).toBeLessThan(12)
  expect(shop.list({ start: '2031-05-05', end: '2031-05-11' }, '2031-06-01').length).toBeGreaterThan(60)
})

test('a last date before the first is refused', () => {
  const options = { seed: 's', shopId: 'S', title: 'S', timeZone: 'UTC', firstDate: '2024-02-01' }
  expect(() => createShop({ ...options, totalInvoices: 5, lastDate: '2024-01-31' })).toThrow(/before its first/)
})

test.for([
  { what: 'parts', expected: 85.1, holds: (invoice: Json) => cents(invoice['partsTotal']) !== 0 },
  { what: 'labour', expected: 86.7, holds: (invoice: Json) => cents(invoice['laborTotal']) !== 0 },
  { what: 'tax', expected: 10.1, holds: (invoice: Json) => cents(invoice['taxTotal']) !== 0 },
  { what: 'shop supplies', expected: 80.2, holds: (invoice: Json) => cents(invoice['suppliesTotal']) !== 0 },
  { what: 'extra charges', expected: 36.6, holds: (invoice: Json) => cents(invoice['miscChargeTotal']) !== 0 },
  { what: 'an accounting number', expected: 48.3, holds: (invoice: Json) => invoice['quickBooksId'] !== '' },
  { what: 'several complaints', expected: 55.6, holds: (invoice: Json) => complaintsOf(invoice).length > 1 },
  { what: 'no VIN', expected: 10.2, holds: (invoice: Json) => !unitOf(invoice)['vin'] },
  { what: 'no make', expected: 15.2, holds: (invoice: Json) => !unitOf(invoice)['make'] },
  { what: 'a total of zero or less', expected: 2, holds: (invoice: Json) => cents(invoice['total']) <= 0 },
])('$expected % of the invoices have $what', ({ expected, holds }) => {
  expect(Math.abs(share(holds) - expected)).toBeLessThan(2)
})

test('an invoice has 2.75 complaints, a complaint 1.00 corrections and a correction 2.3 parts on average', () => {
  const complaints = invoices.flatMap(complaintsOf)
  const corrections = invoices.flatMap(correctionsOf)
  const parts = corrections.flatMap((correction) => listOf(correction['Parts']))
  expect(complaints.length / TOTAL).toBeCloseTo(2.75, 0.5)
  expect(corrections.length / complaints.length).toBeCloseTo(1, 1.5)
  expect(parts.length / corrections.length).toBeCloseTo(2.3, 0.8)
  expect(complaints.some((complaint) => listOf(complaint['Corrections']).length === 0)).toBe(true)
})

test('97 to 98 % of the invoices add up to the cent, and the others are off by cents or by dollars', () => {
  const broken = invoices.filter((invoice) => brokenEquations(invoice).length > 0)
  expect(broken.length / TOTAL).toBeGreaterThan(0.018)
  expect(broken.length / TOTAL).toBeLessThan(0.03)
  // Whatever is wrong, it is the header against the lines: nothing is wrong inside the lines, the tax or the charges.
  const kinds = new Set(broken.flatMap(brokenEquations))
  expect([...kinds].sort()).toEqual(['labor', 'parts', 'subTotal'])
})

test.for([
  { what: 'amounts as numbers', found: (text: string) => /"subTotal":-?\d/.test(text) },
  { what: 'amounts as texts', found: (text: string) => /"subTotal":"\d+\.\d\d"/.test(text) },
  { what: 'thousands separators', found: (text: string) => /"subTotal":"\d,\d{3}\.\d\d"/.test(text) },
  { what: 'ids as numbers and as texts', found: (text: string) => /^\{"primaryKey":\d/.test(text) },
  { what: 'hours as long binary fractions', found: (text: string) => /"actualHours":\d\.\d{15}/.test(text) },
  { what: 'portions of 33.33', found: (text: string) => text.includes('"portion":33.33') },
  { what: 'portions of 60 and 40', found: (text: string) => /"portion":60[,}].*"portion":40/.test(text) },
  { what: 'portions that miss 100', found: (text: string) => text.includes('"portion":null') },
  { what: 'credits', found: (text: string) => /"quantity":"?-\d/.test(text) },
  { what: 'returns', found: (text: string) => /"returnedQuantity":[1-9]/.test(text) },
  { what: 'core charges', found: (text: string) => text.includes('CORE CHARGE') },
  {
    what: 'flat-fee labour without a technician',
    found: (text: string) => /"AssignedTechnicians":\[\],.*"laborHoursTotal":0,"laborTotal":\d/.test(text),
  },
  { what: 'discounts', found: (text: string) => text.includes('GOODWILL DISCOUNT') },
  { what: 'freight', found: (text: string) => text.includes('INBOUND FREIGHT') },
  { what: 'blank part numbers', found: (text: string) => text.includes('"shopPartNumber":""') },
  { what: 'blank quantities', found: (text: string) => text.includes('"quantity":""') },
  { what: 'complaints without corrections', found: (text: string) => text.includes('"Corrections":[]') },
  { what: 'no complaints', found: (text: string) => text.includes('"Complaints":[]') },
  { what: 'no service order', found: (text: string) => !text.includes('"ServiceOrder"') },
  { what: 'an empty object as a list', found: (text: string) => text.includes('"Unit":[]') },
  { what: 'sublet labour', found: (text: string) => /"subletLaborTotal":\d/.test(text) },
  { what: 'calls and mileage', found: (text: string) => /"mileageTotal":[1-9]/.test(text) },
  { what: 'prices below a cent', found: (text: string) => text.includes('"sellingPrice":0.0375') },
  { what: 'control characters', found: (text: string) => text.includes('\\u0000') },
])('among the invoices there are $what', ({ found }) => {
  expect(refs.some((ref) => found(year.read(ref, LONG_AFTER)))).toBe(true)
})

test('a shop with several taxes splits the tax into lines that add up', () => {
  const shop = createShop({
    seed: 's',
    shopId: 'OKPK',
    title: 'T',
    timeZone: 'America/Chicago',
    firstDate: '2025-01-01',
    invoicesPerDay: 30,
  })
  const taxed = shop
    .list({ start: '2025-01-01', end: '2025-01-14' }, LONG_AFTER)
    .map((ref) => read(shop, ref))
    .filter((invoice) => cents(invoice['taxTotal']) > 0)
  expect(taxed.length).toBeGreaterThan(10)
  for (const invoice of taxed) {
    const lines = listOf(objectOf(invoice['TaxInformation'])['TaxLineInformation'])
    expect(lines.length).toBe(3)
    expect(lines.reduce((sum, line) => sum + cents(line['taxTotal']), 0)).toBe(cents(invoice['taxTotal']))
  }
})

test('a correction can hold the same part twice', () => {
  const repeated = invoices.flatMap(correctionsOf).filter((correction) => {
    const keys = listOf(correction['Parts']).map(
      (part) => `${String(part['shopPartNumber'])}|${String(part['sellingPrice'])}`,
    )
    return new Set(keys).size < keys.length
  })
  expect(repeated.length).toBeGreaterThan(50)
})
