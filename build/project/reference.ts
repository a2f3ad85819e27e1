import type { Reference } from './data-test.ts'

/** Reads `ref('model')`, `ref('project', 'model')` or `source('source', 'table')`; null for anything else. */
export function parseReference(text: string): Reference | null {
  const call = /^\s*(ref|source)\s*\(\s*(['"])([^'"]+)\2\s*(?:,\s*(['"])([^'"]+)\4\s*)?\)\s*$/.exec(text)
  if (call === null) return null
  const [, name, , first = '', , second] = call
  if (name === 'ref') return { node: second ?? first }
  return second === undefined ? null : { source: first, table: second }
}

export const isNode = (reference: Reference): reference is { node: string } => 'node' in reference
