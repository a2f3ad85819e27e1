import { PipelineError } from '../../core/errors.ts'

/** A text that a problem can be pointed out in; `file` is relative to the project's directory. */
export interface SourceText {
  file: string
  text: string
  /** For a text that was made from another one (a data test of a YAML file): the place it came from. */
  origin?: { source: SourceText; offset: number }
}

/** Something wrong with the project, at a place (line and column count from 1), with that line and a caret. */
export interface Problem {
  file: string
  line: number
  column: number
  message: string
  excerpt: string
}

/** An error whose place in a template is known already. */
export class PlacedError extends Error {
  readonly problem: Problem

  constructor(problem: Problem) {
    super(problem.message)
    this.problem = problem
  }
}

/** The error for what is wrong at an offset of a text. */
export function failure(source: SourceText, offset: number, message: string): PlacedError {
  return new PlacedError(problemAt(source, offset, message))
}

/** The problem at `offset` (in UTF-16 units) of a text. */
export function problemAt(source: SourceText, offset: number, message: string): Problem {
  if (source.origin !== undefined) return problemAt(source.origin.source, source.origin.offset, message)
  const before = source.text.slice(0, offset)
  const lineStart = before.lastIndexOf('\n') + 1
  const line = before.split('\n').length
  const lineEnd = source.text.indexOf('\n', lineStart)
  const text = source.text.slice(lineStart, lineEnd < 0 ? undefined : lineEnd).trimEnd()
  const gutter = String(line)
  const padding = source.text.slice(lineStart, offset).replaceAll(/[^\t]/g, ' ')
  const excerpt = `  ${gutter} | ${text}\n  ${' '.repeat(gutter.length)} | ${padding}^`
  return { file: source.file, line, column: offset - lineStart + 1, message, excerpt }
}

export function describeProblem(problem: Problem): string {
  return `${problem.file}:${problem.line}:${problem.column}: ${problem.message}\n${problem.excerpt}`
}

/** The same in a line, for what stops nothing. */
export function warningOf({ file, line, message }: Problem): string {
  return `${file}:${line}: ${message}`
}

/** All problems of a project as one error MODELS_INVALID. */
export function projectError(problems: Problem[]): PipelineError {
  const count = problems.length === 1 ? 'a problem' : `${problems.length} problems`
  const message = `The models have ${count}:\n\n${problems.map(describeProblem).join('\n\n')}`
  return new PipelineError('MODELS_INVALID', message, 'never')
}

/** The candidate that is nearest to a misspelt name, as a question to append to a message, or ''. */
export function didYouMean(name: string, candidates: Iterable<string>): string {
  let best = ''
  let bestDistance = Math.max(1, Math.floor(name.length / 3)) + 1
  for (const candidate of candidates) {
    const distance = editDistance(name, candidate)
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance]
  }
  return best === '' ? '' : `; did you mean ${best}?`
}

/** Whether a name that is not there differs from a candidate by a letter or two, and so is hardly meant as it stands. */
export function isSlip(name: string, candidates: Iterable<string>): boolean {
  const most = name.length < 6 ? 1 : 2
  for (const candidate of candidates) {
    if (Math.abs(candidate.length - name.length) <= most && editDistance(name, candidate) <= most) return true
  }
  return false
}

function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i]
    for (let j = 1; j <= b.length; j += 1) {
      const substituted = (previous[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      row.push(Math.min(substituted, (previous[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1))
    }
    previous = row
  }
  return previous[b.length] ?? 0
}
