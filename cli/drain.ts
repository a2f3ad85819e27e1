import { EXIT } from './exit.ts'
import { say } from './output.ts'

/**
 * A signal that aborts when the process is asked to stop. The first SIGINT or SIGTERM drains: work stops at the next
 * page, batch or statement and is left consistent. The second ends the process at once; the database is consistent
 * then too, since every step is a transaction.
 */
export function drainOnSignals(): AbortSignal {
  const controller = new AbortController()
  const onSignal = () => {
    if (controller.signal.aborted) process.exit(EXIT.interrupted)
    say('Stopping: finishing the page that is under way. Once more to stop at once.')
    controller.abort(new Error('the process was asked to stop'))
  }
  process.on('SIGINT', onSignal)
  process.on('SIGTERM', onSignal)
  return controller.signal
}
