import { beforeEach, expect, test } from 'vitest'
import { readFreshness } from '../../build/run/freshness.ts'
import { useBuilds } from './builds.ts'
import { projectOf } from './project-files.ts'

const builds = useBuilds()

beforeEach(() =>
  builds.pool.query(`
    create schema raw_shop;
    create table raw_shop.events (id int, loaded_at timestamptz, kind text);
    create table raw_shop.nothing (loaded_at timestamptz);
    insert into raw_shop.events values (1, now() - interval '3 hours', 'a'), (2, now() - interval '30 hours', 'b'), (3, null, 'b')`),
)

const freshnessOf = (table: string, rest: string) =>
  readFreshness({
    pool: builds.pool,
    project: projectOf({
      'models/_s.yml': `sources:\n  - name: raw\n    schema: raw_shop\n    loaded_at_field: loaded_at\n    tables:\n      - name: ${table}\n${rest.replaceAll(/^(?=.)/gm, '        ')}`,
    }),
  })
const limits = (warn: string | null, error: string | null, filter = '') =>
  `freshness: {warn_after: ${warn ?? 'null'}, error_after: ${error ?? 'null'}${filter === '' ? '' : `, filter: "${filter}"`}}`
const hours = (count: number) => `{count: ${count}, period: hour}`

test.for<[string, string, string, number]>([
  ['within both limits', limits(hours(4), hours(5)), 'pass', 3],
  ['past the first limit', limits(hours(2), hours(5)), 'warn', 3],
  ['past both limits', limits(hours(1), hours(2)), 'error', 3],
  ['past the only limit for a warning', limits(hours(2), null), 'warn', 3],
  ['past the only limit for an error', limits(null, hours(2)), 'error', 3],
  ['with a limit in minutes', limits('{count: 179, period: minute}', null), 'warn', 3],
  ['with a limit in days', limits('{count: 1, period: day}', null), 'pass', 3],
  ['asked for some rows only', limits('{count: 1, period: day}', null, "kind = 'b'"), 'warn', 30],
  ['with a time of its own', `loaded_at_field: "loaded_at + interval '1 hour'"\n${limits(hours(3), null)}`, 'pass', 2],
])('a source %s', async ([, rest, status, age]) => {
  const [result, ...others] = await freshnessOf('events', rest)
  expect(others).toEqual([])
  expect(result).toMatchObject({ id: 'source.tiny.raw.events', status, maxLoadedAt: expect.any(Date) })
  if (result?.status === 'runtime error') throw new Error(result.error)
  expect((result?.ageSeconds ?? 0) / 3600).toBeCloseTo(age, 1)
})

test('a source without rows is as old as can be', async () => {
  expect(await freshnessOf('nothing', limits(hours(1), hours(2)))).toMatchObject([
    { status: 'error', maxLoadedAt: new Date('0001-01-01T00:00:00Z') },
  ])
})

test.for([
  ['a table that is not there', 'nowhere', limits(hours(1), null), 'relation "raw_shop.nowhere" does not exist'],
  [
    'a column that is not there',
    'events',
    `loaded_at_field: at\n${limits(hours(1), null)}`,
    'column "at" does not exist',
  ],
  ['a column that is no time', 'events', `loaded_at_field: kind\n${limits(hours(1), null)}`, 'invalid input syntax'],
])('%s is the error of its source', async ([, table = '', rest = '', expected]) => {
  expect(await freshnessOf(table, rest)).toMatchObject([
    { status: 'runtime error', error: expect.stringMatching(new RegExp(`^models/_s.yml: .*${expected}`)) },
  ])
})

test('one source that cannot be asked does not stop the others; those without limits are not asked', async () => {
  const project = projectOf({
    'models/_s.yml': `sources:
  - name: raw
    schema: raw_shop
    loaded_at_field: loaded_at
    freshness: {warn_after: {count: 1, period: hour}}
    tables:
      - {name: nowhere}
      - {name: events}
      - {name: nothing, freshness: null}
      - {name: other, identifier: events, config: {enabled: false}}`,
  })
  const results = await readFreshness({ pool: builds.pool, project })
  expect(results.map(({ id, status }) => [id, status])).toEqual([
    ['source.tiny.raw.nowhere', 'runtime error'],
    ['source.tiny.raw.events', 'warn'],
  ])
  const selected = new Set(['source.tiny.raw.events'])
  expect(await readFreshness({ pool: builds.pool, project, selected })).toHaveLength(1)
})
