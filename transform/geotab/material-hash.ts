import { hash } from 'node:crypto'

const SEPARATOR = '\u001f'

/** SHA-256 (hex) over the values of a row that a report shows, in their order. */
export function materialHash(values: readonly (string | number | boolean | null)[]): string {
  return hash('sha256', values.map(marked).join(SEPARATOR), 'hex')
}

// Null, blank text and the text "null" are three different things.
const marked = (value: string | number | boolean | null) => (value === null ? '' : `=${value}`)
