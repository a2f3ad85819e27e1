import { memorySlots, type CallSlots } from '../../core/call-slots.ts'
import { callIntervalMs, DEFAULT_HOLD_SECONDS, LONGEST_HOLD_SECONDS } from './limits.ts'

/** What the vendor counts calls by: user and database, method, kind of record. */
export interface LimitKey {
  /** Stands for a user of a database; no name of a person in it. */
  account: string
  method: string
  entity: string | null
}

/** What a reply says about limits. */
export interface LimitFacts {
  /** The call was refused because there were too many. */
  overLimit: boolean
  /** Seconds by its Retry-After header. */
  retryAfterSeconds?: number | undefined
  /** Calls left (X-Rate-Limit-Remaining) until the count begins anew in `resetSeconds` (X-Rate-Limit-Reset). */
  remaining?: number | undefined
  resetSeconds?: number | undefined
}

export interface RateLimiter {
  /** Waits until `calls` calls of this kind may be made (more than one: those inside a multi-call). */
  acquire(key: LimitKey, signal: AbortSignal, calls?: number): Promise<void>
  /** Tells what a reply said, so that nobody calls before the vendor will have it. */
  report(key: LimitKey, facts: LimitFacts): Promise<void>
}

export interface PacingOptions {
  /** Where slots are reserved; default: in this process alone. */
  slots?: CallSlots
  /** Factor on all intervals: 1 keeps the vendor's limits, 0 turns limiting off (stand-ins and benchmarks). */
  pacing?: number
}

/** A limiter by the vendor's documented numbers (limits.ts). */
export function geotabRateLimiter(options: PacingOptions = {}): RateLimiter {
  const { slots = memorySlots(), pacing = 1 } = options
  return {
    async acquire(key, signal, calls = 1) {
      if (pacing === 0) return
      await slots.acquire(keyText(key), callIntervalMs(key.method, key.entity) * calls * pacing, signal)
    },
    async report(key, facts) {
      const seconds = holdSeconds(facts)
      if (pacing > 0 && seconds > 0) await slots.block(keyText(key), seconds * 1000)
    },
  }
}

function holdSeconds(facts: LimitFacts): number {
  const asked = facts.overLimit ? (facts.retryAfterSeconds ?? facts.resetSeconds ?? DEFAULT_HOLD_SECONDS) : undefined
  const spent = facts.remaining !== undefined && facts.remaining <= 0 ? (facts.resetSeconds ?? 0) : 0
  return Math.min(LONGEST_HOLD_SECONDS, Math.max(0, asked ?? spent))
}

function keyText({ account, method, entity }: LimitKey): string {
  return ['geotab', account, method, ...(entity === null ? [] : [entity])].join('/')
}
