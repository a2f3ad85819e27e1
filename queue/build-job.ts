import { buildModels } from '../build/run/build.ts'
import { loadProject } from '../build/project/project.ts'
import type { BuildResult } from '../build/run/result.ts'
import { PipelineError } from '../core/errors.ts'
import type { PipelineContext } from './context.ts'
import { noteStepOutput } from './ledger.ts'
import { BUILD_STEP } from './progress.ts'
import { completeStep } from './step-job.ts'

/** What a run keeps of its build. */
export interface BuildOutput {
  /** Models, seeds and snapshots that were built, and those that stood as they would have been. */
  models: number
  unchanged?: number
  tests_passed: number
  /** Names of the tests of severity warn that found rows. */
  tests_warned: string[]
  /** Groups of models that readers have in this generation; others keep the one before. */
  groups: string[]
  seconds: number
}

/** Builds, tests and publishes the models, then ends the run. A failed build publishes nothing. */
export async function buildStep(context: PipelineContext, runId: string, signal: AbortSignal): Promise<void> {
  const project = loadProject(context.projectDir)
  const result = await buildModels({ pool: context.pool, project, signal })
  await context.db.transaction().execute((trx) => noteStepOutput(trx, runId, BUILD_STEP, summarise(result)))
  if (!result.published) throw buildFailed(result)
  await completeStep(context, { runId, step: BUILD_STEP }, summarise(result))
}

function summarise(result: BuildResult): BuildOutput {
  const of = (status: string) => result.tests.filter((test) => test.status === status)
  return {
    models: result.nodes.filter((node) => node.status === 'built').length,
    unchanged: result.nodes.filter((node) => node.status === 'unchanged').length,
    tests_passed: of('pass').length,
    tests_warned: of('warn').map((test) => test.name),
    groups: result.groups.filter((group) => group.isPublished).map((group) => group.name),
    seconds: result.seconds,
  }
}

function buildFailed(result: BuildResult): PipelineError {
  const models = result.nodes.flatMap((node) => (node.error === null ? [] : [node.error.message]))
  const tests = result.tests.filter((test) => test.status === 'fail' || test.status === 'error')
  const reasons = [
    ...models,
    ...tests.map((test) => `${test.name}: ${test.error?.message ?? `${test.failures} wrong rows`}`),
  ]
  const groups = result.groups.filter((group) => !group.isPublished).map((group) => group.name)
  const held = groups.length < result.groups.length ? ` of ${groups.join(', ')}` : ''
  const message =
    `${models.length} model(s) and ${tests.length} test(s) failed, so readers keep the last good models${held}. ` +
    `\`npx milepost build\` shows the rows.\n${reasons.map((reason) => `  ${reason}`).join('\n')}`
  return new PipelineError('BUILD_FAILED', message, 'never')
}
