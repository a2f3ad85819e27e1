import { describe, expect, test } from 'vitest'
import { compileProject } from '../../build/graph/graph.ts'
import { compileModels } from '../../build/graph/compile.ts'
import { loadProject } from '../../build/project/project.ts'
import { projectOf, refusalOf } from './project-files.ts'

const A = { 'models/a.sql': 'select 1 as id' }
const RUN_QUERY = "{% macro cleanup() %}\n{% do run_query('select 1') %}{% endmacro %}"

describe('a project is accepted with a warning', () => {
  test.for<[string, Record<string, string>, string]>([
    [
      'for the old name of model-paths',
      { 'dbt_project.yml': 'name: tiny\nsource-paths: [sql]\n', 'sql/a.sql': 'select 1' },
      'dbt_project.yml:2: source-paths is called model-paths since dbt 1.0',
    ],
    [
      'for the old name of seed-paths',
      {
        'dbt_project.yml': 'name: tiny\ndata-paths: [data]\n',
        'data/s.csv': 'id\n1\n',
        'models/a.sql': "select * from {{ ref('s') }}",
      },
      'dbt_project.yml:2: data-paths is called seed-paths since dbt 1.0',
    ],
    [
      'for a macro that no build calls and that queries',
      { ...A, 'macros/m.sql': RUN_QUERY },
      'macros/m.sql:2: run_query is not known here: a model cannot query while it is rendered; write the query as SQL (no build calls cleanup)',
    ],
    [
      'for a macro that no build calls and that cannot be parsed',
      { ...A, 'macros/m.sql': '{% macro m() %}{% call statement() %}select 1{% endcall %}{% endmacro %}' },
      'macros/m.sql:1: {% call %} is not supported here: pass the text as an argument of the macro (no build calls m)',
    ],
    [
      'for a materialization that no model uses',
      { ...A, 'macros/m.sql': '{% materialization own, default %}{% endmaterialization %}' },
      'macros/m.sql:1: {% materialization %} is not supported here: use view, table or incremental (no build calls materialization_own_default)',
    ],
    [
      'for a singular test of a missing model',
      { ...A, 'tests/t.sql': "select *\nfrom {{ ref('nothing') }}" },
      'tests/t.sql:2: there is no model, seed or snapshot nothing (the test t is left out)',
    ],
    [
      'for a singular test of a missing source',
      { ...A, 'tests/t.sql': "select * from {{ source('raw', 'nothing') }}" },
      'tests/t.sql:1: there is no source raw.nothing (the test t is left out)',
    ],
    [
      'for a singular test of a disabled model',
      {
        ...A,
        'models/off.sql': '{{ config(enabled=false) }}select 1',
        'tests/t.sql': "select * from {{ ref('off') }}",
      },
      'tests/t.sql:1: the model off is disabled (models/off.sql) (the test t is left out)',
    ],
    [
      'for a relationship to a missing model',
      {
        ...A,
        'models/a.yml':
          "models:\n- name: a\n  columns:\n  - name: id\n    tests: [{relationships: {to: ref('nothing'), field: id}}]\n",
      },
      'models/a.yml:5: there is no model, seed or snapshot nothing (the test relationships_a_id__id__ref_nothing_ is left out)',
    ],
    [
      'for the description and tests of a missing snapshot',
      {
        ...A,
        's.yml': '',
        'models/s.yml': 'snapshots:\n- name: history\n  columns: [{name: id, tests: [not_null]}]\n',
      },
      'models/s.yml:2: there is no snapshot history (its tests are left out)',
    ],
    [
      'for the description of a missing singular test',
      { ...A, 'models/t.yml': 'data_tests:\n- name: nothing\n' },
      'models/t.yml:2: there is no singular test nothing',
    ],
    [
      'for settings of another project',
      { ...A, 'dbt_project.yml': 'name: tiny\nmodels:\n  package:\n    +materialized: table\n' },
      'dbt_project.yml:3: package is not the name of this project: its settings have no effect',
    ],
    [
      'for a key of a model that dbt does not know',
      { ...A, 'models/a.yml': 'models:\n- name: a\n  relationships: [{from: id}]\n' },
      'models/a.yml:3: relationships has no effect',
    ],
    [
      'for a setting of a source that has no effect',
      { ...A, 'models/s.yml': 'sources:\n- name: raw\n  tables:\n  - name: t\n    config: {alias: other}\n' },
      'models/s.yml:5: alias has no effect',
    ],
    [
      'for a source in another database',
      { ...A, 'models/s.yml': 'sources:\n- name: raw\n  database: elsewhere\n  tables: [{name: t}]\n' },
      'models/s.yml:3: the source raw is read in the database that models are built in, whether that is elsewhere or not',
    ],
  ])('%s', ([, files, warning]) => {
    const project = projectOf(files)
    expect(project.warnings).toEqual([warning])
    expect(compileProject(project).tests).toEqual([])
  })
})

