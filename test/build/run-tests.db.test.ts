import { beforeEach, describe, expect, test } from 'vitest'
import { compileProject } from '../../build/graph/graph.ts'
import { publishedPlaces } from '../../build/graph/render-node.ts'
import { testModels } from '../../build/run/published-models.ts'
import { groupTests, runTestGroup } from '../../build/run/run-tests.ts'
import { withConnections, type Session } from '../../build/run/session.ts'
import { problemsOf, statuses, table, testStatuses, useBuilds } from './builds.ts'
import { projectOf } from './project-files.ts'

const builds = useBuilds()
const { build, rowsOf } = builds

// Ten rows: the id 3 three times and 4 twice, two nulls; kinds a (4), b (3), c (2) and null; parents 1 to 4, 9 (twice).
const ROWS = `select * from (values
  (1, 'a', 1), (2, 'a', 2), (3, 'a', 3), (3, 'a', 4), (3, 'b', 9), (4, 'b', 9), (4, 'b', null), (5, 'c', 1), (null, 'c', 2), (null, null, 3)
) as v (id, kind, parent_id)`
const base = {
  'models/a.sql': table(ROWS),
  'models/parents.sql': table('select generate_series(1, 4) as id'),
}
const yaml = (columns: Record<string, string[]>) =>
  `models:\n  - name: a\n    columns:\n${Object.entries(columns)
    .map(
      ([name, tests]) =>
        `      - name: ${name}\n        tests:\n${tests.map((entry) => `          - ${entry}\n`).join('')}`,
    )
    .join('')}`

/** Runs the tests of a project group by group as a build does, and tells which statements they took. */
async function runGroups(files: Record<string, string>) {
  const graph = compileProject(projectOf(files))
  return withConnections(builds.pool, new AbortController().signal, async (connections) => {
    const connection = await connections.open()
    const groups = []
    for (const group of groupTests(graph, graph.tests)) {
      const statements: string[] = []
      const results = await connection.transaction((session) => {
        const counting: Session = {
          ...session,
          query: (text, values) => {
            if (!/savepoint/.test(text)) statements.push(text)
            return session.query(text, values)
          },
        }
        return runTestGroup(counting, graph, group, publishedPlaces(graph), 'Thread-1')
      })
      groups.push({
        statements,
        results: Object.fromEntries(results.map((item) => [item.name, `${item.status} ${item.failures}`])),
      })
    }
    return groups
  })
}

