import type { NodeConfig, NodeKind } from '../project/node-config.ts'
import type { DataTest } from '../project/data-test.ts'
import type { NodeFile, Project } from '../project/project.ts'
import type { Exposure } from '../project/properties-file.ts'
import type { NodeProperties, Placed, Source } from '../project/properties.ts'
import type { UnitTestCase } from '../project/unit-test.ts'
import { problemAt, projectError, type Problem } from '../template/problem.ts'
import type { Template } from '../template/template.ts'
import { buildOrder } from './build-order.ts'
import { compileExposure, compileTest, compileUnitTest } from './compile-test.ts'
import { compileNode } from './compile-node.ts'
import { sourceName } from './context.ts'
import { relationSql, type RelationName } from './relation.ts'
import { wrongReferences } from './wrong-references.ts'

/** The environment that models are built for; `schema` is the default schema. */
export interface Target {
  name: string
  schema: string
  database?: string
}

export interface CompileOptions {
  /** Values that win over those of dbt_project.yml. */
  vars?: Record<string, unknown>
  target?: Target
  /** What env_var() reads. */
  env?: (name: string) => string | undefined
}

/** A model, seed or snapshot. */
export interface GraphNode {
  /** As in dbt's artifacts: `model.project.name`. */
  id: string
  kind: NodeKind
  name: string
  fqn: string[]
  file: NodeFile
  /** Null for a seed. */
  template: Template | null
  config: NodeConfig
  description: string
  columns: NodeProperties['columns']
  constraints: NodeProperties['constraints']
  /** Where it is published; an ephemeral model stands nowhere. */
  relation: RelationName
  /** Names of the nodes it reads, and where it names them first. */
  dependsOn: Map<string, number>
  /** The sources it reads, by `source.table`. */
  sources: Map<string, Source>
  macros: Set<string>
  /** Hash of all that the project says of it. Two builds of equal definitions and equal inputs make equal relations. */
  definition: string
  /** Nodes of one group are published together or not at all. */
  publishGroup: string
  /** Whether it reads only what arrived since its last success. */
  isArrivalKeyed: boolean
  /** Whether the clock that it reads changes its rows at quarters of an hour only, as a date does. */
  isSteadyWithinQuarterHour: boolean
}

export interface GraphTest extends DataTest {
  id: string
  fqn: string[]
  severity: 'warn' | 'error'
  dependsOn: string[]
  sources: Map<string, Source>
  definition: string
}

export interface GraphUnitTest extends UnitTestCase {
  id: string
  fqn: string[]
}

export interface GraphExposure extends Exposure, Placed {
  id: string
  fqn: string[]
  /** Ids of nodes and sources. */
  dependsOn: string[]
}

/** A project with its variables applied and its references resolved. */
export interface Graph {
  project: Project
  target: Target
  vars: Record<string, unknown>
  env: (name: string) => string | undefined
  /** The enabled nodes, each after those it reads. */
  nodes: GraphNode[]
  byName: Map<string, GraphNode>
  tests: GraphTest[]
  unitTests: GraphUnitTest[]
  exposures: GraphExposure[]
  /** The enabled sources, by `source.table`. */
  sources: Map<string, Source>
  /** Tests that are left out, and why. */
  warnings: string[]
}

/**
 * Resolves a project's references, settings and order by rendering each template, models both as a first build and as
 * an incremental one. Throws a PipelineError MODELS_INVALID that lists every problem, `known` ones included.
 */
export function compileProject(project: Project, options: CompileOptions = {}, known: Problem[] = []): Graph {
  const key = JSON.stringify([options.vars, options.target])
  const graphs = COMPILED.get(project) ?? new Map<string, Graph>()
  const graph = graphs.get(key) ?? compile(project, options, known)
  COMPILED.set(project, graphs.set(key, graph))
  return graph
}

// A project does not change once it is read, and a command asks for its graph several times.
const COMPILED = new WeakMap<Project, Map<string, Graph>>()

function compile(project: Project, options: CompileOptions, known: Problem[]): Graph {
  const problems = [...known]
  const sources = project.sources.filter((source) => source.isEnabled)
  const graph: Graph = {
    project,
    target: options.target ?? { name: 'default', schema: 'public' },
    vars: { ...project.vars, ...options.vars },
    env: options.env ?? (() => undefined),
    nodes: [],
    byName: new Map(),
    tests: [],
    unitTests: [],
    exposures: [],
    sources: new Map(sources.map((source) => [sourceName(source), source])),
    warnings: [],
  }
  const properties = new Map(project.properties.map((item) => [`${item.kind} ${item.name}`, item]))
  const compiled = project.nodes.flatMap((file) => {
    return compileNode(graph, file, properties.get(`${file.kind} ${file.name}`), problems) ?? []
  })
  const all = new Map(compiled.map((node) => [node.name, node]))
  const enabled = compiled.filter((node) => node.config.enabled)
  for (const node of enabled) {
    if (node.template === null) continue
    problems.push(...wrongReferences(project, node.template, node.dependsOn, all).map(({ problem }) => problem))
  }
  problems.push(...sharedRelations(enabled))
  graph.nodes = buildOrder(enabled, problems)
  graph.byName = new Map(graph.nodes.map((node) => [node.name, node]))
  for (const test of project.tests) graph.tests.push(...(compileTest(graph, test, all, problems) ?? []))
  for (const test of project.unitTests) graph.unitTests.push(...(compileUnitTest(graph, test, all, problems) ?? []))
  for (const exposure of project.exposures) {
    graph.exposures.push(...(compileExposure(graph, exposure, problems) ?? []))
  }
  problems.push(...sharedIds(graph))
  if (problems.length > 0) throw projectError(problems)
  return graph
}

function sharedRelations(nodes: GraphNode[]): Problem[] {
  const owners = new Map<string, GraphNode>()
  return nodes.flatMap((node) => {
    if (node.config.materialized === 'ephemeral') return []
    const place = relationSql(node.relation)
    const other = owners.get(place)
    owners.set(place, node)
    if (other === undefined) return []
    const { source, offset } = node.file
    return [problemAt(source, offset, `${other.file.source.file} builds ${place} too: change schema or alias`)]
  })
}

/** Tests that are written twice: their results could not be told apart. */
function sharedIds(graph: Graph): Problem[] {
  const seen = new Set<string>()
  return [...graph.tests, ...graph.unitTests].flatMap((test) => {
    if (!seen.has(test.id)) {
      seen.add(test.id)
      return []
    }
    const offset = 'offset' in test ? test.offset : 0
    return [
      problemAt(
        test.source,
        offset,
        `the test ${test.name} is written twice: remove one, or give one a name of its own`,
      ),
    ]
  })
}