describe('a project is refused', () => {
  const macros = { 'macros/m.sql': RUN_QUERY }
  test.for<[string, Record<string, string>, string]>([
    [
      'for an unusable macro that a model calls',
      { ...macros, 'models/a.sql': '{{ cleanup() }}' },
      'macros/m.sql:2:7: run_query',
    ],
    [
      'for an unusable macro that a model calls through another',
      { ...macros, 'macros/n.sql': '{% macro n() %}{{ cleanup() }}{% endmacro %}', 'models/a.sql': 'select {{ n() }}' },
      'macros/m.sql:2:7: run_query',
    ],
    [
      'for an unusable macro that is dispatched to',
      {
        'macros/m.sql':
          "{% macro default__m() %}{{ run_query('x') }}{% endmacro %}{% macro m() %}{{ adapter.dispatch('m')() }}{% endmacro %}",
        'models/a.sql': 'select {{ m() }}',
      },
      'macros/m.sql:1:28: run_query',
    ],
    [
      'for an unusable macro that a test calls',
      { ...A, ...macros, 'tests/t.sql': '{{ cleanup() }}' },
      'macros/m.sql:2:7: run_query',
    ],
    [
      'for an unusable generic test that YAML asks for',
      {
        ...A,
        'macros/t.sql': "{% test odd(model) %}{{ run_query('x') }}{% endtest %}",
        'models/a.yml': 'models:\n- name: a\n  tests: [odd]\n',
      },
      'models/a.yml:3:11: the test odd cannot be run here: macros/t.sql:1: run_query is not known here',
    ],
    [
      'for an unusable macro that dbt always calls',
      { ...A, 'macros/m.sql': "{% macro generate_schema_name(name, node) %}{{ run_query('x') }}{% endmacro %}" },
      'macros/m.sql:1:48: run_query',
    ],
    [
      'for a materialization in place of one of ours',
      { ...A, 'macros/m.sql': "{% materialization table, adapter='postgres' %}{% endmaterialization %}" },
      'macros/m.sql:1:1: {% materialization %} is not supported here',
    ],
    [
      'for a macro below a condition',
      { ...A, 'macros/m.sql': '{% if true %}{% macro m() %}{% endmacro %}{% endif %}' },
      'macros/m.sql:1:14: {% macro m %} stands inside {% if %}',
    ],
    [
      'for a macro in a macro',
      { ...A, 'macros/m.sql': '{% macro m() %}{% macro n() %}{% endmacro %}{% endmacro %}' },
      'macros/m.sql:1:16: {% macro n %} stands inside the macro m',
    ],
    [
      'for a macro without an end',
      { ...A, 'macros/m.sql': '{% macro m() %}x' },
      'macros/m.sql:1:1: {% macro %} is never closed',
    ],
    [
      'for two macros of a name in a file',
      { ...A, 'macros/m.sql': '{% macro m() %}{% endmacro %}\n{% macro m() %}{% endmacro %}' },
      'macros/m.sql:2:10: the macro m is defined in macros/m.sql too',
    ],
    [
      'for both names of a path',
      { ...A, 'dbt_project.yml': 'name: tiny\nmodel-paths: [models]\nsource-paths: [models]\n' },
      'dbt_project.yml:3:1: source-paths is called model-paths since dbt 1.0, and both are here',
    ],
    [
      'for a test that misspells a model',
      { 'models/orders.sql': 'select 1 as id', 'tests/t.sql': "select * from {{ ref('ordres') }}" },
      'tests/t.sql:1:23: there is no model, seed or snapshot ordres; did you mean orders?',
    ],
    [
      'for a test that misspells a source',
      {
        ...A,
        'models/s.yml': 'sources: [{name: raw, tables: [{name: trips}]}]',
        'tests/t.sql': "select * from {{ source('raw', 'trip') }}",
      },
      'tests/t.sql:1:33: there is no source raw.trip; did you mean raw.trips?',
    ],
    [
      'for a description under the wrong key',
      { ...A, 'seeds/s.csv': 'id\n1\n', 'models/s.yml': 'models: [{name: s}]' },
      'models/s.yml:1:11: there is no model s; describe the seed of that name under seeds:',
    ],
    [
      'for a misspelt name of a singular test',
      { ...A, 'tests/assert_a.sql': "select * from {{ ref('a') }}", 'tests/t.yml': 'data_tests: [{name: asert_a}]' },
      'tests/t.yml:1:15: there is no singular test asert_a; did you mean assert_a?',
    ],
    [
      'for a misspelt key',
      { ...A, 'models/a.yml': 'models:\n- name: a\n  descripton: x\n' },
      'models/a.yml:3:3: descripton is not supported here',
    ],
    [
      'for a key that dbt knows',
      { ...A, 'models/a.yml': 'models:\n- name: a\n  versions: [{v: 1}]\n' },
      'models/a.yml:3:3: versions is not supported here',
    ],
    [
      'for a key of a source that dbt refuses',
      { ...A, 'models/s.yml': 'sources:\n- name: raw\n  catalog: x\n' },
      'models/s.yml:3:3: catalog is not supported here',
    ],
    [
      'for columns to merge and not to',
      { 'models/a.sql': "{{ config(merge_update_columns=['a'], merge_exclude_columns=['b']) }}select 1" },
      'merge_update_columns and merge_exclude_columns exclude each other',
    ],
    [
      'for a contract whose columns may change unseen',
      {
        'models/a.sql': "{{ config(materialized='incremental', contract={'enforced': true}) }}select 1 as id",
        'models/a.yml': 'models: [{name: a, columns: [{name: id, data_type: int}]}]',
      },
      'an incremental model with an enforced contract needs on_schema_change: append_new_columns or fail',
    ],
    [
      'for an unknown access',
      { 'models/a.sql': "{{ config(access='all') }}select 1" },
      'access: all is not supported: use private or protected or public',
    ],
  ])('%s', ([, files, problem]) => {
    expect(refusalOf(files)).toContain(problem)
  })
})

