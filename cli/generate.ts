import { readFileSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { generateSchema } from '../db/codegen.ts'
import { EXIT } from './exit.ts'
import { print, say } from './output.ts'
import { openSession, PACKAGE_DIR } from './session.ts'

export function addGenerateCommand(program: Command): void {
  program
    .command('generate')
    .description('write what is derived from the migrations: the table types in db/schema.ts')
    .option('--check', 'write nothing; fail when a file is out of date')
    .addHelpText('after', '\nExamples:\n  $ npm run generate\n  $ npx milepost generate --check')
    .action(async (options: { check?: boolean }) => {
      const session = await openSession()
      try {
        const path = resolve(PACKAGE_DIR, 'db/schema.ts')
        const fresh = await generateSchema(session.pool)
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
