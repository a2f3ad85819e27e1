import { compileProject, renderModel, type CompileOptions } from './graph.ts'
import type { Project } from '../project/project.ts'

export interface CompiledModel {
  name: string
  file: string
  /** As a first build runs it, reading the published relations. */
  sql: string
}

/** The SQL of every enabled model, in build order, against the relations as they are published. */
export function compileModels(project: Project, options: CompileOptions = {}): CompiledModel[] {
  const graph = compileProject(project, options)
  const places = new Map(graph.models.map((model) => [model.name, model.relation]))
  const relationOf = (name: string) => places.get(name) ?? { schema: '', name }
  return graph.models.map((model) => ({
    name: model.name,
    file: model.template.file,
    sql: renderModel(graph, model, { isIncremental: false, relationOf }).sql,
  }))
}
