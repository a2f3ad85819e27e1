import fc from 'fast-check'
import { expect, test } from 'vitest'
import { seemsUnfinished, splitRecords } from '../../../extract/chevin/records.ts'

const fieldsOf = (text: string) => [...splitRecords(text)].map(({ line, fields }) => [line, fields])

test.for([
  {
    name: 'plain lines',
    text: 'a,b\n1,2\n',
    records: [
      [1, ['a', 'b']],
      [2, ['1', '2']],
    ],
  },
  { name: 'CRLF and blank lines at the end', text: 'a,b\r\n\r\n \r\n', records: [[1, ['a', 'b']]] },
  {
    name: 'CR alone',
    text: 'a\rb\r',
    records: [
      [1, ['a']],
      [2, ['b']],
    ],
  },
  { name: 'quotes around a comma', text: '"a,b",c', records: [[1, ['a,b', 'c']]] },
  { name: 'doubled quotes', text: '"a ""b""",c', records: [[1, ['a "b"', 'c']]] },
  {
    name: 'a line end within quotes',
    text: 'x,"a\r\nb"\ny,z',
    records: [
      [1, ['x', 'a\nb']],
      [3, ['y', 'z']],
    ],
  },
  {
    name: 'rows of unequal length',
    text: 'a\nb,c\n',
    records: [
      [1, ['a']],
      [2, ['b', 'c']],
    ],
  },
])('case 53, defect 28: $name are records', ({ text, records }) => {
  expect(fieldsOf(text)).toEqual(records)
})

test.for([
  { name: 'a quote within a field', bad: 'x,a "b" c' },
  { name: 'text after a closing quote', bad: 'x,"a"b' },
  { name: 'a quote that nobody closes', bad: 'x,"a' },
])('case 53: $name costs its own line and no other', ({ bad }) => {
  const before = Array.from({ length: 5 }, (_, at) => `b${at},1`)
  const after = Array.from({ length: 60 }, (_, at) => `a${at},"2"`)
  const records = [...splitRecords(`${[...before, bad, ...after].join('\n')}\n`)]
  expect(records.filter(({ fields }) => fields === null)).toEqual([
    { line: 6, lastLine: 6, text: bad, fields: null, problem: expect.stringMatching(/quote/) },
  ])
  expect(records.filter(({ fields }) => fields !== null)).toHaveLength(65)
})

test('every record that was written is read as it was, on its line, whatever stands in it', () => {
  const field = fc.string({ unit: fc.constantFrom('a', ',', '"', '\n', ' ', 'é', '😀'), maxLength: 8 })
  fc.assert(
    fc.property(fc.array(fc.array(field, { minLength: 2, maxLength: 4 }), { maxLength: 30 }), (rows) => {
      const kept = rows.filter((row) => row.some((one) => one.trim() !== ''))
      const text = kept.map((row) => row.map((one) => `"${one.replaceAll('"', '""')}"`).join(',')).join('\n')
      expect([...splitRecords(text)].map(({ fields }) => fields)).toEqual(kept)
    }),
  )
})

test.for([
  ['', true],
  ['a,b', true],
  ['a,b\n', false],
  ['a,b\r', false],
  ['a,b\rc,d\r', false],
  ['a,b\r\nc,d\r', true],
  ['a,b\r\nc,d\r\n', false],
  ['a,"b\n', true],
  ['a,"b"\n', false],
] as const)('case 51: %j seems unfinished: %j', ([text, expected]) => {
  expect(seemsUnfinished(text)).toBe(expected)
})

test('a line is a record or is not, whatever lines stand around it', () => {
  const line = fc
    .array(fc.constantFrom('a', ',', '""', ' ', 'é', '"a"', '"a,b"'), { maxLength: 6 })
    .map((parts) => parts.join(''))
    .filter((text) => text.trim() !== '')
  fc.assert(
    fc.property(fc.array(line, { minLength: 1, maxLength: 40 }), (lines) => {
      const alone = lines.flatMap((text, index) =>
        [...splitRecords(text)].map((record) => ({ ...record, line: index + 1, lastLine: index + 1 })),
      )
      expect([...splitRecords(lines.join('\n'))]).toEqual(alone)
    }),
  )
})

// Lots of 2,000 records are looked at at once: more than two of them.
const LINES = 5000

test.for([
  { name: 'whole rows', line: 'G90000000001,b1,,"Unit, 1",b27|b28\n', good: LINES, bad: 0 },
  { name: 'text after a quote', line: 'G1,"x"y,z\n', good: 0, bad: LINES },
  { name: 'quotes that stay open', line: 'G1,"x,z\n', good: 0, bad: LINES },
  { name: 'quotes that open and close a line later', line: '"a\n', good: 0, bad: LINES },
  { name: 'one quote after the other', line: '"', good: 1, bad: 0 },
  { name: 'commas', line: ',', good: 1, bad: 0 },
  { name: 'blank lines', line: '\n', good: 0, bad: 0 },
])('case 53: a file of $name is told line by line', ({ line, good, bad }) => {
  const records = [...splitRecords(line.repeat(LINES))]
  expect(records.filter(({ fields }) => fields !== null)).toHaveLength(good)
  expect(records.filter(({ fields }) => fields === null)).toHaveLength(bad)
})
