import { expect, test } from 'vitest'
import { money, renderCsv, renderTable } from '../../cli/output.ts'
import { progressOf } from '../../cli/progress.ts'
import type { Step } from '../../queue/ledger.ts'

test('a table aligns its columns, numbers to the right', () => {
  const table = renderTable(
    ['name', 'total'],
    [
      ['A', '5.00'],
      ['Longer name', '1,234.50'],
    ],
  )
  expect(table.split('\n')).toEqual([
    'name            total',
    '-----------  --------',
    'A                5.00',
    'Longer name  1,234.50',
  ])
})

test('control characters of a value never reach the terminal', () => {
  const table = renderTable(['x'], [['a\u001b[31mred\u0007\nnext']])
  // eslint-disable-next-line no-control-regex -- the point is to find control characters
  expect(table.split('\n').at(-1)).not.toMatch(/[\u0000-\u001f]/)
})

test.for([
  ['a comma', 'a,b', '"a,b"'],
  ['a quote', 'say "x"', '"say ""x"""'],
  ['a line end', 'a\r\nb', '"a\r\nb"'],
  ['nothing special', 'plain', 'plain'],
  ['null', null, ''],
])('a CSV field with %s is written by RFC 4180', ([, value, field]) => {
  expect(renderCsv(['c'], [[value]])).toBe(`c\r\n${field}\r\n`)
})

test.for([
  ['1234567.5', '1,234,567.50'],
  ['-10', '-10.00'],
  ['0.005', '0.01'],
])('money %s is shown as %s', ([value, shown]) => {
  expect(money(value!)).toBe(shown)
})

const step = (changes: Partial<Step>) =>
  ({
    kind: 'extract',
    status: 'running',
    windows_total: 0,
    windows_done: 0,
    fetched: 0,
    error_code: null,
    output: null,
    ...changes,
  }) as Step

test('progress counts windows, records read and transformed, and says what is being tried again', () => {
  const steps = [
    step({ windows_total: 10, windows_done: 5, fetched: 1200, error_code: 'FULLBAY_TIMEOUT' }),
    step({ kind: 'transform', output: { records: 900 } }),
    step({ kind: 'build', status: 'pending', job_id: null }),
  ]
  const { fraction, text } = progressOf(steps)
  expect(text).toBe(
    'reading and transforming: 5/10 windows, 1,200 records read, 900 transformed (trying again after FULLBAY_TIMEOUT)',
  )
  expect(fraction).toBeCloseTo(0.2)
})
