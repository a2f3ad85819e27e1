/** A group as it is read: it knows its children. */
export interface TreeGroup {
  group_id: string
  name: string | null
  child_ids: readonly string[]
}

export interface GroupTree {
  groups: ReadonlyMap<string, TreeGroup>
  /** Children and parents that are themselves groups of the tree. */
  children: ReadonlyMap<string, readonly string[]>
  parents: ReadonlyMap<string, readonly string[]>
  /** Steps from the nearest group without a parent; a group that only a cycle leads to has none. */
  depths: ReadonlyMap<string, number>
  /** Children that are named and do not exist, or that we may not see. */
  missing: readonly { group_id: string; child_id: string }[]
}

/** What the tree says of one group; columns of base.geotab__groups. */
export interface GroupPlace {
  paths: string[]
  ancestor_ids: string[]
  depth: number | null
}

const NONE: readonly string[] = []
// Diamonds on top of each other double the ways each time; more than this tell a reader nothing.
const MOST_PATHS = 64
const LONGEST_PATH = 64

/** Joins groups to a tree, or rather to whatever they are: several roots, several parents, even cycles are fine. */
export function groupTree(list: readonly TreeGroup[]): GroupTree {
  const groups = new Map(list.map((group) => [group.group_id, group]))
  const children = new Map<string, string[]>()
  const parents = new Map<string, string[]>()
  const missing: { group_id: string; child_id: string }[] = []
  for (const group of groups.values()) {
    const known: string[] = []
    for (const childId of new Set(group.child_ids)) {
      if (!groups.has(childId)) missing.push({ group_id: group.group_id, child_id: childId })
      else if (childId !== group.group_id) {
        known.push(childId)
        parents.set(childId, [...(parents.get(childId) ?? NONE), group.group_id])
      }
    }
    children.set(group.group_id, known)
  }
  const roots = [...groups.keys()].filter((id) => !parents.has(id))
  return { groups, children, parents, depths: stepsFrom(roots, children), missing }
}

/** The groups below any of the given ones; a root itself belongs to them only when it lies below another. */
export function strictDescendants(tree: GroupTree, rootIds: readonly string[]): Set<string> {
  const below = new Set<string>()
  for (const rootId of rootIds) {
    for (const id of stepsFrom([rootId], tree.children).keys()) if (id !== rootId) below.add(id)
  }
  return below
}

/** The groups above a group, by id. */
export function ancestorIds(tree: GroupTree, groupId: string): string[] {
  const above = stepsFrom([groupId], tree.parents)
  above.delete(groupId)
  return [...above.keys()].sort()
}

/** Whether a group lies below itself. */
export function isInCycle(tree: GroupTree, groupId: string): boolean {
  return stepsFrom(tree.children.get(groupId) ?? NONE, tree.children).has(groupId)
}

export function placeOf(tree: GroupTree, groupId: string): GroupPlace {
  return {
    paths: pathsTo(tree, groupId),
    ancestor_ids: ancestorIds(tree, groupId),
    depth: tree.depths.get(groupId) ?? null,
  }
}

/** Steps from the nearest of some groups to each that is reached along the edges, themselves included. */
function stepsFrom(starts: readonly string[], edges: ReadonlyMap<string, readonly string[]>): Map<string, number> {
  const steps = new Map(starts.map((id) => [id, 0]))
  // The map grows while it is walked, in the order of distance.
  for (const [id, step] of steps) {
    for (const next of edges.get(id) ?? NONE) if (!steps.has(next)) steps.set(next, step + 1)
  }
  return steps
}

/** Names from the top down to a group, one text for each way, sorted; a way never meets a group twice. */
function pathsTo(tree: GroupTree, groupId: string): string[] {
  const paths = new Set<string>()
  const way: string[] = []
  let ways = 0
  const climb = (id: string): void => {
    if (ways >= MOST_PATHS) return
    way.unshift(id)
    const above = (tree.parents.get(id) ?? NONE).filter((parent) => !way.includes(parent))
    if (above.length === 0 || way.length === LONGEST_PATH) {
      paths.add(way.map((step) => nameOf(tree, step)).join(' > '))
      ways += 1
    } else for (const parent of above) climb(parent)
    way.shift()
  }
  if (tree.groups.has(groupId)) climb(groupId)
  return [...paths].sort()
}

const nameOf = (tree: GroupTree, id: string) => tree.groups.get(id)?.name ?? id
