import { DatabaseError } from 'pg'
import { messageOf, PipelineError } from '../../core/errors.ts'
import { describeProblem, problemAt } from '../template/problem.ts'
import { templateOffset, type Compiled } from '../template/render.ts'
import type { Session } from './session.ts'

/**
 * Runs the SQL of a template between `before` and `after`. An error of Postgres becomes a PipelineError MODEL_SQL with
 * the template's line, found from the position that Postgres gives in the SQL.
 */
export async function runCompiled<Row extends object>(
  session: Session,
  before: string,
  compiled: Compiled,
  after = '',
) {
  const text = before + compiled.sql + after
  try {
    return await session.query<Row & Record<string, unknown>>(text)
  } catch (error) {
    throw statementError(error, compiled, text, before.length)
  }
}

/** What went wrong with a model or test, as a PipelineError. */
export function statementError(
  error: unknown,
  { template, ...compiled }: Compiled,
  text = '',
  start = 0,
): PipelineError {
  if (error instanceof PipelineError) return error
  const { detail, hint, position } = error instanceof DatabaseError ? error : {}
  const more = [detail, hint].map((line) => (line === undefined ? '' : `\n  ${line}`)).join('')
  if (position === undefined) {
    return new PipelineError('MODEL_SQL', `${template.file}: ${messageOf(error)}${more}`, 'never', { cause: error })
  }
  // Postgres counts characters from 1, JavaScript UTF-16 units from 0.
  const index =
    Array.from(text)
      .slice(0, Number(position) - 1)
      .join('').length - start
  const offset = templateOffset({ template, ...compiled }, Math.max(0, index))
  const message = describeProblem(problemAt(template, offset, messageOf(error)))
  return new PipelineError('MODEL_SQL', message + more, 'never', { cause: error })
}
