import { createHash } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { manifestOf } from '../../build/artifacts/manifest.ts'
import { runResultsOf } from '../../build/artifacts/run-results.ts'
import { selectableNodes } from '../../build/artifacts/selectable.ts'
import { sourcesOf } from '../../build/artifacts/sources.ts'
import { testHash } from '../../build/graph/test-hash.ts'
import { writeArtifacts } from '../../build/artifacts/write.ts'
import { compileProject } from '../../build/graph/graph.ts'
import { loadProject } from '../../build/project/project.ts'
import type { BuildResult, NodeResult, TestResult } from '../../build/run/result.ts'
import { PipelineError } from '../../core/errors.ts'
import { projectOf } from './project-files.ts'
import { fixture } from './shop.ts'

const TARGET = { name: 'default', schema: 'marts', database: 'harbour' }
const AT = { generatedAt: new Date('2026-03-01T12:00:00Z'), invocationId: 'b9a5' }

const graphOf = async (files: Record<string, string>) => compileProject(projectOf(files), { target: TARGET })
const ferry = () => compileProject(loadProject(fixture('differential'), { target: TARGET }), { target: TARGET })

async function manifestWith(files: Record<string, string>) {
  return manifestOf(await graphOf(files), AT)
}

function makeFolder(): string {
  const dir = mkdtempSync(join(tmpdir(), 'milepost-artifacts-'))
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }))
  return dir
}

