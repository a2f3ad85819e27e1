/**
 * The id in a reference, of which there are two forms: `{"id": "b12", ...}` and, for well-known things, the bare text
 * `"UnknownDriverId"`. Undefined where there is none.
 */
export function refId(value: unknown): string | undefined {
  const id = typeof value === 'object' && value !== null && 'id' in value ? value.id : value
  return typeof id === 'string' && id !== '' ? id : undefined
}
