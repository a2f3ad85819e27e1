import { performance } from 'node:perf_hooks'
import type { Kysely } from 'kysely'
import type { Pool } from 'pg'
import { systemClock, type Clock } from '../../core/clock.ts'
import { PipelineError } from '../../core/errors.ts'
import { openSftp, type SftpSession } from '../../core/sftp/session.ts'
import type { SftpServer } from '../../core/sftp/settings.ts'
import { tryLock } from '../../db/advisory-lock.ts'
import type { DB } from '../../db/schema.ts'
import {
  beginAttempt,
  clearBreaker,
  dueDeliveries,
  failDue,
  readBreaker,
  readContent,
  recordDelivered,
  recordFailure,
  recordInterruption,
  writeBreaker,
  type BegunDelivery,
  type DueDelivery,
} from './attempts.ts'
import { DELIVERY_POLICY, isConnectionFailure, isOpen, tripped, type Breaker, type DeliveryPolicy } from './breaker.ts'
import { deliverFile } from './deliver.ts'
import { ownerOf } from './ledger.ts'

export interface DeliveryStore {
  pool: Pool
  db: Kysely<DB>
}

export interface PendingOptions {
  /** Whose deliveries are sent: the ledger's name for this server. */
  destination: string
  signal: AbortSignal
  clock?: Clock
  policy?: DeliveryPolicy
  /** Files shorter than this are read back before they get their name; 8 MiB by default. */
  readBackBelowBytes?: number
}

export interface DeliveryOutcome extends DueDelivery {
  /** `waiting`: due, but the destination is being left alone. */
  outcome: 'delivered' | 'was_there' | 'retry' | 'failed' | 'conflict' | 'waiting'
  nextAttemptAt?: Date
  error?: { code: string; message: string }
}

/**
 * Sends what is due for a destination, each file at most once per call, over one connection. One process at a time
 * works on a destination; to the others nothing is due. What a file runs into is its outcome and is never thrown: it
 * is tried again later, has failed, or met a conflict. A destination that fails as a whole is asked once per call, and
 * then left alone for a while (ops.delivery_breakers). Throws the signal's reason when aborted, LOCK_LOST, and errors
 * of the database; the ledger then still knows where to go on.
 */
export async function deliverPending(
  store: DeliveryStore,
  server: SftpServer,
  options: PendingOptions,
): Promise<DeliveryOutcome[]> {
  const outcomes: DeliveryOutcome[] = []
  for (;;) {
    const lock = await tryLock(store.pool, `deliveries:${options.destination}`)
    if (lock === null) return outcomes
    const round = new Round(store, server, { ...options, signal: AbortSignal.any([options.signal, lock.signal]) })
    try {
      await round.run(outcomes)
    } finally {
      await round.close()
      await lock.release()
    }
    // A process that planned a file while we held the lock has gone again, so we look once more.
    if (round.isLeftAlone || (await round.due(outcomes)).length === 0) return outcomes
  }
}

/** The work of one holder of a destination's lock. */
class Round {
  readonly #db: Kysely<DB>
  readonly #server: SftpServer
  readonly #options: PendingOptions
  readonly #clock: Clock
  readonly #policy: DeliveryPolicy
  #session: SftpSession | null = null
  #brokenInARow = 0
  #before: Breaker | null = null
  /** The destination as a whole is not to be asked now. */
  isLeftAlone = false

  constructor(store: DeliveryStore, server: SftpServer, options: PendingOptions) {
    this.#db = store.db
    this.#server = server
    this.#options = options
    this.#clock = options.clock ?? systemClock
    this.#policy = options.policy ?? DELIVERY_POLICY
  }

