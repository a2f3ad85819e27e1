import type { Project } from '../project/project.ts'
import { compileProject, type CompileOptions } from './graph.ts'
import { publishedPlaces, renderNode } from './render-node.ts'

export interface CompiledModel {
  name: string
  file: string
  /** As a first build runs it, reading the published relations. */
  sql: string
}

/** The SQL of every enabled model and snapshot, in build order, against the relations as they are published. */
export function compileModels(project: Project, options: CompileOptions = {}): CompiledModel[] {
  const graph = compileProject(project, options)
  return graph.nodes.flatMap((node) => {
    if (node.template === null) return []
    const { sql } = renderNode(graph, node, publishedPlaces(graph), { isIncremental: false })
    return { name: node.name, file: node.file.source.file, sql }
  })
}
