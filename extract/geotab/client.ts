import { backoffMs, sleep, type BackoffPolicy } from '../../core/backoff.ts'
import type { Clock } from '../../core/clock.ts'
import { PipelineError } from '../../core/errors.ts'
import { sha256 } from '../../core/json.ts'
import { Secret } from '../../core/secret.ts'
import { refusalError } from './errors.ts'
import { createExchange } from './exchange.ts'
import { MULTI_CALL_MAX } from './limits.ts'
import type { RateLimiter } from './rate-limiter.ts'
import { assertAllowed, describe, describeCall, isRead, requestText, type Params, type Request } from './request.ts'
import { rootEndpoint, sessionEndpoint, type ServerRules } from './server-host.ts'
import { createSessions, memorySessionStore, type Session, type SessionStore } from './session.ts'

/** One database of MyGeotab and the user that reads it. */
export interface GeotabAccount extends ServerRules {
  database: string
  userName: string
  password: Secret
  /** Longest time for one request, body included; GetFeed has its own (the vendor works on it for up to 180 s). */
  timeoutSeconds: number
  feedTimeoutSeconds: number
  /** Longest body, after decompression, that is read. */
  maxReplyBytes: number
  retry: BackoffPolicy
  limiter: RateLimiter
  clock: Clock
  /** Where the session rests; default: with this client. */
  sessions?: SessionStore
}

/** What the vendor means everybody to use for an account, so far as the account is not told otherwise. */
export const ACCOUNT_DEFAULTS = {
  server: 'my.geotab.com',
  allowedHostSuffixes: ['geotab.com'],
  timeoutSeconds: 60,
  feedTimeoutSeconds: 180,
  maxReplyBytes: 256 * 1_048_576,
  retry: { attempts: 4, baseMs: 1_000, maxMs: 30_000 },
}

export interface CallOptions {
  signal: AbortSignal
  /** What the result must be. Null in its place was seen while the vendor had maintenance, so it is tried again. */
  expect?: 'anything' | 'list' | 'feed'
}

export interface GeotabClient {
  /** The account's name in our configuration. */
  readonly connection: string
  /**
   * Calls a method and returns its result. Reads are tried again where that can help, with full jitter and honouring
   * Retry-After; a write never is, unless it was refused before it began. Throws PipelineError with a GEOTAB_* code, in
   * which neither password nor session appears.
   */
  call(method: string, params: Params, options: CallOptions): Promise<unknown>
  /** Makes many reads in as few requests as the vendor advises; results in the order of the calls. */
  multiCall(calls: readonly Request[], options: CallOptions): Promise<unknown[]>
}

/** Opens an account. Nothing is sent before the first call, which logs in. Throws GEOTAB_SERVER. */
export function openGeotab(account: GeotabAccount): GeotabClient {
  const root = rootEndpoint(account)
  const limited = `${account.database.toLowerCase()}/${sha256(account.userName.toLowerCase()).slice(0, 8)}`
  const exchange = createExchange(account, limited)
  const sessions = createSessions(logIn, account.sessions ?? memorySessionStore(), account.clock)

  async function logIn(signal: AbortSignal): Promise<Session> {
    const { database, userName, password } = account
    const request = { method: 'Authenticate', params: { database, userName, password: password.reveal() } }
    const what = describe(account.connection, request)
    const result = await withRetries(account.retry, true, signal, async () => {
      const outcome = await exchange(root, request, 'anything', signal)
      if ('refusal' in outcome) throw refusalError(outcome.refusal, what, outcome)
      return outcome.result
    })
    const session = readSession(result, account, what)
    sessionEndpoint(account, session.path)
    return session
  }

  async function call(request: Request, { signal, expect = 'anything' }: CallOptions): Promise<unknown> {
    const what = describe(account.connection, request)
    assertAllowed(request, what)
    let replayed = false
    return await withRetries(account.retry, isRead(request), signal, async () => {
      for (;;) {
        const session = await current(signal)
        const { database, userName, sessionId } = session
        const credentials = { database, userName, sessionId: sessionId.reveal() }
        const signed = { method: request.method, params: { ...request.params, credentials } }
        const outcome = await exchange(sessionEndpoint(account, session.path), signed, expect, signal)
        if (!('refusal' in outcome)) return outcome.result
        const { refusal, retryAfterSeconds } = outcome
        // The database may have moved or the session ended: both are found out by logging in at the configured server.
        if (SESSION_ENDS.has(refusal.type)) sessions.discard(session)
        if (refusal.type === 'InvalidUserException' && !replayed) {
          replayed = true
          continue
        }
        const where = describeCall(what, request, refusal.requestIndex)
        const error = refusalError(refusal, where, { retryAfterSeconds, request: requestText(request) })
        if (refusal.type === 'InvalidUserException') sessions.refuse(error)
        throw error
      }
    })
  }

  // A login has its own tries, which all who wait for it share: it is not repeated for each of them.
  async function current(signal: AbortSignal): Promise<Session> {
    try {
      return await sessions.current(signal)
    } catch (error) {
      throw error instanceof PipelineError ? new LoginFailed(error) : error
    }
  }

  return {
    connection: account.connection,
    call: (method, params, options) => call({ method, params }, options),
    async multiCall(calls, options) {
      const results: unknown[] = []
      for (let at = 0; at < calls.length; at += MULTI_CALL_MAX) {
        const batch = calls.slice(at, at + MULTI_CALL_MAX)
        const request = { method: 'ExecuteMultiCall', params: { calls: batch } }
        const result = (await call(request, { ...options, expect: 'list' })) as unknown[]
        if (result.length !== batch.length) {
          const what = describe(account.connection, request)
          const message = `${what}: ${result.length} results came for ${batch.length} calls. Nothing of it was taken.`
          throw new PipelineError('GEOTAB_UNEXPECTED_REPLY', message, 'later')
        }
        results.push(...result)
      }
      return results
    },
  }
}

