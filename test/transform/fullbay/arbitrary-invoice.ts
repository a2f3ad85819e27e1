import fc from 'fast-check'

/** What the header of a generated invoice states, in cents. */
interface Truth {
  parts: number
  labor: number
  supplies: number
  misc: number
  serviceCall: number
  mileage: number
  tax: number
}

export interface GeneratedInvoice {
  payload: Record<string, unknown>
  truth: Truth
}

const cents = (min: number, max: number) => fc.integer({ min, max })

/** An amount in one of the spellings that Fullbay uses. */
const spelled = (amount: number) => {
  const plain = (Math.abs(amount) / 100).toFixed(2)
  const grouped = plain.replace(/\B(?=(?:\d{3})+\.)/g, ',')
  const sign = amount < 0 ? '-' : ''
  return fc.constantFrom<unknown>(
    amount / 100,
    `${sign}${plain}`,
    `${sign}${grouped}`,
    `${sign}$${plain}`,
    amount < 0 ? `(${grouped})` : ` ${plain} `,
  )
}

/** Half up, away from zero, as the lines are rounded. */
const roundAway = (value: number) => Math.sign(value) * Math.round(Math.abs(value))

const shortText = fc.constantFrom('BRAKE SHOE', 'OIL - 1540', 'FILTER, OIL', 'INBOUND FREIGHT', 'Hose 🚚', '', null)

const part = fc
  .record({
    id: fc.nat(9999),
    number: fc.constantFrom('A-1', 'a-1 ', 'B-2', 'C-3', '', null),
    description: shortText,
    price: cents(-5000, 50_000),
    cost: cents(0, 20_000),
    // Tenths of a piece, so that cents times tenths stay whole numbers.
    ordered: fc.integer({ min: -10, max: 60 }),
    returned: fc.constantFrom(0, 0, 0, 10, 20),
    taxable: fc.constantFrom('Yes', 'No'),
    core: fc.constantFrom('', 'None', 'Clean', 'Dirty'),
    sublet: fc.constantFrom('No', 'No', 'Yes', ''),
  })
  .chain((given) =>
    fc.tuple(spelled(given.price), spelled(given.cost)).map(([sellingPrice, cost]) => ({
      total: roundAway((given.price * (given.ordered - given.returned)) / 10),
      json: {
        primaryKey: given.id,
        shopPartNumber: given.number,
        description: given.description,
        quantity: given.ordered / 10,
        returnedQuantity: String(given.returned / 10),
        sellingPrice,
        cost,
        taxable: given.taxable,
        coreType: given.core,
        sublet: given.sublet,
      },
    })),
  )

const technician = fc.record({
  primaryKey: fc.constantFrom<unknown>('1', '2', 3, null),
  technician: fc.constantFrom('Avery Stone', 'Morgan Lake', 'avery stone '),
  technicianNumber: fc.constantFrom('', 'TECH1'),
  actualHours: fc.constantFrom<unknown>(0, 0.3, 1.2527777777777778, '2.5', 7.77, null),
  portion: fc.constantFrom<unknown>(100, 60, '40', 33.33, 0, null, -5),
})

const correction = fc
  .record({
    id: fc.constantFrom<unknown>('500', 501, '502', null),
    labor: cents(-20_000, 200_000),
    hours: fc.constantFrom<unknown>(0, 0.5, 1, '2.25', 3.3333333, null),
    taxable: fc.constantFrom('Yes', 'No', ''),
    parts: fc.array(part, { maxLength: 6 }),
  })
  .chain((given) =>
    spelled(given.labor).map((laborTotal) => ({
      labor: given.labor,
      parts: given.parts.reduce((sum, { total }) => sum + total, 0),
      json: {
        primaryKey: given.id,
        laborTotal,
        laborHoursTotal: given.hours,
        taxable: given.taxable,
        Parts: given.parts.map(({ json }) => json),
      },
    })),
  )

const complaint = fc
  .record({
    id: fc.constantFrom<unknown>(400, '401', 402, null),
    technicians: fc.array(technician, { maxLength: 4 }),
    corrections: fc.array(correction, { maxLength: 3 }),
  })
  .map(({ id, technicians, corrections }) => ({
    labor: corrections.reduce((sum, { labor }) => sum + labor, 0),
    parts: corrections.reduce((sum, { parts }) => sum + parts, 0),
    json: {
      primaryKey: id,
      AssignedTechnicians: technicians,
      Corrections: corrections.map(({ json }) => json),
    },
  }))

