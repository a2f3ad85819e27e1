import { describe, expect, test } from 'vitest'
import { aComplaint, aCorrection, aJob, anInvoiceOf, aTechnician, codesOf, column, flatten } from './an-invoice.ts'

const people = (...portions: unknown[]) =>
  portions.map((portion, index) =>
    aTechnician({ primaryKey: String(index + 1), technician: `Person ${index + 1}`, portion }),
  )
const split = (laborTotal: unknown, portions: unknown[], laborHoursTotal: unknown = 1) =>
  flatten(anInvoiceOf([aJob({ laborTotal, laborHoursTotal }, { AssignedTechnicians: people(...portions) })]))

describe('labour without a technician', () => {
  test.for([
    {
      why: 'money and time make one line without technician',
      laborTotal: 75,
      hours: 0.5,
      line: ['75.00', '0.5000'],
    },
    { why: 'a flat fee at 0 hours is kept', laborTotal: '75.00', hours: 0, line: ['75.00', '0.0000'] },
    { why: 'a flat fee without hours is kept', laborTotal: 75, hours: null, line: ['75.00', null] },
    { why: 'time at no money is kept', laborTotal: 0, hours: 0.25, line: ['0.00', '0.2500'] },
    { why: 'a credit is kept', laborTotal: '(20.00)', hours: 0, line: ['-20.00', '0.0000'] },
  ])('$why', ({ laborTotal, hours, line }) => {
    const result = flatten(anInvoiceOf([aJob({ laborTotal, laborHoursTotal: hours })]))
    expect(result.lines.map((row) => [row.line_total, row.labor_hours])).toEqual([line])
    expect(result.lines[0]).toMatchObject({
      assigned_technician: null,
      technician_key: null,
      technician_portion: null,
      so_hours: null,
    })
  })

  test('neither money nor time makes no line', () => {
    expect(flatten(anInvoiceOf([aJob({})])).lines).toEqual([])
  })
})

describe('labour split over technicians', () => {
  test.for([
    { why: '60/40', total: 450.01, portions: [60, 40], parts: ['270.01', '180.00'], codes: [] },
    {
      why: '60/30 by their sum',
      total: 100,
      portions: [60, 30],
      parts: ['66.67', '33.33'],
      codes: ['PORTION_SUM'],
    },
    {
      why: 'portions above 100 by their sum',
      total: 100,
      portions: [75, 50],
      parts: ['60.00', '40.00'],
      codes: ['PORTION_SUM'],
    },
    {
      why: 'three times 33.33',
      total: 100,
      portions: [33.33, 33.33, 33.33],
      parts: ['33.34', '33.33', '33.33'],
      codes: ['PORTION_SUM'],
    },
    {
      why: 'three times 33',
      total: 100,
      portions: [33, 33, 33],
      parts: ['33.34', '33.33', '33.33'],
      codes: ['PORTION_SUM'],
    },
    { why: 'portions as text', total: 100, portions: ['50.0', ' 50 '], parts: ['50.00', '50.00'], codes: [] },
    { why: '"100" alone', total: 100, portions: ['100'], parts: ['100.00'], codes: [] },
    {
      why: 'null portions only',
      total: 100,
      portions: [null, null, null],
      parts: ['33.34', '33.33', '33.33'],
      codes: ['PORTION_MISSING'],
    },
    {
      why: 'zero and negative portions only',
      total: 10,
      portions: [0, -5],
      parts: ['5.00', '5.00'],
      codes: ['PORTION_MISSING'],
    },
    { why: 'a credit', total: '-100.00', portions: [50, 25, 25], parts: ['-50.00', '-25.00', '-25.00'], codes: [] },
    { why: 'a credit that leaves a remainder', total: -0.01, portions: [50, 50], parts: ['-0.01', '0.00'], codes: [] },
    { why: 'nothing, which is kept (quality control)', total: 0, portions: [100], parts: ['0.00'], codes: [] },
    { why: 'no total', total: null, portions: [100], parts: ['0.00'], codes: [] },
  ])('$why', ({ total, portions, parts, codes }) => {
    const result = split(total, portions)
    expect(column(result, 'line_total')).toEqual(parts)
    expect(codesOf(result)).toEqual(codes)
  })

  test('billed hours are split the same way, at four places', () => {
    expect(column(split(100, [1, 1, 1], 0.5), 'labor_hours')).toEqual(['0.1667', '0.1667', '0.1666'])
  })

  test('a technician without a portion beside others gets no line, and clocked hours are warned of', () => {
    const result = flatten(
      anInvoiceOf([
        aJob(
          { laborTotal: 100, laborHoursTotal: 1 },
          { AssignedTechnicians: [aTechnician(), aTechnician({ primaryKey: '2', portion: 0, actualHours: '1.5' })] },
        ),
      ]),
    )
    expect(column(result, 'technician_assignment_id')).toEqual(['1'])
    expect(result.warnings).toMatchObject([
      {
        code: 'ZERO_PORTION_WITH_HOURS',
        path: 'ServiceOrder.Complaints[0].AssignedTechnicians[1].actualHours',
        value: '1.5',
      },
    ])
  })

  test('the portion is stored as stated', () => {
    expect(column(split(100, [33.3335, '66.6665']), 'technician_portion')).toEqual(['33.334', '66.667'])
    expect(column(split(100, [null]), 'technician_portion')).toEqual([null])
  })
})

