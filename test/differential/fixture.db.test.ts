import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { expect, test } from 'vitest'
import { createTestDatabase } from '../support/database.ts'
import { buildByDbt, buildByMilepost, findDbt, SIX_BUILDS_MS, WITHOUT_DBT } from './builders.ts'
import { compareBuilds } from './comparison.ts'
import { differencesOf } from './findings.ts'

const dbt = findDbt()
const note = dbt === null ? ` ${WITHOUT_DBT}` : ''
const PROJECT = resolve(import.meta.dirname, '../fixtures/projects/differential')
const sqlFile = (name: string) => readFileSync(resolve(PROJECT, name), 'utf8')

test.skipIf(dbt === null)(
  `a project that uses all we support is built as dbt builds it${note}`,
  { timeout: SIX_BUILDS_MS },
  async () => {
    const database = await createTestDatabase()
    const compare = (prefixes: { ours: string; dbt: string }, vars: Record<string, unknown>, isResultsOnly: boolean) =>
      compareBuilds({
        projectDir: PROJECT,
        databaseUrl: database.url,
        ours: { build: buildByMilepost, schema: prefixes.ours, prefix: prefixes.ours, vars },
        dbt: { build: buildByDbt(dbt!), schema: prefixes.dbt, prefix: prefixes.dbt, vars },
        change: async () => void (await database.pool.query(sqlFile('sources-later.sql'))),
        isResultsOnly,
      })
    try {
      await database.pool.query(sqlFile('sources.sql'))
      const passes = await compare({ ours: 'a_x', dbt: 'b_x' }, {}, false)
      const failing = await compare({ ours: 'a_y', dbt: 'b_y' }, { with_failure: true }, true)
      expect([...passes, ...failing].flatMap(differencesOf)).toEqual([])
      expect(passes.map(({ findings }) => findings.counts.relations)).toEqual([22, 22, 22])
    } finally {
      await database.drop()
    }
  },
)
