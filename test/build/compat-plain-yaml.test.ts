import { array, assert, constantFrom, integer, property, tuple } from 'fast-check'
import { parse } from 'yaml'
import { expect, test } from 'vitest'
import { parsePlainYaml } from '../../build/project/plain-yaml.ts'
import { asPyYaml } from '../../build/project/yaml-file.ts'

const byLibrary = (text: string): unknown =>
  parse(text, { version: '1.1', merge: true, customTags: asPyYaml, logLevel: 'silent' })

test.for<[string, unknown]>([
  ['', null],
  ['# nothing\n', null],
  ['a: 1\nb: 1.50\nc: -3\nd: text # comment\ne:\nf: ~\n', { a: 1, b: 1.5, c: -3, d: 'text', e: null, f: null }],
  ['a: yes\nb: Off\nc: y\nd: n', { a: true, b: false, c: 'y', d: 'n' }],
  ['a:\n- x\n- y: 1\n  z: 2\nb:\n  - - ', undefined],
  ['a:\n- x\n- y: 1\n  z: 2\nb:\n  -\n    c: 3\n', { a: ['x', { y: 1, z: 2 }], b: [{ c: 3 }] }],
  [`a: 'it''s'\nb: "x: #"\nc: it's\n`, { a: "it's", b: 'x: #', c: "it's" }],
  ["a: [1, 'b, c', {d: ref('x'), e: []}, {}]", { a: [1, 'b, c', { d: "ref('x')", e: [] }, {}] }],
  ['a: >-\n  one\n  two\n\n  three\nb: |\n  one\n    two\n\nc: >\n  one\n', { a: 'one two\nthree', b: 'one\n  two\n', c: 'one\n' }],
])('%j is read as %j', ([text, value]) => {
  expect(parsePlainYaml(text)).toEqual(value)
  if (value !== undefined) expect(byLibrary(text)).toEqual(value)
})

test.for([
  'a: &x 1',
  'a: *x',
  'a: !t 1',
  'a: 1\na: 2',
  '<<: {a: 1}',
  'a: 012',
  'a: 1_000',
  'a: 2026-01-31',
  'a: 1:30',
  'a: e5',
  'yes: 1',
  'a: b: c',
  'a: one\n  two',
  'a: "one\n  two"',
  'a: "\\n"',
  '\ta: 1',
  'a: 1\r\n',
  '---\na: 1',
  'a: "{{ x }}"',
  'a: [1, 2',
  "a: {to: ref('b', 'c')}",
  'a: |+\n  x\n',
  'a: >\n  x',
  'a: @x',
  '__proto__: 1',
])('%j is left to the library', (text) => {
  expect(parsePlainYaml(text)).toBeUndefined()
})

const SAMPLE = `version: 2
models:
  - name: orders
    description: >-
      One row per order.
      Key: id.
    config: {materialized: table, tags: [a, 'b c']}
    columns:
      - name: id
        description: 'The order''s id' # comment
        tests:
        - unique
        - accepted_values: {values: [1, 2.5], quote: no}
      - name: note
        meta:
          text: |
            one
              two
`
const PIECES = [' ', '\n', '\n  ', '- ', ': ', ':', ' #', "'", '"', '[', ']', '{', '}', ',', '|', '>-', 'e5', '0', '.', 'yes', '~', '?', '&a', '!', '\\', '+', '<<: ']

test('wherever it gives a value, the library gives the same', () => {
  let read = 0
  const change = tuple(integer({ min: 0, max: SAMPLE.length }), integer({ min: 0, max: 3 }), constantFrom(...PIECES))
  assert(
    property(array(change, { minLength: 1, maxLength: 3 }), (changes) => {
      const text = changes.reduce((last, [at, removed, piece]) => last.slice(0, at) + piece + last.slice(at + removed), SAMPLE)
      const value = parsePlainYaml(text)
      if (value === undefined) return
      read += 1
      expect(value).toEqual(byLibrary(text))
    }),
    { numRuns: 1000 },
  )
  expect(read).toBeGreaterThan(50)
})
