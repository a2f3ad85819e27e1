import { systemClock } from '../core/clock.ts'
import { createLogger } from '../core/logger.ts'
import { createKysely } from '../db/kysely.ts'
import { openQueue } from '../queue/boss.ts'
import type { PipelineContext } from '../queue/context.ts'
import { openSession, PACKAGE_DIR, type Session } from './session.ts'
import { openSources, type OpenSources } from './sources.ts'

/** Opens everything a worker needs: database, queue, sources. */
export async function openPipeline(
  drain: AbortSignal,
  options: { schedules: boolean },
): Promise<{ session: Session; context: PipelineContext; sources: OpenSources; close: () => Promise<void> }> {
  // Closing drains too: a job that is still held is given back, not cut off.
  const closing = new AbortController()
  const session = await openSession({ label: 'worker' })
  const undo = [session.close]
  try {
    const { config, pool } = session
    const logger = createLogger(config.logLevel)
    const sources = await openSources(config, pool, systemClock)
    undo.push(sources.close)
    const boss = await openQueue(session.databaseUrl, logger, options)
    undo.push(async () => {
      closing.abort(new Error('the process is closing'))
      await boss.stop({ graceful: true, timeout: 30_000 })
    })
    const context = {
      config,
      logger,
      // A run that somebody watches shows its failures in the summary; a worker has nobody but its log.
      stepLogger: options.schedules ? logger : createLogger('silent'),
      clock: systemClock,
      pool,
      db: createKysely(pool),
      boss,
      projectDir: PACKAGE_DIR,
      fullbay: sources.fullbay,
      geotab: sources.geotab,
      chevin: sources.chevin,
      drain,
    }
    return { session, context, sources, close: async () => await closeAll(undo) }
  } catch (error) {
    await closeAll(undo)
    throw error
  }
}

async function closeAll(undo: (() => Promise<void>)[]): Promise<void> {
  for (const step of undo.toReversed()) await step()
}
