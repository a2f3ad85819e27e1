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

describe('a seed or snapshot is refused', () => {
  const snapshot = (config: string) => ({
    'snapshots/s.sql': `{% snapshot s %}\n{{ config(${config}) }}\nselect 1 as id{% endsnapshot %}`,
  })
  test.for<[string, Record<string, string>, string]>([
    [
      'with the name of a model',
      { 'models/a.sql': 'select 1', 'seeds/a.csv': 'id\n1\n' },
      'seeds/a.csv:1:1: models/a.sql is a model named a too',
    ],
    [
      'with an unknown setting',
      { 'seeds/s.csv': 'id\n1\n', 'seeds/_s.yml': 'seeds:\n  - name: s\n    config: {delimeter: ";"}\n' },
      'seeds/_s.yml:3:14: delimeter is not supported here',
    ],
    [
      'that is described and not there',
      { 'seeds/s.csv': 'id\n1\n', 'seeds/_s.yml': 'seeds: [{name: ss}]' },
      'seeds/_s.yml:1:10: there is no seed ss; did you mean s?',
    ],
    [
      'that is never closed',
      { 'snapshots/s.sql': '{% snapshot s %}select 1' },
      'snapshots/s.sql:1:1: {% snapshot %} is never',
    ],
    [
      'without a strategy',
      snapshot("unique_key='id'"),
      'snapshots/s.sql:1:1: a snapshot needs a strategy: timestamp or check',
    ],
    [
      'with an unknown strategy',
      snapshot("strategy='tine', unique_key='id'"),
      'snapshots/s.sql:2:11: strategy: tine is not supported: use timestamp or check',
    ],
    [
      'without a key',
      snapshot("strategy='check', check_cols='all'"),
      'snapshots/s.sql:1:1: a snapshot needs a unique_key',
    ],
    ['without its time', snapshot("strategy='timestamp', unique_key='id'"), 'timestamp needs updated_at'],
    ['without its columns', snapshot("strategy='check', unique_key='id'"), "check needs check_cols: a list, or 'all'"],
    [
      'of nothing',
      {
        'snapshots/s.yml':
          "snapshots:\n  - name: s\n    relation: ref('nope')\n    config: {strategy: check, unique_key: id, check_cols: all}\n",
      },
      'snapshots/s.yml:2:5: there is no model, seed or snapshot nope',
    ],
  ])('%s', ([, files, expected]) => {
    expect(refusalOf(files)).toContain(expected)
  })
})

