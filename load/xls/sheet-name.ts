import { PipelineError } from '../../core/errors.ts'
import { cleanText, isHighSurrogate } from './cell-text.ts'

const LONGEST = 31

/** Throws unless spreadsheet programs take the name. */
export function checkSheetName(name: string): void {
  const wrong = problemOf(name)
  if (wrong === undefined) return
  throw new PipelineError('XLS_SHEET_NAME', `The sheet name "${name}" ${wrong}; choose another.`, 'never')
}

function problemOf(name: string): string | undefined {
  if (name.trim() === '') return 'is blank'
  if (name.length > LONGEST) return `has more than ${LONGEST} characters`
  if (/[[\]:*?/\\]/.test(name)) return 'has one of [ ] : * ? / \\'
  if (/[\t\r\n]/.test(name) || cleanText(name).text !== name) return 'has control characters or half a character'
  if (name.startsWith("'") || name.endsWith("'")) return 'starts or ends with an apostrophe'
  // Spreadsheet programs keep this one for themselves.
  if (name.toLowerCase() === 'history') return 'is reserved'
  return undefined
}

/**
 * The name of a file's next sheet, unlike those before it without regard to case: Sheet1 goes on as Sheet2, Trips as
 * "Trips 2", shortened where the number does not fit.
 */
export function nextSheetName(base: string, before: readonly string[]): string {
  const taken = new Set(before.map((name) => name.toLowerCase()))
  for (let number = before.length + 1; ; number++) {
    const name = numbered(base, number)
    if (!taken.has(name.toLowerCase())) return name
  }
}

function numbered(base: string, number: number): string {
  if (number === 1) return base
  const countsOn = /\D1$/.test(base)
  const ending = countsOn ? String(number) : ` ${number}`
  let stem = (countsOn ? base.slice(0, -1) : base).slice(0, LONGEST - ending.length)
  if (isHighSurrogate(stem, stem.length - 1)) stem = stem.slice(0, -1)
  return stem + ending
}
