import { expect, test } from 'vitest'
import { docsBlocks, genericTestsIn, snapshotBlocks } from '../../build/template/blocks.ts'
import { describeProblem, PlacedError, type Problem } from '../../build/template/problem.ts'
import { renderValue } from '../../build/template/render-value.ts'
import { macroNames, render, templateOffset, type RenderContext } from '../../build/template/render.ts'
import { checkTemplate } from '../../build/template/template-check.ts'
import { parseTemplate } from '../../build/template/template.ts'

const CONTEXT: RenderContext = {
  ref: (name) => ({ schema: 'marts', name }),
  source: (schema, name) => ({ schema, name }),
  config: () => {},
  vars: { days: 3, day: '3', flag: 'True', word: 'x', names: ['a'], nothing: null },
  this: null,
  target: { name: 'dev', schema: 'public' },
  isIncremental: false,
  env: (name) => (name === 'LIMIT' ? '10' : undefined),
  doc: (name) => {
    if (name === 'orders') return 'All orders.'
    throw new Error(`there is no docs block ${name}`)
  },
}

test('a generic test is a macro that is named test_ and its name', () => {
  const text = `-- tests
{% test at_least(model, column_name, least=1) -%}
select * from {{ model }} where {{ column_name }} < {{ least }}
{%- endtest %}
{% data_test empty(model) %}select 1{% enddata_test %}{% macro plain() %}{% endmacro %}`
  const template = parseTemplate({ file: 'tests/generic/a.sql', text })
  expect(checkTemplate(template, macroNames(template))).toEqual([])
  expect(macroNames(template)).toEqual(['test_at_least', 'test_empty', 'plain'])
  expect(genericTestsIn(template)).toEqual([
    { name: 'at_least', parameters: ['model', 'column_name', 'least'], offset: text.indexOf('{% test') },
    { name: 'empty', parameters: ['model'], offset: text.indexOf('{% data_test') },
  ])
  const call = parseTemplate({ file: 'a.sql', text: "{{ test_at_least(ref('orders'), column_name='id') }}" })
  expect(render(call, [template], CONTEXT).sql).toBe('select * from marts.orders where id < 1')
})

const SNAPSHOTS = `{# {% snapshot no %} #}
{% snapshot orders %}
  {{ config(unique_key='id') }}
  select * from {{ ref('orders') }}
{% endsnapshot %}

{%- snapshot  second -%}
select
  wrong
{%- endsnapshot -%}
`

test('the snapshots of a file are templates whose places are those of the file', () => {
  const problems: Problem[] = []
  const blocks = snapshotBlocks({ file: 'snapshots/a.sql', text: SNAPSHOTS }, problems)
  expect(problems).toEqual([])
  expect(blocks.map(({ name, offset }) => [name, offset])).toEqual([
    ['orders', SNAPSHOTS.indexOf('{% snapshot orders')],
    ['second', SNAPSHOTS.indexOf('{%- snapshot')],
  ])
  const [first, second] = blocks.map(({ template }) => render(template, [], CONTEXT))
  expect(first?.sql.trim()).toBe('select * from marts.orders')
  expect(second?.sql.trim()).toBe('select\n  wrong')
  const at = second === undefined ? -1 : templateOffset(second, second.sql.indexOf('wrong'))
  expect(at).toBe(SNAPSHOTS.indexOf('wrong'))
})

test.for([
  ['{% snapshot a %}\n{{ ref( }}{% endsnapshot %}', 's.sql:2:9: cannot be read as a template'],
  ['\n{% snapshot a %}', 's.sql:2:1: {% snapshot %} is never closed'],
  ['a {% endsnapshot %}', 's.sql:1:3: {% endsnapshot %} closes nothing that is open here'],
  ['{% snapshot a %}{% snapshot b %}{% endsnapshot %}', 's.sql:1:17: {% snapshot b %} stands inside another snapshot'],
])('the snapshot file %j has the problem %s', ([text = '', expected]) => {
  const problems: Problem[] = []
  snapshotBlocks({ file: 's.sql', text }, problems)
  expect(problems.map(describeProblem).join('\n')).toContain(expected)
})

test('docs blocks give their text; all else in the file is plain', () => {
  const problems: Problem[] = []
  const text = '# 100% {{ of }} {% it\n{% docs orders %}\nAll *orders*.\n{% enddocs %}{% docs b -%}B{%- enddocs %}'
  expect(docsBlocks({ file: 'a.md', text }, problems)).toEqual([
    { name: 'orders', text: 'All *orders*.', offset: text.indexOf('{% docs orders') },
    { name: 'b', text: 'B', offset: text.indexOf('{% docs b') },
  ])
  expect(problems).toEqual([])
})

// What dbt 1.9 makes of the same strings.
test.for<[string, unknown]>([
  ['plain', 'plain'],
  ["{{ var('days') }}", 3],
  ["{{ var('day') }}", '3'],
  ["{{ var('day') | as_number }}", 3],
  ["{{ var('flag') | as_bool }}", true],
  ["{{ var('days') | as_text }}", '3'],
  ["{{ var('day') | as_native }}", 3],
  ["{{ var('word') | as_native }}", 'x'],
  ["{{ var('names') }}", ['a']],
  ["{{ var('nothing') }}", null],
  ["{{ var('days') > 2 }}", true],
  ["in {{ var('days') }} days", 'in 3 days'],
  ["{{ env_var('LIMIT') | int }}", 10],
  ["{{ 'full' if target.name == 'dev' else 'part' }}", 'full'],
  ["{{ doc('orders') }}", 'All orders.'],
])('the YAML string %j has the value %j', ([text, expected]) => {
  expect(renderValue(text, CONTEXT, { file: 'a.yml', text }, 0)).toEqual(expected)
})

test.for([
  ["{{ doc('none') }}", 'there is no docs block none'],
  ["{{ ref('a') }}", 'ref is not known here'],
  ["{{ 'x' | as_number }}", 'as_number: x is no number'],
  ["{{ 'x' | as_bool }}", 'as_bool: x is neither True nor False'],
  ["{{ var('unset') }}", 'the variable unset has no value'],
])('the YAML string %j is refused: %s', ([text = '', expected]) => {
  const source = { file: 'a.yml', text: `a: 1\nb: "${text}"` }
  const value = () => renderValue(text, CONTEXT, source, source.text.indexOf('"'))
  expect(value).toThrow(PlacedError)
  expect(value).toThrow(expect.objectContaining({ problem: expect.objectContaining({ line: 2, column: 4 }) }))
  expect(value).toThrow(expected)
})
