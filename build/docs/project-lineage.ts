import { sourceName } from '../graph/context.ts'
import type { Graph } from '../graph/graph.ts'
import { publishedPlaces, renderNode } from '../graph/render-node.ts'
import { columnLineage } from '../lineage/lineage.ts'
import type { ColumnLineage } from './input.ts'

/**
 * Where the columns of all models and snapshots come from. `columns` are those of relations, by `schema.name`. A model
 * whose query cannot be followed is left out and named in `problems`.
 */
export async function projectLineage(
  graph: Graph,
  columns: Map<string, string[]>,
): Promise<{ lineage: ColumnLineage; problems: string[] }> {
  const ids = new Map<string, string>()
  for (const node of graph.nodes) ids.set(`${node.relation.schema}.${node.relation.name}`, node.id)
  for (const source of graph.sources.values()) {
    ids.set(`${source.relation.schema}.${source.relation.name}`, `source.${graph.project.name}.${sourceName(source)}`)
  }
  const lineage: ColumnLineage = {}
  const problems: string[] = []
  for (const node of graph.nodes) {
    if (node.template === null || node.config.materialized === 'ephemeral') continue
    const { sql } = renderNode(graph, node, publishedPlaces(graph), { isIncremental: false })
    const found = await columnLineage({ sql, relations: columns })
    if ('problem' in found) {
      problems.push(`${node.file.source.file}: ${found.problem}`)
      continue
    }
    const entries = found.columns.map(({ column, sources }) => {
      const from = sources.flatMap(({ relation, column: name, kind }) => {
        const id = ids.get(`${relation.schema}.${relation.name}`)
        return id === undefined ? [] : { node: id, column: name, kind }
      })
      return [column, from] as const
    })
    lineage[node.id] = { columns: Object.fromEntries(entries) }
  }
  return { lineage, problems }
}
