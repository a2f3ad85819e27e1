import type { Source } from '../project/properties.ts'
import type { RenderContext } from '../template/render.ts'
import { didYouMean, isSlip } from '../template/problem.ts'
import type { Graph } from './graph.ts'
import type { RenderedRelation } from './relation.ts'

/** Where the relations that a template reads stand. */
export interface Places {
  node: (name: string) => RenderedRelation
  source: (source: Source) => RenderedRelation
}

export const sourceName = ({ source, table }: Pick<Source, 'source' | 'table'>) => `${source}.${table}`

/** What templates of the project see; ref() gives a placeholder unless `places` are given. */
export function contextOf(graph: Graph, places: Partial<Places> = {}): RenderContext {
  return {
    ref: (name, project) => {
      if (project !== undefined && project !== graph.project.name)
        throw new Error(`there is no project ${project} here`)
      return places.node?.(name) ?? { schema: graph.target.schema, name }
    },
    source: (source, table) => {
      const found = findSource(graph, source, table)
      if (found === null) return { schema: source, name: table }
      return places.source?.(found) ?? found.relation
    },
    config: () => {},
    vars: graph.vars,
    env: graph.env,
    this: null,
    target: { database: '', ...graph.target },
    isIncremental: false,
  }
}

/** The source of that name; null only where a YAML file that may define it could not be read. Throws when there is none. */
export function findSource(graph: Graph, source: string, table: string): Source | null {
  const missing = missingSource(graph, source, table)
  if (missing !== null) throw new Error(missing.message)
  return graph.sources.get(`${source}.${table}`) ?? null
}

/** What is wrong when there is no such source; null when there is, or when a YAML file that may define it is broken. */
export function missingSource(
  graph: Graph,
  source: string,
  table: string,
): { message: string; isMisspelt: boolean } | null {
  const name = `${source}.${table}`
  if (graph.sources.has(name) || !graph.project.isWhole) return null
  const isDisabled = graph.project.sources.some((item) => item.source === source && item.table === table)
  if (isDisabled) return { message: `the source ${name} is disabled`, isMisspelt: false }
  const names = [...graph.sources.keys()]
  return { message: `there is no source ${name}${didYouMean(name, names)}`, isMisspelt: isSlip(name, names) }
}
