import { createHash } from 'node:crypto'
import { ZodError, type z } from 'zod'
import { messageOf } from '../../core/errors.ts'
import {
  conflictIn,
  mergeSettings,
  NODE_SETTINGS,
  ownSettings,
  type NodeConfig,
  type NodeSettings,
} from '../project/node-config.ts'
import type { NodeFile } from '../project/project.ts'
import type { NodeProperties, Source } from '../project/properties.ts'
import { schemaProblems } from '../project/yaml-file.ts'
import { namesUsing } from '../template/macro-file.ts'
import { PlacedError, problemAt, type Problem } from '../template/problem.ts'
import { macroNames, render, renderMacro, type Compiled } from '../template/render.ts'
import { offsetOfWord } from '../template/template-check.ts'
import type { Template } from '../template/template.ts'
import { contextOf, findSource, sourceName } from './context.ts'
import type { Graph, GraphNode } from './graph.ts'

/** Renders a node once or twice for its settings and references. Returns null after adding to `problems` what is wrong. */
export function compileNode(
  graph: Graph,
  file: NodeFile,
  properties: NodeProperties | undefined,
  problems: Problem[],
): GraphNode | null {
  if (file.template === null && file.kind !== 'seed') return null
  const { kind, name } = file
  try {
    const trial = file.template === null ? NOTHING_RENDERED : tryNode(graph, file, file.template)
    const path = [...file.folders, name]
    const inherited = graph.project.settings[kind]
      .filter((folder) => folder.path.every((part, index) => part === path[index]))
      .map((folder) => folder.settings)
    const config = mergeSettings(kind, [...inherited, properties?.settings ?? {}, trial.settings])
    const conflict = conflictOf(config, properties)
    if (conflict !== null) throw new PlacedError(problemAt(file.source, file.offset, conflict))
    const own = ownSettings(config)
    const relation = { schema: schemaOf(graph, file, config), name: aliasOf(graph, file, config) }
    const { description = '', columns = [], constraints = [] } = properties ?? {}
    const { meta: _, docs: __, tags: ___, ...effective } = config
    const shown = columns.map(({ name: column, description: text, data_type, constraints: limits }) => [
      column,
      text,
      data_type,
      limits,
    ])
    const told = [kind, relation, effective, own, trial.sql, trial.incrementalSql, description, shown, constraints]
    return {
      id: `${kind}.${graph.project.name}.${name}`,
      kind,
      name,
      fqn: [graph.project.name, ...path],
      file,
      template: file.template,
      config,
      description,
      columns,
      constraints,
      relation,
      dependsOn: trial.dependsOn,
      sources: trial.sources,
      macros: trial.macros,
      definition: hash(told, kind === 'seed' ? file.checksum : ''),
      ...own,
    }
  } catch (error) {
    if (!(error instanceof PlacedError)) throw error
    problems.push(error.problem)
    return null
  }
}

// Changes when the builder begins to make other relations of the same files, so that all are built anew.
const BUILDER_VERSION = '1'

export const hash = (...parts: unknown[]): string =>
  createHash('sha256')
    .update(JSON.stringify([BUILDER_VERSION, ...parts]))
    .digest('hex')

interface Trial {
  settings: NodeSettings
  sql: string
  incrementalSql: string
  dependsOn: Map<string, number>
  sources: Map<string, Source>
  macros: Set<string>
}

const NOTHING_RENDERED: Trial = {
  settings: {},
  sql: '',
  incrementalSql: '',
  dependsOn: new Map(),
  sources: new Map(),
  macros: new Set(),
}

function tryNode(graph: Graph, file: NodeFile, template: Template): Trial {
  const found: Trial = { ...NOTHING_RENDERED, dependsOn: new Map(), sources: new Map(), macros: new Set() }
  const once = (isIncremental: boolean) => {
    const settings: NodeSettings = {}
    const base = contextOf(graph)
    const compiled = render(template, graph.project.macros, {
      ...base,
      this: { schema: graph.target.schema, name: file.name },
      isIncremental,
      ref: (name, project, offset) => {
        const relation = base.ref(name, project, offset)
        if (!found.dependsOn.has(name)) found.dependsOn.set(name, offset)
        return relation
      },
      source: (source, table) => {
        const declared = findSource(graph, source, table)
        if (declared !== null) found.sources.set(sourceName(declared), declared)
        return base.source(source, table)
      },
      config: (given, offset) => {
        Object.assign(settings, checked<NodeSettings>(NODE_SETTINGS[file.kind], given, template, offset))
      },
    })
    checkStatement(compiled)
    for (const macro of compiled.macros) found.macros.add(macro)
    return { settings, sql: compiled.sql }
  }
  const first = once(false)
  const second = asksForIncrement(graph.project.macros).test(template.text) ? once(true) : first
  if (JSON.stringify(second.settings) !== JSON.stringify(first.settings)) {
    throw new PlacedError(problemAt(template, 0, 'config() must not depend on is_incremental()'))
  }
  return { ...found, settings: first.settings, sql: first.sql, incrementalSql: second.sql }
}

