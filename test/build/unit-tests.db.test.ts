import { describe, expect, test } from 'vitest'
import { testModels } from '../../build/run/published-models.ts'
import { problemsOf, sources, statuses, table, testStatuses, useBuilds } from './builds.ts'
import { projectOf } from './project-files.ts'

const builds = useBuilds()
const { build, rowsOf } = builds

const MODEL = `{{ config(materialized='incremental', unique_key='id') }}
with fares as (
    select * from {{ source('raw', 'fares') }}
)
select f.id, p.name as port, round(f.cents::numeric / 100, 2) as amount, f.paid_on
from fares f join {{ ref('ports') }} p on p.id = f.port_id
{% if is_incremental() %}where f.paid_on > (select max(paid_on) from {{ this }}){% endif %}
`
const base = {
  'models/_s.yml': sources('fares'),
  'models/ports.sql': "select 1 as id, 'Bergen' as name",
  'models/paid.sql': MODEL,
}
const given = `
      - input: ref('ports')
        rows: [{id: 1, name: Oslo}, {id: 2, name: Tromsø}]
      - input: source('raw', 'fares')
        rows:
          - {id: 7, port_id: 2, cents: 1050, paid_on: 2026-03-01}
          - {id: 8, port_id: 1, cents: 5, paid_on: "2026-03-02"}
          - {id: 9, port_id: 3, cents: 1, paid_on: null}`
const unitTest = (expected: string, rest = '', inputs = given) => ({
  'models/_u.yml': `unit_tests:\n  - name: amounts\n    model: paid\n    given:${inputs}\n    expect: ${expected}\n${rest}`,
})
const RIGHT =
  '{rows: [{id: 7, port: Tromsø, amount: 10.5, paid_on: 2026-03-01}, {id: 8, port: Oslo, amount: 0.05, paid_on: 2026-03-02}]}'

const withFares = async (files: Record<string, string>) => {
  await builds.pool
    .query(`create schema raw_shop; create table raw_shop.fares (id int, port_id int, cents int, paid_on date);
    insert into raw_shop.fares values (1, 1, 200, '2026-01-01')`)
  return build({ ...base, ...files })
}

