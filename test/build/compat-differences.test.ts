import { expect, test } from 'vitest'
import { projectOf } from './project-files.ts'

const column = (entry: string) => `models:\n- name: a\n  columns:\n  - name: id\n    ${entry}\n`
const source = (entry: string) => `sources:\n- name: raw\n  ${entry}\n  tables: [{name: t}]\n`

// Each was run by dbt 1.9.11: it refuses the file, or says and does nothing.
test.for<[string, string, string]>([
  [
    'arguments',
    column('tests: [{accepted_values: {arguments: {values: [1]}}}]'),
    '5:32: arguments: dbt 1.9 refuses it; put them one level higher',
  ],
  [
    'arguments of a named test',
    column('tests: [{test_name: accepted_values, arguments: {values: [1]}}]'),
    '5:42: arguments: dbt 1.9 refuses it; put them one level higher',
  ],
  [
    'settings beside a test',
    column('tests: [{not_null: {}, severity: warn}]'),
    '5:13: settings beside not_null: dbt 1.9 refuses it; put them below it',
  ],
  [
    'a number as a threshold',
    column('tests: [{not_null: {config: {warn_if: 10}}}]'),
    '5:34: warn_if without a comparison: dbt 1.9 refuses it',
  ],
  [
    'tests under both names',
    column('tests: [not_null]\n    data_tests: [unique]'),
    '5:5: tests beside data_tests: dbt 1.9 refuses it; keep one of them',
  ],
  [
    'settings of a column',
    column('config: {meta: {x: 1}}'),
    '5:14: meta here: dbt 1.9 passes over it; put it one level higher',
  ],
  [
    'settings of a source',
    source('config: {loaded_at_field: t}'),
    '3:12: loaded_at_field here: dbt 1.9 passes over it; put it one level higher',
  ],
  [
    'settings of a table',
    'sources:\n- name: raw\n  tables:\n  - name: t\n    config: {tags: [x]}\n',
    '5:14: tags here: dbt 1.9 passes over it; put it one level higher',
  ],
  [
    'the loader of a table',
    'sources:\n- name: raw\n  tables: [{name: t, loader: x}]\n',
    '3:22: loader here: dbt 1.9 passes over it; it stands at the source',
  ],
  [
    'settings of an exposure',
    'exposures:\n- name: e\n  type: ml\n  owner: {name: x}\n  config: {meta: {x: 1}}\n',
    '5:12: meta here: dbt 1.9 passes over it; put it one level higher',
  ],
  [
    'an owner without a name',
    'exposures:\n- name: e\n  type: ml\n  owner: {team: x}\n',
    '4:3: an owner without a name or one email: dbt 1.9 refuses it',
  ],
  [
    'tags of a unit test',
    'unit_tests:\n- name: u\n  model: a\n  tags: [x]\n  expect: {rows: [{id: 1}]}\n',
    '4:3: tags here: dbt 1.9 refuses it; put them below config',
  ],
  [
    'settings of a group',
    'groups:\n- name: g\n  owner: {name: x}\n  config: {}\n',
    '4:3: config here: dbt 1.9 refuses it',
  ],
  [
    'singular tests under the old name',
    'tests:\n- name: s\n',
    '2:3: tests at the top of a file: dbt 1.9 passes over it; write data_tests',
  ],
])('%s', ([, yaml, difference]) => {
  const files = {
    'models/a.sql': 'select 1 as id',
    'tests/s.sql': "select * from {{ ref('a') }}",
    'models/a.yml': yaml,
  }
  expect(projectOf(files).dbtDifferences).toEqual([`models/a.yml:${difference}`])
})

test.for<[string, Record<string, string>, string[]]>([
  [
    'a group that is not defined',
    { 'models/a.sql': "{{ config(group='g') }}select 1 as id" },
    ['models/a.sql:1:1: the group g is not defined under groups: dbt 1.9 refuses it'],
  ],
  [
    'a private model that another group reads',
    {
      'models/a.sql': "{{ config(access='private') }}select 1 as id",
      'models/b.sql': "{{ config(group='h') }}select * from {{ ref('a') }}",
    },
    ['models/b.sql:1:46: a is private to another group: dbt 1.9 refuses it'],
  ],
  [
    'a version that is not one',
    { 'models/a.sql': 'select 1', 'dbt_project.yml': "name: tiny\nversion: '1'\n" },
    ["dbt_project.yml:2:1: the version 1: dbt 1.9 refuses it; write '1.0.0'"],
  ],
])('%s', ([, files, differences]) => {
  const groups = { 'models/g.yml': 'groups: [{name: h, owner: {name: x}}]' }
  expect(projectOf({ ...groups, ...files }).dbtDifferences).toEqual(differences)
})

test('what dbt 1.9 reads as it is read here is no difference', () => {
  const project = projectOf({
    'models/a.sql': 'select 1 as id',
    'models/a.yml': `${column('data_tests: [{accepted_values: {values: [1], config: {warn_if: ">10"}}}]')}${source('config: {enabled: true, freshness: null}')}`,
  })
  expect(project.dbtDifferences).toEqual([])
})