describe('the manifest', () => {
  test('names only parents, children and macros that it holds, and both directions agree', () => {
    const manifest = manifestOf(ferry(), AT)
    const { nodes, sources, exposures, unit_tests, macros, parent_map, child_map } = manifest
    const all = { ...nodes, ...sources, ...exposures, ...unit_tests }
    const edges = Object.entries(parent_map).flatMap(([id, parents]) => parents.map((parent) => `${parent} -> ${id}`))
    const back = Object.entries(child_map).flatMap(([id, children]) => children.map((child) => `${id} -> ${child}`))
    expect(edges.length).toBeGreaterThan(50)
    expect(edges.sort()).toEqual(back.sort())
    expect(Object.keys(parent_map).sort()).toEqual(Object.keys(all).sort())
    expect(
      Object.values(parent_map)
        .flat()
        .filter((id) => !(id in all)),
    ).toEqual([])
    const called = Object.values({ ...nodes, ...macros }).flatMap((entry) => entry.depends_on.macros)
    expect(called).toContain('macro.ferry.cents')
    expect(called.filter((id) => !(id in macros))).toEqual([])
  })

  test('is the same for the same project but for its times and run', () => {
    const later = { generatedAt: new Date('2026-04-01T00:00:00Z'), invocationId: 'c1' }
    const withoutTimes = (manifest: unknown) =>
      JSON.stringify(manifest, (key, value: unknown) => {
        return ['created_at', 'generated_at', 'invocation_id'].includes(key) ? undefined : value
      })
    expect(withoutTimes(manifestOf(ferry(), later))).toBe(withoutTimes(manifestOf(ferry(), AT)))
    expect(manifestOf(ferry(), AT).metadata).toMatchObject({
      dbt_schema_version: 'https://schemas.getdbt.com/dbt/manifest/v12.json',
      generated_at: '2026-03-01T12:00:00.000Z',
      invocation_id: 'b9a5',
      adapter_type: 'postgres',
      project_name: 'ferry',
    })
  })

  test('tells a model as dbt does', async () => {
    const text = "\n{{ config(tags=['hourly'], indexes=[{'columns': ['id']}]) }}\nselect 1 as id\n\n"
    const manifest = await manifestWith({
      'dbt_project.yml':
        'name: tiny\nmodels:\n  tiny:\n    marts:\n      +materialized: incremental\n      +tags: daily\n      +schema: gold\n',
      'models/marts/a.sql': text,
      'models/marts/a.yml':
        'models: [{name: a, description: All a, config: {meta: {owner: ana}, unique_key: id}, columns: [{name: id}]}]',
    })
    expect(manifest.nodes['model.tiny.a']).toMatchObject({
      unique_id: 'model.tiny.a',
      fqn: ['tiny', 'marts', 'a'],
      path: 'marts/a.sql',
      original_file_path: 'models/marts/a.sql',
      patch_path: 'tiny://models/marts/a.yml',
      database: 'harbour',
      schema: 'marts_gold',
      relation_name: '"harbour"."marts_gold"."a"',
      raw_code: text.trim(),
      checksum: { name: 'sha256', checksum: createHash('sha256').update(text.trim()).digest('hex') },
      tags: ['daily', 'hourly'],
      meta: { owner: 'ana' },
      description: 'All a',
      columns: { id: { name: 'id', data_type: null } },
      config: {
        materialized: 'incremental',
        unique_key: 'id',
        schema: 'gold',
        incremental_strategy: null,
        lookback: 1,
      },
    })
    // As written: without defaults, and the last of several, not all together.
    expect(manifest.nodes['model.tiny.a']?.unrendered_config).toEqual({
      materialized: 'incremental',
      schema: 'gold',
      meta: { owner: 'ana' },
      unique_key: 'id',
      tags: ['hourly'],
      indexes: [{ columns: ['id'] }],
    })
  })

  // The hashes are those of dbt 1.9.
  test.for([
    { name: 'unique_a_id', type: 'unique', column: 'id', args: {}, hash: 'f6a5f640da' },
    {
      name: 'accepted_values_a_id__False__1__2',
      type: 'accepted_values',
      column: 'id',
      args: { values: [1, 2], quote: false },
      hash: '712999821e',
    },
    {
      name: 'relationships_a_id__it_s__ref_b_',
      type: 'relationships',
      column: 'id',
      args: { to: "ref('b')", field: "it's" },
      hash: '53c28d1ebf',
    },
    {
      name: 'row_count_a_1',
      type: 'row_count',
      column: null,
      args: { low: 1, of: { b: null, a: 'ö\n' } },
      hash: 'e84768b102',
    },
  ])('gives the test $name the hash that dbt gives it', ({ hash, ...asked }) => {
    expect(testHash({ ...asked, subject: { node: 'a' } })).toBe(hash)
  })

  test('gives a long test a short alias, and the tags of its column', async () => {
    const column = `a_column_with_a_name_that_is_long_enough_to_be_cut_somewhere`
    const manifest = await manifestWith({
      'models/a.sql': `select 1 as ${column}`,
      'models/a.yml': `models: [{name: a, columns: [{name: ${column}, tags: [key], data_tests: [not_null: {severity: warn}, unique: {name: u}]}]}]`,
    })
    const tests = Object.values(manifest.nodes).filter((node) => node.resource_type === 'test')
    const alias = `not_null_a_${createHash('md5').update(`not_null_a_${column}`).digest('hex')}`
    expect(tests).toMatchObject([
      { name: `not_null_a_${column}`, alias, path: `${alias}.sql`, tags: ['key'], config: { severity: 'WARN', alias } },
      { name: 'u', alias: 'u', config: { severity: 'ERROR', alias: null } },
    ])
    expect(tests[0]?.raw_code).toBe(
      `{{ test_not_null(**_dbt_generic_test_kwargs) }}{{ config(severity="warn",alias="${alias}") }}`,
    )
  })

  test('holds each macro of a file with what it calls, and none that is commented out', async () => {
    const { macros } = await manifestWith({
      'macros/m.sql':
        '{# {% macro old() %}{% endmacro %} #}{% macro a(x) -%}{{ x }}{%- endmacro %}\n{% macro b() %}{{ a(1) }}{% endmacro %}',
    })
    expect(Object.values(macros)).toMatchObject([
      { unique_id: 'macro.tiny.a', macro_sql: '{% macro a(x) -%}{{ x }}{%- endmacro %}', depends_on: { macros: [] } },
      { unique_id: 'macro.tiny.b', depends_on: { macros: ['macro.tiny.a'] } },
    ])
  })

  test.for([
    { freshness: '', said: { warn_after: { count: null }, error_after: { count: null } } },
    { freshness: 'freshness: null,', said: null },
    {
      freshness: 'freshness: {warn_after: {count: 1, period: day}, error_after: null},',
      said: { warn_after: { count: 1, period: 'day' }, error_after: null, filter: null },
    },
  ])('says of a source with "$freshness" how fresh it must be', async ({ freshness, said }) => {
    const { sources } = await manifestWith({
      'models/s.yml': `sources: [{name: s, tables: [{name: t, ${freshness} identifier: T}]}]`,
    })
    const source = sources['source.tiny.s.t']
    expect(source?.relation_name).toBe('"harbour"."s"."T"')
    if (said === null) expect(source?.freshness).toBeNull()
    else expect(source?.freshness).toMatchObject(said)
    expect(source?.unrendered_config).toEqual(freshness === '' ? {} : { freshness: source?.freshness })
  })
})