describe('who did it', () => {
  const assigned = (...technicians: Record<string, unknown>[]) =>
    flatten(anInvoiceOf([aJob({ laborTotal: 100, laborHoursTotal: 2 }, { AssignedTechnicians: technicians })]))
  const half = (primaryKey: string, over: Record<string, unknown> = {}) =>
    aTechnician({ primaryKey, portion: 50, actualHours: 0.75, ...over })

  test('two assignments of one name stay two lines with one technician key', () => {
    const result = assigned(half('1'), half('2', { technician: ' avery  STONE ' }))
    expect(column(result, 'technician_assignment_id')).toEqual(['1', '2'])
    expect(column(result, 'technician_key')).toEqual(['DET/name/AVERY STONE', 'DET/name/AVERY STONE'])
    expect(new Set(column(result, 'line_key')).size).toBe(2)
  })

  test('the same assignment listed twice is two lines whose money and hours add up', () => {
    const result = assigned(half('1'), half('1'))
    expect(result.lines.map((line) => [line.line_total, line.so_hours])).toEqual([
      ['50.00', '0.7500'],
      ['50.00', '0.7500'],
    ])
    expect(new Set(column(result, 'line_key')).size).toBe(2)
  })

  test('a technician is told by number where there is one', () => {
    const result = assigned(
      half('1', { technicianNumber: 'TECH1' }),
      half('2', { technicianNumber: ' tech1', technician: 'A. Stone' }),
    )
    expect(column(result, 'technician_key')).toEqual(['DET/number/TECH1', 'DET/number/TECH1'])
  })

  test('a single technician may come as an object instead of a list', () => {
    const result = flatten(anInvoiceOf([aJob({ laborTotal: 10 }, { AssignedTechnicians: aTechnician() })]))
    expect(column(result, 'assigned_technician')).toEqual(['Avery Stone'])
  })
})

describe('hours on the clock', () => {
  const spread = (actualHours: unknown, billed: unknown[]) =>
    column(
      flatten(
        anInvoiceOf([
          aComplaint({
            AssignedTechnicians: [aTechnician({ actualHours })],
            Corrections: billed.map((laborHoursTotal, index) => aCorrection({ primaryKey: index, laborHoursTotal })),
          }),
        ]),
      ),
      'so_hours',
    )

  test.for([
    { why: 'in proportion to billed hours', hours: 3.1, billed: [3, 1], parts: ['2.3250', '0.7750'] },
    { why: 'equally when nothing is billed', hours: 1, billed: [0, null, 0], parts: ['0.3334', '0.3333', '0.3333'] },
    { why: 'none to a correction without billed hours', hours: 2, billed: [1, 0], parts: ['2.0000', '0.0000'] },
    { why: 'none to a credit of hours', hours: 2, billed: [1, -1], parts: ['2.0000', '0.0000'] },
    { why: 'at four places', hours: 1.2527777777777778, billed: [1], parts: ['1.2528'] },
    { why: 'unknown where they are not stated', hours: null, billed: [1, 1], parts: [null, null] },
  ])('are spread over the corrections of a complaint: $why', ({ hours, billed, parts }) => {
    expect(spread(hours, billed)).toEqual(parts)
  })
})

describe('the taxable flag of labour', () => {
  test.for([
    { taxable: 'No', laborTaxable: 'Yes', expected: [false, 'correction'] },
    { taxable: 'Yes', laborTaxable: '', expected: [true, 'correction'] },
    { taxable: '', laborTaxable: 'No', expected: [false, 'complaint'] },
    { taxable: null, laborTaxable: '', expected: [true, 'default'] },
  ])('correction "$taxable", complaint "$laborTaxable" is $expected', ({ taxable, laborTaxable, expected }) => {
    const result = flatten(anInvoiceOf([aJob({ laborTotal: 10, taxable }, { laborTaxable })]))
    expect(result.lines.map((line) => [line.taxable, line.labor_taxable_source])).toEqual([expected])
  })
})

test.for([
  { actual: 'Did it', recommended: 'Do it', expected: 'Did it' },
  { actual: '', recommended: 'Do it', expected: 'Do it' },
  { actual: null, recommended: '', expected: null },
])(
  'labour is described by what was done ("$actual"), else by what was recommended ("$recommended")',
  ({ actual, recommended, expected }) => {
    const correction = { laborTotal: 10, actualCorrection: actual, recommendedCorrection: recommended }
    expect(column(flatten(anInvoiceOf([aJob(correction)])), 'labor_description')).toEqual([expected])
  },
)
