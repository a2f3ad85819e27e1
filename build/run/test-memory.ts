import { publishedPlaces, renderTest } from '../graph/render-node.ts'
import { hash } from '../graph/compile-node.ts'
import type { Graph, GraphTest, GraphUnitTest } from '../graph/graph.ts'
import type { BuildState } from './build-state.ts'
import type { TestResult } from './result.ts'
import { emptyTestResult } from './run-tests.ts'
import type { Session } from './session.ts'
import { emptyUnitTestResult } from './unit-tests.ts'

/** What earlier builds found, and for which contents. */
export interface TestMemory {
  results: Map<string, { token: string; result: Pick<TestResult, 'status' | 'failures' | 'sample'> }>
  /** Tokens under which results of this build may be remembered, by test. */
  tokens: Map<string, string>
  /** Notes which of these tests give the same result whenever they read the same rows. */
  note(session: Session, build: BuildState, tests: GraphTest[]): Promise<void>
}

/** Reads the results that builds of this target remember. */
export async function readTestMemory(session: Session, graph: Graph): Promise<TestMemory> {
  const { rows } = await session.query<{ test: string; token: string; result: TestResult }>(
    'select test, token, result from ops.model_tests where project = $1 and target_schema = $2',
    [graph.project.name, graph.target.schema],
  )
  const tokens = new Map<string, string>()
  return {
    results: new Map(rows.map(({ test, token, result }) => [test, { token, result }])),
    tokens,
    note: async (session_, build, tests) => {
      const places = publishedPlaces(graph)
      for (const test of tests) {
        const declared = build.relationsRead(test)
        const isPlain = test.builtIn !== null && test.settings.where === undefined
        const isTimeless =
          isPlain || (await build.timeless.isTimeless(session_, renderTest(graph, test, places).sql, declared))
        if (isTimeless) tokens.set(test.id, tokenOf(build, test))
      }
    },
  }
}

/** The result of an earlier build, if the test reads the same rows now; only of tests that held nothing up. */
export function rememberedResult(
  build: BuildState,
  memory: TestMemory,
  test: GraphTest | GraphUnitTest,
): TestResult | null {
  const known = memory.results.get(test.id)
  const token = tokenOf(build, test)
  if (!isDataTest(test)) memory.tokens.set(test.id, token)
  if (known?.token !== token || build.isFullRefresh || build.isEmpty) return null
  memory.tokens.set(test.id, token)
  const empty = isDataTest(test) ? emptyTestResult(test) : emptyUnitTestResult(test)
  return { ...empty, ...known.result, isReused: true }
}

const isDataTest = (test: GraphTest | GraphUnitTest): test is GraphTest => 'definition' in test

function tokenOf(build: BuildState, test: GraphTest | GraphUnitTest): string {
  if (isDataTest(test)) return hash(test.definition, build.tokensOf(test.dependsOn, test.sources))
  const node = build.graph.byName.get(test.model)
  const { source: _, offset: __, ...told } = test
  return hash(told, node === undefined ? '' : build.definitionOf(node))
}

/** Remembers results in the transaction of the publish; those of other tests are forgotten. */
export async function recordTests(
  session: Session,
  graph: Graph,
  memory: TestMemory,
  results: TestResult[],
): Promise<void> {
  const kept = results.flatMap(({ id, status, failures, sample }) => {
    const token = memory.tokens.get(id)
    const isFine = status === 'pass' || status === 'warn'
    if (token === undefined || !isFine || memory.results.get(id)?.token === token) return []
    return { test: id, token, result: { status, failures, sample } }
  })
  const known = new Set([...graph.tests, ...graph.unitTests].map(({ id }) => id))
  const gone = [...memory.results.keys()].filter((id) => !known.has(id))
  if (kept.length + gone.length === 0) return
  const target = [graph.project.name, graph.target.schema]
  await session.query('delete from ops.model_tests where project = $1 and target_schema = $2 and test = any ($3)', [
    ...target,
    gone,
  ])
  await session.query(
    `insert into ops.model_tests (project, target_schema, test, token, result)
     select $1, $2, * from json_to_recordset($3::json) as r (test text, token text, result json)
     on conflict (project, target_schema, test) do update set token = excluded.token, result = excluded.result`,
    [...target, JSON.stringify(kept)],
  )
}
