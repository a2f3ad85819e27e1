// Flattens 20-line invoices on one thread, parsed and with their keys in the order in which jsonb gives them back:
// `node bench/flatten.ts`. Prints invoices and lines per second.
import { compileRules } from '../transform/fullbay/classification.ts'
import { flattenInvoice } from '../transform/fullbay/invoice.ts'
import { seededRules } from '../test/transform/fullbay/seeded-rules.ts'

const INVOICES = 2000
const ROUNDS = 9
const LINES = 20

const ARTICLES = [
  ['GASKET, EXHAUST', 'TCX/AMS013', 'GASKETS', '32.42', 11.79],
  ['OIL - 1540', '1540', 'FLUIDS', 6.48, 3.06],
  ['FILTER, OIL', 'P7505', 'FILTERS', 57.79, '28.89'],
  ['BRAKE SHOE KIT - 16.5 IN Q PLUS', 'KT4707QBA203', 'BRAKES', 189.95, 112.4],
  ['LED MARKER LAMP, AMBER', '10250Y', 'ELECTRICAL', 8.75, 3.1],
  ['HOSE CLAMP, CONSTANT TORQUE', 'CT-300', null, 4.25, 1.4],
  ['INBOUND FREIGHT', '', null, 25.5, 20],
  ['DIESEL EXHAUST FLUID', 'DEF-2.5', 'FLUIDS', 14.99, 9.2],
] as const

let seed = 20_250_611
const random = (below: number) => {
  seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648
  return seed % below
}

const part = (id: number, article: number, quantity: number) => {
  const [description, number, category, price, cost] = ARTICLES[article % ARTICLES.length] ?? ARTICLES[0]
  return {
    primaryKey: String(70_000_000 + id),
    description,
    shopPartNumber: number,
    vendorPartNumber: number,
    partCategory: category,
    quantity,
    toBeReturnedQuantity: 0,
    returnedQuantity: 0,
    cost,
    sellingPrice: price,
    sellingPriceOverridden: 'No',
    taxable: article % 3 === 0 ? 'No' : 'Yes',
    inventory: 'Yes',
    coreType: '',
    sublet: 'No',
    quickBooksAccount: 'Parts Income',
    quickBooksItem: 'Part',
    quickBooksItemType: 'Inventory Part',
    created: '2025-06-10 09:00:00',
  }
}

/** Four part lines from five parts, and a labour line for each technician. */
const complaint = (id: number, technicians: number) => {
  const first = random(ARTICLES.length)
  const parts = [0, 1, 2, 3, 0].map((offset, index) => part(id * 10 + index, first + offset, 1 + random(4)))
  const laborTotal = 100 + random(90_000) / 100
  return {
    primaryKey: 47_000_000 + id,
    mileageRate: 'Standard',
    laborRate: 'Standard',
    type: 'Complaint',
    subType: id % 2 === 0 ? '' : 'PM',
    authorized: 'Yes',
    severity: ' - ',
    note: 'CUSTOMER STATES CHECK ENGINE LIGHT COMES ON UNDER LOAD, TRUCK DERATES ON HILLS',
    cause: 'SCR SYSTEM FAULT',
    causeType: null,
    laborHoursTotal: 2.5,
    actualHoursTotal: 2.2622222222222224,
    laborTaxable: '',
    laborTotal,
    partsCostTotal: 0,
    partsTotal: 0,
    mileageTotal: 0,
    serviceCallTotal: 0,
    sublet: 'No',
    created: '2025-06-10 08:00:00',
    AssignedTechnicians: Array.from({ length: technicians }, (_, index) => ({
      primaryKey: String(id * 10 + index),
      technician: ['Avery Stone', 'Morgan Lake'][index],
      technicianNumber: `TECH00${index + 1}`,
      actualHours: 1.1311111111111112,
      portion: 100 / technicians,
      quickBooksLaborItem: null,
    })),
    Corrections: [
      {
        primaryKey: String(42_000_000 + id),
        globalComponent: 'ENGINE',
        globalSystem: 'EXHAUST',
        globalService: null,
        unitService: null,
        laborRate: 'Standard',
        title: '',
        recommendedCorrection: 'CHECK SCR SYSTEM CODES',
        actualCorrection:
          'HOOKED UP TO COMPUTER.\nSCR CONVERSION CODES PRESENT.\nREPLACED DOSER AND GASKET, FORCED REGEN.',
        correctionPerformed: 'Performed',
        preAuthorized: 'No',
        prePaid: 'No',
        laborHoursTotal: 2.5,
        laborTotal,
        taxable: 'No',
        partsCostTotal: 0,
        created: '2025-06-10 08:00:00',
        Parts: parts,
      },
    ],
  }
}

const address = { title: 'Southfield, MI', line1: '100 Example Drive', line2: '', city: 'Southfield', state: 'MI' }

