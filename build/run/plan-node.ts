import type { GraphNode } from '../graph/graph.ts'
import { relationSql } from '../graph/relation.ts'
import type { BuildState } from './build-state.ts'
import type { Existing, Published } from './ledger.ts'

/** What a build does with a node, after what has become of those that it reads. */
export type NodePlan = {
  /** Hash of all that the relation would be made from. */
  inputs: string
} & (
  | { action: 'keep' | 'keep view'; published: Published }
  | { action: 'create' | 'replace' | 'increment'; published: Published | undefined }
)

/** Compares what is published of a node with what it would be. */
export function planNode(build: BuildState, node: GraphNode): NodePlan {
  const name = relationSql(node.relation)
  const [published, existing] = [build.published.get(name), build.existing.get(name)]
  const inputs = build.inputsOf(node)
  const isLeft = isAsLeft(published, existing)
  if (published !== undefined && isLeft && !build.isFullRefresh && !build.isEmpty) {
    const isView = node.config.materialized === 'view'
    const isSame = published.definition === build.definitionOf(node)
    const isOverOld = build.parentsOf(node).some((parent) => parent.isReplaced)
    if (isView && published.kind === 'view' && isSame && !isOverOld) return { action: 'keep view', inputs, published }
    if (!isView && published.kind === 'table' && published.isTimeless && published.inputs === inputs) {
      return { action: 'keep', inputs, published }
    }
  }
  if (canIncrement(build, node, published, existing)) return { action: 'increment', inputs, published }
  return { action: existing === undefined ? 'create' : 'replace', inputs, published }
}

/** Whether a relation is the very one that the builder left there. */
function isAsLeft(published: Published | undefined, existing: Existing | undefined): boolean {
  if (published === undefined || existing === undefined) return false
  return published.oid === existing.oid && published.file === existing.file && published.kind === existing.kind
}

/** Whether the published table of a node is to be added to, rather than made anew. */
function canIncrement(
  build: BuildState,
  node: GraphNode,
  published: Published | undefined,
  existing: Existing | undefined,
): boolean {
  const { materialized, full_refresh: refreshes = build.isFullRefresh } = node.config
  if (published === undefined || existing?.kind !== 'table' || build.isEmpty) return false
  if (materialized === 'snapshot') return true
  if (materialized !== 'incremental' || refreshes) return false
  // What arrived since is only known of the same table in the same cluster.
  if (!node.isArrivalKeyed) return true
  // The rows that stand were made by the definitions of then; other ones make all of them anew.
  const isSame = published.model === node.name && published.definition === build.definitionOf(node)
  return (
    isSame &&
    isAsLeft(published, existing) &&
    published.snapshot !== null &&
    build.system !== null &&
    published.system === build.system
  )
}
