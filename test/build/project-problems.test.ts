import { describe, expect, test } from 'vitest'
import { loadProject } from '../../build/project/project.ts'
import { compileModels } from '../../build/graph/compile.ts'
import { projectOf, refusalOf } from './project-files.ts'

const yaml = (models: string) => ({ 'models/a.sql': 'select 1 as id', 'models/_a.yml': models })
const PROJECT = 'name: tiny\n'

describe('a project is refused', () => {
  test.for<[string, Record<string, string>, string]>([
    [
      'a missing model',
      { 'models/a.sql': "select * from\n  {{ ref('stg_order') }}", 'models/stg_orders.sql': 'select 1' },
      "models/a.sql:2:11: there is no model, seed or snapshot stg_order; did you mean stg_orders?\n  2 |   {{ ref('stg_order') }}\n    |           ^",
    ],
    ['a missing source', { 'models/a.sql': "{{ source('raw', 'x') }}" }, 'models/a.sql:1:19: there is no source raw.x'],
    [
      'another project',
      { 'models/a.sql': "{{ ref('other', 'x') }}" },
      'models/a.sql:1:18: there is no project other here',
    ],
    [
      'a disabled model',
      { 'models/a.sql': "select * from {{ ref('b') }}", 'models/b.sql': '{{ config(enabled=false) }}select 1' },
      'models/a.sql:1:23: the model b is disabled (models/b.sql)',
    ],
    [
      'a circle',
      {
        'models/a.sql': "select * from {{ ref('b') }}",
        'models/b.sql': "select * from {{ ref('c') }}",
        'models/c.sql': "select * from {{ ref('a') }}",
      },
      'models/c.sql:1:23: models read each other in a circle: a -> b -> c -> a',
    ],
    [
      'a circle through an incremental branch',
      {
        'models/a.sql':
          "{{ config(materialized='incremental') }}select 1 {% if is_incremental() %}from {{ ref('b') }}{% endif %}",
        'models/b.sql': "select * from {{ ref('a') }}",
      },
      'in a circle: a -> b -> a',
    ],
    [
      'two models of a name',
      { 'models/a.sql': 'select 1', 'models/x/a.sql': 'select 2' },
      'models/x/a.sql:1:1: models/a.sql is a model named a too',
    ],
    [
      'two models in one place',
      { 'models/a.sql': 'select 1', 'models/b.sql': "{{ config(alias='a') }}select 1" },
      'models/b.sql:1:1: models/a.sql builds public.a too',
    ],
    ['a model in Python', { 'models/a.py': 'x' }, 'models/a.py:1:1: models in Python are not supported'],
    ['an empty model', { 'models/a.sql': '{{ config(tags="x") }}\n' }, 'models/a.sql:1:1: the file has no SQL'],
    ['a semicolon', { 'models/a.sql': 'select 1;\n' }, 'models/a.sql:1:9: a model is one query, without a semicolon'],
    [
      'an unknown setting',
      { 'models/a.sql': "{{ config(\n  materialized='table',\n  pre_hook='x') }}" },
      'models/a.sql:3:3: pre_hook is not supported here: put the statement in a migration',
    ],
    [
      'an unsupported materialization',
      { 'models/a.sql': "{{ config(materialized='materialized_view') }}" },
      'models/a.sql:1:11: materialized: materialized_view is not supported: use a table',
    ],
    [
      'an unknown materialization',
      { 'models/a.sql': "{{ config(materialized='tabel') }}" },
      'materialized: tabel is not supported: use view or table or incremental or ephemeral',
    ],
    [
      'a strategy that is not supported',
      { 'models/a.sql': "{{ config(incremental_strategy='microbatch') }}" },
      'incremental_strategy: microbatch is not supported: use delete+insert with a unique_key',
    ],
    [
      'a change of columns that is not supported',
      { 'models/a.sql': "{{ config(on_schema_change='sync_all_columns') }}" },
      'on_schema_change: sync_all_columns is not supported: use fail',
    ],
    [
      'delete+insert without a key',
      { 'models/a.sql': "{{ config(materialized='incremental', incremental_strategy='delete+insert') }}select 1" },
      'models/a.sql:1:1: delete+insert needs a unique_key',
    ],
    [
      'indexes of a view',
      { 'models/a.sql': "{{ config(indexes=[{'columns': ['id']}]) }}select 1" },
      'a view cannot have indexes: use a table',
    ],
    [
      'settings that depend on is_incremental',
      { 'models/a.sql': "{{ config(tags='x' if is_incremental() else 'y') }}select 1" },
      'config() must not depend on is_incremental()',
    ],
    [
      'two macros of a name',
      { 'macros/a.sql': '{% macro m() %}{% endmacro %}', 'macros/b.sql': '{% macro m() %}{% endmacro %}' },
      'macros/b.sql:1:10: the macro m is defined in macros/a.sql too',
    ],
    [
      'a materialization of its own in the place of ours',
      { 'macros/a.sql': '{% materialization table, default %}{% endmaterialization %}' },
      'macros/a.sql:1:1: {% materialization %} is not supported here',
    ],
    ['broken YAML', yaml('models:\n  - name: [a\n'), 'models/_a.yml:3:1: cannot be read as YAML'],
    [
      'a key twice',
      yaml('models:\n  - name: a\n    name: b\n'),
      'models/_a.yml:3:5: cannot be read as YAML: Map keys must be unique',
    ],
    [
      'an unknown key',
      yaml('models:\n  - name: a\n    colums: []\n'),
      'models/_a.yml:3:5: colums is not supported here',
    ],
    [
      'a wrong template in YAML',
      yaml('models:\n  - name: a\n    description: "{{ doc(1) }}"\n'),
      'models/_a.yml:3:18: doc() takes one name as a string',
    ],
    [
      'a description of no model',
      yaml('models:\n  - name: aa\n'),
      'models/_a.yml:2:5: there is no model aa; did you mean a?',
    ],
    [
      'two descriptions of a model',
      { ...yaml('models: [{name: a}]'), 'models/_b.yml': 'models: [{name: a}]' },
      'models/_b.yml:1:11: the model a is described in models/_a.yml too',
    ],
    [
      'an unknown test',
      yaml('models:\n  - name: a\n    columns:\n      - name: id\n        tests:\n          - uniqe\n'),
      'models/_a.yml:6:13: the test uniqe is not known; did you mean unique?',
    ],
    [
      'a test of a package',
      yaml('models:\n  - name: a\n    tests:\n      - dbt_utils.recency: {field: id}\n'),
      'models/_a.yml:4:9: the test dbt_utils.recency is not known: packages are not installed',
    ],
    [
      'a wrong argument of a test',
      yaml(
        'models:\n  - name: a\n    columns:\n      - name: id\n        tests:\n          - accepted_values:\n              arguments:\n                value: [1]\n',
      ),
      'models/_a.yml:8:17: value is not supported here',
    ],
    [
      'an unknown severity',
      yaml(
        'models:\n  - name: a\n    columns:\n      - name: id\n        tests:\n          - unique:\n              config: {severity: fatal}\n',
      ),
      'models/_a.yml:7:24: severity: fatal is not supported: use warn or error',
    ],
    [
      'a relationship to no model',
      yaml(
        "models:\n  - name: a\n    columns:\n      - name: id\n        tests:\n          - relationships: {to: ref('b'), field: id}\n",
      ),
      'models/_a.yml:6:13: there is no model, seed or snapshot b; did you mean a?',
    ],
    ['a test of no column', yaml('models:\n  - name: a\n    tests: [unique]\n'), 'the test unique is about a column'],
    [
      'a misspelt folder',
      {
        'dbt_project.yml': `${PROJECT}models:\n  tiny:\n    stagin:\n      +materialized: table\n`,
        'models/staging/a.sql': 'select 1',
      },
      'dbt_project.yml:4:5: there is no model below stagin; did you mean staging?',
    ],
    [
      'another name',
      { 'dbt_project.yml': `${PROJECT}models:\n  tinny:\n    +materialized: table\n` },
      'dbt_project.yml:3:3: tinny is not the name of this project; did you mean tiny?',
    ],
    [
      'a wrong setting of a folder',
      { 'dbt_project.yml': `${PROJECT}models:\n  tiny:\n    +materialized: incremental_view\n` },
      'dbt_project.yml:4:5: materialized: incremental_view is not supported',
    ],
    [
      'hooks of the project',
      { 'dbt_project.yml': `${PROJECT}on-run-start: select 1\n` },
      'dbt_project.yml:2:1: on-run-start is not supported here',
    ],
    [
      'a misspelt model of a test',
      { 'models/orders.sql': 'select 1', 'tests/assert_x.sql': "select * from {{ ref('order') }}" },
      'tests/assert_x.sql:1:23: there is no model, seed or snapshot order; did you mean orders?',
    ],
    [
      'a schema macro that fails',
      {
        'macros/s.sql': '{% macro generate_schema_name(name, node) %}{{ var("none") }}{% endmacro %}',
        'models/a.sql': 'select 1',
      },
      'macros/s.sql:1:1: generate_schema_name fails for the model a',
    ],
  ])('for %s', ([, files, expected]) => {
    expect(refusalOf(files)).toContain(expected)
  })

  test('with all of its problems at once', () => {
    const message = refusalOf({
      'models/a.sql': "{{ ref('nothing') }}",
      'models/b.sql': '{{ oops() }}',
      'models/c.sql': "select * from {{ ref('b') }}",
      'models/_m.yml': 'models:\n  - name: a\n    colums: []\n',
    })
    expect(message).toContain('The models have 3 problems')
    expect(message.match(/^\S+:\d+:\d+/gm)).toEqual(['models/_m.yml:3:5', 'models/b.sql:1:4', 'models/a.sql:1:9'])
  })

  test('when there is no dbt_project.yml', () => {
    expect(() => loadProject('/nowhere')).toThrow(expect.objectContaining({ code: 'MODELS_MISSING', retry: 'never' }))
  })
})

test('an environment variable that is not set is a problem where it is read', () => {
  const files = { 'models/a.sql': "select '{{ env_var('WHERE') }}' as x, '{{ env_var('ELSE', 'y') }}' as y" }
  expect(refusalOf(files)).toContain('models/a.sql:1:21: the environment variable WHERE is not set')
  const env = (name: string) => (name === 'WHERE' ? 'here' : undefined)
  expect(compileModels(projectOf(files, { env }), { env }).map(({ sql }) => sql)).toEqual([
    "select 'here' as x, 'y' as y",
  ])
})

test.for<[string, Record<string, string>, string]>([
  [
    'a test of nothing',
    { 'tests/assert_x.sql': "select * from {{ ref('nothing') }}" },
    'tests/assert_x.sql:1: there is no model, seed or snapshot nothing (the test assert_x is left out)',
  ],
  [
    'a materialization that nothing uses',
    { 'macros/a.sql': '{% materialization m, default %}{% endmaterialization %}' },
    'macros/a.sql:1: {% materialization %} is not supported here: use view, table or incremental (no build calls materialization_m_default)',
  ],
])('%s is a warning', ([, files, expected]) => {
  expect(projectOf({ 'models/a.sql': 'select 1', ...files }).warnings).toEqual([expected])
})
