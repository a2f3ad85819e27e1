import { parseJson } from '../../core/json.ts'
import type { Places } from '../graph/context.ts'
import type { Graph, GraphTest } from '../graph/graph.ts'
import { relationSql } from '../graph/relation.ts'
import { renderTest } from '../graph/render-node.ts'
import { screeningQuery } from '../graph/test-sql.ts'
import { PlacedError, projectError } from '../template/problem.ts'
import type { Compiled } from '../template/render.ts'
import type { TestResult } from './result.ts'
import type { Session } from './session.ts'
import { runCompiled, statementError } from './statement-error.ts'

/** Tests that are run together: they need the same nodes, and are about the same relation. */
export interface TestGroup {
  id: string
  tests: GraphTest[]
  dependsOn: string[]
  /** Nodes and sources that its tests are about, by name. */
  reads: Set<string>
}

/** Puts the built-in tests of the same rows together that need no other relation, and those that do; others stand alone. */
export function groupTests(graph: Graph, tests: GraphTest[]): TestGroup[] {
  const groups = new Map<string, TestGroup>()
  for (const test of tests) {
    const key = isScreened(graph, test)
      ? `screen ${JSON.stringify([test.subject, test.settings.where])} ${test.dependsOn.length + test.sources.size > 1}`
      : test.id
    const group = groups.get(key) ?? { id: `test ${key}`, tests: [], dependsOn: [], reads: new Set() }
    group.tests.push(test)
    group.dependsOn = [...new Set([...group.dependsOn, ...test.dependsOn])]
    for (const name of [...test.dependsOn, ...test.sources.keys()]) group.reads.add(name)
    groups.set(key, group)
  }
  return [...groups.values()]
}

/** Whether one scan of a relation can tell that a test passes; a threshold may be passed by some wrong rows too. */
function isScreened(graph: Graph, { builtIn, dependsOn, settings }: GraphTest): boolean {
  const isEphemeral = dependsOn.some((name) => graph.byName.get(name)?.config.materialized === 'ephemeral')
  return builtIn !== null && !isEphemeral && settings.warn_if === undefined && settings.error_if === undefined
}

/**
 * Runs the tests of a group: all at once, in one scan, and those that do not pass each by itself for its wrong rows.
 * A query that Postgres refuses is the status `error`, never a rejection.
 */
export async function runTestGroup(
  session: Session,
  graph: Graph,
  { tests }: Pick<TestGroup, 'tests'>,
  places: Places,
  thread: string,
): Promise<TestResult[]> {
  const started = performance.now()
  const startedAt = new Date()
  const passing = tests.length > 1 ? await screen(session, tests, places) : new Set<GraphTest>()
  const seconds = (performance.now() - started) / 1000 / tests.length
  const results: TestResult[] = []
  for (const test of tests) {
    if (!passing.has(test)) results.push(await runTest(session, graph, test, places, thread))
    else {
      const compiledSql = renderTest(graph, test, places).sql
      results.push({ ...emptyTestResult(test), status: 'pass', startedAt, seconds, thread, compiledSql })
    }
  }
  return results
}

async function screen(session: Session, tests: GraphTest[], places: Places): Promise<Set<GraphTest>> {
  const query = screeningQuery(tests, (reference) => {
    if ('node' in reference) return textOf(places.node(reference.node))
    const test = tests.find(({ sources }) => sources.has(`${reference.source}.${reference.table}`))
    const source = test?.sources.get(`${reference.source}.${reference.table}`)
    return source === undefined ? `${reference.source}.${reference.table}` : textOf(places.source(source))
  })
  try {
    const { rows } = await session.attempt(() => session.query<Record<string, string>>(query))
    return new Set(tests.filter((_, index) => Number(rows[0]?.[`t${index}`]) === 0))
  } catch (error) {
    // One of them is at fault, or cannot be asked together with others: each by itself tells which.
    if (error instanceof Error && 'severity' in error) return new Set()
    throw error
  }
}

const textOf = (relation: ReturnType<Places['node']>) => relation.text ?? relationSql(relation)

/** Runs one data test. */
async function runTest(
  session: Session,
  graph: Graph,
  test: GraphTest,
  places: Places,
  thread: string,
): Promise<TestResult> {
  const started = performance.now()
  const result: TestResult = { ...emptyTestResult(test), status: 'error', startedAt: new Date(), thread }
  try {
    const compiled = renderTest(graph, test, places)
    result.compiledSql = compiled.sql
    try {
      Object.assign(result, await session.attempt(() => wrongRows(session, test, compiled)))
    } catch (error) {
      result.error = statementError(error, compiled)
    }
  } catch (error) {
    if (!(error instanceof PlacedError)) throw error
    result.error = projectError([error.problem])
  }
  return { ...result, seconds: (performance.now() - started) / 1000 }
}

/** The result of a test that has not run. */
export function emptyTestResult(test: GraphTest): TestResult {
  const { id, name, subject, column } = test
  return {
    id,
    name,
    resource: 'test',
    status: 'skipped',
    failures: 0,
    isReused: false,
    startedAt: null,
    seconds: 0,
    thread: '',
    model: subject === null ? null : 'node' in subject ? subject.node : `${subject.source}.${subject.table}`,
    column,
    sample: [],
    compiledSql: null,
    error: null,
  }
}

const SAMPLE_ROWS = 5

async function wrongRows(session: Session, test: GraphTest, compiled: Compiled) {
  const { limit, warn_if: warnIf = '<> 0', error_if: errorIf = '<> 0' } = test.settings
  const { rows } = await runCompiled<{ failures: string; warns: boolean; fails: boolean; sample: string | null }>(
    session,
    'with wrong as materialized (select * from (\n',
    compiled,
    `\n) as tested ${limit === undefined ? '' : `limit ${limit}`}), counted as (select count(*) as failures from wrong)
    select failures::text, failures ${warnIf} as warns, failures ${errorIf} as fails,
      (select json_agg(to_json(first)) from (select * from wrong limit ${SAMPLE_ROWS}) as first)::text as sample
    from counted`,
  )
  const { failures = '0', warns = false, fails = false, sample = null } = rows[0] ?? {}
  const parsed = sample === null ? [] : parseJson(sample)
  const status = test.severity === 'error' && fails ? 'fail' : warns ? 'warn' : 'pass'
  const list = Array.isArray(parsed) ? (parsed as TestResult['sample']) : []
  // As in dbt, rows within the thresholds are no failures.
  return status === 'pass' ? ({ status } as const) : ({ status, failures: Number(failures), sample: list } as const)
}
