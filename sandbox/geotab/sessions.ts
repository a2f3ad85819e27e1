import { randomBytes } from 'node:crypto'
import { ApiError } from './api-error.ts'

export interface GeotabUser {
  userName: string
  password: string
  /** Groups that the user may assign, with all below them; every group by default. */
  scope?: readonly string[]
}

interface Session {
  id: string
  userName: string
  database: string
  expiresMs: number
}

const MOST_PER_USER = 100

/** The sessions of all databases; a user who opens too many loses the oldest. */
export class Sessions {
  readonly #byId = new Map<string, Session>()
  readonly #minutes: number

  constructor(minutes: number) {
    this.#minutes = minutes
  }

  open(database: string, userName: string, nowMs: number): string {
    const own = [...this.#byId.values()].filter((each) => each.database === database && each.userName === userName)
    for (const oldest of own.slice(0, Math.max(0, own.length - MOST_PER_USER + 1))) this.#byId.delete(oldest.id)
    const id = randomBytes(16).toString('base64url')
    this.#byId.set(id, { id, userName, database, expiresMs: nowMs + this.#minutes * 60_000 })
    return id
  }

  /** Throws InvalidUserException when the session is not, or no longer, one of this user in this database. */
  check(id: unknown, database: string, userName: string, nowMs: number): void {
    const session = typeof id === 'string' ? this.#byId.get(id) : undefined
    const holds = session !== undefined && session.database === database && session.userName === userName
    if (!holds || session.expiresMs <= nowMs) {
      throw new ApiError('InvalidUserException', 'Incorrect login credentials: the session is invalid or has expired.')
    }
  }

  extend(id: string, nowMs: number): void {
    const session = this.#byId.get(id)
    if (session !== undefined) session.expiresMs = nowMs + this.#minutes * 60_000
  }

  /** Ends sessions: all, or those of a database, or one; answers how many. */
  end(which: { database?: string; id?: string } = {}): number {
    let ended = 0
    for (const session of this.#byId.values()) {
      if (which.database !== undefined && session.database !== which.database) continue
      if (which.id !== undefined && session.id !== which.id) continue
      this.#byId.delete(session.id)
      ended += 1
    }
    return ended
  }
}
