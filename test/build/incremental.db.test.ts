import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { buildModels, type BuildResult } from '../../build/run/build.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { projectOf } from './project-files.ts'
import { emptyModels } from './shop.ts'

let database: TestDatabase

beforeAll(async () => {
  database = await createTestDatabase()
})
beforeEach(() => emptyModels(database.pool))
afterAll(() => database.drop())

const rowsOf = async (sql: string) => (await database.pool.query(sql)).rows as Record<string, unknown>[]
const build = async (
  files: Record<string, string>,
  options: { fullRefresh?: boolean; vars?: Record<string, unknown> } = {},
) => buildModels({ pool: database.pool, project: await projectOf(files), ...options })
const problemsOf = (result: BuildResult) =>
  [...result.nodes, ...result.tests].flatMap((item) => item.error?.message ?? [])

describe('an incremental model', () => {
  const versions = (sql: string, config = "unique_key='id'") => ({
    'models/a.sql': `{{ config(materialized='incremental', ${config}) }}${sql}`,
  })

  test.for<[string, string, string, string, string]>([
    ['with a column gone', '', 'select 1 as id, 2 as x', 'select 1 as id', 'x is gone'],
    [
      'with a new column that it must not get',
      ", on_schema_change='fail'",
      'select 1 as id',
      'select 1 as id, 2 as y',
      'y is new',
    ],
    [
      'with a column of another type',
      ", on_schema_change='fail'",
      'select 1 as id',
      "select 'x' as id",
      'id was integer, is text',
    ],
  ])('%s stops and says so', async ([, config, first, second, expected]) => {
    await build(versions(first, `unique_key='id'${config}`))
    const result = await build(versions(second, `unique_key='id'${config}`))
    expect(result.published).toBe(false)
    expect(problemsOf(result).join()).toContain(
      `models/a.sql: the query no longer fits the table it adds to: ${expected}`,
    )
    expect((await build(versions(second, `unique_key='id'${config}`), { fullRefresh: true })).published).toBe(true)
  })

  test('leaves out a new column with a warning', async () => {
    await build(versions('select 1 as id'))
    const result = await build(versions('select 2 as y, 1 as id'))
    expect(result.warnings).toEqual(['a: column y is new and left out until a full refresh'])
    expect(await rowsOf('select * from a')).toEqual([{ id: 1 }])
  })

  test('warns of nulls in its key, which pile up as in dbt', async () => {
    await build(versions('select null::int as id, 1 as k', "unique_key=['id', 'k']"))
    const result = await build(versions('select null::int as id, 1 as k', "unique_key=['id', 'k']"))
    expect(result.warnings).toEqual(['a: 1 rows have a null in unique_key (id, k) and will pile up'])
    expect(await rowsOf('select count(*) as rows from a')).toEqual([{ rows: 2 }])
  })

  test('becomes a table again when it was a view', async () => {
    await build({ 'models/a.sql': 'select 1 as id' })
    await build(versions('select 2 as id {% if is_incremental() %}where false{% endif %}'))
    expect(await rowsOf('select * from a')).toEqual([{ id: 2 }])
  })
})