test('what a macro cannot do is reported once, not at each model that calls it', () => {
  const message = refusalOf({
    'macros/m.sql': RUN_QUERY,
    'models/a.sql': '{{ cleanup() }}',
    'models/b.sql': '{{ cleanup() }}',
  })
  expect(message.match(/^\S+:\d+:\d+/gm)).toEqual(['macros/m.sql:2:7'])
})

test('what stands outside of the macros of a file has no effect', () => {
  const macros =
    '{{ oops() }}{% set x = 1 %}{% if project.x %}{% endif %}\n{% macro one() %}1{% endmacro %}\n{% raw %}{% macro one() %}{% endraw %}'
  const project = projectOf({ 'macros/m.sql': macros, 'models/a.sql': 'select {{ one() }} as id' })
  expect(compileModels(project).map(({ sql }) => sql)).toEqual(['select 1 as id'])
  expect(project.warnings).toEqual([])
})

test('a usable macro beside an unusable one is kept', () => {
  const project = projectOf({
    'macros/m.sql': `${RUN_QUERY}{% macro one() %}1{% endmacro %}`,
    'models/a.sql': 'select {{ one() }} as id',
  })
  expect(compileModels(project).map(({ sql }) => sql)).toEqual(['select 1 as id'])
})

test('adapter.quote gives a name in double quotes', () => {
  const project = projectOf({ 'models/a.sql': 'select 1 as {{ adapter.quote("Full name") }}' })
  expect(compileModels(project).map(({ sql }) => sql)).toEqual(['select 1 as "Full name"'])
})

test('who may read a model, its group and the columns to merge are read', () => {
  const project = projectOf({
    'models/a.sql':
      "{{ config(materialized='incremental', access='public', group='g', merge_update_columns=['x', 'y']) }}select 1",
    'models/b.sql': "{{ config(merge_exclude_columns=['z']) }}select 1",
  })
  expect(
    compileProject(project).nodes.map(({ config }) => [config.merge_update_columns, config.merge_exclude_columns]),
  ).toEqual([
    [['x', 'y'], []],
    [[], ['z']],
  ])
})

test('YAML describes and configures a singular test; its own settings win', () => {
  const project = projectOf({
    ...A,
    'tests/t.sql': "{{ config(limit=5) }}select * from {{ ref('a') }}",
    'tests/t.yml':
      'data_tests:\n- name: t\n  description: No rows.\n  config: {severity: warn, limit: 9, meta: {x: 1}}\n',
  })
  const [made] = compileProject(project).tests
  expect(made).toMatchObject({ description: 'No rows.', severity: 'warn', settings: { limit: 5, meta: { x: 1 } } })
})

test('a test of the project takes the place of one of the same name', () => {
  const project = projectOf({
    ...A,
    'tests/generic/n.sql': '{% test not_null(model, column_name) %}select 7 from {{ model }}{% endtest %}',
    'models/a.yml': 'models: [{name: a, columns: [{name: id, tests: [not_null]}]}]',
  })
  expect(compileProject(project).tests.map(({ builtIn, template }) => [builtIn, template === null])).toEqual([
    [null, false],
  ])
})

test('a model is rendered as an incremental one too when a macro that it calls asks for is_incremental', () => {
  const files = {
    'macros/m.sql':
      "{% macro inner() %}{% if is_incremental() %}{{ ref('b') }}{% endif %}{% endmacro %}{% macro outer() %}{{ inner() }}{% endmacro %}",
    'models/a.sql': "{{ config(materialized='incremental') }}select 1 as id {{ outer() }}",
    'models/b.sql': 'select 1 as id',
  }
  const graph = compileProject(projectOf(files))
  expect([...(graph.byName.get('a')?.dependsOn.keys() ?? [])]).toEqual(['b'])
})

test('a source in the database that is built in gives no warning', () => {
  const files = { ...A, 'models/s.yml': 'sources:\n- name: raw\n  database: here\n  tables: [{name: t}]\n' }
  const { dir } = projectOf(files)
  expect(loadProject(dir, { target: { name: 'x', schema: 'public', database: 'here' } }).warnings).toEqual([])
})
