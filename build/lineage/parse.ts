import type { SelectStmt } from 'libpg-query'
import { messageOf } from '../../core/errors.ts'

/** SQL whose lineage cannot be told, and why. */
export class LineageError extends Error {}

/** A chain of some thousand operators is as many levels deep, more than the stack takes. */
export const TOO_DEEP = 'the query is nested too deep'

/** Whether SQL is exactly one query that makes no table and changes no rows, by Postgres' grammar. */
export async function statementKind(sql: string): Promise<'select' | 'other'> {
  try {
    await parseSelect(sql)
    return 'select'
  } catch (error) {
    if (error instanceof LineageError) return 'other'
    throw error
  }
}

/** The parse tree of one query that only reads. Throws a LineageError if the text is anything else. */
export async function parseSelect(sql: string): Promise<SelectStmt> {
  const [first, second] = await parseStatements(sql)
  if (first === undefined) throw new LineageError('there is no statement')
  if (second !== undefined) throw new LineageError('this is more than one statement')
  const statement = first.stmt
  if (statement !== undefined && 'SelectStmt' in statement && isReadOnly(statement.SelectStmt)) {
    return statement.SelectStmt
  }
  throw new LineageError('this is not a query that only reads')
}

async function parseStatements(sql: string) {
  if (sql.trim() === '') return []
  // The parser would stop at it and take what follows for absent.
  if (sql.includes('\0')) throw new LineageError('this is not valid SQL: it has a NUL character')
  // The grammar is Postgres' own, compiled to WebAssembly: 1.7 MB that only those who parse should load.
  const { parse } = await import('libpg-query')
  try {
    return (await parse(sql)).stmts ?? []
  } catch (error) {
    const problem = error instanceof RangeError ? TOO_DEEP : `this is not valid SQL: ${messageOf(error)}`
    throw new LineageError(problem, { cause: error })
  }
}

/** Whether a SELECT makes no table and changes no rows. Postgres takes an INSERT in WITH at the top only. */
function isReadOnly({ intoClause, withClause, larg }: SelectStmt): boolean {
  // SELECT INTO of a set operation stands in its first branch.
  if (intoClause !== undefined || (larg !== undefined && !isReadOnly(larg))) return false
  return (withClause?.ctes ?? []).every(
    (cte) =>
      'CommonTableExpr' in cte &&
      cte.CommonTableExpr.ctequery !== undefined &&
      'SelectStmt' in cte.CommonTableExpr.ctequery,
  )
}
