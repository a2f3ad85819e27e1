import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Command } from 'commander'
import type { BuildResult } from '../build/run/result.ts'
import { drainOnSignals } from './drain.ts'
import { EXIT, usageError } from './exit.ts'
import {
  openDatabase,
  openProject,
  selectIds,
  threadCount,
  withProject,
  withSelection,
  type ModelsProject,
  type ProjectFlags,
  type SelectionFlags,
} from './models-project.ts'
import { print, renderJson, renderTable } from './output.ts'

export interface BuildFlags extends ProjectFlags, SelectionFlags {
  fullRefresh?: boolean
  failFast?: boolean
  threads?: string
  empty?: boolean
  dryRun?: boolean
  check?: boolean
  json?: boolean
}

export function addBuildCommand(program: Command): void {
  withSelection(withProject(program.command('build')))
    .description('build models, seeds and snapshots aside, test them, and publish them in one transaction, or nothing')
    .option('--full-refresh', 'build everything anew, incremental models too')
    .option('--fail-fast', 'begin nothing more after the first failure')
    .option('--threads <count>', 'connections that build at the same time', '4')
    .option('--empty', 'try all of it on no rows; never replaces a relation that stands')
    .option('--dry-run', 'print what would be done, and do nothing')
    .option('--check', 'list what this builder or real dbt would not accept, and do nothing')
    .option('--json', 'the result as JSON')
    .addHelpText(
      'after',
      `
A node is built again when its file, its settings or the rows that it reads have changed. A failed model or a failed
test of severity error publishes nothing of its group: readers keep the last good models, whole. Artifacts go to
target/, as dbt writes them; \`milepost models rollback\` puts the generation before back.

Examples:
  $ npx milepost build
  $ npx milepost build --select stg_fullbay__invoices+ --dry-run
  $ npx milepost build --full-refresh --vars '{"as_of_date": "2026-01-31"}'
  $ npx milepost build --project-dir ../shop --schema analytics`,
    )
    .action(async (flags: BuildFlags) => {
      const opened = await openProject(flags)
      if (flags.check === true) return checkProject(opened, flags)
      if (flags.dryRun === true) return dryRun(opened, flags)
      await runBuild(opened, flags)
    })
}

/** Builds a project, shows how it goes, and writes its artifacts. `ids` wins over the selection of the flags. */
export async function runBuild(opened: ModelsProject, flags: BuildFlags, ids?: Set<string>): Promise<void> {
  const { buildModels } = await import('../build/run/build.ts')
  const { compileProject } = await import('../build/graph/graph.ts')
  const { progressReporter, renderSummary } = await import('./build-report.ts')
  const { project, options } = opened
  const threads = threadCount(flags.threads ?? '4')
  const selected = ids ?? (await selectIds(compileProject(project, options), flags, opened.targetDir))
  if (selected?.size === 0) throw usageError('the selection matches nothing')
  const signal = drainOnSignals()
  const session = await openDatabase(opened, 'build')
  try {
    // A build that stops before its end has no results; those of an earlier one must not pass for them.
    await rm(join(opened.targetDir, 'run_results.json'), { force: true })
    const result = await buildModels({
      ...options,
      pool: session.pool,
      project,
      signal,
      threads,
      fullRefresh: flags.fullRefresh === true,
      failFast: flags.failFast === true,
      empty: flags.empty === true,
      onProgress: progressReporter(flags.json === true),
      ...(selected === undefined ? {} : { selected }),
    })
    await writeBuildArtifacts(opened, result, databaseOf(session), flags)
    print(flags.json === true ? renderJson(result) : renderSummary(result))
    if (!result.published) process.exitCode = EXIT.error
  } finally {
    await session.close()
  }
}

/** The name of the database that a session is connected to. */
export const databaseOf = (session: { databaseUrl: { reveal(): string } }) =>
  decodeURIComponent(new URL(session.databaseUrl.reveal()).pathname.slice(1))

async function writeBuildArtifacts(
  { project, options, targetDir }: ModelsProject,
  result: BuildResult,
  database: string,
  flags: BuildFlags,
): Promise<void> {
  const { writeArtifacts } = await import('../build/artifacts/write.ts')
  const { manifestOf } = await import('../build/artifacts/manifest.ts')
  const { runResultsOf } = await import('../build/artifacts/run-results.ts')
  const { compileProject } = await import('../build/graph/graph.ts')
  const compiledGraph = compileProject(project, options)
  const graph = { ...compiledGraph, target: { ...compiledGraph.target, database } }
  const compiled = new Map(
    [...result.nodes, ...result.tests].flatMap(({ id, compiledSql }) =>
      compiledSql === null ? [] : [[id, compiledSql]],
    ),
  )
  const { invocationId } = result
  await writeArtifacts(targetDir, {
    manifest: manifestOf(graph, { generatedAt: result.startedAt, invocationId, compiled }),
    'run-results': runResultsOf(result, { database, args: { which: 'build', ...flags } }),
  })
}

async function dryRun(opened: ModelsProject, flags: BuildFlags): Promise<void> {
  const { compileProject } = await import('../build/graph/graph.ts')
  const { planModels } = await import('../build/run/plan.ts')
  const { project, options } = opened
  const graph = compileProject(project, options)
  const selected = await selectIds(graph, flags, opened.targetDir)
  const session = await openDatabase(opened, 'build')
  try {
    const planned = await planModels({
      ...options,
      pool: session.pool,
      project,
      fullRefresh: flags.fullRefresh === true,
      empty: flags.empty === true,
      ...(selected === undefined ? {} : { selected }),
    })
    if (flags.json === true) return print(renderJson(planned))
    const isSelected = ({ id }: { id: string }) => selected?.has(id) ?? true
    const tests = [...graph.tests, ...graph.unitTests].filter(isSelected).length
    const kept = planned.filter(({ action }) => action === 'keep' || action === 'keep view').length
    print(
      renderTable(
        ['action', 'kind', 'relation'],
        planned.map((node) => [node.action, node.kind, `${node.schema}.${node.name}`]),
      ),
    )
    print(
      `${planned.length} nodes: ${planned.length - kept} to build, ${kept} as they should be; ${tests} tests. Nothing was done.`,
    )
  } finally {
    await session.close()
  }
}

/** What is refused here has been thrown by now; what is left are differences from real dbt. */
function checkProject({ project }: ModelsProject, flags: BuildFlags): void {
  const found = [...project.dbtDifferences, ...project.warnings]
  if (flags.json === true) print(renderJson({ differences: found }))
  else {
    for (const line of found) print(line)
    print(
      `${project.nodes.length} nodes and ${project.tests.length + project.unitTests.length} tests can be built here; ${found.length} remarks.`,
    )
  }
  if (project.dbtDifferences.length > 0) process.exitCode = EXIT.error
}
