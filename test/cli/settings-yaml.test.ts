import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { renderYaml, type Settings } from '../../cli/settings-yaml.ts'

const scalar = fc.oneof(
  fc.string(),
  fc.constantFrom(
    'true',
    'No',
    'null',
    '~',
    '1e3',
    '0x1f',
    '2026-01-02',
    'a: b',
    '#x',
    '- y',
    '',
    'it # is',
    'a:',
    '*a',
  ),
  fc.integer(),
  fc.boolean(),
)
const { mapping } = fc.letrec<{ value: Settings; mapping: { [name: string]: Settings } }>((tie) => ({
  value: fc.oneof({ maxDepth: 3 }, scalar, fc.array(tie('value'), { maxLength: 3 }), tie('mapping')),
  mapping: fc.dictionary(fc.string({ minLength: 1 }), tie('value'), { maxKeys: 3, noNullPrototype: true }),
}))

test('whatever the settings, a reader of YAML reads back what was written', () => {
  const own = mapping.filter((settings) => Object.keys(settings).length > 0)
  fc.assert(
    fc.property(own, (settings) => {
      expect(parse(renderYaml(settings))).toEqual(settings)
    }),
  )
})

test('settings look as a person would write them', () => {
  const shops = [
    { id: 'DET', key: { env: 'KEY' } },
    { id: 'OKPK', key: { file: 'a b' } },
  ]
  expect(renderYaml({ fullbay: { start: '2026-01-02', on: true, roots: ['b1', 'b2'], shops } })).toBe(
    [
      'fullbay:',
      '  start: "2026-01-02"',
      '  "on": true',
      '  roots: [b1, b2]',
      '  shops:',
      '    - id: DET',
      '      key: { env: KEY }',
      '    - id: OKPK',
      '      key: { file: "a b" }',
      '',
    ].join('\n'),
  )
})
