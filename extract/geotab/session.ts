import type { Clock } from '../../core/clock.ts'
import { PipelineError } from '../../core/errors.ts'
import type { Secret } from '../../core/secret.ts'

/** A login that the vendor accepted. It lasts for days, and a user has at most a hundred of them. */
export interface Session {
  /** Where the database is: "ThisServer" or a host name. Checked by `sessionEndpoint` before each use. */
  path: string
  database: string
  userName: string
  sessionId: Secret
}

/** Where a session rests between logins; workers that share a store share a session. */
export interface SessionStore {
  load(): Promise<Session | undefined>
  save(session: Session): Promise<void>
}

export function memorySessionStore(): SessionStore {
  let held: Session | undefined
  return {
    load: async () => held,
    save: async (session) => {
      held = session
    },
  }
}

export interface Sessions {
  /** The session to call with: the one at hand, else of a new login that all who ask meanwhile share. */
  current(signal: AbortSignal): Promise<Session>
  /** Tells that the vendor no longer takes this session; the next `current` logs in, unless someone has already. */
  discard(session: Session): void
  /** Tells that logging in does not help: nobody logs in for the next minutes. */
  refuse(error: PipelineError): void
}

// A user whose login keeps failing gets locked, so a refused login is not repeated for a while.
const CIRCUIT_MS = 5 * 60_000

interface Login {
  promise: Promise<Session>
  waiting: number
  controller: AbortController
}

/** Sessions of one account; `logIn` asks the vendor for a new one. */
export function createSessions(
  logIn: (signal: AbortSignal) => Promise<Session>,
  store: SessionStore,
  clock: Clock,
): Sessions {
  let held: Session | undefined
  const discarded = new Set<string>()
  let underWay: Login | undefined
  let circuit: { error: PipelineError; until: number } | undefined

  const refuse = (error: PipelineError) => {
    held = undefined
    circuit = { error, until: clock.now().getTime() + CIRCUIT_MS }
  }

  const obtain = async (signal: AbortSignal): Promise<Session> => {
    const stored = await store.load()
    if (stored !== undefined && !discarded.has(stored.sessionId.reveal())) return stored
    const session = await logIn(signal)
    await store.save(session)
    return session
  }

  const settle = async (login: Login): Promise<void> => {
    try {
      held = await login.promise
    } catch (error) {
      // Those who wait for the login are told by its own promise.
      if (error instanceof PipelineError && error.retry === 'never') refuse(error)
    } finally {
      if (underWay === login) underWay = undefined
    }
  }

  const begin = (): Login => {
    const controller = new AbortController()
    const login: Login = { promise: obtain(controller.signal), waiting: 0, controller }
    void settle(login)
    return login
  }

  return {
    async current(signal) {
      if (circuit !== undefined) {
        if (clock.now().getTime() < circuit.until) throw circuitError(circuit.error, circuit.until)
        circuit = undefined
      }
      if (held !== undefined) return held
      const login = (underWay ??= begin())
      login.waiting += 1
      try {
        return await unlessAborted(login.promise, signal)
      } finally {
        login.waiting -= 1
        // Nobody waits for it any more: it must not keep the process.
        if (login.waiting === 0 && underWay === login) {
          underWay = undefined
          login.controller.abort(signal.reason)
        }
      }
    },
    discard(session) {
      discarded.add(session.sessionId.reveal())
      if (held === session) held = undefined
    },
    refuse,
  }
}

function circuitError(error: PipelineError, until: number): PipelineError {
  const message = `${error.message} Not tried again before ${new Date(until).toISOString()}, so that the user is not locked.`
  return new PipelineError(error.code, message, 'never')
}

/** What a promise gives, or a rejection as soon as the signal aborts. */
async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted()
  const aborted = Promise.withResolvers<never>()
  const abort = () => aborted.reject(signal.reason)
  signal.addEventListener('abort', abort, { once: true })
  try {
    return await Promise.race([promise, aborted.promise])
  } finally {
    signal.removeEventListener('abort', abort)
  }
}
