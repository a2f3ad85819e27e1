import type { BuildResult, NodeResult, TestResult } from '../run/result.ts'
import { fullName, metadataOf } from './metadata.ts'

export type RunResults = ReturnType<typeof runResultsOf>

/** A build as dbt's run_results (version 6) tells it; `args` are the options of the command. */
export function runResultsOf(
  result: BuildResult,
  { database, args = {} }: { database: string; args?: Record<string, unknown> },
) {
  const generatedAt = new Date(result.startedAt.getTime() + result.seconds * 1000)
  return {
    metadata: metadataOf('run-results', { generatedAt, invocationId: result.invocationId }),
    results: [...result.nodes.map((node) => nodeEntry(node, database)), ...result.tests.map(testEntry)],
    elapsed_time: result.seconds,
    args,
  }
}

function nodeEntry(node: NodeResult, database: string) {
  const { schema, relation, kind } = node
  return {
    ...statusOf(node),
    ...common(node),
    adapter_response: responseOf(node),
    failures: null,
    relation_name: kind === 'ephemeral' ? null : fullName(database, { schema, name: relation }),
  }
}

function statusOf({ status, isPublished, message, error }: NodeResult) {
  if (status === 'failed') return { status: 'error', message: error?.message ?? message }
  if (status === 'skipped') return { status, message }
  if (status === 'unchanged') return { status: 'success', message: status }
  if (!isPublished) return { status: 'success', message: 'built, but held back: something else in its group failed' }
  return { status: 'success', message }
}

function responseOf(node: NodeResult): Record<string, unknown> {
  if (node.status !== 'built') return {}
  // What was held back is built again by `retry`: readers still have the relation of before.
  return node.isPublished ? statementOf(node) : { ...statementOf(node), published: false }
}

function statementOf({ kind, rows, replaced }: NodeResult): Record<string, unknown> {
  if (rows === null) return kind === 'view' ? { _message: 'CREATE VIEW', code: 'CREATE VIEW', rows_affected: -1 } : {}
  const code = replaced === null && kind !== 'seed' ? 'SELECT' : 'INSERT'
  return { _message: `${code} ${rows}`, code, rows_affected: rows }
}

function testEntry(test: TestResult) {
  const { status, failures, isReused, error } = test
  const found = `${failures} wrong ${failures === 1 ? 'row' : 'rows'}`
  const messages = {
    pass: isReused ? 'unchanged' : null,
    warn: found,
    fail: found,
    error: error?.message ?? null,
    skipped: null,
  }
  return {
    status,
    message: messages[status],
    ...common(test),
    adapter_response: {},
    failures: status === 'error' || status === 'skipped' ? null : failures,
    relation_name: null,
  }
}

function common({ id, startedAt, seconds, thread, compiledSql }: NodeResult | TestResult) {
  return {
    unique_id: id,
    timing: startedAt === null ? [] : timingOf(startedAt, seconds),
    thread_id: thread,
    execution_time: seconds,
    compiled: compiledSql !== null,
    compiled_code: compiledSql,
    batch_results: null,
  }
}

/** The steps of a node; the time to compile it is too short to be told apart. */
export function timingOf(startedAt: Date, seconds: number) {
  const [start, end] = [startedAt.toISOString(), new Date(startedAt.getTime() + seconds * 1000).toISOString()]
  return [
    { name: 'compile', started_at: start, completed_at: start },
    { name: 'execute', started_at: start, completed_at: end },
  ]
}
