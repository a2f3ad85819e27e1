const LONGEST = 60
const MOST = 5

/** A text of the file as it is shown: a cell may be of any length, and what is told of it is kept for each row. */
export function excerpt(text: string): string {
  return text.length <= LONGEST ? text : `${text.slice(0, LONGEST).toWellFormed()}… (${text.length} characters)`
}

/** A list as it is shown: its first entries, and how many more there are. */
export function fewOf(texts: readonly string[]): string[] {
  return texts.length <= MOST ? [...texts] : [...texts.slice(0, MOST), `and ${texts.length - MOST} more`]
}
