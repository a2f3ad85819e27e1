import { mkdirSync, readFileSync, writeFileSync, existsSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import type { Command } from 'commander'
import type { Pool } from 'pg'
import type { Graph } from '../build/graph/graph.ts'
import { PipelineError } from '../core/errors.ts'
import type { ModelColumn } from '../db/codegen.ts'
import { withDatabase } from '../db/database-url.ts'
import { EXIT } from './exit.ts'
import { print, say } from './output.ts'
import { openSession, PACKAGE_DIR } from './session.ts'

export function addGenerateCommand(program: Command): void {
  program
    .command('generate')
    .description(
      'write what is derived: the types of tables and marts in db/schema.ts and db/marts.ts, and docs/reference/',
    )
    .option('--check', 'write nothing; fail when a file is out of date')
    .addHelpText('after', '\nExamples:\n  $ npm run generate\n  $ npx milepost generate --check')
    .action(async (options: { check?: boolean }) => {
      const { loadProject } = await import('../build/project/project.ts')
      const { commandsReference, modelsReference } = await import('./reference.ts')
      const files = {
        ...(await typesFromScratch()),
        'docs/reference/commands.md': commandsReference(program),
        'docs/reference/models.md': modelsReference(loadProject(PACKAGE_DIR)),
      }
      const stale = Object.entries(files).filter(([path, text]) => readIfThere(resolve(PACKAGE_DIR, path)) !== text)
      if (options.check === true) {
        for (const [path] of stale) say(`${path} is out of date: run \`npm run generate\` and commit it`)
        if (stale.length > 0) process.exitCode = EXIT.error
      } else for (const [path, text] of stale) write(resolve(PACKAGE_DIR, path), text)
      if (stale.length === 0) print('everything is up to date')
      else if (options.check !== true) print(stale.map(([path]) => `wrote ${path}`).join('\n'))
    })
}

const readIfThere = (path: string) => (existsSync(path) ? readFileSync(path, 'utf8') : null)

function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, text)
}

/** The types of a database that was only migrated, and of the models built there: one in use also holds what others made. */
async function typesFromScratch(): Promise<Record<string, string>> {
  const { escapeIdentifier } = await import('pg')
  const { generateSchema } = await import('../db/codegen.ts')
  const { migrate } = await import('../db/migrator.ts')
  const { createPool } = await import('../db/pool.ts')
  const session = await openSession({ migrate: false })
  const name = `milepost_generate_${process.pid}`
  try {
    await session.pool.query(`create database ${escapeIdentifier(name)}`)
    const scratch = createPool(withDatabase(session.databaseUrl.reveal(), name))
    try {
      await migrate(scratch)
      return { 'db/schema.ts': await generateSchema(scratch), 'db/marts.ts': await martTypes(scratch) }
    } finally {
      await scratch.end()
      await session.pool.query(`drop database ${escapeIdentifier(name)}`)
    }
  } finally {
    await session.close()
  }
}

/** Builds the models on no rows and tells what their columns are. */
export async function martTypes(pool: Pool): Promise<string> {
  const { compileProject } = await import('../build/graph/graph.ts')
  const { loadProject } = await import('../build/project/project.ts')
  const { buildModels } = await import('../build/run/build.ts')
  const { generateModelTypes } = await import('../db/codegen.ts')
  const project = loadProject(PACKAGE_DIR)
  const { published, nodes } = await buildModels({ pool, project, empty: true })
  const failed = nodes.flatMap((node) => (node.error === null ? [] : [node.error.message]))
  if (!published)
    throw new PipelineError('GENERATE_MODELS', `The models cannot be built: ${failed.join('\n')}`, 'never')
  return generateModelTypes(pool, ['marts', 'reports'], testedColumns(compileProject(project)))
}

/** What tests of severity error say of columns, by `schema.relation.column`. */
function testedColumns(graph: Graph): Map<string, ModelColumn> {
  const columns = new Map<string, ModelColumn>()
  for (const { subject, builtIn, column, severity, settings, args } of graph.tests) {
    const node = subject !== null && 'node' in subject ? graph.byName.get(subject.node) : undefined
    if (node === undefined || builtIn === null || severity !== 'error' || settings.where !== undefined) continue
    const place = `${node.relation.schema}.${node.relation.name}.${column}`
    const known = columns.get(place) ?? { isNotNull: false, values: null }
    if (builtIn.type === 'not_null') known.isNotNull = true
    if (builtIn.type === 'accepted_values' && Array.isArray(args.values) && args.quote !== false) {
      known.values = args.values.map(String)
    }
    columns.set(place, known)
  }
  return columns
}