describe('many tests of one relation', () => {
  beforeEach(async () => void (await build(base)))

  test('are answered by one scan for each where when they pass', async () => {
    const groups = await runGroups({
      ...base,
      'models/_a.yml': yaml({
        id: [
          'unique: {where: "id in (1, 2, 5)"}',
          "not_null: {where: kind = 'a'}",
          'accepted_values: {values: [1, 2, 3, 4, 5], quote: false}',
        ],
        kind: ['accepted_values: {values: [a, b, c]}', 'not_null: {where: "id is not null or kind <> \'x\'"}'],
        parent_id: ["not_null: {where: kind = 'a'}"],
      }),
    })
    expect(groups.map(({ statements, results }) => [statements.length, Object.keys(results)])).toEqual([
      [1, ['unique_a_id']],
      [1, ['not_null_a_id', 'not_null_a_parent_id']],
      [1, ['accepted_values_a_id__False__1__2__3__4__5', 'accepted_values_a_kind__a__b__c']],
      [1, ['not_null_a_kind']],
    ])
    expect(groups.flatMap(({ results }) => Object.values(results))).toEqual(Array(6).fill('pass 0'))
  })

  test('read only the rows of their where, so that it prunes partitions', async () => {
    await builds.pool.query(`
      create schema raw_shop;
      create table raw_shop.parts (id int not null, kind text) partition by range (id);
      create table raw_shop.parts_0 partition of raw_shop.parts for values from (0) to (10);
      create table raw_shop.parts_1 partition of raw_shop.parts for values from (10) to (20);
      insert into raw_shop.parts values (1, null), (1, null), (11, 'a'), (12, 'b')`)
    const where = "config: {where: 'id >= 10'}"
    const groups = await runGroups({
      'models/_s.yml': `sources: [{name: raw, schema: raw_shop, tables: [{name: parts, columns: [
        {name: id, tests: [unique: {${where}}, not_null: {${where}}]},
        {name: kind, tests: [accepted_values: {values: [a, b], ${where}}]}]}]}]`,
    })
    expect(groups.flatMap(({ results }) => Object.values(results))).toEqual(Array(3).fill('pass 0'))
    const [scan] = groups.flatMap(({ statements }) => statements)
    const plan = JSON.stringify(await rowsOf(`explain ${scan}`))
    expect([plan.includes('parts_0'), plan.includes('parts_1')]).toEqual([false, true])
  })

  test('that need another relation are answered by one more', async () => {
    const groups = await runGroups({
      ...base,
      'models/_a.yml': yaml({
        id: ["not_null: {where: kind = 'a'}", 'unique: {where: id = 1}'],
        parent_id: [
          "relationships: {to: ref('parents'), field: id, where: parent_id < 9}",
          "relationships: {name: self, to: ref('a'), field: parent_id}",
        ],
        kind: ["relationships: {name: kinds, to: ref('a'), field: kind}"],
      }),
    })
    expect(groups.map(({ statements, results }) => [statements.length, Object.keys(results).length])).toEqual([
      [1, 1],
      [1, 1],
      [1, 1],
      [1, 2],
    ])
    expect(groups.flatMap(({ results }) => Object.values(results))).toEqual([
      'pass 0',
      'pass 0',
      'pass 0',
      'pass 0',
      'pass 0',
    ])
  })

  test('that fail are each counted by a query of their own, with samples', async () => {
    const files = {
      ...base,
      'models/_a.yml': yaml({
        id: [
          'unique',
          'not_null',
          "unique: {name: unique_b, where: kind = 'b'}",
          "not_null: {name: a_has_ids, where: kind = 'a'}",
        ],
        kind: ['accepted_values: {values: [b]}', 'not_null'],
        parent_id: ["relationships: {to: ref('parents'), field: id}"],
      }),
    }
    const [own, ofB, ofA, other] = await runGroups(files)
    expect(own?.results).toEqual({
      unique_a_id: 'fail 2',
      not_null_a_id: 'fail 2',
      accepted_values_a_kind__b: 'fail 2',
      not_null_a_kind: 'fail 1',
    })
    expect(own?.statements).toHaveLength(5)
    expect([ofB?.results, ofA?.results]).toEqual([{ unique_b: 'fail 1' }, { a_has_ids: 'pass 0' }])
    expect(other).toMatchObject({ results: { relationships_a_parent_id__id__ref_parents_: 'fail 2' } })
    const results = await testModels({ pool: builds.pool, project: projectOf(files) })
    const sampleOf = (name: string) =>
      results
        .find((item) => item.name === name)
        ?.sample.toSorted((a, b) => JSON.stringify(a).localeCompare(JSON.stringify(b)))
    expect(sampleOf('unique_a_id')).toEqual([
      { unique_field: 3, n_records: 3 },
      { unique_field: 4, n_records: 2 },
    ])
    expect(sampleOf('not_null_a_id')).toEqual([
      { id: null, kind: 'c', parent_id: 2 },
      { id: null, kind: null, parent_id: 3 },
    ])
    expect(sampleOf('accepted_values_a_kind__b')).toEqual([
      { value_field: 'a', n_records: 4 },
      { value_field: 'c', n_records: 2 },
    ])
    expect(sampleOf('relationships_a_parent_id__id__ref_parents_')).toEqual([{ from_field: 9 }, { from_field: 9 }])
    expect(sampleOf('unique_b')).toEqual([{ unique_field: 4, n_records: 2 }])
  })

  test.for<[string, string, string]>([
    ['a column that is not there', 'nope', 'models/_a.yml:10:13: column "nope" does not exist'],
    ['a value of another type', 'id', 'invalid input syntax for type integer: "x"'],
  ])('are not spoilt by one with %s', async ([, column, expected]) => {
    const files = {
      ...base,
      'models/_a.yml': yaml({
        id: ['unique', "not_null: {where: kind = 'a'}"],
        [column === 'id' ? '"id"' : column]: ['accepted_values: {values: [x]}'],
      }),
    }
    const results = await testModels({ pool: builds.pool, project: projectOf(files) })
    expect(results.map(({ status, failures }) => `${status} ${failures}`)).toEqual(['fail 2', 'pass 0', 'error 0'])
    expect(results[2]?.error?.message).toContain(expected)
  })

  test('of a type that cannot be compared are still told apart', async () => {
    const files = {
      'models/a.sql': table("select 1 as id, '{}'::json as raw"),
      'models/_a.yml': yaml({ id: ['unique', 'not_null'], raw: ['unique', 'not_null'] }),
    }
    const result = await build(files)
    expect(testStatuses(result)).toEqual({
      unique_a_id: 'pass',
      not_null_a_id: 'pass',
      unique_a_raw: 'error',
      not_null_a_raw: 'pass',
    })
  })

  test('of a column whose name needs quotes', async () => {
    const files = {
      'models/a.sql': table('select 1 as "Order", null::int as "two words"'),
      'models/_a.yml':
        'models: [{name: a, columns: [{name: Order, quote: true, tests: [unique, not_null]}, {name: two words, quote: true, tests: [not_null]}]}]',
    }
    const result = await build(files)
    expect(result.tests.map(({ status, failures }) => `${status} ${failures}`)).toEqual(['pass 0', 'pass 0', 'fail 1'])
  })
})

