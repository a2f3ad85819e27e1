import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { describeProblem, PlacedError, type Problem } from '../../build/template/problem.ts'
import { render, templateOffset, type Compiled } from '../../build/template/render.ts'
import { checkTemplate } from '../../build/template/template-check.ts'
import { parseTemplate } from '../../build/template/template.ts'

const MACROS = `{% macro dollars(column, digits=2) -%}
round(
  {{ column }} / 100, {{ digits }}
)
{%- endmacro %}
{% macro nested() %}<{{ dollars('x') }}>{% endmacro %}
{% macro failing() %}
{{ ref('nowhere') }}
{% endmacro %}`

function compile(text: string): Compiled {
  const macros = parseTemplate({ file: 'macros/all.sql', text: MACROS })
  const names = ['dollars', 'nested', 'failing']
  const template = parseTemplate({ file: 'models/a.sql', text })
  throwFirst([...checkTemplate(macros, names), ...checkTemplate(template, names)])
  return render(template, [macros], {
    ref: (name) => {
      if (name === 'nowhere') throw new Error('there is no model nowhere')
      return { schema: 'marts', name }
    },
    source: (source, name) => ({ schema: source, name }),
    config: () => {},
    vars: { days: 3, names: ['a', 'b'], day: '2026-03-01', missing: null },
    this: { schema: 'marts', name: 'Order' },
    target: { name: 'dev', schema: 'public' },
    isIncremental: true,
  })
}

function throwFirst(problems: Problem[]): void {
  if (problems[0] !== undefined) throw new PlacedError(problems[0])
}

function refusal(text: string): string {
  try {
    return `rendered: ${compile(text).sql}`
  } catch (error) {
    if (error instanceof PlacedError) return describeProblem(error.problem)
    throw error
  }
}

// What Jinja2 3.1 prints for the same text.
test.for([
  ['a\n{% if true %}\n  b\n{% endif %}\nc\n', 'a\n\n  b\n\nc'],
  ['{%- set x = [1, 2] -%}\n{% for i in x -%}\n  {{ i }}{{ "," if not loop.last }}\n{% endfor %}', '1,\n2\n'],
  ["{% for a, b in [('x', 1), ('y', 2)] %}{{ a }}={{ b }};{% endfor %}", 'x=1;y=2;'],
  ["{% for k, v in {'a': 1, 'b': 2}.items() %}{{ k }}{{ v }}{% endfor %}", 'a1b2'],
  ['{% set x = 0 %}{% for i in range(3) %}{% set x = x + 1 %}{{ x }}{% endfor %}{{ x }}', '1110'],
  ['{% for i in [1,2] %}{% if y is defined %}Y{% endif %}{% set y = 1 %}{% endfor %}', ''],
  ['{% set ns = namespace(n=0) %}{% for i in range(4) %}{% set ns.n = ns.n + i %}{% endfor %}{{ ns.n }}', '6'],
  ["{% if 't' in ('p', 's') %}Y{% else %}N{% endif %}", 'N'],
  ["{{ 'a' ~ 1 ~ 2.0 ~ true ~ none }}", 'a12.0TrueNone'],
  [
    "{{ 1 == 1.0 }} {{ '1' == 1 }} {{ [1] == [1] }} {{ none == 0 }} {{ true == 1 }} {{ [] == false }}",
    'True False True False True False',
  ],
  ['{{ -7 % 3 }} {{ 7 // 2 }} {{ 4 / 2 }} {{ -3.7 | int }}', '2 3 2.0 -3'],
  ["{{ ['b', 'a'] | sort | join(',') }} {{ [true, none, 1.5] | join(',') }}", 'a,b True,None,1.5'],
  ["{{ x | default('d') }}{{ none | default('d', true) }}{{ zz is defined }}", 'ddFalse'],
  ['{% set q %}\n select {{ 1 }}\n{% endset %}{{ q | trim }}|{{ q | length }}', 'select 1|11'],
  ['{# c #}a{#- d -#} b', 'ab'],
  ['{% if 0 %}a{% elif "" %}b{% elif [] %}c{% elif {} %}d{% else %}e{% endif %}', 'e'],
  ["{% macro m(a, b='z') %}[{{ a }}{{ b }}]{% endmacro %}{{ m('x') }}{{ m('x', b='y') }}", '[xz][xy]'],
  ['{% for i in range(5) if i % 2 == 0 %}{{ loop.index }}:{{ i }} {% endfor %}', '1:0 2:2 3:4 '],
  ['{% set x = "a" %}{% if true %}{% set x = "b" %}{% endif %}{{ x }}', 'b'],
  ["{{ 'x' if false }}|{{ var('missing') }}", '|None'],
])('%j renders as Jinja renders it', ([text, expected]) => {
  expect(compile(text ?? '').sql).toBe(expected)
})

