import { readFileSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { escapeIdentifier } from 'pg'
import { generateSchema } from '../db/codegen.ts'
import { withDatabase } from '../db/database-url.ts'
import { migrate } from '../db/migrator.ts'
import { createPool } from '../db/pool.ts'
import { EXIT } from './exit.ts'
import { print, say } from './output.ts'
import { openSession, PACKAGE_DIR, type Session } from './session.ts'

/** The types of a database that was only migrated: one in use also holds what the models and others made. */
async function generateFromScratch(session: Session): Promise<string> {
  const name = escapeIdentifier(`milepost_generate_${process.pid}`)
  await session.pool.query(`create database ${name}`)
  const scratch = createPool(withDatabase(session.databaseUrl.reveal(), `milepost_generate_${process.pid}`))
  try {
    await migrate(scratch)
    return await generateSchema(scratch)
  } finally {
    await scratch.end()
    await session.pool.query(`drop database ${name}`)
  }
}

export function addGenerateCommand(program: Command): void {
  program
    .command('generate')
    .description('write what is derived from the migrations: the table types in db/schema.ts')
    .option('--check', 'write nothing; fail when a file is out of date')
    .addHelpText('after', '\nExamples:\n  $ npm run generate\n  $ npx milepost generate --check')
    .action(async (options: { check?: boolean }) => {
      const session = await openSession({ migrate: false })
      try {
        const path = resolve(PACKAGE_DIR, 'db/schema.ts')
        const fresh = await generateFromScratch(session)
        if (readFileSync(path, 'utf8') === fresh) return print('db/schema.ts is up to date')
        if (options.check === true) {
          say('db/schema.ts differs from the migrated database: run `npm run generate` and commit it')
          process.exitCode = EXIT.error
          return
        }
        writeFileSync(path, fresh)
        print('wrote db/schema.ts')
      } finally {
        await session.close()
      }
    })
}