test('everything that can be selected stands in the manifest, with the same names, tags and parents', () => {
  const graph = ferry()
  const { nodes, sources, exposures, unit_tests } = manifestOf(graph, AT)
  const entries = Object.values({ ...nodes, ...sources, ...exposures, ...unit_tests }).map((entry) => ({
    uniqueId: entry.unique_id,
    resourceType: entry.resource_type,
    name: entry.name,
    fqn: entry.fqn,
    path: entry.original_file_path,
    parents: 'depends_on' in entry && 'nodes' in entry.depends_on ? entry.depends_on.nodes.toSorted() : [],
    tags: 'tags' in entry ? entry.tags : entry.config.tags,
  }))
  const selectable = selectableNodes(graph).map(({ uniqueId, resourceType, name, fqn, path, tags, dependsOn }) => {
    return { uniqueId, resourceType, name, fqn, path, parents: dependsOn.toSorted(), tags }
  })
  const byId = (a: { uniqueId: string }, b: { uniqueId: string }) => (a.uniqueId < b.uniqueId ? -1 : 1)
  expect(selectable.sort(byId)).toEqual(entries.sort(byId))
})

const COMMON = { startedAt: AT.generatedAt, seconds: 1.5, thread: 'build-1', error: null }
const failure = new PipelineError('MODEL_FAILED', 'no such column', 'never')

function aNode(given: Partial<NodeResult>): NodeResult {
  const names = { id: 'model.tiny.a', name: 'a', schema: 'marts', relation: 'a' }
  const made = {
    status: 'built' as const,
    isPublished: true,
    rows: 3,
    replaced: null,
    message: 'done',
    compiledSql: 'x',
  }
  return { ...names, resource: 'model', kind: 'table', ...made, ...COMMON, ...given }
}

function aTest(given: Partial<TestResult>): TestResult {
  const names = { id: 'test.tiny.t', name: 't', resource: 'test' as const, model: 'a', column: null }
  return { ...names, status: 'pass', failures: 0, isReused: false, sample: [], compiledSql: null, ...COMMON, ...given }
}

function resultsOf(given: Partial<BuildResult>) {
  const nothing = { nodes: [], tests: [], groups: [], orphans: [], warnings: [], published: true }
  const result = { invocationId: 'b9a5', startedAt: AT.generatedAt, seconds: 90, ...nothing, ...given }
  return runResultsOf(result, { database: 'harbour', args: { select: ['a'] } })
}