describe('a unit test', () => {
  test.for<[string, Record<string, string>]>([
    ['rows by column', unitTest(RIGHT)],
    ['only some columns', unitTest('{rows: [{id: 8}, {id: 7}]}')],
    [
      'rows as CSV',
      unitTest(
        '\n      format: csv\n      rows: |\n        id,port,amount\n        7,Tromsø,10.50\n        8,Oslo,0.05',
      ),
    ],
    [
      'a query',
      unitTest("\n      format: sql\n      rows: select 7 as id, 'Tromsø' as port union all select 8, 'Oslo'"),
    ],
    [
      'rows in a file',
      {
        ...unitTest('\n      format: csv\n      fixture: paid_rows'),
        'tests/fixtures/paid_rows.csv': 'id,amount\n7,10.50\n8,0.05\n',
      },
    ],
    [
      'rows given as CSV and as a query',
      unitTest(
        '{rows: [{id: 5, port: Moss, amount: 3}]}',
        '',
        `
      - input: ref('ports')
        format: sql
        rows: select 4 as id, 'Moss' as name
      - input: source('raw', 'fares')
        format: csv
        rows: |
          id,port_id,cents,paid_on
          5,4,300,2026-01-01
          6,5,300,`,
      ),
    ],
    [
      'no rows of what is not given',
      unitTest('{rows: []}', '', `\n      - input: ref('ports')\n        rows: [{id: 1, name: Oslo}]`),
    ],
  ])('may expect %s', async ([, files]) => {
    const result = await withFares(files)
    expect(problemsOf(result)).toEqual([])
    expect(testStatuses(result)).toEqual({ amounts: 'pass' })
    expect(await rowsOf('select id, port, amount from paid')).toEqual([{ id: 1, port: 'Bergen', amount: '2.00' }])
  })

  test.for([true, false])(
    'may expect an increment over rows of the table itself, which stands: %s',
    async (isStanding) => {
      const self = '\n      - input: this\n        rows: [{id: 7, paid_on: 2026-03-01}]'
      const files = unitTest(
        '{rows: [{id: 8}]}',
        '    overrides: {macros: {is_incremental: true}}\n',
        `${given}${self}`,
      )
      if (isStanding) await withFares({})
      const result = isStanding ? await build({ ...base, ...files }) : await withFares(files)
      expect(problemsOf(result)).toEqual([])
      expect(testStatuses(result)).toEqual({ amounts: 'pass' })
      expect(await rowsOf('select id from paid')).toEqual([{ id: 1 }])
    },
  )

  test('shows the rows that differ, and its model and those that read it are not built', async () => {
    const over = {
      'models/over.sql': table("select count(*) as n from {{ ref('paid') }}"),
      'models/aside.sql': 'select 1 as x',
    }
    const wrong = RIGHT.replace('10.5', '10.51')
    const result = await withFares({ ...unitTest(wrong), ...over })
    expect(result.tests).toMatchObject([
      { name: 'amounts', resource: 'unit_test', model: 'paid', status: 'fail', failures: 2 },
    ])
    expect(
      result.tests[0]?.sample.toSorted((a, b) => String(a.difference).localeCompare(String(b.difference))),
    ).toEqual([
      { difference: 'expected, not returned', id: 7, port: 'Tromsø', amount: 10.51, paid_on: '2026-03-01' },
      { difference: 'returned, not expected', id: 7, port: 'Tromsø', amount: 10.5, paid_on: '2026-03-01' },
    ])
    expect(statuses(result)).toEqual({ ports: 'built', paid: 'skipped', over: 'skipped', aside: 'built' })
    expect(result.nodes.find(({ name }) => name === 'paid')?.message).toMatch(/^skipped: .*amounts failed$/)
    expect(await rowsOf(`select to_regclass('paid') as paid, to_regclass('aside') as aside`)).toEqual([
      { paid: null, aside: null },
    ])
  })

  test('counts a row that is expected twice and returned once', async () => {
    const result = await withFares(unitTest('{rows: [{id: 7}, {id: 7}, {id: 8}]}'))
    expect(result.tests).toMatchObject([
      { status: 'fail', failures: 1, sample: [{ difference: 'expected, not returned', id: 7 }] },
    ])
  })

  test.for<[string, Record<string, string>, string]>([
    [
      'a given column that is not there',
      unitTest('{rows: []}', '', `\n      - input: ref('ports')\n        rows: [{id: 1, nam: Oslo}]`),
      'models/_u.yml:2:5: unit test amounts: ports has no column nam; it has id, name',
    ],
    [
      'an expected column that is not there',
      unitTest('{rows: [{total: 1}]}'),
      'models/_u.yml:2:5: unit test amounts: paid has no column total; it has id, port, amount, paid_on',
    ],
    [
      'a value that its column cannot hold',
      unitTest('{rows: [{id: seven}]}'),
      'invalid input syntax for type integer: "seven"',
    ],
    [
      'a query that fails',
      { ...unitTest('{rows: []}'), 'models/paid.sql': MODEL.replace('f.cents', 'f.cent') },
      'models/paid.sql:5:36: column f.cent does not exist',
    ],
    [
      'a query of expected rows that fails',
      unitTest('{format: sql, rows: select nope}'),
      'models/_u.yml:2:5: unit test amounts: column "nope" does not exist',
    ],
    [
      'a query of given rows that fails',
      unitTest('{rows: []}', '', "\n      - {input: ref('ports'), format: sql, rows: select nope}"),
      'column "nope" does not exist',
    ],
    [
      'a macro that cannot be overridden',
      unitTest('{rows: []}', '    overrides: {macros: {other: 1}}\n'),
      'unit test amounts: only is_incremental can be overridden, not the macro other',
    ],
  ])('says where it is wrong: %s', async ([, files, expected]) => {
    const result = await withFares(files)
    expect(result.tests).toMatchObject([{ status: 'error' }])
    expect(problemsOf(result).join('\n')).toContain(expected)
    expect(statuses(result)).toMatchObject({ paid: 'skipped' })
  })

  test('may give variables and settings of the environment', async () => {
    const files = {
      'models/a.sql': "select {{ var('least', 1) }} as least, '{{ env_var('PLACE', 'here') }}' as place",
      'models/_u.yml': `unit_tests:
  - {name: u, model: a, overrides: {vars: {least: 5}, env_vars: {PLACE: there}}, expect: {rows: [{least: 5, place: there}]}}`,
    }
    expect(testStatuses(await build(files))).toEqual({ u: 'pass' })
    expect(await rowsOf('select * from a')).toEqual([{ least: 1, place: 'here' }])
  })

  test('runs over ephemeral models as over others', async () => {
    const files = {
      'models/few.sql': "{{ config(materialized='ephemeral') }}with own as (select 1 as id) select * from own",
      'models/a.sql': table("select id * 2 as twice from {{ ref('few') }}"),
      'models/_u.yml':
        "unit_tests: [{name: u, model: a, given: [{input: ref('few'), rows: [{id: 4}]}], expect: {rows: [{twice: 8}]}}]",
    }
    expect(testStatuses(await build(files))).toEqual({ u: 'pass' })
    expect(await rowsOf('select twice from a')).toEqual([{ twice: 2 }])
  })

  test('is not run again until it or its model changes, and by itself whenever it is asked', async () => {
    expect(testStatuses(await withFares(unitTest(RIGHT)))).toEqual({ amounts: 'pass' })
    expect(testStatuses(await build({ ...base, ...unitTest(RIGHT) }))).toEqual({ amounts: 'pass*' })
    const changed = { ...base, ...unitTest(RIGHT), 'models/paid.sql': MODEL.replace('/ 100', '/ 10') }
    expect(testStatuses(await build(changed))).toEqual({ amounts: 'fail' })
    const results = await testModels({ pool: builds.pool, project: projectOf({ ...base, ...unitTest(RIGHT) }) })
    expect(results).toMatchObject([{ name: 'amounts', status: 'pass', isReused: false }])
  })
})
