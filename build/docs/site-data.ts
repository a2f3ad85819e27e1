import type {
  CatalogTable,
  ColumnLineage,
  Described,
  Manifest,
  ManifestExposure,
  ManifestNode,
  ManifestSource,
  ManifestUnitTest,
  Period,
  SiteInput,
} from './input.ts'
import { parseMarkdown, type Block } from './markdown.ts'

/** What the site shows; the script of the page reads it as JSON. */
export interface SiteData {
  project: string
  generatedAt: string
  overview: Block[]
  hasLineage: boolean
  pages: Page[]
}

/** A model, seed, snapshot, source, exposure or test. */
export interface Page {
  id: string
  name: string
  kind: 'model' | 'seed' | 'snapshot' | 'source' | 'exposure' | 'test'
  schema: string | null
  /** Where the tree of folders shows it. */
  folders: string[]
  description: Block[]
  tags: string[]
  facts: [label: string, value: string][]
  columns: Column[]
  parents: string[]
  sql: string | null
  compiledSql: string | null
  test: TestOf | null
}

export interface Column {
  name: string
  type: string | null
  description: Block[]
  /** Documented, but not in the database. */
  isMissing: boolean
  /** Pages of the tests on it. */
  tests: string[]
  from: { node: string; column: string; kind: string }[]
}

export interface TestOf {
  label: string
  severity: string
  /** The pages that list the test. */
  on: string[]
  column: string | null
}

const KINDS = ['model', 'seed', 'snapshot', 'test'] as const

/** Everything that the site shows, in an order that does not depend on the order in the files. */
export function siteData({ manifest, catalog, lineage, generatedAt }: SiteInput): SiteData {
  const tables = { ...catalog.nodes, ...catalog.sources }
  const project = manifest.metadata.project_name ?? 'models'
  const pages = [
    ...Object.entries(manifest.nodes).flatMap(([id, node]) => nodePage(id, node, project, tables[id], lineage) ?? []),
    ...Object.entries(manifest.sources).map(([id, source]) => sourcePage(id, source, tables[id])),
    ...Object.entries(manifest.exposures).map(([id, exposure]) => exposurePage(id, exposure)),
    ...Object.entries(manifest.unit_tests ?? {}).map(([id, test]) => unitTestPage(id, test)),
  ].sort((a, b) => (a.id < b.id ? -1 : 1))
  const known = new Map(pages.map((page) => [page.id, page]))
  for (const page of pages) {
    page.parents = [...new Set(page.parents)].filter((id) => known.has(id)).sort()
    for (const id of page.test?.on ?? []) columnNamed(known.get(id), page.test?.column)?.tests.push(page.id)
    for (const column of page.columns) column.from = column.from.filter(({ node }) => known.has(node))
  }
  return {
    project,
    generatedAt: generatedAt.toISOString(),
    overview: overview(manifest, project),
    hasLineage: lineage !== null,
    pages,
  }
}

function columnNamed(page: Page | undefined, name: string | null | undefined): Column | undefined {
  return page?.columns.find((column) => column.name.toLowerCase() === name?.toLowerCase())
}

function overview(manifest: Manifest, project: string): Block[] {
  // The block that dbt brings along (package dbt) explains dbt's own site.
  const own = Object.values(manifest.docs).filter((doc) => doc.package_name === project)
  const text = ['__overview__', `__${project}__`].map((name) => own.find((doc) => doc.name === name)?.block_contents)
  return parseMarkdown(text.find((found) => found !== undefined) ?? '')
}

function emptyPage(id: string, from: Described) {
  return {
    id,
    name: from.name,
    schema: null,
    folders: [],
    description: parseMarkdown(from.description ?? ''),
    tags: [...(from.tags ?? [])].sort(),
    columns: [],
    parents: [],
    sql: null,
    compiledSql: null,
    test: null,
  }
}

function nodePage(
  id: string,
  node: ManifestNode,
  project: string,
  table: CatalogTable | undefined,
  lineage: ColumnLineage | null,
): Page | null {
  const kind = KINDS.find((known) => known === node.resource_type)
  if (kind === undefined || node.docs?.show === false) return null
  const test = kind === 'test' ? testOf(node) : null
  const isStored = kind !== 'test' && node.config.materialized !== 'ephemeral'
  const folders = node.path.split(/[\\/]/).slice(0, -1)
  return {
    ...emptyPage(id, node),
    name: node.version == null ? node.name : `${node.name} v${node.version}`,
    kind,
    schema: isStored ? (node.schema ?? null) : null,
    folders: node.package_name === project ? folders : [node.package_name, ...folders],
    facts: factsOf([
      ['Materialized', kind === 'model' ? node.config.materialized : null],
      ['Test', test?.label],
      ['Severity', test?.severity],
      ['Column', test?.column],
      ['Relation', isStored ? relationOf(node.schema, node.alias ?? node.name) : null],
      ['Package', node.package_name === project ? null : node.package_name],
      ['File', node.original_file_path],
      ...statistics(table),
    ]),
    columns: kind === 'test' ? [] : columnsOf(node.columns, table, lineage?.[id]?.columns ?? {}),
    parents: node.depends_on.nodes ?? [],
    // The code of a generic test is but a call, the same for each.
    sql: node.test_metadata == null ? node.raw_code || null : null,
    compiledSql: node.compiled_code || null,
    test,
  }
}

