import type { Command } from 'commander'
import { drainOnSignals } from './drain.ts'
import { say } from './output.ts'
import { untilAborted } from './wait.ts'

export function addWorkCommand(program: Command): void {
  program
    .command('work')
    .description('work the queues and start scheduled runs until stopped')
    .addHelpText(
      'after',
      `
The schedule stands in milepost.yaml (schedules.pipeline, a cron expression, with its time zone). Several workers
may run beside each other, on one machine or many: each job goes to one of them. SIGTERM drains.

Examples:
  $ npx milepost work
  $ npx milepost work >> milepost.log 2>&1 &`,
    )
    .action(async () => {
      const drain = drainOnSignals()
      const { openPipeline } = await import('./pipeline.ts')
      const { scheduleRuns } = await import('../queue/schedule.ts')
      const { startWorkers } = await import('../queue/worker.ts')
      const { session, context, sources, close } = await openPipeline(drain, { schedules: true })
      try {
        for (const notice of sources.notices) say(notice)
        await scheduleRuns(context)
        await startWorkers(context)
        const { pipeline, time_zone } = context.config.schedules
        say(`Working. Runs start at "${pipeline}" (${time_zone}); database: ${session.databaseName}.`)
        await untilAborted(drain)
      } finally {
        await close()
      }
    })
}
