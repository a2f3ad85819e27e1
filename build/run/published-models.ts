import type { Pool } from 'pg'
import { compileProject, type CompileOptions, type Model } from '../graph/graph.ts'
import type { Project } from '../project/project.ts'
import { runTest, type TestResult } from './run-tests.ts'
import { transaction } from './session.ts'

export interface TestOptions extends CompileOptions {
  pool: Pool
  project: Project
  onProgress?: (event: { test: TestResult; index: number; total: number }) => void
  signal?: AbortSignal
}

/** Runs all data tests on the relations as they are published. Changes nothing. */
export async function testModels(options: TestOptions): Promise<TestResult[]> {
  const graph = compileProject(options.project, options)
  const places = new Map(graph.models.map((model) => [model.name, model.relation]))
  const signal = options.signal ?? new AbortController().signal
  return transaction(options.pool, 'read only', signal, async (session) => {
    const results: TestResult[] = []
    for (const test of graph.tests) {
      const result = await runTest(session, graph, test, (name) => places.get(name) ?? { schema: '', name })
      results.push(result)
      options.onProgress?.({ test: result, index: results.length, total: graph.tests.length })
    }
    return { commit: false, value: results }
  })
}

export interface ListedModel {
  name: string
  schema: string
  kind: Model['config']['materialized']
  file: string
  description: string
  tags: string[]
  dependsOn: string[]
}

/** The enabled models in the order in which they are built. */
export function listModels(project: Project, options: CompileOptions = {}): ListedModel[] {
  return compileProject(project, options).models.map(
    ({ name, relation, config, template, description, dependsOn }) => ({
      name,
      schema: relation.schema,
      kind: config.materialized,
      file: template.file,
      description,
      tags: config.tags,
      dependsOn: [...dependsOn.keys()],
    }),
  )
}