  async run(outcomes: DeliveryOutcome[]): Promise<void> {
    const { destination, signal } = this.#options
    this.#before = await readBreaker(this.#db, destination)
    if (isOpen(this.#before, this.#clock.now())) return this.#leaveAlone(outcomes, this.#before)
    while (!this.isLeftAlone) {
      signal.throwIfAborted()
      const tried = new Set(outcomes.map(({ deliveryId }) => deliveryId))
      const { begun, gaveUp } = await beginAttempt(this.#db, destination, tried, this.#policy, this.#clock.now())
      for (const { due, error } of gaveUp) outcomes.push({ ...due, outcome: 'failed', error: told(error) })
      if (begun === null) return undefined
      await this.#attempt(begun, outcomes)
    }
    return undefined
  }

  due(outcomes: DeliveryOutcome[]): Promise<DueDelivery[]> {
    const tried = new Set(outcomes.map(({ deliveryId }) => deliveryId))
    return dueDeliveries(this.#db, this.#options.destination, tried, this.#clock.now())
  }

  async close(): Promise<void> {
    await this.#session?.close()
  }

  async #attempt(begun: BegunDelivery, outcomes: DeliveryOutcome[]): Promise<void> {
    try {
      outcomes.push(...(await this.#send(begun)))
      await this.#answered()
    } catch (error) {
      if (this.#options.signal.aborted || !(error instanceof PipelineError)) {
        await recordInterruption(this.#db, begun, this.#clock.now())
        throw this.#options.signal.aborted ? this.#options.signal.reason : error
      }
      outcomes.push(await this.#failed(begun, error))
      await this.#judge(error, outcomes)
    }
  }

  async #send(begun: BegunDelivery): Promise<DeliveryOutcome[]> {
    const { deliveryId, folder, fileName, attempt } = begun
    const began = performance.now()
    const content = await readContent(this.#db, begun)
    this.#session ??= await this.#open()
    const { readBackBelowBytes } = this.#options
    const receipt = await deliverFile(
      this.#session,
      { folder, fileName, content },
      { owner: ownerOf(deliveryId), attempt, ...(readBackBelowBytes === undefined ? {} : { readBackBelowBytes }) },
    )
    const seconds = Math.round(performance.now() - began) / 1000
    const address = `${this.#server.host}:${this.#server.port}`
    const isOurs = await recordDelivered(this.#db, begun, { ...receipt, seconds, address }, this.#clock.now())
    if (!isOurs) return []
    return [{ deliveryId, folder, fileName, outcome: receipt.wasThere ? 'was_there' : 'delivered' }]
  }

  async #open(): Promise<SftpSession> {
    try {
      return await openSftp(this.#server, { signal: this.#options.signal })
    } catch (error) {
      // Without a connection nothing can be sent, whatever the reason.
      if (error instanceof PipelineError) this.isLeftAlone = true
      throw error
    }
  }

  async #failed(begun: BegunDelivery, error: PipelineError): Promise<DeliveryOutcome> {
    const { deliveryId, folder, fileName } = begun
    const { outcome, nextAttemptAt } = await recordFailure(this.#db, begun, error, this.#policy, this.#clock.now())
    const next = nextAttemptAt === null ? {} : { nextAttemptAt }
    return { deliveryId, folder, fileName, outcome, ...next, error: told(error) }
  }

  /** Decides what a failure means for the files that are still to be sent. */
  async #judge(error: PipelineError, outcomes: DeliveryOutcome[]): Promise<void> {
    if (this.#session !== null && !this.#session.isOpen()) this.#session = null
    if (!this.isLeftAlone) {
      if (!isConnectionFailure(error)) return this.#answered()
      this.#brokenInARow += 1
      // After a time of being left alone, the first failure is enough.
      this.isLeftAlone = this.#before !== null || this.#brokenInARow >= this.#policy.brokenConnections
      if (!this.isLeftAlone) return undefined
    }
    const { destination } = this.#options
    const now = this.#clock.now()
    const breaker = tripped(this.#before, error, this.#policy, now)
    await writeBreaker(this.#db, destination, breaker, now)
    if (error.retry === 'later') return this.#leaveAlone(outcomes, breaker)
    const tried = new Set(outcomes.map(({ deliveryId }) => deliveryId))
    const failed = await failDue(this.#db, destination, tried, error, now)
    for (const due of failed) outcomes.push({ ...due, outcome: 'failed', error: told(error) })
    return undefined
  }

  /** The server answered, for good or ill, so it lives. */
  async #answered(): Promise<void> {
    this.#brokenInARow = 0
    if (this.#before === null || this.#session === null) return
    await clearBreaker(this.#db, this.#options.destination)
    this.#before = null
  }

  async #leaveAlone(outcomes: DeliveryOutcome[], { code, message, openUntil }: Breaker): Promise<void> {
    this.isLeftAlone = true
    for (const due of await this.due(outcomes)) {
      outcomes.push({ ...due, outcome: 'waiting', nextAttemptAt: openUntil, error: { code, message } })
    }
  }
}

function told({ code, message }: PipelineError): { code: string; message: string } {
  return { code, message }
}
