import type { GraphTest, GraphUnitTest } from '../graph/graph.ts'
import { shortTestName } from '../project/generic-test.ts'
import type { FixtureRows } from '../project/unit-test.ts'
import { readTemplate, testTags } from './given-config.ts'
import { belowRoot, checksumOf, compiledEntry, references, type Entries } from './manifest-node.ts'
import { argumentsOf, callOf, inPython } from '../graph/test-hash.ts'

export const TEST_CONFIG = {
  enabled: true,
  alias: null,
  schema: 'dbt_test__audit',
  database: null,
  tags: [],
  meta: {},
  group: null,
  materialized: 'test',
  severity: 'ERROR',
  store_failures: null,
  store_failures_as: null,
  where: null,
  limit: null,
  fail_calc: 'count(*)',
  warn_if: '!= 0',
  error_if: '!= 0',
}

/** A data test. */
export function testEntry(entries: Entries, test: GraphTest) {
  const { graph, createdAt } = entries
  const { project, target } = graph
  const { id, name, fqn, source, subject, settings, description } = test
  const alias = aliasOf(test)
  const long = alias === name ? {} : { alias }
  const meta = settings.meta ?? {}
  const tags = testTags(graph, test)
  const given = { ...settings, ...severityOf(test), ...long }
  const isGeneric = test.kind === 'generic'
  const path = isGeneric ? `${alias}.sql` : belowRoot(graph.project, source.file)
  const tested = subject !== null && 'node' in subject ? graph.byName.get(subject.node) : undefined
  const macros = test.template === null ? [] : [...readTemplate(graph, test.template, null).macros]
  return {
    database: target.database ?? '',
    schema: `${target.schema}_${TEST_CONFIG.schema}`,
    name,
    resource_type: 'test',
    package_name: project.name,
    path,
    original_file_path: source.file,
    unique_id: id,
    fqn,
    alias,
    checksum: isGeneric ? { name: 'none', checksum: '' } : { name: 'sha256', checksum: checksumOf(source.text) },
    config: { ...TEST_CONFIG, ...given, tags, meta },
    tags,
    description,
    columns: {},
    meta,
    group: null,
    docs: { show: true, node_color: null },
    patch_path: null,
    build_path: null,
    unrendered_config: given,
    created_at: createdAt,
    relation_name: null,
    raw_code: isGeneric ? genericCode(test, ownSettings(entries, test), long) : source.text.trim(),
    ...references(graph, test.dependsOn, [...test.sources.values()], macros),
    ...compiledEntry(entries, id, alias, source.file),
    contract: { enforced: false, alias_types: true, checksum: null },
    ...(isGeneric
      ? {
          column_name: test.column,
          file_key_name: fileKey(test, tested?.kind),
          attached_node: tested?.id ?? null,
          test_metadata: { name: test.type, kwargs: argumentsOf(test), namespace: null },
        }
      : {}),
  }
}

function fileKey({ subject }: GraphTest, kind = 'model'): string {
  if (subject === null) return ''
  return 'node' in subject ? `${kind}s.${subject.node}` : `sources.${subject.source}`
}

function aliasOf({ name, type, subject, kind }: GraphTest): string {
  if (kind === 'singular' || subject === null) return name
  const start = 'node' in subject ? `${type}_${subject.node}` : `source_${type}_${subject.source}_${subject.table}`
  // A name that somebody chose is not shortened.
  return name.startsWith(`${start}_`) ? shortTestName(name, start) : name
}

/** The settings that stand with the test itself; an entry of YAML has a source of its own to be found by. */
function ownSettings({ graph }: Entries, { source }: GraphTest) {
  return graph.project.tests.find((test) => test.source === source)?.settings ?? {}
}

const SETTINGS = ['severity', 'tags', 'enabled', 'where', 'limit', 'warn_if', 'error_if', 'meta'] as const

/** The template that dbt makes of a test in YAML. */
function genericCode({ type }: GraphTest, own: GraphTest['settings'], long: { alias?: string }): string {
  const ordered = [...SETTINGS.map((key) => [key, own[key]] as const), ...Object.entries(long)]
  const texts = ordered.flatMap(([key, value]) => {
    if (value === undefined) return []
    return `${key}=${typeof value === 'string' ? `"${value.replaceAll('"', '\\"')}"` : inPython(value)}`
  })
  const config = texts.length === 0 ? '' : `{{ config(${texts.join(',')}) }}`
  return `{{ test_${String(type)}(**_dbt_generic_test_kwargs) }}${config}`
}

// dbt writes the severity of its two simplest tests in capitals, of others as it stands.
export function severityOf({ type, settings: { severity } }: GraphTest): { severity?: string } {
  if (severity === undefined) return {}
  return { severity: type === 'unique' || type === 'not_null' ? severity.toUpperCase() : severity }
}

export function unitTestEntry({ graph, createdAt }: Entries, test: GraphUnitTest) {
  const { id, name, model, fqn, description, tags, meta, overrides, source } = test
  const node = graph.byName.get(model)
  const given = test.given.map(({ input, rows }) => {
    return { input: input === 'this' ? input : callOf(input), ...rowsEntry(rows) }
  })
  const expect = rowsEntry(test.expect)
  const isOverriding = Object.values(overrides).some((values) => Object.keys(values).length > 0)
  return {
    model,
    given,
    expect,
    name,
    resource_type: 'unit_test',
    package_name: graph.project.name,
    path: belowRoot(graph.project, source.file),
    original_file_path: source.file,
    unique_id: id,
    fqn,
    description,
    overrides: isOverriding ? overrides : null,
    depends_on: { macros: [], nodes: node === undefined ? [] : [node.id] },
    config: { tags, meta, enabled: true },
    checksum: checksumOf(JSON.stringify([model, given, expect, overrides])),
    schema: node?.relation.schema ?? null,
    created_at: createdAt,
    versions: null,
    version: null,
  }
}

function rowsEntry(fixture: FixtureRows) {
  const rows = fixture.format === 'sql' ? fixture.text : fixture.rows
  return { rows, format: fixture.format === 'sql' ? 'sql' : 'dict', fixture: null }
}
