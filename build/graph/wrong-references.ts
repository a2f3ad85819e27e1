import type { Project } from '../project/project.ts'
import { didYouMean, isSlip, problemAt, type Problem, type SourceText } from '../template/problem.ts'
import type { GraphNode } from './graph.ts'

/** A name that is asked for and not there. */
export interface WrongReference {
  problem: Problem
  /** Whether it is nearly the name of something that is there. */
  isMisspelt: boolean
}

/** The names that a template asks for by ref() and that are not there, or disabled. */
export function wrongReferences(
  project: Project,
  source: SourceText,
  named: Map<string, number>,
  compiled: Map<string, GraphNode>,
): WrongReference[] {
  return [...named].flatMap(([name, offset]) => {
    const node = compiled.get(name)
    if (node?.config.enabled === true) return []
    if (node !== undefined) {
      const message = `the ${node.kind} ${name} is disabled (${node.file.source.file})`
      return [{ problem: problemAt(source, offset, message), isMisspelt: false }]
    }
    const names = project.nodes.map((file) => file.name)
    // A node that could not be compiled has its problem reported already.
    if (names.includes(name)) return []
    const message = `there is no model, seed or snapshot ${name}${didYouMean(name, names)}`
    return [{ problem: problemAt(source, offset, message), isMisspelt: isSlip(name, names) }]
  })
}
