const SPACES = /\s{2,}|[^\S ]/g

/** A part number or name in one spelling: upper case, no space around it, single spaces inside. */
export function oneSpelling(text: string): string {
  return text.trim().replace(SPACES, ' ').toUpperCase()
}