const amountOrNothing = fc.oneof(fc.constant(0), cents(-5000, 20_000))

/** An invoice whose header is the sum of what is in it, in the spellings and oddities of the real ones. */
export const reconcilingInvoice: fc.Arbitrary<GeneratedInvoice> = fc
  .record({
    complaints: fc.array(complaint, { maxLength: 4 }),
    misc: fc.array(fc.tuple(cents(-3000, 3000), fc.constantFrom('Yes', 'No')), { maxLength: 3 }),
    supplies: amountOrNothing,
    serviceCall: amountOrNothing,
    mileage: amountOrNothing,
    tax: fc.oneof(fc.constant(0), cents(-5000, 20_000)),
    rate: fc.constantFrom<unknown>('6', 8.5, '', null, 0),
  })
  .chain(({ complaints, misc, supplies, serviceCall, mileage, tax, rate }) => {
    const truth: Truth = {
      parts: complaints.reduce((sum, { parts }) => sum + parts, 0),
      labor: complaints.reduce((sum, { labor }) => sum + labor, 0),
      supplies,
      misc: misc.reduce((sum, [amount]) => sum + amount, 0),
      serviceCall,
      mileage,
      tax,
    }
    const { tax: _, ...buckets } = truth
    const subTotal = Object.values(buckets).reduce((sum, amount) => sum + amount, 0)
    return fc
      .record({
        partsTotal: spelled(truth.parts),
        laborTotal: spelled(truth.labor),
        suppliesTotal: spelled(supplies),
        miscChargeTotal: spelled(truth.misc),
        serviceCallTotal: spelled(serviceCall),
        mileageTotal: spelled(mileage),
        subTotal: spelled(subTotal),
        taxTotal: spelled(tax),
        total: spelled(subTotal + tax),
      })
      .map((totals) => ({
        truth,
        payload: {
          primaryKey: '900',
          invoiceNumber: 'G-1',
          invoiceDate: '2025-06-11',
          taxRate: rate,
          ...totals,
          Customer: { customerId: 7, title: 'EXAMPLE DELIVERY' },
          ServiceOrder: {
            primaryKey: '300',
            repairOrderNumber: 'R-1',
            Unit: { customerUnitId: 77 },
            MiscCharges: misc.map(([amount, taxable], index) => ({
              primaryKey: index % 2,
              amount: amount / 100,
              taxable,
            })),
            Complaints: complaints.map(({ json }) => json),
          },
        },
      }))
  })

/** The same with one total of the header moved, by a cent up to a good deal. */
export const gappedInvoice: fc.Arbitrary<GeneratedInvoice & { gap: number }> = fc
  .tuple(reconcilingInvoice, fc.oneof(cents(1, 8), cents(9, 100_000)), fc.boolean())
  .map(([{ payload, truth }, size, negative]) => {
    const gap = negative ? -size : size
    return { truth, gap, payload: { ...payload, partsTotal: (truth.parts + gap) / 100 } }
  })

/** An invoice in which arbitrary JSON was put in arbitrary places. */
export const mutatedInvoice: fc.Arbitrary<unknown> = fc
  .tuple(
    reconcilingInvoice,
    fc.array(fc.tuple(fc.array(fc.nat(30), { minLength: 1, maxLength: 9 }), fc.jsonValue()), { maxLength: 4 }),
  )
  .map(([{ payload }, mutations]) =>
    mutations.reduce<unknown>((value, [path, replacement]) => mutate(value, path, replacement), payload),
  )

/** Puts a value in the place that a path of turns leads to; a path that is too long ends at the first scalar. */
function mutate(value: unknown, path: readonly number[], replacement: unknown): unknown {
  const [turn, ...rest] = path
  if (turn === undefined || typeof value !== 'object' || value === null) return replacement
  const keys = Object.keys(value)
  const chosen = keys[turn % Math.max(keys.length, 1)]
  if (chosen === undefined) return replacement
  const entries: [string, unknown][] = Object.entries(value)
  const changed = entries.map(([key, item]) => [key, key === chosen ? mutate(item, rest, replacement) : item])
  return Array.isArray(value) ? changed.map(([, item]) => item) : Object.fromEntries(changed)
}