test.for([
  ["{{ ref('orders') }} {{ ref('tiny', 'orders') }}", 'marts.orders marts.orders'],
  ["{{ source('raw', 'My Table') }}", 'raw."My Table"'],
  ['{{ this }} {{ this.schema }} {{ this.identifier }} {{ this.name }}', 'marts."Order" marts Order Order'],
  [
    "{{ var('days') }} {{ var('other', 7) }} {{ var('other', default='x') }} {{ var('names') | join(', ') }}",
    '3 7 x a, b',
  ],
  ['{{ target.name }} {{ target.schema }} {{ target.type }} {{ is_incremental() }}', 'dev public postgres True'],
  ["{{ dollars('cents') }} {{ nested() }}", 'round(\n  cents / 100, 2\n) <round(\n  x / 100, 2\n)>'],
  ["{{ config(materialized='table') }}select 1", 'select 1'],
  ["{% set table = ref('orders') %}{{ table ~ '_x' }} {{ table.name }}", 'marts.orders_x orders'],
])('%j becomes the SQL %j', ([text, expected]) => {
  expect(compile(text ?? '').sql).toBe(expected)
})

test.for([
  ["select 1\n  {{ reff('a') }}", 'models/a.sql:2:6: reff is not known here; did you mean ref?'],
  ["{% if false %}{{ env_var('X') }}{% endif %}", 'models/a.sql:1:18: env_var is not known here: declare a variable'],
  ["{{ dbt_utils.star(ref('a')) }}", 'models/a.sql:1:4: dbt_utils is not known here: packages are not installed'],
  ["{{ 'a' | uper }}", 'models/a.sql:1:10: the filter uper is not supported; did you mean upper?'],
  ['{{ [1].append(2) }}', 'models/a.sql:1:8: the method .append() is not supported'],
  ['{{ 4 is divisible }}', 'models/a.sql:1:9: the test "is divisible" is not supported'],
  [
    '{{ this.database }}',
    'models/a.sql:1:9: this.database is not supported; there are this.schema, this.identifier, this.name',
  ],
  ["{{ config.get('x') }}", 'models/a.sql:1:11: config.get() is not supported'],
  [
    '{% materialization x, default %}{% endmaterialization %}',
    'models/a.sql:1:1: {% materialization %} is not supported here: use view, table or incremental',
  ],
  ['{% do x.append(1) %}', 'models/a.sql:1:1: {% do %} is not supported here: build the list with set and +'],
  [
    'a\n{% if true %}\n{% for x in [1] %}{% endif %}',
    'models/a.sql:3:19: {% endif %} closes nothing that is open here',
  ],
  ['a\n{% if true %}\n', 'models/a.sql:2:1: {% if %} is never closed'],
  ["select {{ ref('x' }}", 'models/a.sql:1:19: cannot be read as a template'],
  ["a\nb {{ ref('x')", 'models/a.sql:2:3: this tag is never closed'],
  ['a {# never closed', 'models/a.sql:1:3: cannot be read as a template'],
  ["{{ var('names') }}", 'models/a.sql:1:1: a list is printed; join its items'],
  ["{{ 'a', 'b' }}", 'models/a.sql:1:1: {{ }} takes a single value'],
  ["{{ var('unset') }}", 'models/a.sql:1:9: the variable unset has no value'],
  ['{{ ref(1) }}', 'models/a.sql:1:1: ref() takes 1 or 2 names as strings'],
  ["{{ 'a' + 1 }}", 'models/a.sql:1:1: + cannot take string and integer; to join texts use ~'],
  ['{{ __text(1) }}', "models/a.sql:1:4: names that begin with __ are the builder's own"],
  ['x\n{{ failing() }}', 'models/a.sql:2:1: in the macro failing (macros/all.sql:8): there is no model nowhere'],
  [
    "{{\n  ref(\n    'nowhere'\n  )\n}}",
    "models/a.sql:3:6: there is no model nowhere\n  3 |     'nowhere'\n    |      ^",
  ],
])('%j is refused with %j', ([text, expected]) => {
  expect(refusal(text ?? '')).toContain(expected)
})

