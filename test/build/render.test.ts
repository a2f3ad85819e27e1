import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { describeProblem, PlacedError, type Problem } from '../../build/template/problem.ts'
import {
  macroNames,
  render,
  renderMacro,
  templateOffset,
  type Compiled,
  type RenderContext,
} from '../../build/template/render.ts'
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
{% endmacro %}
{% macro listed() %}ignored{{ return([1, 'b']) }}ignored{% endmacro %}
{% macro early(x) %}{% for i in x %}{% if i > 1 %}{% do return(i) %}{% endif %}{% endfor %}{% endmacro %}
{% macro endless() %}{{ endless() }}{% endmacro %}
{% macro now() %}{{ adapter.dispatch('now', 'shop')() }}{% endmacro %}
{% macro default__now() %}now(){% endmacro %}
{% macro postgres__now() %}clock_timestamp(){% endmacro %}
{% macro any() %}{{ adapter.dispatch('text')() }}{% endmacro %}
{% macro default__text() %}text{% endmacro %}
{% macro placed() %}

  {{ ref('orders') }}{% endmacro %}`

const PLACES: number[] = []

function compile(text: string): Compiled {
  const macros = parseTemplate({ file: 'macros/all.sql', text: MACROS })
  const names = macroNames(macros)
  const template = parseTemplate({ file: 'models/a.sql', text })
  throwFirst([...checkTemplate(macros, names), ...checkTemplate(template, names)])
  return render(template, [macros], {
    ref: (name, _project, offset) => {
      PLACES.push(offset)
      if (name === 'ephemeral') return { schema: '', name, text: '(select 1)', database: 'other' }
      if (name === 'nowhere') throw new Error('there is no model nowhere')
      return { schema: 'marts', name }
    },
    source: (source, name) => ({ schema: source, name }),
    config: () => {},
    vars: { days: 3, names: ['a', 'b'], day: '2026-03-01', missing: null },
    this: { schema: 'marts', name: 'Order' },
    target: { name: 'dev', schema: 'public', database: 'shop', profile_name: 'default' },
    isIncremental: true,
    env: (name) => ({ HOME_TOWN: 'Ulm' })[name],
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
  ["{{ ref('ephemeral') }} {{ ref('ephemeral').database }} {{ this.database }}", '(select 1) other shop'],
  ['{{ target.database }} {{ target.dbname }} {{ target.profile_name }} {{ execute }}', 'shop shop default True'],
  ["{{ env_var('HOME_TOWN') }} {{ env_var('UNSET', 'x') }} {{ env_var('UNSET', default=1) }}", 'Ulm x 1'],
  ["{{ log('a', info=true) }}{{ print('b') }}{% do log('c') %}{{ exceptions.warn('d') }}", ''],
  ['{% for x in listed() %}{{ x }};{% endfor %}{{ early([1, 2, 3]) + 1 }}', '1;b;3'],
  ['{{ now() }} {{ any() }}', 'clock_timestamp() text'],
  ["{% set l = [1] %}{% do l.append(2) %}{% do l.extend(['c']) %}{{ l | join(',') }}", '1,2,c'],
  ["{% set d = {} %}{% do d.update({'a': 1}) %}{{ d.a }}{{ '{}-{x}'.format(1, x='y') }}", '11-y'],
  ['{% raw %}{{ x }} {% if %}{% endraw %}{{ "\\d" }}', '{{ x }} {% if %}\\d'],
  ["{{ '1' | as_number }}{{ true | as_bool }}{{ 'x' | as_text }}{{ 2 | as_native }}", '1Truex2'],
  ["{{ (1, 'b') }} {{ 'a' in var('names') }}", "(1, 'b') True"],
])('%j becomes the SQL %j', ([text, expected]) => {
  expect(compile(text ?? '').sql).toBe(expected)
})

test.for([
  ["select 1\n  {{ reff('a') }}", 'models/a.sql:2:6: reff is not known here; did you mean ref?'],
  [
    "{% if false %}{{ run_query('x') }}{% endif %}",
    'models/a.sql:1:18: run_query is not known here: a model cannot query',
  ],
  ["{{ dbt_utils.star(ref('a')) }}", 'models/a.sql:1:4: dbt_utils is not known here: packages are not installed'],
  ["{{ 'a' | uper }}", 'models/a.sql:1:10: the filter uper is not supported; did you mean upper?'],
  ['{{ [1].pop() }}', 'models/a.sql:1:8: the method .pop() is not supported'],
  ['{{ 4 is divisible }}', 'models/a.sql:1:9: the test "is divisible" is not supported'],
  [
    '{{ this.catalog }}',
    'models/a.sql:1:9: this.catalog is not supported; there are this.database, this.schema, this.identifier, this.name',
  ],
  ["{{ config.get('x') }}", 'models/a.sql:1:11: config.get() is not supported'],
  [
    '{% materialization x, default %}{% endmaterialization %}',
    'models/a.sql:1:1: {% materialization %} is not supported here: use view, table or incremental',
  ],
  ['{% do x.append(1) %}', 'models/a.sql:1:7: x is not known here'],
  ['{% call x() %}{% endcall %}', 'models/a.sql:1:1: {% call %} is not supported here: pass the text as an argument'],
  [
    'a\n{% if true %}\n{% for x in [1] %}{% endif %}',
    'models/a.sql:3:19: {% endif %} closes nothing that is open here',
  ],
  ['a\n{% if true %}\n', 'models/a.sql:2:1: {% if %} is never closed'],
  ["select {{ ref('x' }}", 'models/a.sql:1:19: cannot be read as a template'],
  ["a\nb {{ ref('x')", 'models/a.sql:2:3: this tag is never closed'],
  ['a {# never closed', 'models/a.sql:1:3: cannot be read as a template'],
  ["{{ var('names') }}", 'models/a.sql:1:1: a list is printed; join its items'],
  ["{{ 'a', 'b' }}", 'models/a.sql:1:7: cannot be read as a template'],
  ["{{ env_var('UNSET') }}", 'models/a.sql:1:13: the environment variable UNSET is not set; set it or give env_var()'],
  ["{{ exceptions.raise_compiler_error('no ' ~ [1]) }}", 'models/a.sql:1:1: no [1]'],
  ['{{ return(1) }}', 'models/a.sql:1:4: return() stands in no macro'],
  ["{{ adapter.get_relation('x') }}", 'models/a.sql:1:12: adapter.get_relation() is not supported'],
  ["{{ adapter.dispatch('gone')() }}", 'models/a.sql:1:1: there is no macro postgres__gone or default__gone or gone'],
  ["{{ 'a' | safe }}", 'models/a.sql:1:10: the filter safe is not supported: leave it out'],
  ["{{ [1] | map('uper') }}", 'models/a.sql:1:15: the filter uper is not supported; did you mean upper?'],
  ["{{ [1] | select('divisible') }}", 'models/a.sql:1:18: the test "is divisible" is not supported'],
  ["{{ ['a' 1] }}", 'models/a.sql:1:9: there is no operator or comma before 1'],
  ["{{ 1 + 2 ~ 'a' }}", 'models/a.sql:1:10: put the part with + or - beside ~ in parentheses'],
  ['{{ 1 < 2 < 3 }}', 'models/a.sql:1:1: compare two values at a time'],
  ['{% if 1 if true else 2 %}{% endif %}', 'models/a.sql:1:9: put the condition in parentheses'],
  ['{% break %}', 'models/a.sql:1:1: {% break %} stands in no loop'],
  ['{% for i in [1] %}{% break %}{% else %}{% endfor %}', 'models/a.sql:1:30: a loop with break or continue'],
  ['{{ endless() }}', 'models/a.sql:1:1: in the macro endless (macros/all.sql:12)'],
  ['{{ {}.x.y }}', 'models/a.sql:1:1: there is no value to take y of'],
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

test('names the macros that were called, also by other macros', () => {
  expect([...compile("{{ now() }}{% if false %}{{ dollars('x') }}{% endif %}").macros].sort()).toEqual([
    'now',
    'postgres__now',
  ])
})

test('places a ref() at its name, and one in a macro at the tag that calls the macro', () => {
  PLACES.length = 0
  compile("select {{ ref('orders') }} {{ placed() }}")
  expect(PLACES).toEqual([15, 27])
})

describe('renderings with the same macros', () => {
  const macros = [
    parseTemplate({
      file: 'macros/a.sql',
      text: '{% set seen = [] %}{% macro add() %}{% do seen.append(1) %}{{ seen | length }}{% endmacro %}{% macro where() %}{{ this }}{% endmacro %}',
    }),
  ]
  const context = (
    name: string,
    ref: (name: string) => { schema: string; name: string; text?: string },
  ): RenderContext => ({
    ref,
    source: (schema, table) => ({ schema, name: table }),
    config: () => {},
    vars: {},
    this: { schema: 's', name },
    target: { name: 'dev', schema: 's' },
    isIncremental: false,
  })
  const inner = parseTemplate({ file: 'models/inner.sql', text: '{{ where() }}' })

  test('may stand in one another', () => {
    const outer = parseTemplate({ file: 'models/outer.sql', text: "{{ where() }} {{ ref('inner') }} {{ where() }}" })
    const ref = () => ({ schema: '', name: '', text: render(inner, macros, context('b', ref)).sql })
    expect(render(outer, macros, context('a', ref)).sql).toBe('s.a s.b s.a')
  })

  test('do not see what the others have changed', () => {
    const template = parseTemplate({ file: 'models/a.sql', text: '{{ add() }}{{ add() }}' })
    const once = () =>
      render(
        template,
        macros,
        context('a', () => ({ schema: '', name: '' })),
      ).sql
    expect([once(), once()]).toEqual(['12', '12'])
  })

  test('give the text of a single macro', () => {
    const [file = inner] = macros
    expect(
      renderMacro(
        file,
        'where',
        macros,
        context('a', () => ({ schema: '', name: '' })),
        [],
      ),
    ).toBe('s.a')
  })
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
