import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { catalogOf } from '../../build/artifacts/catalog.ts'
import { manifestOf } from '../../build/artifacts/manifest.ts'
import { runResultsOf } from '../../build/artifacts/run-results.ts'
import { selectableNodes } from '../../build/artifacts/selectable.ts'
import { sourcesOf } from '../../build/artifacts/sources.ts'
import { selectionState } from '../../build/artifacts/state.ts'
import { writeArtifacts } from '../../build/artifacts/write.ts'
import { compileProject } from '../../build/graph/graph.ts'
import { publishedPlaces, renderNode } from '../../build/graph/render-node.ts'
import { loadProject } from '../../build/project/project.ts'
import type { NodeResult, TestResult } from '../../build/run/result.ts'
import { findDbt, WITHOUT_DBT } from '../differential/builders.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { projectOf } from './project-files.ts'
import { emptyModels, fixture } from './shop.ts'

const AT = { generatedAt: new Date('2026-03-01T12:00:00Z'), invocationId: '5d5e9a52-6a0f-4d8e-8f0e-0d8e3c3f8a11' }

let database: TestDatabase

beforeAll(async () => {
  database = await createTestDatabase()
})
beforeEach(() => emptyModels(database.pool))
afterAll(() => database.drop())

test('the catalog tells the relations of a project as they stand', async () => {
  const { pool } = database
  await pool.query(`
    create schema raw_shop;
    create table raw_shop.orders (id integer, dropped text, name varchar(5));
    alter table raw_shop.orders drop column dropped;
    comment on table raw_shop.orders is 'As they came';
    comment on column raw_shop.orders.name is 'Of whom';
    insert into raw_shop.orders select 1, 'Ada' from generate_series(1, 7);
    analyze raw_shop.orders;
    create schema marts;
    create view marts.a as select id from raw_shop.orders;
    create table marts.b ();
  `)
  const project = projectOf({
    'models/a.sql': "select id from {{ source('raw_shop', 'orders') }}",
    'models/b.sql': "{{ config(materialized='table') }} select 1 as id",
    'models/c.sql': "{{ config(materialized='ephemeral') }} select 1 as id",
    'models/d.sql': "select * from {{ ref('c') }}",
    'models/s.yml': 'sources: [{name: raw_shop, tables: [{name: orders}]}]',
  })
  const graph = compileProject(project, { target: { name: 'default', schema: 'marts' } })
  const catalog = await catalogOf(pool, graph, AT)
  expect(Object.keys(catalog.nodes)).toEqual(['model.tiny.a', 'model.tiny.b'])
  const { rows } = await pool.query<{ owner: string; database: string }>(
    'select current_user::text as owner, current_database()::text as database',
  )
  expect(catalog.sources['source.tiny.raw_shop.orders']).toMatchObject({
    unique_id: 'source.tiny.raw_shop.orders',
    metadata: { type: 'BASE TABLE', schema: 'raw_shop', name: 'orders', comment: 'As they came', ...rows[0] },
    columns: {
      id: { name: 'id', type: 'integer', index: 1, comment: null },
      name: { name: 'name', type: 'character varying(5)', index: 3, comment: 'Of whom' },
    },
    stats: {
      row_count: { value: 7, include: true },
      bytes: { include: true },
      has_stats: { value: true, include: false },
    },
  })
  expect(Object.keys(catalog.sources['source.tiny.raw_shop.orders']?.columns ?? {})).toEqual(['id', 'name'])
  expect(catalog.nodes['model.tiny.a']).toMatchObject({
    metadata: { type: 'VIEW' },
    stats: { has_stats: { value: false } },
  })
  expect(catalog.nodes['model.tiny.b']?.columns).toEqual({})
})

const dbt = findDbt()