describe('the results of a run', () => {
  test.for<[string, Partial<NodeResult>, Record<string, unknown>]>([
    ['built', {}, { status: 'success', message: 'done', adapter_response: { code: 'SELECT', rows_affected: 3 } }],
    ['built as a view', { kind: 'view', rows: null }, { status: 'success', adapter_response: { code: 'CREATE VIEW' } }],
    ['added to', { replaced: 2 }, { status: 'success', adapter_response: { _message: 'INSERT 3' } }],
    [
      'held back',
      { isPublished: false },
      {
        status: 'success',
        message: expect.stringContaining('held back') as string,
        adapter_response: expect.objectContaining({ published: false }) as object,
      },
    ],
    ['unchanged', { status: 'unchanged' }, { status: 'success', message: 'unchanged', adapter_response: {} }],
    ['skipped', { status: 'skipped', startedAt: null }, { status: 'skipped', timing: [] }],
    ['failed', { status: 'failed', error: failure }, { status: 'error', message: 'no such column' }],
    ['ephemeral', { kind: 'ephemeral' }, { relation_name: null }],
  ])('tell a model that was %s', ([, given, told]) => {
    expect(resultsOf({ nodes: [aNode(given)] }).results).toMatchObject([
      {
        unique_id: 'model.tiny.a',
        compiled_code: 'x',
        relation_name: '"harbour"."marts"."a"',
        failures: null,
        ...told,
      },
    ])
  })

  test.for<[string, Partial<TestResult>, Record<string, unknown>]>([
    ['passed', {}, { status: 'pass', failures: 0, message: null }],
    ['failed', { status: 'fail', failures: 1 }, { status: 'fail', failures: 1, message: '1 wrong row' }],
    ['warned', { status: 'warn', failures: 2 }, { status: 'warn', failures: 2, message: '2 wrong rows' }],
    ['broke', { status: 'error', error: failure }, { status: 'error', failures: null, message: 'no such column' }],
    ['was skipped', { status: 'skipped' }, { status: 'skipped', failures: null }],
  ])('tell a test that %s', ([, given, told]) => {
    expect(resultsOf({ tests: [aTest(given)] }).results).toMatchObject([{ unique_id: 'test.tiny.t', ...told }])
  })

  test('say when what happened', () => {
    const results = resultsOf({ nodes: [aNode({})] })
    expect(results).toMatchObject({ elapsed_time: 90, args: { select: ['a'] } })
    expect(results.metadata.generated_at).toBe('2026-03-01T12:01:30.000Z')
    expect(results.results[0]?.timing).toEqual([
      { name: 'compile', started_at: '2026-03-01T12:00:00.000Z', completed_at: '2026-03-01T12:00:00.000Z' },
      { name: 'execute', started_at: '2026-03-01T12:00:00.000Z', completed_at: '2026-03-01T12:00:01.500Z' },
    ])
  })
})

describe('written artifacts', () => {
  test('are files of a folder, with the compiled SQL below it and nothing half written', async () => {
    const dir = join(makeFolder(), 'not', 'there', 'yet')
    const graph = await graphOf({
      'models/a.sql': 'select 1 as id',
      'models/a.yml': 'models: [{name: a, columns: [{name: id, tests: [unique]}]}]',
    })
    const compiled = new Map([...graph.nodes, ...graph.tests].map(({ id }) => [id, `-- ${id}`]))
    const manifest = manifestOf(graph, { ...AT, compiled })
    await writeArtifacts(dir, { manifest, 'run-results': resultsOf({}), sources: sourcesOf([], { ...AT, seconds: 1 }) })
    expect(readdirSync(dir).sort()).toEqual(['compiled', 'manifest.json', 'run_results.json', 'sources.json'])
    expect(JSON.parse(readFileSync(join(dir, 'manifest.json'), 'utf8'))).toEqual(JSON.parse(JSON.stringify(manifest)))
    expect(readFileSync(join(dir, 'compiled/tiny/models/a.sql'), 'utf8')).toBe('-- model.tiny.a')
    expect(readdirSync(join(dir, 'compiled/tiny/models'), { recursive: true }).map(String).sort()).toEqual([
      'a.sql',
      'a.yml',
      'a.yml/unique_a_id.sql',
    ])
    expect(manifest.nodes['model.tiny.a']).toMatchObject({ compiled_path: 'target/compiled/tiny/models/a.sql' })
  })

  test('need a folder', async () => {
    const file = join(makeFolder(), 'file')
    writeFileSync(file, '')
    await expect(writeArtifacts(file, { 'run-results': resultsOf({}) })).rejects.toMatchObject({
      code: 'ARTIFACTS_UNWRITABLE',
    })
  })
})
