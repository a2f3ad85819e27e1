import { ApiError } from './api-error.ts'

/** Calls per minute, by method or by `method typeName`; a method alone stands for what is not named. */
export type CallLimits = Readonly<Record<string, number>>

const OTHER = 100
const PERIOD_MS = 60_000

/**
 * Documented calls per minute. Where nothing is published (reading positions, measurements and addresses) the numbers
 * are assumed.
 */
export const VENDOR_LIMITS: CallLimits = {
  Authenticate: 10,
  GetFeed: 60,
  'Get DeviceStatusInfo': 900,
  'Get ExceptionEvent': 2000,
  'Get LogRecord': 1000,
  'Get StatusData': 1000,
  GetAddresses: 450,
  GetVersion: 1000,
}

/** Counts calls per method, entity, user and database, in minutes that begin with the first call. */
export class RateLimits {
  readonly #limits: CallLimits | null
  readonly #status: number
  readonly #windows = new Map<string, { startMs: number; calls: number }>()

  constructor(limits: CallLimits | null, status: number) {
    this.#limits = limits
    this.#status = status
  }

  /** Counts a call and answers the headers that tell of it. Throws OverLimitException when it is one too many. */
  count(method: string, typeName: string | null, userName: string, nowMs: number): Record<string, string> {
    if (this.#limits === null) return {}
    const limit = this.#limits[`${method} ${typeName}`] ?? this.#limits[method] ?? OTHER
    const key = JSON.stringify([method, typeName, userName])
    let window = this.#windows.get(key)
    if (window === undefined || nowMs >= window.startMs + PERIOD_MS) {
      this.#windows.set(key, (window = { startMs: nowMs, calls: 0 }))
    }
    window.calls += 1
    const resetMs = window.startMs + PERIOD_MS
    if (window.calls > limit) throw overLimit(limit, Math.max(1, Math.ceil((resetMs - nowMs) / 1000)), this.#status)
    return rateHeaders(limit - window.calls, resetMs)
  }
}

export function rateHeaders(remaining: number, resetMs: number): Record<string, string> {
  return {
    'x-rate-limit-limit': '1m',
    'x-rate-limit-remaining': String(remaining),
    'x-rate-limit-reset': new Date(resetMs).toISOString().replace('Z', '0000Z'),
  }
}

export function overLimit(limit: number, retryAfter: number, status: number): ApiError {
  const message = `API calls quota exceeded. Maximum admitted ${limit} per 1m.`
  return new ApiError('OverLimitException', message, { retryAfter, status })
}
