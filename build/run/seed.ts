import { parse } from 'csv-parse/sync'
import { DatabaseError } from 'pg'
import { messageOf, PipelineError } from '../../core/errors.ts'
import type { GraphNode } from '../graph/graph.ts'
import { relationSql, type RelationName } from '../graph/relation.ts'
import { parseCsv } from '../project/csv.ts'
import type { Made } from './increment.ts'
import { names } from './materialize.ts'
import { inferColumn, readText, type SeedColumn } from './seed-types.ts'
import type { Session } from './session.ts'

interface Column extends SeedColumn {
  name: string
}

const BATCH_ROWS = 5000

/**
 * Makes a table of a CSV file, with the columns that dbt makes of it. Throws a PipelineError SEED_INVALID with the
 * file, line and column of a record or value that does not fit.
 */
export async function createSeed(session: Session, node: GraphNode, shadow: RelationName): Promise<Made> {
  const target = relationSql(shadow)
  const [header = [], ...records] = readRecords(node)
  const { column_types: given = {} } = node.config
  const columns = columnNames(node, header).map((name, index): Column => {
    const cells = records.map((record) => record[index] ?? '')
    const type = given[header[index] ?? '']
    return { name, ...(type === undefined ? inferColumn(cells) : { type, cast: null, cells: cells.map(readText) }) }
  })
  await create(session, node, target, columns)
  // A cast to the type without its length lets the insert refuse what is too long, where a cast would cut it off.
  const { rows: casts } = await session.query<{ type: string }>(
    `select format_type(atttypid, -1) as type from pg_attribute where attrelid = $1::regclass and attnum > 0 order by attnum`,
    [target],
  )
  for (const [index, column] of columns.entries()) column.cast ??= casts[index]?.type ?? null
  for (let from = 0; from < records.length; from += BATCH_ROWS) {
    const to = Math.min(from + BATCH_ROWS, records.length)
    try {
      await session.attempt(() => insert(session, target, columns, from, to))
    } catch (error) {
      if (!(error instanceof DatabaseError)) throw error
      throw await placedError(session, node, target, columns, from, to, error)
    }
  }
  const unknown = Object.keys(given).filter((name) => !header.includes(name))
  return {
    rows: records.length,
    warnings: unknown.map((name) => `${node.name} has no column ${name}, for which column_types has a type`),
    increment: null,
    isRepeatable: true,
  }
}

function readRecords(node: GraphNode): string[][] {
  try {
    return parseCsv(textOf(node), delimiterOf(node))
  } catch (error) {
    throw seedError(node, '', messageOf(error), error)
  }
}

// Python, and so dbt, reads every end of line as a newline, also within quotes.
const textOf = (node: GraphNode) => node.file.source.text.replaceAll(/\r\n?/g, '\n')
const delimiterOf = (node: GraphNode) => node.config.delimiter ?? ','

function columnNames(node: GraphNode, header: string[]): string[] {
  if (header.length === 0) throw seedError(node, ':1', 'has no line with the names of its columns')
  const columns = header.map((name) => (node.config.quote_columns === false ? name.toLowerCase() : name))
  for (const [index, name] of columns.entries()) {
    if (name.trim() === '') throw seedError(node, ':1', `column ${index + 1} has no name`)
    if (columns.indexOf(name) < index) throw seedError(node, ':1', `two columns are named ${name}`)
  }
  return columns
}

async function create(session: Session, node: GraphNode, target: string, columns: Column[]): Promise<void> {
  const list = columns.map(({ name, type }) => `${names([name])} ${type}`).join(', ')
  try {
    await session.attempt(() => session.query(`create table ${target} (${list})`))
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error
    throw seedError(node, '', `its table cannot be made: ${error.message}; look at column_types`, error)
  }
}

async function insert(session: Session, target: string, columns: Column[], from: number, to: number): Promise<void> {
  const list = names(columns.map(({ name }) => name))
  const values = columns.map(({ cast }, index) => `c${index}::${cast ?? 'text'}`).join(', ')
  const arrays = columns.map((_, index) => `$${index + 1}::text[]`).join(', ')
  const cells = columns.map((column) => column.cells.slice(from, to))
  const aliases = columns.map((_, index) => `c${index}`).join(', ')
  await session.query(
    `insert into ${target} (${list}) select ${values} from unnest(${arrays}) as r (${aliases})`,
    cells,
  )
}

/** Finds the first value among the rows `from` to `to` that Postgres does not take, by halving. */
async function placedError(
  session: Session,
  node: GraphNode,
  target: string,
  columns: Column[],
  from: number,
  to: number,
  error: DatabaseError,
): Promise<PipelineError> {
  const refusalOf = async (column: Column, start: number, end: number) => {
    try {
      await session.attempt(() => insert(session, target, [column], start, end))
      return null
    } catch (refusal) {
      if (refusal instanceof DatabaseError) return refusal
      throw refusal
    }
  }
  for (const column of columns) {
    let refusal = await refusalOf(column, from, to)
    if (refusal === null) continue
    let [start, end] = [from, to]
    while (end - start > 1) {
      const middle = Math.floor((start + end) / 2)
      const first = await refusalOf(column, start, middle)
      if (first === null) start = middle
      else [end, refusal] = [middle, first]
    }
    const advice = refusal.code === '22003' ? ': give it a wider type in column_types, such as bigint' : ''
    const value = JSON.stringify(column.cells[start])
    const problem = `column ${column.name}: ${refusal.message} (the column is ${column.type}, the value ${value})${advice}`
    return seedError(node, `:${lineOf(node, start)}`, problem, refusal)
  }
  return seedError(node, '', error.message, error)
}

/** The line on which a row ends. */
function lineOf(node: GraphNode, row: number): number {
  let line = 1
  const note = (record: string[], { lines }: { lines: number }) => {
    line = lines
    return record
  }
  parse(textOf(node), { bom: true, delimiter: delimiterOf(node), skip_empty_lines: true, to: row + 2, on_record: note })
  return line
}

function seedError(node: GraphNode, line: string, problem: string, cause?: unknown): PipelineError {
  return new PipelineError('SEED_INVALID', `${node.file.source.file}${line}: ${problem}`, 'never', { cause })
}
