import type { Command } from 'commander'
import { runBuild, databaseOf, type BuildFlags } from './build.ts'
import { drainOnSignals } from './drain.ts'
import { EXIT, usageError } from './exit.ts'
import { addModelsDocsCommand } from './models-docs.ts'
import {
  openDatabase,
  openProject,
  selectIds,
  threadCount,
  withProject,
  withSelection,
  type ProjectFlags,
  type SelectionFlags,
} from './models-project.ts'
import { print, renderJson, renderTable, say } from './output.ts'

type Flags = ProjectFlags & SelectionFlags & { json?: boolean; threads?: string; failFast?: boolean }

export function addModelsCommand(program: Command): void {
  const models = program
    .command('models')
    .description('the SQL models: ls, compile, test, docs, freshness, retry, rollback')
    .addHelpText(
      'after',
      `
Examples:
  $ npx milepost models ls --select +v_customer_analysis
  $ npx milepost models compile v_customer_analysis
  $ npx milepost models test --select marts
  $ npx milepost models docs
  $ npx milepost models rollback`,
    )
  addLs(models)
  addCompile(models)
  addTest(models)
  addModelsDocsCommand(models)
  addFreshness(models)
  addRetry(models)
  addRollback(models)
}

function addLs(models: Command): void {
  withSelection(withProject(models.command('ls')))
    .description('list nodes in the order they are built; with a selection also tests, sources and exposures')
    .option('--json', 'as JSON, with what each is built from')
    .action(async (flags: Flags) => {
      const { project, options, targetDir } = await openProject(flags)
      const { compileProject } = await import('../build/graph/graph.ts')
      const { listModels } = await import('../build/run/published-models.ts')
      const graph = compileProject(project, options)
      const selected = await selectIds(graph, flags, targetDir)
      if (selected !== undefined && flags.json !== true) return print([...selected].join('\n'))
      const ids = new Map(graph.nodes.map((node) => [node.name, node.id]))
      const listed = listModels(project, options).filter(({ name }) => selected?.has(ids.get(name) ?? '') ?? true)
      if (flags.json === true) return print(renderJson(listed))
      const rows = listed.map((model) => [`${model.schema}.${model.name}`, model.kind, model.dependsOn.join(', ')])
      print(renderTable(['model', 'kind', 'built from'], rows))
    })
}

function addCompile(models: Command): void {
  withProject(models.command('compile'))
    .description('print the SQL that a model becomes')
    .argument('<model>', 'its name')
    .action(async (name: string, flags: Flags) => {
      const { project, options } = await openProject(flags)
      const { compileModels } = await import('../build/graph/compile.ts')
      const compiled = compileModels(project, options).find((model) => model.name === name)
      if (compiled === undefined) throw usageError(`there is no model ${name}; see \`npx milepost models ls\``)
      print(compiled.sql)
    })
}

function addTest(models: Command): void {
  withSelection(withProject(models.command('test')))
    .description('run the tests on what is published; changes nothing')
    .option('--fail-fast', 'begin nothing more after the first failure')
    .option('--threads <count>', 'connections that test at the same time', '4')
    .option('--json', 'as JSON')
    .action(async (flags: Flags) => {
      const opened = await openProject(flags)
      const { compileProject } = await import('../build/graph/graph.ts')
      const { testModels } = await import('../build/run/published-models.ts')
      const { renderTests } = await import('./model-report.ts')
      const { project, options, targetDir } = opened
      const selected = await selectIds(compileProject(project, options), flags, targetDir)
      const signal = drainOnSignals()
      const session = await openDatabase(opened, 'read')
      try {
        const tests = await testModels({
          ...options,
          pool: session.pool,
          project,
          signal,
          threads: threadCount(flags.threads ?? '4'),
          failFast: flags.failFast === true,
          ...(selected === undefined ? {} : { selected }),
        })
        print(flags.json === true ? renderJson(tests) : renderTests(tests).join('\n'))
        if (tests.some((test) => test.status === 'fail' || test.status === 'error')) process.exitCode = EXIT.error
      } finally {
        await session.close()
      }
    })
}

