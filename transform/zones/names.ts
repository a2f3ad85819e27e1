/** Names in their order, each once; zones without a name are left out. */
export function distinctNames(names: readonly (string | null)[]): string[] {
  return [...new Set(names.filter((name) => name !== null && name.trim() !== ''))] as string[]
}
