import { expect, test } from 'vitest'
import { inferColumn } from '../../build/run/seed-types.ts'

// What real dbt 1.9 makes of the same cells, on Postgres.
test.for<[string, string[], string, (string | null)[]]>([
  ['leading zeros', ['007', ' 1 ', ''], 'integer', ['007', '1', null]],
  ['decimals that are all zero', ['1.0', '2.00', '100e-2'], 'integer', ['1.0', '2.00', '100e-2']],
  ['one real decimal', ['1.5', '2', '.25'], 'float8', ['1.5', '2', '.25']],
  ['a small exponent', ['1e-2', '1E+3'], 'float8', ['1e-2', '1E+3']],
  ['amounts and percentages', ['$5', '-€6', '1,000', '7%'], 'integer', ['5', '-6', '1000', '7']],
  ['underscores and two signs', ['1_2', '--5', '$-2'], 'integer', ['12', '5', '-2']],
  ['what is not a number', ['NaN', '1.5'], 'float8', ['NaN', '1.5']],
  ['nothing but nulls', ['', 'null', ' NULL '], 'integer', [null, null, null]],
  ['no rows', [], 'integer', []],
  ['days without zeros', ['2024-1-5', '2024-02-29'], 'date', ['2024-01-05', '2024-02-29']],
  ['a day that is none', ['2024-02-30'], 'text', ['2024-02-30']],
  ['seconds', ['2024-1-5  1:2:3', 'null'], 'timestamp', ['2024-01-05 01:02:03', null]],
  [
    'ISO times',
    ['2024-01-05T10:00', '20240105T101530', '2024-01-05T10'],
    'timestamp',
    ['2024-01-05 10:00:00', '2024-01-05 10:15:30', '2024-01-05 10:00:00'],
  ],
  [
    'fractions and zones',
    ['2024-01-05T10:00:00,1234567Z', '2024-01-05T10:00:00-0330'],
    'timestamp',
    ['2024-01-05 10:00:00.123456Z', '2024-01-05 10:00:00-0330'],
  ],
  [
    'ISO and other times',
    ['2024-01-05T10:00:00', '2024-01-05 10:00:00'],
    'text',
    ['2024-01-05T10:00:00', '2024-01-05 10:00:00'],
  ],
  ['days and times', ['2024-01-05', '2024-01-05 10:00:00'], 'text', ['2024-01-05', '2024-01-05 10:00:00']],
  ['minutes without seconds', ['2024-01-05 10:00'], 'text', ['2024-01-05 10:00']],
  ['midnight as 24', ['2024-01-05T24:00:00'], 'text', ['2024-01-05T24:00:00']],
  ['true and false', ['true', ' FALSE ', ''], 'boolean', ['true', 'false', null]],
  ['other words for true', ['t', 'yes', '1'], 'text', ['t', 'yes', '1']],
  ['truth and numbers', ['true', '0'], 'text', ['true', '0']],
  ['text', [' a ', 'NULL', '  ', 'n/a'], 'text', [' a ', null, null, 'n/a']],
])('a column of %s', ([, cells, type, values]) => {
  expect(inferColumn(cells)).toMatchObject({ type, cells: values })
})

test('times are read with their zone only where one is given', () => {
  expect(inferColumn(['2024-01-05T10:00:00']).cast).toBe('timestamp')
  expect(inferColumn(['2024-01-05T10:00:00', '2024-01-05T10:00:00+02']).cast).toBe('timestamptz')
})