function addFreshness(models: Command): void {
  withSelection(withProject(models.command('freshness')))
    .description('how old the newest rows of the sources are; writes sources.json')
    .option('--json', 'as JSON')
    .action(async (flags: Flags) => {
      const opened = await openProject(flags)
      const { randomUUID } = await import('node:crypto')
      const { compileProject } = await import('../build/graph/graph.ts')
      const { readFreshness } = await import('../build/run/freshness.ts')
      const { sourcesOf } = await import('../build/artifacts/sources.ts')
      const { writeArtifacts } = await import('../build/artifacts/write.ts')
      const { project, options, targetDir } = opened
      const selected = await selectIds(compileProject(project, options), flags, targetDir)
      const session = await openDatabase(opened, 'read')
      try {
        const started = performance.now()
        const results = await readFreshness({
          ...options,
          pool: session.pool,
          project,
          ...(selected === undefined ? {} : { selected }),
        })
        const seconds = (performance.now() - started) / 1000
        const sources = sourcesOf(results, { generatedAt: new Date(), invocationId: randomUUID(), seconds })
        await writeArtifacts(targetDir, { sources })
        if (flags.json === true) print(renderJson(sources))
        else if (results.length === 0)
          print('No source has a loaded_at_field and a freshness with warn_after or error_after.')
        else {
          const rows = results.map((result) =>
            result.status === 'runtime error'
              ? [result.status, result.id, '', result.error]
              : [result.status, result.id, result.maxLoadedAt, `${(result.ageSeconds / 3600).toFixed(1)} h`],
          )
          print(renderTable(['status', 'source', 'newest row', 'age'], rows))
        }
        if (results.some(({ status }) => status === 'error' || status === 'runtime error'))
          process.exitCode = EXIT.error
      } finally {
        await session.close()
      }
    })
}

function addRetry(models: Command): void {
  withProject(models.command('retry'))
    .description('build again what the last build did not publish, and run again the tests that did not pass')
    .option('--full-refresh', 'build incremental models anew')
    .option('--fail-fast', 'begin nothing more after the first failure')
    .option('--threads <count>', 'connections that build at the same time', '4')
    .option('--json', 'the result as JSON')
    .action(async (flags: BuildFlags) => {
      const opened = await openProject(flags)
      const { readRunResults } = await import('../build/artifacts/read.ts')
      const { results } = readRunResults(opened.targetDir)
      const isDone = (status: string) => ['success', 'pass', 'warn', 'no-op'].includes(status)
      const ids = new Set(
        results.flatMap(({ unique_id: id, status, adapter_response: response }) => {
          return isDone(status) && response?.published !== false ? [] : id
        }),
      )
      if (ids.size === 0) return say('The last build left nothing to retry.')
      await runBuild(opened, flags, ids)
    })
}

function addRollback(models: Command): void {
  withProject(models.command('rollback'))
    .description('put the generation of relations back that the last publish replaced')
    .option('--json', 'as JSON')
    .action(async (flags: Flags) => {
      const opened = await openProject(flags)
      const { rollbackModels } = await import('../build/run/undo.ts')
      const signal = drainOnSignals()
      const session = await openDatabase(opened, 'build')
      try {
        const { project, options } = opened
        const result = await rollbackModels({ ...options, pool: session.pool, project, signal })
        if (flags.json === true) return print(renderJson(result))
        const names = (relations: typeof result.restored) =>
          relations.map(({ schema, name }) => `${schema}.${name}`).join(', ')
        print(
          `Put back what the publish of ${result.publishedAt.toISOString()} on ${databaseOf(session)} replaced: ${names(result.restored) || 'nothing'}`,
        )
        if (result.removed.length > 0) print(`Removed what it made: ${names(result.removed)}`)
        print('The next build makes the current generation again.')
      } finally {
        await session.close()
      }
    })
}
