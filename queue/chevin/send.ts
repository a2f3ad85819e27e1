import { DELIVERY_POLICY } from '../../load/sftp/breaker.ts'
import { deliverPending, type DeliveryOutcome } from '../../load/sftp/pending.ts'
import { endAlert, raiseAlert } from '../alerts.ts'
import type { PipelineContext } from '../context.ts'
import { requireChevin } from './target.ts'

/** What became of a file that was due. */
export interface SentFile {
  file: string
  outcome: DeliveryOutcome['outcome']
  error?: { code: string; message: string }
}

/** Sends every file that is due, and has alerts follow what became of them. */
export async function sendDue(
  context: PipelineContext,
  runId: string | null,
  signal: AbortSignal,
): Promise<SentFile[]> {
  const { retry } = context.config.chevin
  const { server, destination, place } = requireChevin(context)
  const outcomes = await deliverPending({ pool: context.pool, db: context.db }, server, {
    destination,
    signal,
    clock: context.clock,
    policy: { ...DELIVERY_POLICY, attempts: retry.attempts, baseMs: retry.base_ms, maxMs: retry.max_ms },
  })
  for (const outcome of outcomes) await follow(context, { runId, place }, outcome)
  return outcomes.map(({ fileName, outcome, error }) => ({
    file: fileName,
    outcome,
    ...(error === undefined ? {} : { error }),
  }))
}

async function follow(
  context: PipelineContext,
  { runId, place }: { runId: string | null; place: string },
  outcome: DeliveryOutcome,
): Promise<void> {
  const alert = { kind: 'delivery', subject: outcome.fileName }
  if (outcome.outcome === 'delivered' || outcome.outcome === 'was_there') return await endAlert(context.db, alert)
  const isFinal = outcome.outcome === 'failed' || outcome.outcome === 'conflict'
  await raiseAlert(context.db, {
    ...alert,
    severity: isFinal ? 'critical' : 'warning',
    message: `${outcome.fileName} has not arrived at ${place}: ${outcome.error?.message ?? 'the server is being left alone for a while'}`,
    nextStep: isFinal ? 'mend the cause, then: npx milepost deliver --retry-failed' : 'npx milepost deliver',
    ...(runId === null ? {} : { runId }),
  })
}
