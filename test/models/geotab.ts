import { resolve } from 'node:path'
import { afterAll, beforeAll } from 'vitest'
import { compileProject } from '../../build/graph/graph.ts'
import { loadProject } from '../../build/project/project.ts'
import { buildModels } from '../../build/run/build.ts'
import type { BuildResult } from '../../build/run/result.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'

type Row = Record<string, unknown>

/** What a row of each table of `base` holds where a test does not say otherwise. */
const DEFAULTS: Record<string, Row> = {
  trips: {
    trip_id: 't1',
    stopped_at: '2026-03-10T15:30:00Z',
    is_completed: true,
    is_future: false,
    warnings: [],
    raw_version: 1,
    material_hash: 'm1',
    transform_fingerprint: 'f1',
  },
  trip_contexts: { zone_ids: [], odometer_method: 'none', engine_method: 'none' },
  exceptions: {
    state: 'valid',
    is_ended: true,
    is_future: false,
    warnings: [],
    raw_version: 1,
    material_hash: 'm1',
    transform_fingerprint: 'f1',
  },
  exception_contexts: { position_method: 'none', zone_ids: [] },
  faults: { is_future: false, warnings: [], raw_version: 1, material_hash: 'm1', transform_fingerprint: 'f1' },
  fault_contexts: { driver_method: 'none' },
  device_status: { is_future: false, raw_version: 1 },
  latest_status: { recorded_at: '2026-03-10T15:00:00Z' },
  latest_positions: { latitude: 40, longitude: -75 },
  devices: { group_ids: [], device_plans: [], raw_version: 1 },
  users: { company_group_ids: [], driver_group_ids: [], raw_version: 1 },
  zones: { zone_types: [], group_ids: [], ring: '[]', raw_version: 1 },
  rules: { raw_version: 1 },
  diagnostics: { raw_version: 1 },
  references: { raw_version: 1 },
  groups: { child_ids: [], raw_version: 1 },
  addresses: { status: 'found' },
  status_data: { is_future: false },
}

const PROJECT = loadProject(resolve(import.meta.dirname, '../..'))

export interface Geotab {
  readonly database: TestDatabase
  /** Writes a row of `base.geotab__<table>`, of the connection `north` unless the row says another. */
  insert(table: string, row: Row): Promise<void>
  query(text: string, values?: unknown[]): Promise<Row[]>
  /** Builds the Geotab models and runs their tests; Fullbay's stay out. */
  build(options?: { fullRefresh?: boolean; vars?: Row }): Promise<BuildResult>
}

/** Gives the tests of a file a database with the connections north (New York) and south (Chicago), and the models. */
export function useGeotab(): Geotab {
  let database: TestDatabase
  const query = async (text: string, values: unknown[] = []) => (await database.pool.query<Row>(text, values)).rows
  const geotab: Geotab = {
    get database() {
      return database
    },
    query,
    async insert(table, row) {
      const values = { connection: 'north', ...DEFAULTS[table], ...row }
      const names = Object.keys(values)
      const places = names.map((_, index) => `$${index + 1}`)
      await query(
        `insert into base.geotab__${table} (${names.join(', ')}) values (${places.join(', ')})`,
        Object.values(values),
      )
    },
    build({ vars = {}, ...options } = {}) {
      const graph = compileProject(PROJECT, { vars })
      const own = graph.nodes.filter((node) => node.publishGroup === 'geotab')
      const names = new Set(own.map((node) => node.name))
      const tests = graph.tests.filter(
        ({ dependsOn }) => dependsOn.length > 0 && dependsOn.every((name) => names.has(name)),
      )
      const selected = new Set([...own, ...tests].map(({ id }) => id))
      return buildModels({ pool: database.pool, project: PROJECT, selected, vars, ...options })
    },
  }
  beforeAll(async () => {
    database = await createTestDatabase()
    for (const table of ['trips', 'trip_contexts', 'positions', 'status_data']) {
      await query(
        `create table base.${table}_all partition of base.geotab__${table} for values from (minvalue) to (maxvalue)`,
      )
    }
    await query(`insert into ops.connections (source, connection, name, time_zone, is_sandbox) values
      ('geotab', 'north', 'North', 'America/New_York', true), ('geotab', 'south', 'South', 'America/Chicago', true)`)
    const { published } = await geotab.build()
    if (!published) throw new Error('the models could not be built on no rows')
  })
  afterAll(() => database.drop())
  return geotab
}
