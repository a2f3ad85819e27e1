import type { Command } from 'commander'
import { print, renderJson } from './output.ts'
import { openSession } from './session.ts'

export function addMigrateCommand(program: Command): void {
  program
    .command('migrate')
    .description('bring the database to the current version (every command that writes does this by itself)')
    .option('--dry-run', 'only list what would be applied')
    .option('--json', 'as JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  $ npx milepost migrate --dry-run\n  $ DATABASE_URL=postgres://… npx milepost migrate',
    )
    .action(async (options: { dryRun?: boolean; json?: boolean }) => {
      const { migrate, pendingMigrations } = await import('../db/migrator.ts')
      const session = await openSession({ migrate: false })
      try {
        if (options.dryRun === true) {
          const pending = await pendingMigrations(session.pool)
          print(options.json === true ? renderJson({ pending }) : pending.join('\n') || 'Nothing to apply.')
          return
        }
        const { applied, already } = await migrate(session.pool)
        const { openQueue } = await import('../queue/boss.ts')
        const { createLogger } = await import('../core/logger.ts')
        const queue = await openQueue(session.databaseUrl, createLogger(session.config.logLevel), { schedules: false })
        await queue.stop()
        const text = [
          ...applied.map((name) => `applied ${name}`),
          `${applied.length} applied, ${already} were there already`,
        ]
        print(options.json === true ? renderJson({ applied, already }) : text.join('\n'))
      } finally {
        await session.close()
      }
    })
}
