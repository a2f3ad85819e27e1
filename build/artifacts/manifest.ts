import { createHash } from 'node:crypto'
import type { Graph, GraphExposure } from '../graph/graph.ts'
import { parseReference } from '../project/reference.ts'
import type { Source } from '../project/properties.ts'
import { columnEntries, belowRoot, nodeEntry, references, type DependsOn, type Entries } from './manifest-node.ts'
import { testEntry, unitTestEntry } from './manifest-test.ts'
import { fullName, metadataOf, type Provenance } from './metadata.ts'

export type Manifest = ReturnType<typeof manifestOf>

/** The project as dbt's manifest (version 12) tells it; `compiled` is SQL by id. Disabled nodes are left out. */
export function manifestOf(graph: Graph, options: Provenance & { compiled?: Map<string, string> }) {
  const { project } = graph
  const createdAt = options.generatedAt.getTime() / 1000
  const entries: Entries = { graph, compiled: options.compiled ?? new Map(), createdAt }
  const nodes = byId<NodeEntry>([
    ...graph.nodes.map((node) => nodeEntry(entries, node)),
    ...graph.tests.map((test) => testEntry(entries, test)),
  ])
  const sources = byId([...graph.sources.values()].map((source) => sourceEntry(entries, source)))
  const exposures = byId(graph.exposures.map((exposure) => exposureEntry(entries, exposure)))
  const unitTests = byId(graph.unitTests.map((test) => unitTestEntry(entries, test)))
  const parents = Object.values<Entry>({ ...sources, ...nodes, ...exposures, ...unitTests }).map((entry): Edges => {
    return [entry.unique_id, [...(entry.depends_on?.nodes ?? [])].sort()]
  })
  return {
    metadata: {
      ...metadataOf('manifest', options),
      project_name: project.name,
      project_id: createHash('md5').update(project.name).digest('hex'),
      user_id: null,
      send_anonymous_usage_stats: false,
      adapter_type: 'postgres',
    },
    nodes,
    sources,
    macros: byId(macroEntries(entries)),
    docs: byId(docEntries(graph)),
    exposures,
    metrics: {},
    groups: {},
    selectors: {},
    disabled: {},
    ...maps(parents),
    group_map: {},
    saved_queries: {},
    semantic_models: {},
    unit_tests: unitTests,
  }
}

type NodeEntry = ReturnType<typeof nodeEntry> | ReturnType<typeof testEntry>

function byId<T extends { unique_id: string }>(entries: T[]): Record<string, T> {
  return Object.fromEntries(entries.map((entry) => [entry.unique_id, entry]))
}

interface Entry {
  unique_id: string
  depends_on?: DependsOn
}

type Edges = [id: string, ids: string[]]

function maps(parents: Edges[]) {
  const children = new Map(parents.map(([id]) => [id, [] as string[]]))
  for (const [id, ids] of parents) for (const parent of ids) children.get(parent)?.push(id)
  return {
    parent_map: Object.fromEntries(parents),
    child_map: Object.fromEntries([...children].map(([id, ids]) => [id, ids.sort()])),
  }
}

const NO_LIMIT = { count: null, period: null }

function sourceEntry({ graph, createdAt }: Entries, source: Source) {
  const { project, target } = graph
  const { file } = source.file.source
  const path = belowRoot(graph.project, file)
  const { said, config, freshness } = sourceConfig(source)
  return {
    database: target.database ?? '',
    schema: source.relation.schema,
    name: source.table,
    resource_type: 'source',
    package_name: project.name,
    path: file,
    original_file_path: file,
    unique_id: `source.${project.name}.${source.source}.${source.table}`,
    fqn: [project.name, ...path.split('/').slice(0, -1), source.source, source.table],
    source_name: source.source,
    source_description: source.sourceDescription,
    loader: source.loader,
    identifier: source.relation.name,
    quoting: { database: null, schema: null, identifier: null, column: null },
    loaded_at_field: source.loadedAtField,
    freshness,
    external: null,
    description: source.description,
    columns: columnEntries(source.columns),
    meta: source.meta,
    source_meta: said?.meta ?? {},
    tags: source.tags,
    config: { enabled: true, event_time: null, freshness, ...config },
    patch_path: null,
    unrendered_config: config,
    relation_name: fullName(target.database ?? '', source.relation),
    created_at: createdAt,
    unrendered_database: null,
    unrendered_schema: source.relation.schema,
  }
}

