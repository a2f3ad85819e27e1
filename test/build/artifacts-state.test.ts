import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { manifestOf } from '../../build/artifacts/manifest.ts'
import { selectableNodes } from '../../build/artifacts/selectable.ts'
import { sourcesOf, type FreshnessResult } from '../../build/artifacts/sources.ts'
import { selectionState } from '../../build/artifacts/state.ts'
import { compileProject } from '../../build/graph/graph.ts'
import { selectNodes } from '../../build/graph/select.ts'
import { projectOf } from './project-files.ts'

const AT = { generatedAt: new Date('2026-03-01T12:00:00Z'), invocationId: 'b9a5' }
const EXPOSURE = '{name: board, type: dashboard, owner: {name: Ana}, depends_on: ["ref(\'a\')", "ref(\'b\')"]}'
const FILES: Record<string, string> = {
  'dbt_project.yml':
    'name: tiny\nmacro-paths: [macros]\nmodels: {tiny: {+persist_docs: {relation: true, columns: true}}}\n',
  'macros/m.sql':
    '{% macro one() %}1{% endmacro %}{% macro two() %}2{% if false %}{{ one() }}{% endif %}{% endmacro %}',
  'models/a.sql': "select {{ two() }} as id from {{ source('s', 't') }}",
  'models/b.sql': "{{ config(materialized='table') }} select id from {{ ref('a') }}",
  'models/y.yml': `
sources: [{name: s, tables: [{name: t}]}]
models:
  - {name: a, description: All a, columns: [{name: id, description: Its number, data_type: integer, tests: [unique]}]}
exposures: [${EXPOSURE}]
unit_tests: [{name: u, model: b, given: [{input: ref('a'), rows: [{id: 1}]}], expect: {rows: [{id: 1}]}}]
`,
  'seeds/c.csv': 'id\n1\n',
  'tests/none_is_odd.sql': "select * from {{ ref('b') }} where id = 3",
}

async function manifestWith(files: Record<string, string> = {}) {
  const graph = compileProject(projectOf({ ...FILES, ...files }))
  return { nodes: selectableNodes(graph), manifest: manifestOf(graph, AT) }
}

function folderWith(files: Record<string, unknown>): string {
  const dir = mkdtempSync(join(tmpdir(), 'milepost-state-'))
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }))
  for (const [name, content] of Object.entries(files)) {
    writeFileSync(join(dir, name), typeof content === 'string' ? content : JSON.stringify(content))
  }
  return dir
}

const replaced = (file: string, from: string, to: string) => {
  const text = String(FILES[file])
  expect(text).toContain(from)
  return { [file]: text.replace(from, to) }
}

const A_UNIQUE = 'unique_a_id'
test.for<[string, () => Record<string, string>, Record<string, string[]>]>([
  ['nothing', () => ({}), { modified: [], new: [] }],
  ['white space around a model', () => ({ 'models/b.sql': `\n${FILES['models/b.sql']}\n` }), { modified: [] }],
  [
    'the order of YAML',
    () => replaced('models/y.yml', "ref('a')\", \"ref('b')", "ref('b')\", \"ref('a')"),
    { modified: [] },
  ],
  [
    'the SQL of a model',
    () => replaced('models/a.sql', ' as id', ' as id, 2 as x'),
    { modified: ['a'], 'modified.body': ['a'], 'modified.configs': [], new: [], old: ['everything'] },
  ],
  ['a row of a seed', () => ({ 'seeds/c.csv': 'id\n2\n' }), { modified: ['c'], 'modified.body': ['c'] }],
  [
    'a setting in the file',
    () => replaced('models/b.sql', 'table', 'view'),
    { modified: ['b'], 'modified.configs': ['b'], 'modified.relation': [] },
  ],
  [
    'a setting of a folder',
    () => replaced('dbt_project.yml', '+persist', '+full_refresh: false, +persist'),
    { modified: ['a', 'b'], 'modified.configs': ['a', 'b'] },
  ],
  [
    'a tag',
    () => replaced('models/y.yml', 'description: All a', 'description: All a, config: {tags: [x]}'),
    { modified: [] },
  ],
  [
    'the alias of a model',
    () => replaced('models/b.sql', "'table'", "'table', alias='z'"),
    { modified: ['b'], 'modified.relation': ['b'], 'modified.configs': [] },
  ],
  [
    'the description of a column',
    () => replaced('models/y.yml', 'Its number', 'Its key'),
    { modified: ['a'], 'modified.persisted_descriptions': ['a'], 'modified.body': [] },
  ],
  [
    'a macro that another one calls in some case',
    () => replaced('macros/m.sql', '%}1{%', '%}2{%'),
    { modified: ['a'], 'modified.macros': ['a'], 'modified.body': [] },
  ],
  [
    'a contract',
    () => replaced('models/y.yml', 'description: All a', 'description: All a, config: {contract: {enforced: true}}'),
    { modified: ['a'], 'modified.contract': ['a'], 'modified.configs': ['a'] },
  ],
  [
    'the severity of a test',
    () => replaced('models/y.yml', 'unique]', 'unique: {severity: warn}]'),
    { modified: [A_UNIQUE], 'modified.configs': [A_UNIQUE] },
  ],
  ['the SQL of a test', () => replaced('tests/none_is_odd.sql', '3', '5'), { modified: ['none_is_odd'] }],
  [
    'a row of a unit test',
    () => replaced('models/y.yml', 'expect: {rows: [{id: 1}', 'expect: {rows: [{id: 2}'),
    { modified: ['u'] },
  ],
  ['the owner of an exposure', () => replaced('models/y.yml', 'Ana', 'Bob'), { modified: ['board'] }],
  [
    'the schema of a source',
    () => replaced('models/y.yml', '{name: s,', '{name: s, schema: raw,'),
    { modified: ['t'], 'modified.relation': ['t'] },
  ],
  [
    'a new model',
    () => ({ 'models/d.sql': 'select 1 as id' }),
    { modified: ['d'], new: ['d'], 'modified.body': ['d'] },
  ],
  ['a new source', () => replaced('models/y.yml', '{name: t}', '{name: t}, {name: v}'), { modified: [], new: ['v'] }],
])('when %s changed, state: selects what dbt would', async ([, change, expected]) => {
  const before = await manifestWith()
  const now = await manifestWith(change())
  const state = selectionState(folderWith({ 'manifest.json': before.manifest }), now.manifest)
  for (const [value, names] of Object.entries(expected)) {
    const { selected } = selectNodes(now.nodes, { select: [`state:${value}`], state, indirect: 'empty' })
    const found = now.nodes.filter((node) => selected.has(node.uniqueId)).map((node) => node.name)
    expect({ [value]: found.sort() }).toEqual({
      [value]: names[0] === 'everything' ? now.nodes.map((node) => node.name).sort() : names,
    })
  }
})

