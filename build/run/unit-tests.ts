import { DatabaseError, escapeIdentifier, escapeLiteral } from 'pg'
import { parseJson } from '../../core/json.ts'
import { PipelineError } from '../../core/errors.ts'
import type { FixtureRows } from '../project/unit-test.ts'
import { sourceName, type Places } from '../graph/context.ts'
import type { Graph, GraphNode, GraphUnitTest } from '../graph/graph.ts'
import { relationSql, type RenderedRelation } from '../graph/relation.ts'
import { renderNode } from '../graph/render-node.ts'
import { PlacedError, problemAt, projectError } from '../template/problem.ts'
import type { Compiled } from '../template/render.ts'
import type { Column } from './increment.ts'
import type { TestResult } from './result.ts'
import type { Session } from './session.ts'
import { runCompiled, statementError } from './statement-error.ts'

/** Runs a model over the rows of a unit test, and compares what it returns. */
export async function runUnitTest(
  session: Session,
  graph: Graph,
  test: GraphUnitTest,
  places: Places,
  thread: string,
): Promise<TestResult> {
  const started = performance.now()
  const result: TestResult = { ...emptyUnitTestResult(test), status: 'error', startedAt: new Date(), thread }
  const node = graph.byName.get(test.model)
  if (node === undefined) throw new Error(`there is no model ${test.model}`)
  try {
    const compiled = await renderOver(session, graph, node, test, places)
    result.compiledSql = compiled.sql
    const differences = await session.attempt(() => compare(session, test, compiled))
    result.failures = differences.length
    result.sample = differences.slice(0, 5)
    result.status = differences.length === 0 ? 'pass' : 'fail'
  } catch (error) {
    if (error instanceof PlacedError) result.error = projectError([error.problem])
    else if (error instanceof PipelineError && error.code === 'MODEL_SQL') result.error = error
    else if (error instanceof DatabaseError) {
      result.error = projectError([problemAt(test.source, test.offset, `unit test ${test.name}: ${error.message}`)])
    } else throw error
  }
  return { ...result, seconds: (performance.now() - started) / 1000 }
}

/** The result of a unit test that has not run. */
export function emptyUnitTestResult(test: GraphUnitTest): TestResult {
  return {
    id: test.id,
    name: test.name,
    resource: 'unit_test',
    status: 'skipped',
    failures: 0,
    isReused: false,
    startedAt: null,
    seconds: 0,
    thread: '',
    model: test.model,
    column: null,
    sample: [],
    compiledSql: null,
    error: null,
  }
}

/** The SQL of the model, in which what it reads is the given rows; what is not given has no rows. */
async function renderOver(
  session: Session,
  graph: Graph,
  node: GraphNode,
  test: GraphUnitTest,
  places: Places,
): Promise<Compiled> {
  const queries: string[] = []
  const given = new Map<string, RenderedRelation>()
  // An ephemeral model stands nowhere, and a model may be tested before it is built for the first time.
  const queryOf = (read: GraphNode | undefined, relation: RenderedRelation) => {
    const isQuery = read !== undefined && (read === node || read.config.materialized === 'ephemeral')
    return isQuery
      ? renderNode(graph, read, places, { isIncremental: false }).sql
      : `select * from ${relationSql(relation)}`
  }
  const give = async (key: string, relation: RenderedRelation, rows: FixtureRows) => {
    const name = `given_rows_${queries.length + 1}`
    const like = queryOf(key === 'this' ? node : graph.byName.get(key), relation)
    queries.push(`${name} as (\n${await fixtureSql(session, test, key, like, rows)}\n)`)
    given.set(key, { ...relation, text: name })
  }
  const nothing: FixtureRows = { format: 'rows', columns: [], rows: [] }
  const rowsFor = (key: string) => {
    return test.given.find(
      ({ input }) => (input === 'this' ? 'this' : 'node' in input ? input.node : sourceName(input)) === key,
    )?.rows
  }
  for (const name of node.dependsOn.keys()) await give(name, places.node(name), rowsFor(name) ?? nothing)
  for (const [name, source] of node.sources) await give(name, places.source(source), rowsFor(name) ?? nothing)
  const isIncremental = test.overrides.macros.is_incremental === true
  const self = rowsFor('this')
  if (self !== undefined) await give('this', node.relation, self)
  const other = Object.keys(test.overrides.macros).find((name) => name !== 'is_incremental')
  if (other !== undefined) {
    const message = `unit test ${test.name}: only is_incremental can be overridden, not the macro ${other}`
    throw new PlacedError(problemAt(test.source, test.offset, message))
  }
  const env = (name: string) => {
    const value = test.overrides.env_vars[name]
    return value === undefined ? graph.env(name) : textOf(value)
  }
  const over: Places = {
    node: (name) => given.get(name) ?? places.node(name),
    source: (source) => given.get(sourceName(source)) ?? places.source(source),
  }
  const context = { env, this: given.get('this') ?? node.relation }
  // Ephemeral models are given rows like others, so they must not be put in as queries.
  const flat = { ...graph, byName: new Map([...graph.byName].filter(([name]) => !given.has(name))) }
  const compiled = renderNode(flat, node, over, { isIncremental, vars: test.overrides.vars, context })
  if (queries.length === 0) return compiled
  const generated = (text: string) => ({ text, offset: 0, isCopy: false })
  const [before, after] = [`with ${queries.join(', ')}\nselect * from (\n`, '\n) as rendered']
  return {
    ...compiled,
    sql: before + compiled.sql + after,
    chunks: [generated(before), ...compiled.chunks, generated(after)],
  }
}

