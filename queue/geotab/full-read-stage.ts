import { PipelineError } from '../../core/errors.ts'
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

// Where these befall one kind, they befall all.
const CONCERNS_ALL = new Set(['GEOTAB_AUTH', 'GEOTAB_UNREACHABLE', 'GEOTAB_REDIRECT_REFUSED'])

async function readDue(context: PipelineContext, of: StageStep, signal: AbortSignal): Promise<FullReadOutput> {
  const output: FullReadOutput = {}
  let failure: PipelineError | null = null
  for (const kind of VANISHING_KINDS) {
    signal.throwIfAborted()
    if (!(await isDue(context, of.connection, kind))) continue
    try {
      output[kind.feed] = await readWhole(context, of, kind, signal)
    } catch (error) {
      if (!(error instanceof PipelineError) || !error.code.startsWith('GEOTAB_')) throw error
      failure ??= error
      if (CONCERNS_ALL.has(error.code)) break
    }
  }
  // The build and the reports wait for this step: what failed is left to the next run.
  if (failure !== null)
    throw new PipelineError(failure.code, `${failure.message} The next run reads it again.`, 'never', {
      cause: failure,
    })
  return output
}