const invoice = (id: number) => {
  const customer = { customerId: 3_305_045, title: 'EXAMPLE DELIVERY', externalId: null, mainPhone: '(313) 555-0100' }
  const complaints = [complaint(id * 4, 1), complaint(id * 4 + 1, 2), complaint(id * 4 + 2, 1)]
  const laborTotal = complaints.reduce((sum, { laborTotal: labor }) => sum + labor, 0)
  return {
    primaryKey: String(90_000_000 + id),
    exported: '0',
    invoiceDate: '2025-06-11',
    dueDate: '2025-07-11',
    invoiceNumber: `B${id}`,
    customerTitle: 'EXAMPLE DELIVERY',
    customerBillingAddress: '100 Example Drive, Southfield, MI 48075, US',
    Customer: customer,
    shopTitle: 'Example Truck Repair - Detroit',
    shopEmail: 'det@shop.example',
    shopPhysicalAddress: '200 Example St, Detroit, MI 48208, US',
    miscChargeTotal: -5.27,
    serviceCallTotal: 50,
    mileageTotal: 0,
    laborTotal,
    subletLaborTotal: null,
    suppliesTotal: 36.25,
    TaxInformation: {
      taxTitle: 'Michigan Non-Exempt',
      taxRate: '6',
      taxTotal: 38.1,
      TaxLineInformation: [{ taxTitle: 'Non-Exempt', taxRate: 6, taxTotal: '38.10' }],
    },
    taxTitle: 'Michigan Non-Exempt',
    taxRate: '6',
    taxTotal: 38.1,
    created: '2025-06-11 16:20:00',
    ServiceOrder: {
      primaryKey: String(80_000_000 + id),
      repairOrderNumber: `R${id}`,
      technician: 'Riley Sample',
      technicianNumber: '',
      Customer: customer,
      Unit: { customerUnitId: '7246973', number: '734', type: 'Truck', make: 'Hino', vin: '5PVNJ8JN2C4S00001' },
      BillingAddress: address,
      ShipToAddress: address,
      created: '2025-05-30 12:26:29',
      startDateTime: '2025-05-31 11:45:03',
      completionDateTime: '2025-06-03 11:02:34',
      MiscCharges: [4.73, -10].map((amount, index) => ({
        primaryKey: String(id * 2 + index),
        description: index === 0 ? '3% CREDIT CARD SURCHARGE' : 'GOODWILL DISCOUNT',
        quantity: 1,
        rate: amount,
        amount: amount.toFixed(2),
        taxable: 'No',
        quickBooksItem: 'DISCOUNT',
        quickBooksItemType: 'misc',
      })),
      Complaints: complaints,
    },
  }
}

const options = {
  shopId: 'DET',
  timeZone: 'America/Detroit',
  quantityRule: 'q-returned' as const,
  rules: compileRules(seededRules(), 'DET'),
}

/**
 * The totals are made to match the lines, so that the whole way (reconciled, supplies inferred, tax split) is measured.
 */
function reconciled(id: number): unknown {
  const draft = invoice(id)
  const first = flattenInvoice(draft, options)
  if (first.kind === 'rejected') throw new Error(first.message)
  if (first.lines.length !== LINES) throw new Error(`an invoice has ${first.lines.length} lines instead of ${LINES}`)
  const subTotal = Number(first.invoice.lines_subtotal)
  const partsTotal = first.invoice.lines_parts
  const whole = { ...draft, partsTotal, subTotal, total: subTotal + draft.taxTotal }
  return JSON.parse(JSON.stringify(asJsonb(whole)))
}

/** The same value with the keys of its objects in the order of jsonb: shorter first, then by character. */
function asJsonb(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(asJsonb)
  const entries = Object.entries(value).sort(([a], [b]) => a.length - b.length || (a < b ? -1 : 1))
  return Object.fromEntries(entries.map(([key, item]) => [key, asJsonb(item)]))
}

const payloads = Array.from({ length: INVOICES }, (_, id) => reconciled(id))

function secondsOfRound(): number {
  const start = process.hrtime.bigint()
  for (const payload of payloads) {
    const result = flattenInvoice(payload, options)
    if (result.kind !== 'flattened' || result.invoice.reconciliation_status !== 'RECONCILED') {
      throw new Error(`the benchmark's invoices must reconcile: ${JSON.stringify(result).slice(0, 500)}`)
    }
  }
  return Number(process.hrtime.bigint() - start) / 1e9
}

const seconds = Array.from({ length: ROUNDS }, secondsOfRound)
const median = seconds.toSorted((a, b) => a - b)[Math.floor(ROUNDS / 2)] ?? 0
const perSecond = INVOICES / median
const perRound = seconds.map((second) => Math.round(INVOICES / second)).join(' ')
console.log(`rounds of ${INVOICES} invoices of ${LINES} lines, invoices/s: ${perRound}`)
console.log(`median: ${Math.round(perSecond)} invoices/s, ${Math.round(perSecond * LINES)} lines/s`)
