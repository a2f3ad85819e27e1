import { withLock } from '../../db/advisory-lock.ts'
import type { PipelineContext } from '../context.ts'
import type { Stage } from '../stage.ts'
import { contextsLock } from './contexts-stage.ts'
import { isDue, readWhole, type FullRead } from './full-read.ts'
import type { StageStep } from './land-found.ts'
import { VANISHING_KINDS } from './removed.ts'
import { geotabConnections } from './source.ts'

/** What a run keeps of this stage: the kinds that were due. */
export type FullReadOutput = Record<string, FullRead>

/**
 * Reads whole, once a day, the kinds of records whose feeds do not tell all that is removed, and marks what is no longer
 * there. A kind that fails is read by the next run; the others are read all the same.
 */
export const geotabFullRead: Stage = {
  name: 'geotab.full_read',
  kind: 'enrich',
  source: 'geotab',
  isOnlyLive: true,
  connections: (context) => (context.geotab.settings.full_read.enabled ? geotabConnections(context) : []),
  run: (context, of, signal) => withLock(context.pool, contextsLock(of.connection), () => readDue(context, of, signal)),
}

async function readDue(context: PipelineContext, of: StageStep, signal: AbortSignal): Promise<FullReadOutput> {
  const output: FullReadOutput = {}
  const failures: unknown[] = []
  for (const kind of VANISHING_KINDS) {
    signal.throwIfAborted()
    if (!(await isDue(context, of.connection, kind))) continue
    try {
      output[kind.feed] = await readWhole(context, of, kind, signal)
    } catch (error) {
      signal.throwIfAborted()
      failures.push(error)
    }
  }
  if (failures.length > 0) throw failures[0]
  return output
}
