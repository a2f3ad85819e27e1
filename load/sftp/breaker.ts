import { backoffMs, type BackoffPolicy } from '../../core/backoff.ts'
import type { PipelineError } from '../../core/errors.ts'

/** How deliveries are tried again. */
export interface DeliveryPolicy extends BackoffPolicy {
  /** How many connections may break in a row, in the middle of a file, before the destination is left alone. */
  brokenConnections: number
}

export const DELIVERY_POLICY: DeliveryPolicy = { attempts: 8, baseMs: 30_000, maxMs: 3_600_000, brokenConnections: 3 }

/** A destination that is left alone for a while. */
export interface Breaker {
  failures: number
  openUntil: Date
  code: string
  message: string
}

/**
 * The breaker after a failure of the destination as a whole. At least half of the wait is kept, so that many waiting
 * jobs never ask a dead server all at once; the other half is jitter.
 */
export function tripped(
  before: Breaker | null,
  error: PipelineError,
  policy: BackoffPolicy,
  now: Date,
  random = Math.random,
): Breaker {
  const failures = (before?.failures ?? 0) + 1
  const longest = backoffMs(policy, failures, undefined, () => 1)
  const waitMs = longest * (0.5 + random() / 2)
  return { failures, openUntil: new Date(now.getTime() + waitMs), code: error.code, message: error.message }
}

export function isOpen(breaker: Breaker | null, now: Date): breaker is Breaker {
  return breaker !== null && breaker.openUntil > now
}

const OF_CONNECTIONS = new Set(['SFTP_CUT_OFF', 'SFTP_TIMEOUT', 'SFTP_UNREACHABLE'])

/** True for an error that says something about the connection and nothing about the file. */
export function isConnectionFailure(error: PipelineError): boolean {
  return OF_CONNECTIONS.has(error.code)
}
