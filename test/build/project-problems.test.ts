import { describe, expect, test } from 'vitest'
import { loadProject } from '../../build/project/project.ts'
import { refusalOf } from './project-files.ts'

const yaml = (models: string) => ({ 'models/a.sql': 'select 1 as id', 'models/_a.yml': models })
const PROJECT = 'name: tiny\n'

describe('a project is refused', () => {
  test.for<[string, Record<string, string>, string]>([
    [
      'a missing model',
      { 'models/a.sql': "select * from\n  {{ ref('stg_order') }}", 'models/stg_orders.sql': 'select 1' },
      "models/a.sql:2:11: there is no model stg_order; did you mean stg_orders?\n  2 |   {{ ref('stg_order') }}\n    |           ^",
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
      { 'models/a.sql': "{{ config(materialized='ephemeral') }}" },
      'models/a.sql:1:11: materialized: ephemeral is not supported: use a view',
    ],
    [
      'an unknown materialization',
      { 'models/a.sql': "{{ config(materialized='tabel') }}" },
      'materialized: tabel is not supported: use view or table or incremental',
    ],
    [
      'merge',
      { 'models/a.sql': "{{ config(incremental_strategy='merge') }}" },
      'incremental_strategy: merge is not supported: use delete+insert with a unique_key',
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
      'a materialization of its own',
      { 'macros/a.sql': '{% materialization m, default %}{% endmaterialization %}' },
      'macros/a.sql:1:1: {% materialization %} is not supported here',
    ],
    ['seeds', { 'seeds/x.csv': 'id\n1\n' }, 'seeds/x.csv:1:1: seeds are not supported'],
    [
      'snapshots',
      { 'snapshots/x.sql': 'x' },
      'snapshots/x.sql:1:1: snapshots are not supported: write an incremental model',
    ],
    ['broken YAML', yaml('models:\n  - name: [a\n'), 'models/_a.yml:3:1: cannot be read as YAML'],
    [
      'a key twice',
      yaml('models:\n  - name: a\n    name: b\n'),
      'models/_a.yml:3:5: cannot be read as YAML: Map keys must be unique',
    ],
    [
      'an unknown key',
      yaml('models:\n  - name: a\n    constraints: []\n'),
      'models/_a.yml:3:5: constraints is not supported here: test the columns with data tests',
    ],
    [
      'a template in YAML',
      yaml('models:\n  - name: a\n    description: "{{ doc(1) }}"\n'),
      'models/_a.yml:3:18: templates in YAML are not supported',
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
      'models/_a.yml:6:13: the test uniqe is not supported; did you mean unique?',
    ],
    [
      'a test of a package',
      yaml('models:\n  - name: a\n    tests:\n      - dbt_utils.recency: {field: id}\n'),
      'the test dbt_utils.recency is not supported: write a singular test',
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
      'models/_a.yml:6:13: there is no model b',
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
      'a test that reads nothing',
      { 'tests/assert_x.sql': "select * from {{ ref('nothing') }}" },
      'tests/assert_x.sql:1:23: there is no model nothing',
    ],
    [
      'a schema macro that fails',
      {
        'macros/s.sql': '{% macro generate_schema_name(name, node) %}{{ var("none") }}{% endmacro %}',
        'models/a.sql': 'select 1',
      },
      'macros/s.sql:1:1: generate_schema_name fails for the model a',
    ],
  ])('for %s', async ([, files, expected]) => {
    expect(await refusalOf(files)).toContain(expected)
  })

  test('with all of its problems at once', async () => {
    const message = await refusalOf({
      'models/a.sql': "{{ ref('nothing') }}",
      'models/b.sql': '{{ oops() }}',
      'models/c.sql': "select * from {{ ref('b') }}",
      'models/_m.yml': 'models:\n  - name: a\n    colums: []\n',
    })
    expect(message).toContain('The models have 3 problems')
    expect(message.match(/^\S+:\d+:\d+/gm)).toEqual(['models/b.sql:1:4', 'models/_m.yml:3:5', 'models/a.sql:1:9'])
  })

  test('when there is no dbt_project.yml', async () => {
    await expect(loadProject('/nowhere')).rejects.toMatchObject({ code: 'MODELS_MISSING', retry: 'never' })
  })
})
