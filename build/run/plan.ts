import type { Pool } from 'pg'
import { compileProject, type CompileOptions } from '../graph/graph.ts'
import type { Materialization } from '../project/node-config.ts'
import type { Project } from '../project/project.ts'
import { readState } from './build.ts'
import { STANDING } from './build-state.ts'
import { planNode, type NodePlan } from './plan-node.ts'
import { withConnections } from './session.ts'

export interface PlannedNode {
  id: string
  name: string
  schema: string
  kind: Materialization
  /** What a build would do: `keep view` leaves a view as it is although rows below it change. */
  action: NodePlan['action']
}

/** What a build would do now, without doing any of it. An increment is taken to bring rows. */
export async function planModels(
  options: CompileOptions & {
    pool: Pool
    project: Project
    selected?: Set<string>
    fullRefresh?: boolean
    empty?: boolean
  },
): Promise<PlannedNode[]> {
  const graph = compileProject(options.project, options)
  return withConnections(options.pool, new AbortController().signal, async ({ open }) => {
    const connection = await open()
    const build = await connection.transaction(
      (session) => readState(session, graph, options),
      'isolation level repeatable read, read only',
    )
    const nodes = graph.nodes.filter(({ id, config }) => build.selected.has(id) && config.materialized !== 'ephemeral')
    return nodes.map((node) => {
      const plan = planNode(build, node)
      const isKept = plan.action === 'keep' || plan.action === 'keep view'
      const token = isKept ? keptToken(plan) : `planned ${node.name}`
      const isReplaced = !isKept && plan.action !== 'increment'
      build.set(node.name, { ...STANDING, token, place: node.relation, isReplaced, snapshot: null })
      const { id, name, relation, config } = node
      return { id, name, schema: relation.schema, kind: config.materialized, action: plan.action }
    })
  })
}

/** A view that reads a clock stays as it is, and has other rows. */
function keptToken({ action, published, inputs }: Extract<NodePlan, { action: 'keep' | 'keep view' }>): string {
  if (action === 'keep') return published.token
  return published.isTimeless ? inputs : `planned ${published.name}`
}
