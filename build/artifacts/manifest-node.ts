import { createHash } from 'node:crypto'
import { posix } from 'node:path'
import type { Graph, GraphNode } from '../graph/graph.ts'
import type { Column, Constraint } from '../project/properties-file.ts'
import type { Project } from '../project/project.ts'
import { givenConfig, propertiesOf } from './given-config.ts'
import { fullName } from './metadata.ts'
import { inPython } from '../graph/test-hash.ts'

/** What the entries of one manifest have in common. */
export interface Entries {
  graph: Graph
  /** The SQL that was compiled, by id. */
  compiled: Map<string, string>
  createdAt: number
}

export const DEFAULT_CONFIG = {
  enabled: true,
  alias: null,
  schema: null,
  database: null,
  tags: [],
  meta: {},
  group: null,
  materialized: 'view',
  incremental_strategy: null,
  batch_size: null,
  lookback: 1,
  begin: null,
  persist_docs: {},
  'post-hook': [],
  'pre-hook': [],
  quoting: {},
  column_types: {},
  full_refresh: null,
  unique_key: null,
  on_schema_change: 'ignore',
  on_configuration_change: 'apply',
  grants: {},
  packages: [],
  docs: { show: true, node_color: null },
  contract: { enforced: false, alias_types: true },
  event_time: null,
  concurrent_batches: null,
}

export const CONFIG_OF_KIND = {
  model: { access: 'protected' },
  seed: { delimiter: ',', quote_columns: null },
  snapshot: {
    strategy: null,
    target_schema: null,
    target_database: null,
    updated_at: null,
    check_cols: null,
    snapshot_meta_column_names: {
      dbt_valid_to: null,
      dbt_valid_from: null,
      dbt_scd_id: null,
      dbt_updated_at: null,
      dbt_is_deleted: null,
    },
    dbt_valid_to_current: null,
  },
}

/** What an entry reads, by id; in dbt seeds have macros only. */
export interface DependsOn {
  macros: string[]
  nodes?: string[]
}

const NO_PARENTS: DependsOn = { macros: [] }

/** A model, seed or snapshot. */
export function nodeEntry(entries: Entries, node: GraphNode) {
  const { graph, createdAt } = entries
  const { id, kind, name, fqn, file, config, relation, columns, constraints } = node
  const properties = propertiesOf(graph, node)
  const said = properties?.file.data[`${kind}s`].find((item) => item.name === name)
  const given = givenConfig(graph, node)
  const contract = { ...DEFAULT_CONFIG.contract, ...config.contract }
  const docs = { ...DEFAULT_CONFIG.docs, ...config.docs, ...Object(said?.docs) }
  const group = config.group ?? said?.group ?? null
  const access = said?.access ?? 'protected'
  const path = belowRoot(graph.project, file.source.file)
  const place = file.source.origin === undefined ? path : posix.join(path, `${name}.sql`)
  return {
    database: graph.target.database ?? '',
    schema: relation.schema,
    name,
    resource_type: kind,
    package_name: graph.project.name,
    path: place,
    original_file_path: file.source.file,
    unique_id: id,
    fqn,
    alias: relation.name,
    checksum: { name: 'sha256', checksum: checksumOf(file.source.origin?.source.text ?? file.source.text) },
    config: {
      ...DEFAULT_CONFIG,
      ...CONFIG_OF_KIND[kind],
      ...given,
      materialized: config.materialized,
      tags: config.tags,
      meta: config.meta,
      contract,
      docs,
      group,
      ...(kind === 'model' ? { access } : {}),
    },
    tags: config.tags,
    description: node.description,
    columns: columnEntries(columns),
    meta: config.meta,
    group,
    docs,
    patch_path: properties === undefined ? null : `${graph.project.name}://${properties.file.source.file}`,
    build_path: null,
    unrendered_config: given,
    created_at: createdAt,
    relation_name: config.materialized === 'ephemeral' ? null : fullName(graph.target.database ?? '', relation),
    raw_code: rawCode(node),
    ...(kind === 'seed'
      ? { root_path: null, depends_on: NO_PARENTS }
      : {
          ...references(graph, [...node.dependsOn.keys()], [...node.sources.values()], [...node.macros]),
          ...compiledEntry(entries, id, name, file.source.file),
          contract: { ...contract, checksum: contract.enforced ? contractChecksum(node) : null },
        }),
    ...(kind === 'model'
      ? {
          access,
          constraints: constraints.map((item) => ({ ...constraintEntry(item), columns: item.columns ?? [] })),
          version: null,
          latest_version: null,
          deprecation_date: null,
          primary_key: primaryKey(graph, node),
          time_spine: null,
        }
      : {}),
  }
}

