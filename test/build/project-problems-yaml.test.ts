import { describe, expect, test } from 'vitest'
import { refusalOf } from './project-files.ts'

const yaml = (models: string) => ({ 'models/a.sql': 'select 1 as id', 'models/_a.yml': models })

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
