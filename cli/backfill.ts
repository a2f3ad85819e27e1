import type { Command } from 'commander'
import { drainOnSignals } from './drain.ts'
import { usageError, wholeNumber } from './exit.ts'
import { count, print, renderJson, renderTable, say } from './output.ts'
import { progressDisplay } from './progress.ts'
import { EXIT_OF } from './run-exit.ts'

interface Options {
  feed: string[]
  connection: string[]
  from: string
  to: string
  dryRun?: boolean
  json?: boolean
  retries: string
}

const collect = (value: string, before: string[]) => [...before, value]
const isDay = (text: string) => /^\d{4}-\d\d-\d\d$/.test(text) && !Number.isNaN(Date.parse(text))

export function addBackfillCommand(program: Command): void {
  program
    .command('backfill')
    .description('read days of the past again; cursors stay where they are')
    .requiredOption('--from <day>', 'first day, YYYY-MM-DD')
    .requiredOption('--to <day>', 'last day, included')
    .option('--feed <name>', 'a feed, such as geotab.trips; may be given several times (default: all)', collect, [])
    .option('--connection <id>', 'a shop or Geotab database; may be given several times (default: all)', collect, [])
    .option('--dry-run', 'only say what would be read')
    .option('--retries <n>', 'how often the queue tries a failed reading again', '1')
    .option('--json', 'as JSON')
    .addHelpText(
      'after',
      `
Days are those of the source: a shop's own, UTC for Geotab. What is read lands as new or changed records only, and
corrections reach the next reports. A backfill may go on beside a run; a second backfill exits with 4 (busy).

Examples:
  $ npx milepost backfill --from 2026-03-01 --to 2026-03-07 --dry-run
  $ npx milepost backfill --feed geotab.trips --feed geotab.log_records --from 2026-03-01 --to 2026-03-31`,
    )
    .action(async (options: Options) => {
      for (const day of [options.from, options.to])
        if (!isDay(day)) throw usageError(`${day} is not a day (YYYY-MM-DD)`)
      const request = { feeds: options.feed, connections: options.connection, from: options.from, to: options.to }
      const retries = wholeNumber('--retries', options.retries)
      const drain = drainOnSignals()
      const { openPipeline } = await import('./pipeline.ts')
      const { planBackfill, runBackfill } = await import('../queue/backfill.ts')
      const { readSteps } = await import('../queue/ledger.ts')
      const { startWorkers } = await import('../queue/worker.ts')
      const { context, sources, close } = await openPipeline(drain, { schedules: false })
      try {
        for (const notice of sources.notices) say(notice)
        const readings = planBackfill(context, request)
        if (options.dryRun === true) {
          print(options.json === true ? renderJson(readings) : renderPlan(readings))
          return
        }
        const display = progressDisplay()
        const run = await runBackfill(context, request, {
          onAllowed: () => startWorkers(context),
          retries,
          onTick: async (runId) => display.update(await readSteps(context.db, runId)),
        }).finally(() => display.finish())
        const steps = await readSteps(context.db, run.run_id)
        if (options.json === true) print(renderJson({ ...run, steps }))
        else {
          print(
            `The backfill ${run.status} (run ${run.run_id}): ${count(run.fetched)} fetched = ${count(run.landed)} landed + ` +
              `${count(run.unchanged)} unchanged + ${count(run.quarantined)} quarantined.`,
          )
          for (const step of steps) if (step.status === 'failed') say(`FAILED ${step.step}: ${step.error_message}`)
        }
        process.exitCode = EXIT_OF[run.status]
      } finally {
        await close()
      }
    })
}

function renderPlan(readings: { feed: string; connection: string; windows: number }[]): string {
  return renderTable(
    ['feed', 'connection', 'days'],
    readings.map(({ feed, connection, windows }) => [feed, connection, windows]),
  )
}
