import { mkdirSync, readFileSync, writeFileSync, existsSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import type { Command } from 'commander'
import { escapeIdentifier } from 'pg'
import { loadProject } from '../build/project/project.ts'
import { generateSchema } from '../db/codegen.ts'
import { withDatabase } from '../db/database-url.ts'
import { migrate } from '../db/migrator.ts'
import { createPool } from '../db/pool.ts'
import { EXIT } from './exit.ts'
import { print, say } from './output.ts'
import { commandsReference, modelsReference } from './reference.ts'
import { openSession, PACKAGE_DIR } from './session.ts'

export function addGenerateCommand(program: Command): void {
  program
    .command('generate')
    .description('write what is derived: the table types in db/schema.ts and docs/reference/')
    .option('--check', 'write nothing; fail when a file is out of date')
    .addHelpText('after', '\nExamples:\n  $ npm run generate\n  $ npx milepost generate --check')
    .action(async (options: { check?: boolean }) => {
      const files = {
        'db/schema.ts': await schemaFromScratch(),
        'docs/reference/commands.md': commandsReference(program),
        'docs/reference/models.md': modelsReference(await loadProject(PACKAGE_DIR)),
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

/** The types of a database that was only migrated: one in use also holds what the models and others made. */
async function schemaFromScratch(): Promise<string> {
  const session = await openSession({ migrate: false })
  const name = `milepost_generate_${process.pid}`
  try {
    await session.pool.query(`create database ${escapeIdentifier(name)}`)
    const scratch = createPool(withDatabase(session.databaseUrl.reveal(), name))
    try {
      await migrate(scratch)
      return await generateSchema(scratch)
    } finally {
      await scratch.end()
      await session.pool.query(`drop database ${escapeIdentifier(name)}`)
    }
  } finally {
    await session.close()
  }
}