describe('YAML is refused', () => {
  const unitTest = (rest: string) => yaml(`unit_tests:\n  - name: u\n    ${rest}\n`)
  const exposure = (rest: string) => yaml(`exposures:\n  - name: e\n    owner: {name: Ada}\n    ${rest}\n`)
  const tested = (entry: string) =>
    yaml(`models:\n  - name: a\n    columns:\n      - name: id\n        tests:\n          - ${entry}\n`)
  const positive = { 'tests/generic/p.sql': '{% test positive(model, column_name, least=0) %}select 1{% endtest %}' }
  test.for<[string, Record<string, string>, string]>([
    [
      'for a unit test of no model',
      unitTest('model: aa\n    expect: {rows: []}'),
      'models/_a.yml:2:5: unit test u: there is no model aa; did you mean a?',
    ],
    [
      'for a unit test with rows of what its model does not read',
      {
        ...unitTest("model: a\n    given: [{input: ref('b'), rows: []}]\n    expect: {rows: []}"),
        'models/b.sql': 'select 1',
      },
      "models/_a.yml:2:5: unit test u: the model a does not read ref('b')",
    ],
    [
      'for a unit test with rows of nothing',
      unitTest('model: a\n    given: [{input: b, rows: []}]\n    expect: {rows: []}'),
      "models/_a.yml:2:5: unit test u: input: ref('...'), source('...', '...') or this, not b",
    ],
    [
      'for a unit test that expects nothing',
      unitTest('model: a'),
      'models/_a.yml:2:5: unit_tests.0.expect: Invalid input',
    ],
    [
      'for a unit test without its fixture',
      { ...unitTest('model: a\n    expect: {format: csv, fixture: rowz}'), 'tests/fixtures/rows.csv': 'id\n1\n' },
      'unit test u: there is no fixture rowz below a folder "fixtures" of the test-paths; did you mean rows?',
    ],
    [
      'for rows as text',
      unitTest("model: a\n    expect: {rows: 'id'}"),
      'unit test u: format dict takes a list of rows, not a text',
    ],
    [
      'for a list as SQL',
      unitTest('model: a\n    expect: {format: sql, rows: []}'),
      'unit test u: format sql takes a query as text',
    ],
    [
      'for a unit test that is written twice',
      unitTest('model: a\n    expect: {rows: []}\n  - name: u\n    model: a\n    expect: {rows: []}'),
      'models/_a.yml:5:5: the test u is written twice',
    ],
    [
      'for a data test that is written twice',
      yaml('models:\n  - name: a\n    columns:\n      - name: id\n        tests: [unique, unique]\n'),
      'models/_a.yml:5:25: the test unique_a_id is written twice',
    ],
    [
      'for a generic test with an unknown argument',
      { ...tested('positive: {last: 1}'), ...positive },
      'models/_a.yml:6:24: last is not supported here',
    ],
    [
      'for a misspelt generic test',
      { ...tested('positiv'), ...positive },
      'models/_a.yml:6:13: the test positiv is not known; did you mean positive?',
    ],
    [
      'for a generic test that is defined twice',
      { ...yaml(''), ...positive, 'macros/p.sql': '{% test positive(model) %}select 1{% endtest %}' },
      'tests/generic/p.sql:1:1: the macro test_positive is defined in macros/p.sql too',
    ],
    ['for a threshold', tested('unique: {warn_if: many}'), 'models/_a.yml:6:22: warn_if: a comparison such as ">10"'],
    ['for a limit', tested('unique: {limit: 0}'), 'models/_a.yml:6:22: limit: Too small'],
    [
      'for an exposure of an unknown type',
      exposure('type: report'),
      'models/_a.yml:4:5: exposures.0.type: Invalid option',
    ],
    [
      'for an exposure of nothing',
      exposure("type: dashboard\n    depends_on: [ref('aa')]"),
      'models/_a.yml:2:5: exposure e: there is no aa; did you mean a?',
    ],
    [
      'for an exposure of a word',
      exposure('type: dashboard\n    depends_on: [a]'),
      "exposure e: depends_on takes ref('...') or source('...', '...'), not a",
    ],
    [
      'for an unknown period of freshness',
      yaml(
        'sources:\n  - name: s\n    tables:\n      - name: t\n        freshness: {warn_after: {count: 1, period: week}}\n',
      ),
      'models/_a.yml:5:44: sources.0.tables.0.freshness.warn_after.period: Invalid option',
    ],
    [
      'for a text that is not there',
      {
        ...yaml('models:\n  - name: a\n    description: "{{ doc(\'ordrs\') }}"\n'),
        'models/d.md': '{% docs orders %}x{% enddocs %}',
      },
      'models/_a.yml:3:18: there is no {% docs ordrs %}; did you mean orders?',
    ],
    [
      'for a text that is written twice',
      { ...yaml(''), 'models/d.md': '{% docs x %}a{% enddocs %}\n{% docs x %}b{% enddocs %}' },
      'models/d.md:2:1: the text x is in models/d.md too',
    ],
    [
      'for a text without an end',
      { ...yaml(''), 'models/d.md': 'Hi\n{% docs x %}a' },
      'models/d.md:2:1: {% docs %} is never closed',
    ],
    [
      'for a contract without columns',
      yaml('models:\n  - name: a\n    config: {contract: {enforced: true}}\n'),
      'models/a.sql:1:1: an enforced contract lists all columns with their data_type in YAML',
    ],
    [
      'for a contract without a type',
      yaml('models:\n  - name: a\n    config: {contract: {enforced: true}}\n    columns: [{name: id}]\n'),
      'models/a.sql:1:1: an enforced contract needs the data_type of every column: id',
    ],
    [
      'for a misspelt setting of ours',
      yaml('models:\n  - name: a\n    config: {meta: {milepost: {publsh: g}}}\n'),
      'models/a.sql:1:1: meta.milepost: Unrecognized key: "publsh"',
    ],
    [
      'for arrivals in a table',
      yaml('models:\n  - name: a\n    config: {materialized: table, meta: {milepost: {increment: arrival}}}\n'),
      'models/a.sql:1:1: meta.milepost.increment needs materialized: incremental',
    ],
    [
      'for arrivals without a key',
      yaml('models:\n  - name: a\n    config: {materialized: incremental, meta: {milepost: {increment: arrival}}}\n'),
      'models/a.sql:1:1: meta.milepost.increment needs a unique_key',
    ],
  ])('%s', ([, files, expected]) => {
    expect(refusalOf(files)).toContain(expected)
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
