import type { Command } from 'commander'
import { buildModels, type BuildEvent, type BuildResult } from '../build/run/build.ts'
import { loadProject } from '../build/project/project.ts'
import { drainOnSignals } from './drain.ts'
import { EXIT, usageError } from './exit.ts'
import { renderTests } from './model-report.ts'
import { count, isInteractive, print, renderJson, say } from './output.ts'
import { openSession, PACKAGE_DIR } from './session.ts'

interface BuildFlags {
  fullRefresh?: boolean
  vars?: string
  json?: boolean
}

export function addBuildCommand(program: Command): void {
  program
    .command('build')
    .description('build all models aside, test them, and publish them in one transaction, or nothing')
    .option('--full-refresh', 'build incremental models anew')
    .option('--vars <json>', 'values that win over those of dbt_project.yml')
    .option('--json', 'the result as JSON')
    .addHelpText(
      'after',
      `
A failed model or a failed test of severity error publishes nothing: readers keep the last good models.

Examples:
  $ npx milepost build
  $ npx milepost build --full-refresh
  $ npx milepost build --vars '{"as_of_date": "2026-01-31"}'`,
    )
    .action(async (flags: BuildFlags) => {
      const signal = drainOnSignals()
      const vars = parseVars(flags.vars)
      const session = await openSession()
      try {
        const project = await loadProject(PACKAGE_DIR, { vars })
        const onProgress = isInteractive() ? showMoving : undefined
        const options = { pool: session.pool, project, vars, signal, fullRefresh: flags.fullRefresh === true }
        const result = await buildModels(onProgress === undefined ? options : { ...options, onProgress })
        print(flags.json === true ? renderJson(result) : renderBuild(result))
        if (!result.published) process.exitCode = EXIT.error
      } finally {
        await session.close()
      }
    })
}

/** The values of `--vars`, which is a JSON object. */
export function parseVars(text: string | undefined): Record<string, unknown> {
  if (text === undefined) return {}
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value }
  } catch {
    throw usageError(`--vars is not JSON: ${text}`)
  }
  throw usageError('--vars takes a JSON object, such as {"as_of_date": "2026-01-31"}')
}

function showMoving(event: BuildEvent): void {
  const name = event.type === 'model' ? event.node.name : event.test.name
  const line = `${event.index}/${event.total} ${event.type} ${name}`
  const isLast = event.type === 'test' && event.index === event.total
  process.stderr.write(`\r\u001b[2K${isLast ? '' : line.slice(0, process.stderr.columns - 1)}`)
}

function renderBuild(result: BuildResult): string {
  for (const warning of result.warnings) say(`warning: ${warning}`)
  const lines = result.nodes.map((node) => {
    const rows = node.rows === null ? '' : ` ${count(node.rows)} rows`
    const error = node.error === null ? '' : `\n    ${node.error.message}`
    return `${node.status.padEnd(7)} ${node.kind.padEnd(11)} ${node.schema}.${node.name}${rows} (${node.seconds.toFixed(2)} s)${error}`
  })
  const orphans = result.orphans.map(
    ({ schema, name }) => `left as it is: ${schema}.${name}, whose model is gone; drop it when nobody reads it`,
  )
  const verdict = result.published
    ? `Published ${result.nodes.length} models in ${result.seconds.toFixed(1)} s.`
    : 'Nothing was published: readers keep the last good models.'
  return [...lines, ...renderTests(result.tests), ...orphans, verdict].join('\n')
}
