import type { Pool, PoolClient } from 'pg'
import { afterAll, beforeAll, beforeEach } from 'vitest'
import { buildModels, type BuildOptions } from '../../build/run/build.ts'
import type { BuildResult } from '../../build/run/result.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { projectOf } from './project-files.ts'
import { emptyModels } from './shop.ts'

type Files = Record<string, string>
type Row = Record<string, unknown>

export interface Builds {
  readonly database: TestDatabase
  readonly pool: Pool
  /** Builds a project made of these files. */
  build: (files: Files, options?: Partial<BuildOptions>) => Promise<BuildResult>
  rowsOf: (sql: string) => Promise<Row[]>
  /** Does `work` on a connection of its own. */
  withClient: <T>(work: (client: PoolClient) => Promise<T>) => Promise<T>
}

/** Gives the tests of a file a database in which each of them begins with nothing built. */
export function useBuilds(): Builds {
  let database: TestDatabase
  beforeAll(async () => {
    database = await createTestDatabase()
  })
  beforeEach(() => emptyModels(database.pool))
  afterAll(() => database.drop())
  return {
    get database() {
      return database
    },
    get pool() {
      return database.pool
    },
    build: (files, options = {}) => buildModels({ pool: database.pool, project: projectOf(files), ...options }),
    rowsOf: async (sql) => (await database.pool.query<Row>(sql)).rows,
    async withClient(work) {
      const client = await database.pool.connect()
      try {
        return await work(client)
      } finally {
        client.release(true)
      }
    },
  }
}

/** A model that is a table. */
export const table = (sql: string): string => `{{ config(materialized='table') }}${sql}`

/** A project file's source `raw.<name>` for each of the names, in the schema raw_shop. */
export const sources = (...names: string[]): string =>
  `sources: [{name: raw, schema: raw_shop, tables: [${names.map((name) => `{name: ${name}}`).join(', ')}]}]`

/** The status of each node, by name. */
export const statuses = (result: BuildResult): Record<string, string> =>
  Object.fromEntries(result.nodes.map((node) => [node.name, node.status]))

/** The status of each test, by name, with a star when it was not run again. */
export const testStatuses = (result: BuildResult): Record<string, string> =>
  Object.fromEntries(result.tests.map((item) => [item.name, `${item.status}${item.isReused ? '*' : ''}`]))

export const problemsOf = (result: BuildResult): string[] =>
  [...result.nodes, ...result.tests].flatMap((item) => item.error?.message ?? [])
