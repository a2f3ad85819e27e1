import { expect, test } from 'vitest'
import { decodeFile } from '../../../extract/chevin/decode.ts'
import { readVehicleRows } from '../../../extract/chevin/vehicle-rows.ts'

const row = { serial: 'G1', id: 'b1', vin: 'V', name: 'N', groups: 'b2|b3' }

test.for([
  { name: 'none', text: 'G1,b1,V,N,b2|b3\n', rows: [{ line: 1, values: row }] },
  {
    name: 'the usual one',
    text: 'SerialNumber,ID,VIN,Name,Groups\nG1,b1,V,N,b2|b3\n',
    rows: [{ line: 2, values: row }],
  },
  {
    name: 'one in capitals',
    text: 'SERIAL NUMBER,DEVICE ID,VIN,NAME,GROUPS\nG1,b1,V,N,b2|b3\n',
    rows: [{ line: 2, values: row }],
  },
  {
    name: 'one in another order',
    text: 'name,groups,id,vin,serial\nN,b2|b3,b1,V,G1\n',
    rows: [{ line: 2, values: row }],
  },
  {
    name: 'one with fewer columns',
    text: 'Serial,Name\nG1,N\n',
    rows: [{ line: 2, values: { serial: 'G1', name: 'N' } }],
  },
  {
    name: 'one with a strange column',
    text: 'Serial,Depot,Name\nG1,7,N\n',
    rows: [{ line: 2, values: { serial: 'G1', name: 'N' } }],
  },
  {
    name: 'one after a mark of the order of bytes',
    text: '\ufeffSerial,Name\nG1,N\n',
    rows: [{ line: 2, values: { serial: 'G1', name: 'N' } }],
  },
])('case 53: a header may be: $name', ({ text, rows }) => {
  expect(readVehicleRows(decodeFile(Buffer.from(text)).text)).toMatchObject({ rows, bad: [] })
})

test.for(['G1234567890,b1,V,N,', 'G12345678901,b1,V,N,', 'CUSTOM,b1,V,N,', ',b1,V,N,'])(
  'case 53: the first vehicle of a file without a header is not lost: %s',
  (line) => {
    expect(readVehicleRows(`${line}\n`).rows).toHaveLength(1)
  },
)

test.for([
  { text: 'VIN,Name,Groups\nV,N,b1\n', says: 'neither a Serial nor an ID' },
  { text: 'Serial,Serial Number,Name\nG1,G2,N\n', says: 'two columns mean the serial' },
  { text: 'Serial,Name,Vehicle Name\nG1,N,M\n', says: 'two columns mean the name' },
  { text: 'Serial,ID,Name,ID\nG1,b1,M,b1\n', says: 'two columns mean the id' },
])('case 53: a header by which no vehicle is found refuses the file: $says', ({ text, says }) => {
  expect(() => readVehicleRows(text)).toThrow(expect.objectContaining({ code: 'CHEVIN_HEADER' }))
  expect(() => readVehicleRows(text)).toThrow(says)
})

test('case 53: rows with too many or too few columns are told with their line; the others go on', () => {
  const text = 'Serial,ID,VIN,Name,Groups\nG1,b1\nG2,,,N,\nG3,,,a, b,b1\n\n,,,,\nG4,,"V"x,,\n'
  const { rows, bad } = readVehicleRows(text)
  expect(rows.map(({ line }) => line)).toEqual([3])
  expect(bad).toEqual([
    { line: 2, field: 'row', text: 'G1,b1', reason: '2 columns where 5 are expected' },
    {
      line: 4,
      field: 'row',
      text: 'G3,,,a, b,b1',
      reason: '6 columns where 5 are expected (a comma within a field needs quotes)',
    },
    { line: 7, field: 'row', text: 'G4,,"V"x,,', reason: 'something follows the quote that ends a field' },
  ])
})

test('columns that are not used or missing are told', () => {
  expect(readVehicleRows('Serial,Depot\nG1,7\n').warnings).toEqual([])
  expect(readVehicleRows('Serial,Depot,Name\nG1,7,N\n').warnings).toEqual([
    'columns not used: "Depot"',
    'columns missing, which therefore stay as they are: id, vin, groups',
  ])
})

test('case 53: a header that comes again is a row like others, of which no vehicle is found', () => {
  const { rows, bad } = readVehicleRows('Serial,Name\nG1,N\nSerial,Name\nG2,M\n')
  expect(rows.map(({ values }) => values.serial)).toEqual(['G1', 'Serial', 'G2'])
  expect(bad).toEqual([])
})

test.for([
  { name: 'so many rows', text: 'G1,b1,,,\n'.repeat(21), says: 'more than 20 rows' },
  {
    name: 'so many slips',
    text: `G1,b1,,,\n${'a\n'.repeat(6)}`,
    says: '5 rows that cannot be read, as in line 2: 1 col',
  },
])('case 53: what has more than $name is no file of vehicles', ({ text, says }) => {
  const read = () => readVehicleRows(text, { rows: 20, bad: 5 })
  expect(read).toThrow(expect.objectContaining({ code: 'CHEVIN_TOO_MANY' }))
  expect(read).toThrow(says)
})