test('result: and source_status: read the other files of an earlier run', async () => {
  const { manifest, nodes } = await manifestWith()
  const metadata = (kind: string, version: number) => ({
    dbt_schema_version: `https://schemas.getdbt.com/dbt/${kind}/v${version}.json`,
  })
  const freshness = (hour: number): FreshnessResult[] => {
    const at = new Date(Date.UTC(2026, 2, 1, hour))
    const times = { maxLoadedAt: at, snapshottedAt: at, startedAt: at, ageSeconds: 0, seconds: 1, thread: '1' }
    return [{ id: 'source.tiny.s.t', status: 'pass', criteria: {}, ...times }]
  }
  const sources = (hour: number) => sourcesOf(freshness(hour), { ...AT, seconds: 1 })
  const dir = folderWith({
    'run_results.json': {
      metadata: metadata('run-results', 6),
      results: [{ unique_id: 'model.tiny.b', status: 'error' }],
    },
    'sources.json': sources(3),
  })
  const select = (criterion: string, hour: number) => [
    ...selectNodes(nodes, {
      select: [criterion],
      state: selectionState(dir, manifest, sources(hour)),
      indirect: 'empty',
    }).selected,
  ]
  expect(select('result:error', 3)).toEqual(['model.tiny.b'])
  expect(select('source_status:fresher', 3)).toEqual([])
  expect(select('source_status:fresher', 4)).toEqual(['source.tiny.s.t'])
})

const version = (text: string) => JSON.stringify({ metadata: { dbt_schema_version: text } })
test.for<[string, Record<string, string>, string, RegExp]>([
  ['is not there', {}, 'STATE_MISSING', /manifest\.json cannot be read.*artifacts of an earlier run/],
  ['is cut short', { 'manifest.json': '{"nodes": {' }, 'STATE_INVALID', /manifest\.json is not JSON/],
  ['is something else', { 'manifest.json': '[]' }, 'STATE_INVALID', /no artifact of dbt/],
  [
    'is of an old version',
    { 'manifest.json': version('https://schemas.getdbt.com/dbt/manifest/v11.json') },
    'STATE_INVALID',
    /is of version .*v11.json; only .*v12.json/,
  ],
  [
    'lacks its nodes',
    { 'manifest.json': version('https://schemas.getdbt.com/dbt/manifest/v12.json') },
    'STATE_INVALID',
    /is broken at nodes/,
  ],
])('a manifest that %s is refused', async ([, files, code, message]) => {
  const { manifest, nodes } = await manifestWith()
  const state = selectionState(folderWith(files), manifest)
  expect(() => selectNodes(nodes, { select: ['state:new'], state })).toThrow(
    expect.objectContaining({ code, message: expect.stringMatching(message) as string }),
  )
})
