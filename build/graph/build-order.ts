import { problemAt, type Problem } from '../template/problem.ts'
import type { GraphNode } from './graph.ts'

/** The nodes, each after those it reads, otherwise as they came. A cycle is added to `problems`. */
export function buildOrder(nodes: GraphNode[], problems: Problem[]): GraphNode[] {
  const byName = new Map(nodes.map((node) => [node.name, node]))
  const ordered = new Set<GraphNode>()
  const path: GraphNode[] = []
  const visit = (node: GraphNode) => {
    if (ordered.has(node)) return
    path.push(node)
    for (const [name, offset] of node.dependsOn) {
      const parent = byName.get(name)
      if (parent === undefined || ordered.has(parent)) continue
      const start = path.indexOf(parent)
      if (start < 0) visit(parent)
      else {
        const names = [...path.slice(start), parent].map((step) => step.name).join(' -> ')
        problems.push(
          problemAt(node.template ?? node.file.source, offset, `models read each other in a circle: ${names}`),
        )
      }
    }
    path.pop()
    ordered.add(node)
  }
  for (const node of nodes) visit(node)
  return [...ordered]
}

/** For each node the names of all nodes and sources that it reads, directly or through others, in build order. */
export function ancestorsOf(nodes: GraphNode[]): Map<string, Set<string>> {
  const all = new Map<string, Set<string>>()
  for (const { name, dependsOn, sources } of nodes) {
    const ancestors = new Set<string>(sources.keys())
    for (const parent of dependsOn.keys()) {
      ancestors.add(parent)
      for (const other of all.get(parent) ?? []) ancestors.add(other)
    }
    all.set(name, ancestors)
  }
  return all
}