describe('three wrong rows', () => {
  // severity, warn_if, error_if, limit, where, and what is to come of it
  test.for<[string, string, string, string, string, string]>([
    ['', '', '', '', '', 'fail 3'],
    ['error', '', '', '', '', 'fail 3'],
    ['warn', '', '', '', '', 'warn 3'],
    ['WARN', '', '', '', '', 'warn 3'],
    ['', '>3', '>3', '', '', 'pass 0'],
    ['', '', '>3', '', '', 'warn 3'],
    ['', '>2', '>3', '', '', 'warn 3'],
    ['', '>2', '>2', '', '', 'fail 3'],
    ['', '>5', '>2', '', '', 'fail 3'],
    ['', '>= 3', '>= 4', '', '', 'warn 3'],
    ['', '!=3', '!=3', '', '', 'pass 0'],
    ['', '=3', '', '', '', 'fail 3'],
    ['', '>3', 'between 2 and 4', '', '', 'fail 3'],
    ['', '>3', 'between 4 and 5', '', '', 'pass 0'],
    ['warn', '', '>2', '', '', 'warn 3'],
    ['warn', '>3', '>2', '', '', 'pass 0'],
    ['', '', '', '2', '', 'fail 2'],
    ['', '', '>2', '2', '', 'warn 2'],
    ['', '>2', '>2', '2', '', 'pass 0'],
    ['', '', '', '', 'id > 1', 'fail 2'],
    ['', '', '>2', '', 'id > 1', 'warn 2'],
    ['', '', '', '', 'id > 3', 'pass 0'],
    ['warn', '', '', '1', 'id > 1 or id = 0', 'warn 1'],
    ['', '=0', '>0', '', 'id > 3', 'warn 0'],
  ])(
    'with severity %s, warn_if %s, error_if %s, limit %s, where %s are %s',
    async ([severity, warnIf, errorIf, limit, where, expected]) => {
      const settings = Object.entries({ severity, warn_if: warnIf, error_if: errorIf, limit, where }).flatMap(
        ([key, value]) => (value === '' ? [] : `${key}: ${key === 'limit' ? value : JSON.stringify(value)}`),
      )
      const config = `{config: {${settings.join(', ')}}}`
      const inFile = Object.entries({ severity, warn_if: warnIf, error_if: errorIf, limit }).flatMap(([key, value]) =>
        value === '' ? [] : `${key}=${key === 'limit' ? value : `'${value}'`}`,
      )
      const results = await testModels({
        pool: builds.pool,
        project: projectOf({
          'models/a.sql': 'select 1',
          'models/_s.yml': `sources:
  - name: public
    tables:
      - name: three
        columns:
          - name: x
            tests:
              - not_null: ${config}
              - missing: ${config}
              - not_null: {name: beside, where: "true"}`,
          'tests/generic/missing.sql':
            '{% test missing(model, column_name) %}select * from {{ model }} where {{ column_name }} is null{% endtest %}',
          'tests/single.sql': `{{ config(${inFile.join(', ')}) }}select * from {{ source('public', 'three') }} where x is null${where === '' ? '' : ` and (${where})`}`,
        }),
      })
      const found = Object.fromEntries(results.map((item) => [item.name, `${item.status} ${item.failures}`]))
      expect(found).toEqual({
        source_not_null_public_three_x: expected,
        source_missing_public_three_x: expected,
        beside: 'fail 3',
        single: expected,
      })
    },
  )

  beforeEach(
    async () =>
      void (await builds.pool.query('create table three as select id, null::int as x from generate_series(1, 3) id')),
  )
})

test('a test that fails keeps what is below it from being built, one that warns or cannot stop it does not', async () => {
  const files = (severity: string) => ({
    ...base,
    'models/b.sql': table("select count(*) as n from {{ ref('a') }}"),
    'models/c.sql': table("select n from {{ ref('b') }}"),
    'models/_a.yml': yaml({ id: [`unique: {severity: ${severity}}`] }),
    'tests/late.sql': "select * from {{ ref('c') }} where n = 10",
  })
  const failed = await build(files('error'))
  expect(statuses(failed)).toEqual({ a: 'built', parents: 'built', b: 'skipped', c: 'skipped' })
  expect(testStatuses(failed)).toEqual({ unique_a_id: 'fail', late: 'skipped' })
  expect(failed.nodes.find(({ name }) => name === 'b')?.message).toMatch(/^skipped: .*failed$/)
  const warned = await build(files('warn'))
  expect(statuses(warned)).toEqual({ a: 'built', parents: 'built', b: 'built', c: 'built' })
  expect(testStatuses(warned)).toEqual({ unique_a_id: 'warn', late: 'fail' })
  expect(await rowsOf(`select to_regclass('b') as b`)).toEqual([{ b: null }])
})

test('a test of a column that is not there is an error at its line, and nothing is published', async () => {
  const result = await build({ ...base, 'models/_a.yml': yaml({ nope: ['unique'] }) })
  expect(result.published).toBe(false)
  expect(testStatuses(result)).toEqual({ unique_a_nope: 'error' })
  expect(problemsOf(result)).toEqual([expect.stringContaining('models/_a.yml:6:13: column "nope" does not exist')])
  expect(await rowsOf(`select to_regclass('a') as a`)).toEqual([{ a: null }])
})