describe('the place of a character of the SQL', () => {
  const place = (text: string, needle: string) => {
    const compiled = compile(text)
    return text.slice(templateOffset(compiled, compiled.sql.indexOf(needle))).split('\n')[0]
  }

  test.for([
    ['select\n  a,\n  wrong\nfrom t', 'wrong', 'wrong'],
    ['{{ config(\n  a=1\n) }}\n\nselect wrong', 'wrong', 'wrong'],
    ['{% for c in ["x", "y"] %}\n  {{ c }},\n{% endfor %}\nwrong', 'wrong', 'wrong'],
    ['{% if is_incremental() %}\nwhere wrong\n{% endif %}', 'wrong', 'wrong'],
    ["select\n  {{ dollars('c') }} as a", '/ 100', "{{ dollars('c') }} as a"],
    ['select\n  {{ nested() }} as a,\n  wrong', 'wrong', 'wrong'],
    ['{% set q %}\nselect wrong\n{% endset %}\n{{ q }}', 'wrong', '{{ q }}'],
  ])('%j: %s stands at %j', ([text = '', needle = '', expected = '']) => {
    expect(place(text, needle)).toBe(expected)
  })

  test('is exact for every character that is not printed by a tag', () => {
    const piece = fc.oneof(
      fc.stringMatching(/^[a-z,\n\t 😀]{0,12}$/u),
      fc.constantFrom(
        "{{ ref('orders') }}",
        "{{- dollars('c') -}}",
        '{# note\n -#}',
        '{% set x = 1 %}',
        '{%- if true %}',
        '{% endif -%}',
        '{% for i in [1, 2] %}',
        '{% endfor %}',
      ),
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 20 }), (pieces) => {
        const text = balanced(pieces).join('')
        const compiled = compile(text)
        let start = 0
        for (const chunk of compiled.chunks) {
          if (chunk.isCopy) expect(text.slice(chunk.offset, chunk.offset + chunk.text.length)).toBe(chunk.text)
          else expect(text.startsWith('{{', chunk.offset)).toBe(true)
          expect(templateOffset(compiled, start)).toBe(chunk.offset)
          start += chunk.text.length
        }
      }),
    )
  })
})

/** The pieces with every block closed, and without tags that close nothing. */
function balanced(pieces: string[]): string[] {
  const open: string[] = []
  const kept = pieces.filter((piece) => {
    const opened = /\{%-? (if|for)/.exec(piece)?.[1]
    if (opened !== undefined) open.push(opened)
    const closed = /\{% end(\w+)/.exec(piece)?.[1]
    if (closed === undefined) return true
    if (open.at(-1) !== closed) return false
    open.pop()
    return true
  })
  return [...kept, ...open.reverse().map((name) => `{% end${name} %}`)]
}
