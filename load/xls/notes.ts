/** What was done to a value so that a cell could hold it. */
export type XlsNoteKind =
  | 'text_shortened'
  | 'control_characters_removed'
  | 'half_characters_replaced'
  | 'number_not_finite'
  | 'number_too_small'
  | 'number_as_text'
  | 'date_as_text'

export interface XlsNote {
  kind: XlsNoteKind
  sheet: string
  /** Row of the sheet, counted from 1 as a spreadsheet shows it; the header is row 1. */
  row: number
  column: string
  message: string
}

const MOST_NOTES = 100

/** The notes of a file: the first 100 are kept, all are counted. */
export class Notes {
  readonly first: XlsNote[] = []
  readonly counts: Partial<Record<XlsNoteKind, number>> = {}

  add(note: XlsNote): void {
    this.counts[note.kind] = (this.counts[note.kind] ?? 0) + 1
    if (this.first.length < MOST_NOTES) this.first.push(note)
  }
}
