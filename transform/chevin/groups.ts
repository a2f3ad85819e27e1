import { strictDescendants, type GroupTree } from '../geotab/group-tree.ts'

/** The groups that a vehicle file may give and take. */
export function changeableGroups(tree: GroupTree, roots: readonly string[], includeRoots: boolean): Set<string> {
  const changeable = strictDescendants(tree, roots)
  for (const root of roots) {
    // A root that lies below another one is below it, and yet a root.
    if (includeRoots && tree.groups.has(root)) changeable.add(root)
    else if (!includeRoots) changeable.delete(root)
  }
  return changeable
}

/** How the tokens of a row are found among the groups. */
export interface GroupIndex {
  tree: GroupTree
  byFoldedId: ReadonlyMap<string, readonly string[]>
  byFoldedName: ReadonlyMap<string, readonly string[]>
}

export function groupIndex(tree: GroupTree): GroupIndex {
  const ids = new Map<string, string[]>()
  const names = new Map<string, string[]>()
  for (const { group_id, name } of tree.groups.values()) {
    add(ids, folded(group_id), group_id)
    if (name !== null) add(names, folded(name), group_id)
  }
  return { tree, byFoldedId: ids, byFoldedName: names }
}

function add(map: Map<string, string[]>, key: string, id: string): void {
  const held = map.get(key)
  if (held === undefined) map.set(key, [id])
  else held.push(id)
}

const folded = (text: string) => text.normalize('NFC').trim().toLowerCase()

/** The group that a token means: its id, else an id that differs in case only, else its name. */
export function resolveGroup(
  index: GroupIndex,
  token: string,
): { groupId: string } | { problem: 'unknown' | 'ambiguous' } {
  if (index.tree.groups.has(token)) return { groupId: token }
  for (const found of [index.byFoldedId.get(folded(token)), index.byFoldedName.get(folded(token))]) {
    if (found === undefined) continue
    const [groupId] = found
    return found.length === 1 && groupId !== undefined ? { groupId } : { problem: 'ambiguous' }
  }
  return { problem: 'unknown' }
}

/**
 * The groups that a device is to have: all it has that a file may not change, and of the others exactly those wished
 * for. What stays keeps its place; what is new comes after it, in the order of the file.
 */
export function desiredGroups(
  current: readonly string[],
  wished: readonly string[],
  changeable: ReadonlySet<string>,
): string[] {
  const wanted = new Set(wished.filter((id) => changeable.has(id)))
  const stays = current.filter((id) => !changeable.has(id) || wanted.has(id))
  return [...new Set([...stays, ...wanted])]
}

export function sameGroups(a: readonly string[], b: readonly string[]): boolean {
  const [one, other] = [new Set(a), new Set(b)]
  return one.size === other.size && [...one].every((id) => other.has(id))
}
