import type { Command } from 'commander'
import type { Run } from '../queue/ledger.ts'
import { drainOnSignals } from './drain.ts'
import { wholeNumber } from './exit.ts'
import { print, renderJson, say } from './output.ts'
import { progressDisplay } from './progress.ts'
import { EXIT_OF } from './run-exit.ts'

export function addRunCommand(program: Command): void {
  program
    .command('run')
    .description('run the whole pipeline once: read, land, flatten, build and test the models; then sum up')
    .option('--json', 'the summary as JSON on standard output')
    .option('--retries <n>', 'how often the queue tries again what failed at a vendor (each waits longer)', '0')
    .addHelpText(
      'after',
      `
A second run in the same database exits with 4 (busy). Ctrl-C once stops at the next page, twice at once.
Exit codes: 0 all done, 1 failed, 3 some shops failed, 4 busy, 130 interrupted.

Examples:
  $ npx milepost run
  $ npx milepost run --json > run.json`,
    )
    .action(async (options: { json?: boolean; retries: string }) => {
      const retries = wholeNumber('--retries', options.retries)
      const drain = drainOnSignals()
      const { openPipeline } = await import('./pipeline.ts')
      const { readSteps } = await import('../queue/ledger.ts')
      const { runPipeline } = await import('../queue/pipeline-run.ts')
      const { startWorkers } = await import('../queue/worker.ts')
      const { readSummary, renderSummary } = await import('./run-summary.ts')
      const { session, context, sources, close } = await openPipeline(drain, { schedules: false })
      try {
        for (const notice of sources.notices) say(notice)
        const display = progressDisplay()
        let run: Run
        try {
          run = await runPipeline(context, {
            trigger: 'manual',
            // Not before: a process that is told "busy" must not have taken a job of the run that is under way.
            onAllowed: () => startWorkers(context),
            retries,
            onTick: async (runId) => display.update(await readSteps(context.db, runId)),
          })
        } finally {
          display.finish()
        }
        const summary = await readSummary(context.db, context.config, run)
        const facts = { ...summary, database: session.databaseName, sources: sources.names }
        if (options.json === true) print(renderJson(facts))
        else print(renderSummary(facts))
        process.exitCode = EXIT_OF[run.status]
      } finally {
        await close()
      }
    })
}
