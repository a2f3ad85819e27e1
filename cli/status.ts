import type { Command } from 'commander'
import { wholeNumber } from './exit.ts'
import { print, renderJson } from './output.ts'
import { openReader } from './session.ts'

export function addStatusCommand(program: Command): void {
  program
    .command('status')
    .description('the last runs, the steps of the newest, the queues and the quarantine')
    .option('--json', 'as JSON')
    .option('--runs <n>', 'how many runs', '5')
    .addHelpText('after', '\nExamples:\n  $ npx milepost status\n  $ npx milepost status --json --runs 20')
    .action(async (options: { json?: boolean; runs: string }) => {
      const runs = wholeNumber('--runs', options.runs)
      const { readStatus, renderStatus } = await import('./status-report.ts')
      const { createKysely } = await import('../db/kysely.ts')
      const session = await openReader()
      try {
        const status = await readStatus(createKysely(session.pool), session.config, runs)
        print(options.json === true ? renderJson(status) : renderStatus(status))
      } finally {
        await session.close()
      }
    })
}
