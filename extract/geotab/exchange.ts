import { PipelineError } from '../../core/errors.ts'
import { readEnvelope, type Outcome } from './envelope.ts'
import { isOverCallLimit } from './errors.ts'
import type { LimitFacts, LimitKey, RateLimiter } from './rate-limiter.ts'
import { post, type ReplyLimits } from './reply.ts'
import { callsIn, describe, entityOf, type Request } from './request.ts'

interface ExchangeSettings extends ReplyLimits {
  connection: string
  feedTimeoutSeconds: number
  limiter: RateLimiter
}

type Expected = 'anything' | 'list' | 'feed'
type Exchange = (
  url: URL,
  request: Request,
  expect: Expected,
  signal: AbortSignal,
) => Promise<Outcome & { retryAfterSeconds?: number | undefined }>

/** Sends one request, once: waits for the limiter, posts, tells the limiter what came, reads the reply. */
export function createExchange(settings: ExchangeSettings, account: string): Exchange {
  const { limiter } = settings
  return async (url, request, expect, signal) => {
    const what = describe(settings.connection, request)
    const kinds = limitKinds(request, account)
    for (const { key, calls } of kinds) await limiter.acquire(key, signal, calls)
    const timeoutSeconds = request.method === 'GetFeed' ? settings.feedTimeoutSeconds : settings.timeoutSeconds
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: request.method, params: request.params })
    const reply = await post(url, body, what, { ...settings, timeoutSeconds }, signal)
    const report = async (overLimit: boolean) => {
      const { retryAfterSeconds, resetSeconds, remaining } = reply
      const facts: LimitFacts = { overLimit, retryAfterSeconds, resetSeconds, remaining }
      // What is left of a multi-call's own count says nothing of the calls in it.
      for (const { key } of overLimit ? kinds : kinds.slice(0, 1)) await limiter.report(key, facts)
    }
    let outcome: Outcome
    try {
      outcome = readEnvelope(reply, what)
    } catch (error) {
      await report(reply.status === 429)
      throw error
    }
    await report('refusal' in outcome && isOverCallLimit(outcome.refusal))
    if ('refusal' in outcome) return { ...outcome, retryAfterSeconds: reply.retryAfterSeconds }
    assertExpected(outcome.result, expect, what)
    return outcome
  }
}

/** What a request counts against: its own kind first, then the calls inside a multi-call, kind by kind. */
function limitKinds(request: Request, account: string): { key: LimitKey; calls: number }[] {
  const keyOf = (one: Request): LimitKey => ({ account, method: one.method, entity: entityOf(one) })
  const kinds = [{ key: keyOf(request), calls: 1 }]
  const inside = Map.groupBy(callsIn(request), (call) => describe('', call))
  for (const calls of inside.values()) {
    if (calls[0] !== undefined) kinds.push({ key: keyOf(calls[0]), calls: calls.length })
  }
  return kinds
}

function assertExpected(result: unknown, expect: Expected, what: string): void {
  if (expect === 'anything' || (expect === 'list' && Array.isArray(result)) || (expect === 'feed' && isFeed(result)))
    return
  const said = result === null ? 'null' : typeof result
  const wanted = expect === 'list' ? 'a list' : 'a page of a feed (data and toVersion)'
  throw new PipelineError(
    'GEOTAB_UNAVAILABLE',
    `${what}: the result is ${said} where ${wanted} was expected, as it happens during maintenance. Nothing was taken.`,
    'later',
  )
}

/** A page of a feed as it is received. */
export interface FeedResult {
  data: unknown[]
  toVersion: string
}

function isFeed(result: unknown): result is FeedResult {
  if (typeof result !== 'object' || result === null) return false
  const { data, toVersion } = result as Record<string, unknown>
  return Array.isArray(data) && typeof toVersion === 'string' && /^[0-9a-f]{1,16}$/i.test(toVersion)
}