const SESSION_ENDS = new Set(['InvalidUserException', 'DbUnavailableException'])

class LoginFailed extends Error {
  readonly error: PipelineError
  constructor(error: PipelineError) {
    super(error.message)
    this.error = error
  }
}

const RETRIED = new Set([
  'GEOTAB_UNREACHABLE',
  'GEOTAB_TIMEOUT',
  'GEOTAB_CUT_OFF',
  'GEOTAB_NOT_JSON',
  'GEOTAB_UNAVAILABLE',
  'GEOTAB_BUSY',
])

async function withRetries<T>(
  policy: BackoffPolicy,
  isSafe: boolean,
  signal: AbortSignal,
  work: () => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    signal.throwIfAborted()
    try {
      return await work()
    } catch (error) {
      if (error instanceof LoginFailed) throw error.error
      if (!(error instanceof PipelineError)) throw error
      // What was refused for want of calls was not begun, so it can be sent again even when it writes.
      if (!isSafe && error.code !== 'GEOTAB_BUSY') throw isAmbiguous(error) ? outcomeUnknown(error) : error
      const askedMs = error.retryAfterSeconds === undefined ? undefined : error.retryAfterSeconds * 1000
      // A longer wait than ours is kept by the queue.
      if (!RETRIED.has(error.code) || attempt >= policy.attempts || (askedMs ?? 0) > policy.maxMs) throw error
      await sleep(backoffMs(policy, attempt, askedMs), signal)
    }
  }
}

const isAmbiguous = (error: PipelineError) => error.retry === 'later' && error.code !== 'GEOTAB_UNKNOWN'

function outcomeUnknown(error: PipelineError): PipelineError {
  const message = `${error.message} Whether it took effect is not known: read it back before it is sent again.`
  return new PipelineError(error.code, message, error.retry)
}

function readSession(result: unknown, account: GeotabAccount, what: string): Session {
  const { path, credentials } = (result ?? {}) as Record<string, unknown>
  const { database, userName, sessionId } = (credentials ?? {}) as Record<string, unknown>
  if (typeof sessionId !== 'string' || sessionId === '' || typeof path !== 'string') {
    const message = `${what}: the reply to the login has no path or no session.`
    throw new PipelineError('GEOTAB_UNEXPECTED_REPLY', message, 'later')
  }
  const secret = new Secret(sessionId)
  if (typeof database === 'string' && database.toLowerCase() !== account.database.toLowerCase()) {
    throw new PipelineError(
      'GEOTAB_DATABASE_UNKNOWN',
      `${what}: the login is for another database than ${JSON.stringify(account.database)}. Nothing was read of it.`,
      'never',
    )
  }
  const held = typeof userName === 'string' && userName !== '' ? userName : account.userName
  return { path, database: account.database, userName: held, sessionId: secret }
}
