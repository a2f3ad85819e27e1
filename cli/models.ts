import type { Command } from 'commander'
import { compileModels } from '../build/graph/compile.ts'
import { loadProject } from '../build/project/project.ts'
import { listModels, testModels } from '../build/run/published-models.ts'
import { parseVars } from './build.ts'
import { drainOnSignals } from './drain.ts'
import { EXIT, usageError } from './exit.ts'
import { renderTests } from './model-report.ts'
import { print, renderJson, renderTable } from './output.ts'
import { openReader, PACKAGE_DIR } from './session.ts'

export function addModelsCommand(program: Command): void {
  const models = program
    .command('models')
    .description('the SQL models: ls, compile, test')
    .addHelpText(
      'after',
      `
Examples:
  $ npx milepost models ls
  $ npx milepost models compile v_customer_analysis
  $ npx milepost models test`,
    )
  models
    .command('ls')
    .description('list the models in the order they are built')
    .option('--json', 'as JSON, with what each is built from')
    .action(async (flags: { json?: boolean }) => {
      const listed = listModels(await loadProject(PACKAGE_DIR))
      if (flags.json === true) return print(renderJson(listed))
      const rows = listed.map((model) => [`${model.schema}.${model.name}`, model.kind, model.dependsOn.join(', ')])
      print(renderTable(['model', 'kind', 'built from'], rows))
    })
  models
    .command('compile')
    .description('print the SQL that a model becomes')
    .argument('<model>', 'its name')
    .option('--vars <json>', 'values that win over those of dbt_project.yml')
    .action(async (name: string, flags: { vars?: string }) => {
      const vars = parseVars(flags.vars)
      const project = await loadProject(PACKAGE_DIR, { vars })
      const compiled = compileModels(project, { vars }).find((model) => model.name === name)
      if (compiled === undefined) throw usageError(`there is no model ${name}; see \`npx milepost models ls\``)
      print(compiled.sql)
    })
  models
    .command('test')
    .description('run the data tests on what is published; changes nothing')
    .option('--json', 'as JSON')
    .action(async (flags: { json?: boolean }) => {
      const signal = drainOnSignals()
      const project = await loadProject(PACKAGE_DIR)
      const session = await openReader()
      try {
        const tests = await testModels({ pool: session.pool, project, signal })
        print(flags.json === true ? renderJson(tests) : renderTests(tests).join('\n'))
        if (tests.some((test) => test.status === 'fail' || test.status === 'error')) process.exitCode = EXIT.error
      } finally {
        await session.close()
      }
    })
}
