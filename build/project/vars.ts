import { parse } from 'yaml'

/** The variables of a command line: a mapping in YAML, of which JSON is a part. Null when it is not one. */
export function readVars(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : null
  } catch {
    return null
  }
}
