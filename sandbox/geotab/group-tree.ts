import type { Store } from './store.ts'
import { idOf, type Row } from './wire.ts'

/** The groups and all that are below them. */
export function withDescendants(store: Store, ids: readonly string[]): Set<string> {
  const found = new Set<string>()
  const open = [...ids]
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    if (found.has(id)) continue
    found.add(id)
    const children = store.table('Group').get(id)?.row['children']
    if (Array.isArray(children)) open.push(...children.flatMap((child) => idOf(child) ?? []))
  }
  return found
}

export function groupIds(row: Row, name = 'groups'): string[] {
  const groups = row[name]
  return Array.isArray(groups) ? groups.flatMap((group) => idOf(group) ?? []) : []
}