/** What YAML says of a source, its settings in the form in which dbt compares them, and its freshness. */
function sourceConfig({ source, table, file, freshness: given }: Source) {
  const said = file.data.sources.find(
    ({ name, tables }) => name === source && tables.some((item) => item.name === table),
  )
  const own = said?.tables.find(({ name }) => name === table)
  const { warn_after = NO_LIMIT, error_after = NO_LIMIT, filter = null } = given ?? {}
  const isOff = given === null && [said, said?.config, own, own?.config].some((layer) => layer?.freshness === null)
  const freshness = isOff ? null : { warn_after, error_after, filter }
  const { freshness: _, ...settings } = { ...said?.config, ...own?.config }
  const isSet = given?.warn_after != null || given?.error_after != null
  return { said, freshness, config: { ...settings, ...(isOff || isSet ? { freshness } : {}) } }
}

function exposureEntry({ graph, createdAt }: Entries, exposure: GraphExposure) {
  const { file } = exposure.file.source
  const read = exposure.depends_on.flatMap((text) => parseReference(text) ?? [])
  const nodes = read.flatMap((reference) => ('node' in reference ? reference.node : []))
  const { language: _, ...referred } = references(
    graph,
    nodes,
    read.filter((reference) => 'source' in reference),
    [],
  )
  return {
    name: exposure.name,
    resource_type: 'exposure',
    package_name: graph.project.name,
    path: belowRoot(graph.project, file),
    original_file_path: file,
    unique_id: exposure.id,
    fqn: exposure.fqn,
    type: exposure.type,
    owner: { email: null, name: null, ...exposure.owner },
    description: exposure.description,
    label: exposure.label ?? null,
    maturity: exposure.maturity ?? null,
    meta: { ...exposure.meta, ...exposure.config.meta },
    tags: [...new Set([...exposure.tags, ...(exposure.config.tags ?? [])])],
    config: { enabled: true },
    unrendered_config: {},
    url: exposure.url ?? null,
    ...referred,
    created_at: createdAt,
  }
}

function docEntries(graph: Graph) {
  const { name: project, docs } = graph.project
  return [...docs].map(([name, { text, file }]) => ({
    name,
    resource_type: 'doc',
    package_name: project,
    path: belowRoot(graph.project, file),
    original_file_path: file,
    unique_id: `doc.${project}.${name}`,
    block_contents: text,
  }))
}

// A comment is matched as well, so that a macro in it is passed over.
const MACRO = /\{#.*?#\}|\{%-?\s*(macro|test)\s+(\w+)\s*\(.*?\{%-?\s*end\1\s*-?%\}/gs

function macroEntries({ graph, createdAt }: Entries) {
  const { name: project, macros } = graph.project
  const found = macros.flatMap(({ file, text }) =>
    [...text.matchAll(MACRO)].flatMap(([sql, kind, name = '']) => {
      return kind === undefined ? [] : { file, sql, name: kind === 'test' ? `test_${name}` : name }
    }),
  )
  return found.map(({ file, sql, name }) => {
    const calls = found.filter((other) => other.name !== name && new RegExp(`\\b${other.name}\\s*\\(`).test(sql))
    return {
      name,
      resource_type: 'macro',
      package_name: project,
      path: file,
      original_file_path: file,
      unique_id: `macro.${project}.${name}`,
      macro_sql: sql,
      depends_on: { macros: calls.map((other) => `macro.${project}.${other.name}`) },
      description: '',
      meta: {},
      docs: { show: true, node_color: null },
      patch_path: null,
      arguments: [],
      created_at: createdAt,
      supported_languages: null,
    }
  })
}