describe.skipIf(dbt === null)(`dbt${dbt === null ? ` ${WITHOUT_DBT}` : ''}`, { timeout: 120_000 }, () => {
  const command = execFileSync('sh', ['-c', 'command -v "$0"', dbt ?? 'sh'], { encoding: 'utf8' }).trim()
  const target = { name: 'default', schema: 'marts', database: 'harbour' }
  const projectDir = fixture('differential')

  function makeFolder(): string {
    const dir = mkdtempSync(join(tmpdir(), 'milepost-artifacts-'))
    onTestFinished(() => rmSync(dir, { recursive: true, force: true }))
    writeFileSync(
      join(dir, 'profiles.yml'),
      'ferry: {target: default, outputs: {default: {type: postgres, host: nowhere, port: 1, user: x, password: x, dbname: harbour, schema: marts}}}',
    )
    return dir
  }

  function runDbt(dir: string, args: string[]): string[] {
    const paths = [
      '--project-dir',
      projectDir,
      '--profiles-dir',
      dir,
      '--target-path',
      join(dir, 'own'),
      '--log-path',
      join(dir, 'logs'),
    ]
    const env = { ...process.env, DBT_SEND_ANONYMOUS_USAGE_STATS: 'false' }
    const said = execFileSync(command, ['--quiet', ...args, ...paths], {
      encoding: 'utf8',
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    return said.split('\n').filter((line) => line.includes('ferry'))
  }

  const ferry = () => compileProject(loadProject(projectDir, { target }), { target })

  test('loads each artifact', async () => {
    const dir = makeFolder()
    const graph = ferry()
    await database.pool.query('create schema marts; create view marts.log_wind as select 1 as day')
    const compiled = new Map(
      graph.nodes.flatMap((node) => {
        if (node.template === null) return []
        return [[node.id, renderNode(graph, node, publishedPlaces(graph), { isIncremental: false }).sql]]
      }),
    )
    const common = { startedAt: AT.generatedAt, seconds: 1.25, thread: '1', error: null }
    const nodes = graph.nodes.map(({ id, name, kind, config }): NodeResult => {
      const made = { status: 'built' as const, isPublished: true, rows: 1, replaced: null, message: 'done' }
      const place = { resource: kind, kind: config.materialized, schema: 'marts', relation: name }
      return { id, name, compiledSql: compiled.get(id) ?? null, ...place, ...made, ...common }
    })
    const statuses = ['pass', 'warn', 'fail', 'error', 'skipped'] as const
    const tests = graph.tests.map(({ id, name }, index): TestResult => {
      const status = statuses[index % statuses.length] ?? 'pass'
      const told = { failures: 1, isReused: false, model: null, column: null, sample: [], compiledSql: 'select 1' }
      return { id, name, resource: 'test', status, ...told, ...common }
    })
    const [at, id] = [AT.generatedAt, 'source.ferry.ferry.bookings']
    const times = { maxLoadedAt: at, snapshottedAt: at, startedAt: at, ageSeconds: 1.5, seconds: 0.5, thread: '1' }
    const result = {
      invocationId: AT.invocationId,
      startedAt: at,
      seconds: 3,
      published: true,
      groups: [],
      orphans: [],
      warnings: [],
    }
    await writeArtifacts(dir, {
      manifest: manifestOf(graph, { ...AT, compiled }),
      'run-results': runResultsOf({ ...result, nodes, tests }, { database: 'harbour', args: { vars: {} } }),
      catalog: await catalogOf(database.pool, graph, AT),
      sources: sourcesOf(
        [
          { id, status: 'warn', criteria: { warn_after: { count: 1, period: 'hour' }, error_after: null }, ...times },
          { id: `${id}_2`, status: 'runtime error', error: 'there is no table' },
        ],
        { ...AT, seconds: 1 },
      ),
    })
    const python = String(readFileSync(command, 'utf8').split('\n')[0]).replace('#!', '')
    const script = `
import sys
from dbt.artifacts.schemas.manifest import WritableManifest
from dbt.artifacts.schemas.run import RunResultsArtifact
from dbt.artifacts.schemas.catalog import CatalogArtifact
from dbt.artifacts.schemas.freshness import FreshnessExecutionResultArtifact
dir = sys.argv[1]
print(len(WritableManifest.read_and_check_versions(dir + "/manifest.json").nodes))
print(len(RunResultsArtifact.read_and_check_versions(dir + "/run_results.json").results))
print(len(CatalogArtifact.read_and_check_versions(dir + "/catalog.json").nodes))
print(len(FreshnessExecutionResultArtifact.read_and_check_versions(dir + "/sources.json").results))
`
    const counts = execFileSync(python, ['-W', 'ignore', '-c', script, dir], { encoding: 'utf8' })
      .trim()
      .split('\n')
      .map(Number)
    const all = nodes.length + tests.length
    expect(counts).toEqual([all, all, 1, 2])
  })

  const KINDS = ['model', 'seed', 'snapshot', 'source', 'exposure']

  test('compares itself with our manifest', async () => {
    const dir = makeFolder()
    const manifest = manifestOf(ferry(), AT)
    const aspects = ['body', 'configs', 'persisted_descriptions', 'relation', 'contract'].map(
      (name) => `modified.${name}`,
    )
    const list = (...states: string[]) => {
      const types = KINDS.flatMap((kind) => ['--resource-type', kind])
      const select = ['--select', ...states.map((state) => `state:${state}`)]
      return runDbt(dir, ['ls', '--state', dir, '--output', 'json', '--output-keys', 'unique_id', ...types, ...select])
    }
    await writeArtifacts(dir, { manifest })
    expect(list('new', ...aspects)).toEqual([])
    // The manifest holds the project's macros alone, so dbt takes those that it brings itself for new.
    const callers = Object.values(manifest.nodes).filter((node) => node.raw_code.includes('is_incremental()'))
    expect(list('modified').sort()).toEqual(
      callers.map(({ unique_id }) => JSON.stringify({ unique_id }).replace(':', ': ')).sort(),
    )
    const model = manifest.nodes['model.ferry.log_wind']
    if (model !== undefined) model.unrendered_config = { materialized: 'table' }
    await writeArtifacts(dir, { manifest })
    expect(list(...aspects)).toEqual(['{"unique_id": "model.ferry.log_wind"}'])
  })

  test('leaves a manifest that we compare ourselves with', () => {
    const dir = makeFolder()
    runDbt(dir, ['parse'])
    const graph = ferry()
    const state = selectionState(join(dir, 'own'), manifestOf(graph, AT))
    const comparable = selectableNodes(graph).filter((node) => KINDS.includes(node.resourceType))
    expect(comparable.length).toBeGreaterThan(20)
    expect(comparable.filter((node) => state.isNew(node) || state.isModified(node))).toEqual([])
  })
})