/** What an entry reads, by id. Of the macros those of the project: dbt's own are not in the manifest. */
export function references(
  graph: Graph,
  nodes: string[],
  sources: { source: string; table: string }[],
  macros: string[],
) {
  const { name } = graph.project
  return {
    language: 'sql',
    refs: nodes.map((ref) => ({ name: ref, package: null, version: null })),
    sources: sources.map(({ source, table }) => [source, table]),
    metrics: [],
    depends_on: {
      macros: macros.map((macro) => `macro.${name}.${macro}`),
      nodes: [
        ...sources.map(({ source, table }) => `source.${name}.${source}.${table}`),
        ...nodes.flatMap((ref) => graph.byName.get(ref)?.id ?? []),
      ],
    },
  }
}

/** The compiled SQL of an entry; a file that is not named after it holds others too, so it is a folder here. */
export function compiledEntry({ graph, compiled }: Entries, id: string, name: string, file: string) {
  const sql = compiled.get(id)
  if (sql === undefined) return { compiled_path: null }
  const own = posix.parse(file).name === name ? file : posix.join(file, `${name}.sql`)
  const compiledPath = posix.join(graph.project.targetPath, 'compiled', graph.project.name, own)
  return { compiled_path: compiledPath, compiled: true, compiled_code: sql, extra_ctes_injected: true, extra_ctes: [] }
}

export function columnEntries(columns: Column[]) {
  const entries = columns.map((column) => {
    const { name, description, data_type = null, quote = null } = column
    const meta = { ...column.meta, ...column.config?.meta }
    const tags = [...new Set([...column.tags, ...(column.config?.tags ?? [])])]
    const constraints = column.constraints.map(constraintEntry)
    return [
      name,
      { name, description, meta, data_type, constraints, quote, config: { meta, tags }, tags, granularity: null },
    ]
  })
  return Object.fromEntries(entries) as Record<string, ColumnEntry>
}

interface ColumnEntry {
  name: string
  description: string
  data_type: string | null
}

function constraintEntry(constraint: Constraint) {
  const {
    type,
    name = null,
    expression = null,
    warn_unenforced = true,
    warn_unsupported = true,
    to = null,
  } = constraint
  return { type, name, expression, warn_unenforced, warn_unsupported, to, to_columns: constraint.to_columns ?? [] }
}

/** SHA-256 of a file without the white space around it, which dbt strips. */
export const checksumOf = (text: string) => createHash('sha256').update(text.trim()).digest('hex')

/** dbt's hash of a contract: of its columns and, where the relation enforces them, its constraints. */
function contractChecksum({ config, columns, constraints }: GraphNode): string {
  const told = columns
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .map((column) => `|${column.name}${column.data_type ?? 'None'}${pythonConstraints('Column', column.constraints)}`)
  const isEnforced = config.materialized === 'table' || config.materialized === 'incremental'
  const own = isEnforced ? config.materialized + pythonConstraints('Model', constraints) : ''
  return createHash('sha256')
    .update(told.join('') + own)
    .digest('hex')
}

function pythonConstraints(level: 'Column' | 'Model', constraints: Constraint[]): string {
  const items = constraints.map((constraint) => {
    const { type, ...rest } = constraintEntry(constraint)
    const fields = { ...rest, ...(level === 'Model' ? { columns: constraint.columns ?? [] } : {}) }
    const texts = Object.entries(fields).map(([key, value]) => `${key}=${inPython(value)}`)
    return `${level}LevelConstraint(type=<ConstraintType.${type}: '${type}'>, ${texts.join(', ')})`
  })
  return `[${items.join(', ')}]`
}

/** The columns that tell the rows of a model apart: by a constraint, else by its tests. */
function primaryKey(graph: Graph, { name, constraints, columns }: GraphNode): string[] {
  const constraint = constraints.find(({ type }) => type === 'primary_key')
  if (constraint !== undefined) return constraint.columns ?? []
  const keyed = columns.find((column) => column.constraints.some(({ type }) => type === 'primary_key'))
  if (keyed !== undefined) return [keyed.name]
  const tested = (type: string) =>
    graph.tests.flatMap(({ subject, type: own, column }) => {
      const isOfModel = subject !== null && 'node' in subject && subject.node === name && own === type
      return isOfModel && column !== null ? column : []
    })
  const unique = [...new Set(tested('unique'))].sort()
  const notNull = tested('not_null')
  const both = unique.filter((column) => notNull.includes(column))
  return both.length > 0 ? both : unique
}

/** The text of a node as dbt keeps it: of a snapshot what stands between its tags. */
function rawCode({ kind, file }: GraphNode): string {
  if (kind === 'seed') return ''
  const { source, offset } = file
  if (kind !== 'snapshot' || source.origin !== undefined) return source.text.trim()
  const block = /^\{%-?\s*snapshot.*?%\}(.*?)\{%-?\s*endsnapshot/s.exec(source.text.slice(offset))
  return block?.[1] ?? ''
}

/** A file's path below the folder that dbt_project.yml names. */
export function belowRoot(project: Project, file: string): string {
  const root = project.roots.find((path) => file.startsWith(`${path}/`))
  return root === undefined ? file : file.slice(root.length + 1)
}