async function fixtureSql(
  session: Session,
  test: GraphUnitTest,
  key: string,
  like: string,
  rows: FixtureRows,
): Promise<string> {
  if (rows.format === 'sql') return rows.text
  const columns = await columnsOfQuery(session, like, test, key)
  return valuesSql(test, key, columns, rows)
}

/** Rows as a query with these columns; a column that a row does not have is null. */
function valuesSql(
  test: GraphUnitTest,
  where: string,
  columns: Column[],
  { columns: named, rows }: Extract<FixtureRows, { format: 'rows' }>,
): string {
  const unknown = named.find((name) => !columns.some((column) => column.name === name))
  if (unknown !== undefined) {
    const message = `unit test ${test.name}: ${where} has no column ${unknown}; it has ${columns.map(({ name }) => name).join(', ')}`
    throw new PlacedError(problemAt(test.source, test.offset, message))
  }
  const select = (row: Record<string, unknown>) => {
    return `select ${columns.map(({ name, type }) => `${literal(row[name])}::${type} as ${escapeIdentifier(name)}`).join(', ')}`
  }
  return rows.length === 0 ? `${select({})} where false` : rows.map(select).join('\nunion all ')
}

const textOf = (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value))

function literal(value: unknown): string {
  if (value === null || value === undefined) return 'null'
  if (value instanceof Date) return escapeLiteral(value.toISOString().replace('T00:00:00.000Z', ''))
  return escapeLiteral(textOf(value))
}

async function compare(session: Session, test: GraphUnitTest, compiled: Compiled): Promise<Record<string, unknown>[]> {
  const { expect } = test
  let columns: Column[]
  try {
    columns = await columnsOfQuery(session, compiled.sql, test, test.model)
  } catch (error) {
    throw statementError(error, compiled, DESCRIBING + compiled.sql, DESCRIBING.length)
  }
  const expected = expect.format === 'sql' ? expect.text : null
  const named =
    expect.format === 'sql'
      ? (await columnsOfQuery(session, expect.text, test, 'expect')).map((column) => column.name)
      : expect.columns.length > 0
        ? expect.columns
        : columns.map((column) => column.name)
  const compared = named.map((name) => columns.find((column) => column.name === name) ?? { name, type: 'text' })
  const query = expected ?? valuesSql(test, test.model, columns, expect as Extract<FixtureRows, { format: 'rows' }>)
  // Values of type json cannot be compared; their text can.
  const list = compared
    .map(({ name, type }) =>
      type === 'json' ? `${escapeIdentifier(name)}::text as ${escapeIdentifier(name)}` : escapeIdentifier(name),
    )
    .join(', ')
  const { rows } = await runCompiled<{ difference: string }>(
    session,
    'with actual_rows as (\n',
    compiled,
    `\n), expected_rows as (\n${query}\n)
    select to_json(d)::text as difference from (
      select 'expected, not returned' as difference, missing.* from (select ${list} from expected_rows except all select ${list} from actual_rows) as missing
      union all
      select 'returned, not expected', extra.* from (select ${list} from actual_rows except all select ${list} from expected_rows) as extra
    ) as d`,
  )
  return rows.map((row) => parseJson(row.difference) as Record<string, unknown>)
}

const DESCRIBING = 'select * from (\n'

async function columnsOfQuery(session: Session, sql: string, test: GraphUnitTest, what: string): Promise<Column[]> {
  const { fields } = await session.attempt(() => session.query(`${DESCRIBING}${sql}\n) as described limit 0`))
  if (fields.length === 0) {
    throw new PlacedError(problemAt(test.source, test.offset, `unit test ${test.name}: ${what} has no columns`))
  }
  const { rows } = await session.query<{ type: string }>(
    `select format_type(f.oid, nullif(f.modifier, -1)) as type
     from unnest($1::oid[], $2::int[]) with ordinality as f (oid, modifier, index) order by f.index`,
    [fields.map((field) => field.dataTypeID), fields.map((field) => field.dataTypeModifier)],
  )
  return fields.map((field, index) => ({ name: field.name, type: rows[index]?.type ?? 'text' }))
}