function testOf(node: ManifestNode): TestOf {
  return {
    label: testLabel(node),
    severity: (node.config.severity ?? 'error').toLowerCase(),
    on: node.attached_node == null ? (node.depends_on.nodes ?? []) : [node.attached_node],
    column: node.column_name?.replace(/^"(.*)"$/, '$1') ?? null,
  }
}

function testLabel({ name, test_metadata: generic }: ManifestNode): string {
  if (generic?.name == null) return name
  const given = Object.entries(generic.kwargs ?? {}).filter(([key]) => key !== 'model' && key !== 'column_name')
  const value = (item: unknown) => (typeof item === 'string' ? item : JSON.stringify(item))
  const args = given.map(([key, item]) => `${key}: ${Array.isArray(item) ? item.map(value).join(', ') : value(item)}`)
  const prefix = generic.namespace == null ? '' : `${generic.namespace}.`
  return `${prefix}${generic.name}${args.length === 0 ? '' : ` (${args.join('; ')})`}`
}

function unitTestPage(id: string, test: ManifestUnitTest): Page {
  const on = test.depends_on.nodes ?? []
  return {
    ...emptyPage(id, test),
    kind: 'test',
    facts: factsOf([['File', test.original_file_path]]),
    parents: on,
    test: { label: test.name, severity: 'unit test', on, column: null },
  }
}

function sourcePage(id: string, source: ManifestSource, table: CatalogTable | undefined): Page {
  return {
    ...emptyPage(id, source),
    name: `${source.source_name}.${source.name}`,
    kind: 'source',
    schema: source.schema ?? null,
    folders: [source.source_name],
    description: parseMarkdown(source.description || source.source_description || ''),
    facts: factsOf([
      ['Relation', relationOf(source.schema, source.identifier)],
      ['Loader', source.loader],
      ['Loaded at', source.loaded_at_field],
      ['Warns after', periodOf(source.freshness?.warn_after)],
      ['Fails after', periodOf(source.freshness?.error_after)],
      ['File', source.original_file_path],
      ...statistics(table),
    ]),
    columns: columnsOf(source.columns, table, {}),
  }
}

function exposurePage(id: string, exposure: ManifestExposure): Page {
  const { owner } = exposure
  return {
    ...emptyPage(id, exposure),
    name: exposure.label || exposure.name,
    kind: 'exposure',
    facts: factsOf([
      ['Type', exposure.type],
      ['Maturity', exposure.maturity],
      ['Owner', [owner?.name, owner?.email].flat().filter(Boolean).join(', ')],
      ['Address', exposure.url],
      ['File', exposure.original_file_path],
    ]),
    parents: exposure.depends_on.nodes ?? [],
  }
}

function columnsOf(
  documented: ManifestNode['columns'],
  table: CatalogTable | undefined,
  from: Record<string, Column['from']>,
): Column[] {
  const described = Object.values(documented)
  const column = (name: string, type: string | null, comment: string | null, isMissing: boolean): Column => {
    const same = (other: { name: string }) => other.name.toLowerCase() === name.toLowerCase()
    const known = described.find((other) => other.name === name) ?? described.find(same)
    const description = parseMarkdown(known?.description || comment || '')
    return { name, type: type ?? known?.data_type ?? null, description, isMissing, tests: [], from: from[name] ?? [] }
  }
  const stored = Object.values(table?.columns ?? {}).sort((a, b) => a.index - b.index)
  const names = new Set(stored.map(({ name }) => name.toLowerCase()))
  const others = described.filter(({ name }) => !names.has(name.toLowerCase()))
  return [
    ...stored.map((found) => column(found.name, found.type, found.comment ?? null, false)),
    ...others.map(({ name }) => column(name, null, null, table !== undefined)),
  ]
}

function statistics(table: CatalogTable | undefined): [string, string][] {
  const shown = Object.values(table?.stats ?? {}).filter((statistic) => statistic.include)
  const text = (value: unknown) => (typeof value === 'number' ? value.toLocaleString('en-US') : String(value))
  return shown.map(({ label, value }) => [label, text(value)])
}

function relationOf(schema: string | null | undefined, name: string): string {
  return schema == null ? name : `${schema}.${name}`
}

function periodOf(period: Period | null | undefined): string | null {
  return period?.count == null ? null : `${period.count} ${period.period ?? ''}${period.count === 1 ? '' : 's'}`
}

function factsOf(facts: [string, string | null | undefined][]): [string, string][] {
  return facts.flatMap(([label, value]): [string, string][] => (value == null || value === '' ? [] : [[label, value]]))
}
