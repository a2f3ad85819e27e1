import type { Pool } from 'pg'
import { compileProject, type CompileOptions } from '../graph/graph.ts'
import { publishedPlaces } from '../graph/render-node.ts'
import type { Materialization } from '../project/node-config.ts'
import type { Project } from '../project/project.ts'
import type { TestResult } from './result.ts'
import { emptyTestResult, groupTests, runTestGroup } from './run-tests.ts'
import { runTasks } from './schedule.ts'
import { withConnections } from './session.ts'
import { runUnitTest } from './unit-tests.ts'

export interface TestOptions extends CompileOptions {
  pool: Pool
  project: Project
  /** Ids of the tests to run; default all. */
  selected?: Set<string>
  threads?: number
  failFast?: boolean
  onProgress?: (event: { test: TestResult; index: number; total: number }) => void
  signal?: AbortSignal
}

/** Runs data tests and unit tests on the relations as they are published. Changes nothing. */
export async function testModels(options: TestOptions): Promise<TestResult[]> {
  const graph = compileProject(options.project, options)
  const isSelected = ({ id }: { id: string }) => options.selected?.has(id) ?? true
  const tests = graph.tests.filter(isSelected)
  const unitTests = graph.unitTests.filter(isSelected)
  const places = publishedPlaces(graph)
  const results: TestResult[] = []
  const total = tests.length + unitTests.length
  let hasFailed = false
  const report = (found: TestResult[]) => {
    hasFailed ||= found.some(({ status }) => status === 'fail' || status === 'error')
    for (const test of found) {
      results.push(test)
      options.onProgress?.({ test, index: results.length, total })
    }
  }
  const mayBegin = () => !(hasFailed && options.failFast === true)
  const mode = 'isolation level repeatable read, read only'
  await withConnections(options.pool, options.signal ?? new AbortController().signal, async (connections) => {
    const dataTests = groupTests(graph, tests).map((group) => ({
      id: group.id,
      after: [],
      run: async (connect: () => ReturnType<typeof connections.open>, thread: string) => {
        if (!mayBegin()) return report(group.tests.map(emptyTestResult))
        report(
          await (await connect()).transaction((session) => runTestGroup(session, graph, group, places, thread), mode),
        )
      },
    }))
    const modelTests = unitTests.map((test) => ({
      id: test.id,
      after: [],
      run: async (connect: () => ReturnType<typeof connections.open>, thread: string) => {
        const connection = await connect()
        if (mayBegin())
          report([await connection.transaction((session) => runUnitTest(session, graph, test, places, thread), mode)])
      },
    }))
    await runTasks(
      [...dataTests, ...modelTests],
      Math.max(1, Math.min(options.threads ?? 4, (options.pool.options.max ?? 10) - 2)),
      connections,
    )
  })
  const order = new Map([...tests, ...unitTests].map(({ id }, index) => [id, index]))
  return results.toSorted((a, b) => (order.get(a.id) ?? 0) - (order.get(b.id) ?? 0))
}

export interface ListedModel {
  name: string
  schema: string
  kind: Materialization
  file: string
  description: string
  tags: string[]
  dependsOn: string[]
}

/** The enabled models, seeds and snapshots in the order in which they are built. */
export function listModels(project: Project, options: CompileOptions = {}): ListedModel[] {
  return compileProject(project, options).nodes.map(({ name, relation, config, file, description, dependsOn }) => ({
    name,
    schema: relation.schema,
    kind: config.materialized,
    file: file.source.file,
    description,
    tags: config.tags,
    dependsOn: [...dependsOn.keys()],
  }))
}
