import { problemAt, type Problem } from '../template/problem.ts'
import type { Model } from './graph.ts'

/** The models, each after those it reads, otherwise as they came. A cycle is added to `problems`. */
export function buildOrder(models: Model[], problems: Problem[]): Model[] {
  const byName = new Map(models.map((model) => [model.name, model]))
  const ordered = new Set<Model>()
  const path: Model[] = []
  const visit = (model: Model) => {
    if (ordered.has(model)) return
    path.push(model)
    for (const [name, offset] of model.dependsOn) {
      const parent = byName.get(name)
      if (parent === undefined) continue
      const start = path.indexOf(parent)
      if (start < 0) visit(parent)
      else {
        const names = [...path.slice(start), parent].map((step) => step.name).join(' -> ')
        problems.push(problemAt(model.template, offset, `models read each other in a circle: ${names}`))
      }
    }
    path.pop()
    ordered.add(model)
  }
  for (const model of models) visit(model)
  return [...ordered]
}
