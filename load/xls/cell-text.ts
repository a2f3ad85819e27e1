import { LONGEST_TEXT } from './limits.ts'

export interface CleanText {
  text: string
  /** Control characters taken out. */
  removed: number
  /** Half surrogate pairs replaced by U+FFFD. */
  replaced: number
  /** Units cut from the end. */
  cut: number
}

// All of Unicode's control characters but TAB, LF and CR.
const CONTROL = /[^\P{Cc}\t\n\r]/gu
const HALF = /\p{Cs}/gu
const ELLIPSIS = '…'

/** The text as a cell can hold it, and what had to be done for it. */
export function cleanText(text: string): CleanText {
  const removed = count(text, CONTROL)
  const replaced = text.isWellFormed() ? 0 : count(text, HALF)
  let clean = removed === 0 ? text : text.replaceAll(CONTROL, '')
  // Two halves that only a control character kept apart are one character now, and none to be replaced.
  if (replaced > 0) clean = clean.toWellFormed()
  const cut = Math.max(0, clean.length - LONGEST_TEXT)
  return { text: cut === 0 ? clean : shortened(clean), removed, replaced, cut }
}

function count(text: string, pattern: RegExp): number {
  return text.match(pattern)?.length ?? 0
}

function shortened(text: string): string {
  const end = LONGEST_TEXT - ELLIPSIS.length
  return text.slice(0, isHighSurrogate(text, end - 1) ? end - 1 : end) + ELLIPSIS
}

/** Whether the unit at an index is the first half of a pair. */
export function isHighSurrogate(text: string, index: number): boolean {
  return (text.charCodeAt(index) & 0xfc00) === 0xd800
}
