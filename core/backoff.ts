import { setTimeout as delay } from 'node:timers/promises'

export interface BackoffPolicy {
  /** How often a request is tried in all, the first time included. */
  attempts: number
  /** Longest wait before the second try; it doubles with each further one. */
  baseMs: number
  /** No wait is longer than this, whatever the other side asks for. */
  maxMs: number
}

/**
 * Milliseconds to wait after the failed try number `attempt` (1 = the first): full jitter, so that many clients
 * that failed together do not come back together. A wait that the other side asked for is kept, up to the cap.
 */
export function backoffMs(policy: BackoffPolicy, attempt: number, askedMs?: number, random = Math.random): number {
  if (askedMs !== undefined) return Math.min(policy.maxMs, Math.max(0, askedMs))
  return Math.min(policy.maxMs, random() * policy.baseMs * 2 ** (attempt - 1))
}

/** Waits, or rejects with the signal's reason as soon as it aborts. */
export async function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  await delay(ms, undefined, signal === undefined ? {} : { signal })
}