const INCREMENT_PATTERNS = new WeakMap<Template[], RegExp>()

/** What finds is_incremental in a text, or a macro that asks for it. */
function asksForIncrement(macros: Template[]): RegExp {
  const known = INCREMENT_PATTERNS.get(macros)
  const pattern = known ?? new RegExp(`\\b(${namesUsing(['is_incremental'], macros).join('|')})\\b`)
  INCREMENT_PATTERNS.set(macros, pattern)
  return pattern
}

/** Checks settings that a template gives. Throws a PlacedError. */
export function checked<T>(
  schema: z.ZodType<T>,
  given: Record<string, unknown>,
  template: Template,
  offset: number,
): T {
  const parsed = schema.safeParse(given)
  if (parsed.success) return parsed.data
  const [problem] = schemaProblems(parsed.error.issues, template, ([key]) =>
    offsetOfWord(template, offset, String(key ?? 'config')),
  )
  throw problem === undefined ? new Error('config() is not valid') : new PlacedError(problem)
}

/** Throws a PlacedError when the SQL of a template cannot be one query. */
export function checkStatement({ sql, template }: Compiled): void {
  if (sql.trim() === '') throw new PlacedError(problemAt(template, 0, 'the file has no SQL'))
  const semicolon = template.text.lastIndexOf(';')
  if (sql.trimEnd().endsWith(';'))
    throw new PlacedError(problemAt(template, semicolon, 'a model is one query, without a semicolon'))
}

function conflictOf(config: NodeConfig, properties: NodeProperties | undefined): string | null {
  try {
    const conflict = conflictIn(config)
    if (conflict !== null) return conflict
  } catch (error) {
    if (!(error instanceof ZodError)) throw error
    return `meta.milepost: ${error.issues.map((issue) => issue.message).join('; ')}`
  }
  if (config.contract?.enforced !== true) return null
  if (config.materialized === 'ephemeral') return 'an ephemeral model cannot have a contract'
  if (config.materialized === 'incremental' && config.on_schema_change === 'ignore') {
    return 'an incremental model with an enforced contract needs on_schema_change: append_new_columns or fail'
  }
  const untyped = (properties?.columns ?? []).filter((column) => column.data_type === undefined)
  if (properties === undefined || properties.columns.length === 0) {
    return 'an enforced contract lists all columns with their data_type in YAML'
  }
  if (untyped.length === 0) return null
  return `an enforced contract needs the data_type of every column: ${untyped.map((column) => column.name).join(', ')}`
}

/** The schema of a node, by the project's `generate_schema_name` if it has one, else by dbt's rule. */
function schemaOf(graph: Graph, file: NodeFile, config: NodeConfig): string {
  const custom = config.schema ?? null
  if (config.target_schema !== undefined) return config.target_schema
  const own = byMacro(graph, file, config, 'generate_schema_name', custom)
  return own ?? (custom === null ? graph.target.schema : `${graph.target.schema}_${custom.trim()}`)
}

function aliasOf(graph: Graph, file: NodeFile, config: NodeConfig): string {
  const custom = config.alias ?? null
  return byMacro(graph, file, config, 'generate_alias_name', custom) ?? custom ?? file.name
}

function byMacro(graph: Graph, file: NodeFile, config: NodeConfig, name: string, custom: string | null): string | null {
  const { macros } = graph.project
  const macro = macros.find((candidate) => macroNames(candidate).includes(name))
  if (macro === undefined) return null
  const { kind, name: node, source, folders } = file
  const told = { name: node, resource_type: kind, tags: config.tags, path: source.file, fqn: [...folders, node] }
  try {
    return renderMacro(macro, name, macros, contextOf(graph), [custom, told]).trim()
  } catch (error) {
    throw new PlacedError(problemAt(macro, 0, `${name} fails for the ${kind} ${node}: ${messageOf(error)}`))
  }
}
