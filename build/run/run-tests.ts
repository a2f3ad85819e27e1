import { parseJson } from '../../core/json.ts'
import type { PipelineError } from '../../core/errors.ts'
import { renderTest, type Graph, type GraphTest } from '../graph/graph.ts'
import type { RelationName } from '../graph/relation.ts'
import type { Compiled } from '../template/render.ts'
import type { Session } from './session.ts'
import { runCompiled, statementError } from './statement-error.ts'

export interface TestResult {
  name: string
  /** `skipped` when a model it reads was not built. */
  status: 'pass' | 'warn' | 'fail' | 'error' | 'skipped'
  /** Wrong rows found. */
  failures: number
  seconds: number
  /** The model or `source.table` that a generic test belongs to. */
  model: string | null
  column: string | null
  /** Up to 5 of the wrong rows. */
  sample: Record<string, unknown>[]
  error: PipelineError | null
}

const SAMPLE_ROWS = 5

/** Runs one data test. A query that Postgres refuses is the status `error`, never a rejection. */
export async function runTest(
  session: Session,
  graph: Graph,
  test: GraphTest,
  relationOf: (name: string) => RelationName,
): Promise<TestResult> {
  const started = performance.now()
  const compiled = renderTest(graph, test, relationOf)
  const result = { ...skippedTest(test), status: 'error' as TestResult['status'] }
  try {
    const { failures, sample } = await session.attempt(() => wrongRows(session, compiled))
    result.failures = failures
    result.sample = sample
    result.status = failures === 0 ? 'pass' : test.severity === 'warn' ? 'warn' : 'fail'
  } catch (error) {
    result.error = statementError(error, compiled)
  }
  return { ...result, seconds: (performance.now() - started) / 1000 }
}

export function skippedTest(test: GraphTest): TestResult {
  const { name, owner: model = null, column = null } = test
  return { name, status: 'skipped', failures: 0, seconds: 0, model, column, sample: [], error: null }
}

async function wrongRows(session: Session, compiled: Compiled) {
  const { rows } = await runCompiled<{ failures: string; sample: string | null }>(
    session,
    'with wrong as materialized (\n',
    compiled,
    `\n) select (select count(*) from wrong)::text as failures,
      (select json_agg(to_json(first)) from (select * from wrong limit ${SAMPLE_ROWS}) as first)::text as sample`,
  )
  const { failures, sample } = rows[0] ?? { failures: '0', sample: null }
  const parsed = sample === null ? [] : parseJson(sample)
  return { failures: Number(failures), sample: Array.isArray(parsed) ? parsed : [] }
}
