import type { RelationName } from '../graph/relation.ts'

/** What a query depends on besides the rows of the relations that it names. */
export interface QueryFacts {
  /** Names of the functions it calls, without schema, and whether any is called with one. */
  functions: Set<string>
  /** Whether it asks for the time or the user by keyword (current_date), or says 'now'. */
  hasClock: boolean
  /** Whether it takes only so many rows somewhere. */
  hasLimit: boolean
  /** Whether it reads a sample of a table. */
  isRandom: boolean
  /** Relations that it reads, as written; a name without a schema may be that of a common table expression. */
  relations: { schema: string | null; name: string }[]
  /** Names of its common table expressions. */
  queries: Set<string>
}

// Postgres reads 'today 12:00' as a time too.
const CLOCK_WORDS = /^\s*(now|today|tomorrow|yesterday)\b/i

/** The facts of a query, or null when it cannot be parsed (Postgres may know syntax that the parser does not). */
export async function factsOf(sql: string): Promise<QueryFacts | null> {
  const { parse } = await import('libpg-query')
  const facts: QueryFacts = {
    functions: new Set(),
    hasClock: false,
    hasLimit: false,
    isRandom: false,
    relations: [],
    queries: new Set(),
  }
  try {
    collect(await parse(sql), facts)
    return facts
  } catch (error) {
    if (error instanceof Error) return null
    throw error
  }
}

function collect(value: unknown, facts: QueryFacts): void {
  if (Array.isArray(value)) for (const item of value) collect(item, facts)
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return
  for (const [key, item] of Object.entries(value)) {
    const node = Object(item) as Record<string, unknown>
    if (key === 'SQLValueFunction') facts.hasClock = true
    else if (key === 'RangeTableSample') facts.isRandom = true
    else if (key === 'limitCount') facts.hasLimit = true
    else if (key === 'FuncCall') facts.functions.add(lastName(node.funcname))
    else if (key === 'RangeVar') {
      facts.relations.push({ schema: textOf(node.schemaname), name: String(node.relname) })
    } else if (key === 'withClause') noteQueries(node, facts)
    else if (key === 'sval' && CLOCK_WORDS.test(String(node.sval ?? item))) facts.hasClock = true
    collect(item, facts)
  }
}

/** A query that is not recursive and reads its own name reads a table of that name. */
function noteQueries(clause: Record<string, unknown>, facts: QueryFacts): void {
  for (const item of Array.isArray(clause.ctes) ? clause.ctes : []) {
    const { ctename, ctequery } = Object((item as Record<string, unknown>).CommonTableExpr) as Record<string, unknown>
    const inner: QueryFacts = {
      functions: new Set(),
      hasClock: false,
      hasLimit: false,
      isRandom: false,
      relations: [],
      queries: new Set(),
    }
    collect(ctequery, inner)
    const readsItself = inner.relations.some(({ schema, name }) => schema === null && name === ctename)
    if (readsItself && clause.recursive !== true) facts.isRandom = true
    facts.queries.add(String(ctename))
  }
}

const textOf = (value: unknown) => (typeof value === 'string' && value !== '' ? value : null)

function lastName(names: unknown): string {
  const last = Object((Array.isArray(names) ? names : []).at(-1)) as { String?: { sval?: string } }
  return last.String?.sval ?? ''
}

/** Whether a query reads nothing but these relations and its own common table expressions. */
export function readsOnly(facts: QueryFacts, declared: RelationName[]): boolean {
  return facts.relations.every(({ schema, name }) => {
    if (schema === null) return facts.queries.has(name)
    return declared.some((relation) => relation.schema === schema && relation.name === name)
  })
}
