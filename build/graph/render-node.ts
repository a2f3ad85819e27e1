import { render, type Compiled, type RenderContext } from '../template/render.ts'
import { relationSql } from './relation.ts'
import { builtInQuery } from './test-sql.ts'
import { contextOf, type Places } from './context.ts'
import type { Graph, GraphNode, GraphTest } from './graph.ts'

/** The relations as they are published. */
export function publishedPlaces(graph: Graph): Places {
  return {
    node: (name) => graph.byName.get(name)?.relation ?? { schema: graph.target.schema, name },
    source: (source) => source.relation,
  }
}

/** The SQL of a model or snapshot. `places` says where what it reads stands. Throws a PlacedError. */
export function renderNode(
  graph: Graph,
  node: GraphNode,
  places: Places,
  options: { isIncremental: boolean; vars?: Record<string, unknown>; context?: Partial<RenderContext> },
): Compiled {
  if (node.template === null) throw new Error(`${node.name} is a seed: it has no SQL`)
  const used = new Set<string>()
  const base = contextOf(graph, withEphemeral(graph, places, used))
  const compiled = render(node.template, graph.project.macros, {
    ...base,
    this: node.relation,
    isIncremental: options.isIncremental,
    vars: { ...base.vars, ...options.vars },
    ref: (name, project, offset) => {
      if (node.dependsOn.has(name)) return base.ref(name, project, offset)
      throw new Error(`${name} is read only in some builds; name it always: -- depends_on: {{ ref('${name}') }}`)
    },
    ...options.context,
  })
  return withQueriesOf(graph, used, places, compiled)
}

/** The SQL of a data test. */
export function renderTest(graph: Graph, test: GraphTest, places: Places): Compiled {
  const used = new Set<string>()
  const context = contextOf(graph, withEphemeral(graph, places, used))
  if (test.template !== null) {
    return withQueriesOf(graph, used, places, render(test.template, graph.project.macros, context))
  }
  const sql = builtInQuery(test, (reference) => {
    const relation =
      'node' in reference
        ? context.ref(reference.node, undefined, 0)
        : context.source(reference.source, reference.table)
    return relation.text ?? relationSql(relation)
  })
  const template = { ...test.source, program: { type: 'Program', body: [] } }
  return withQueriesOf(graph, used, places, {
    template,
    sql,
    chunks: [{ text: sql, offset: 0, isCopy: false }],
    macros: new Set(),
  })
}

const cteName = (name: string) => `__dbt__cte__${name}`

/** Places in which an ephemeral model is the name of a common table expression, noted in `used`. */
function withEphemeral(graph: Graph, places: Places, used: Set<string>): Places {
  return {
    source: places.source,
    node: (name) => {
      if (graph.byName.get(name)?.config.materialized !== 'ephemeral') return places.node(name)
      used.add(name)
      return { schema: '', name, text: cteName(name) }
    },
  }
}

/** Puts the queries of ephemeral models before one that names them. */
function withQueriesOf(graph: Graph, used: Set<string>, places: Places, compiled: Compiled): Compiled {
  if (used.size === 0) return compiled
  const ordered: [string, string][] = []
  const add = (name: string) => {
    const node = graph.byName.get(name)
    if (node?.template == null || ordered.some(([other]) => other === name)) return
    const inner = new Set<string>()
    const base = contextOf(graph, withEphemeral(graph, places, inner))
    const { sql } = render(node.template, graph.project.macros, { ...base, this: node.relation })
    for (const other of inner) add(other)
    ordered.push([name, sql])
  }
  for (const name of used) add(name)
  const queries = ordered.map(([name, sql]) => `${cteName(name)} as (\n${sql}\n)`).join(', ')
  // As a subquery the query keeps its own WITH: Postgres takes no two in a row, in parentheses neither.
  const [before, after] = [`with ${queries}\nselect * from (\n`, '\n) as rendered']
  const generated = (text: string) => ({ text, offset: 0, isCopy: false })
  const chunks = [generated(before), ...compiled.chunks, generated(after)]
  return { ...compiled, sql: before + compiled.sql + after, chunks }
}
