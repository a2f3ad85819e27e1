import type { Random } from '../random.ts'
import type { Disorder } from './disorder.ts'
import type { Outbox } from './outbox.ts'
import type { Trip, TripFacts } from './trip.ts'

const MINUTE = 60_000

/** How the vendor comes to the right account of a trip. */
export type TripFate =
  | { kind: 'plain' }
  /** Shown while it lasts, from its start to one of its fixes. */
  | { kind: 'shown'; facts: TripFacts; ms: number }
  /** First ended too early, or began too late. */
  | { kind: 'cut' | 'shifted'; facts: TripFacts }

/** Writes the trips of one vehicle, each as the vendor knows it, again and again until its stop has ended. */
export class TripWriter {
  readonly #outbox: Outbox
  readonly #disorder: Disorder
  #last: Trip | null = null
  /** A trip that never was, and is still believed. */
  #phantom: { trip: Trip; untilMs: number; reopened: Trip['nexts'][number] } | null = null
  #knownMs = -Infinity

  constructor(outbox: Outbox, disorder: Disorder) {
    this.#outbox = outbox
    this.#disorder = disorder
  }

  /** Ends the stop of the trip before: the vendor knows of the next start from `knownMs` on. */
  nextStarts(random: Random, startMs: number, knownMs: number): number {
    const ms = Math.max(knownMs, this.#knownMs + 1000)
    const last = this.#last
    if (last === null) return ms
    if (this.#phantomEnds(startMs, ms)) return ms
    last.nexts.push({ fromMs: ms, startMs })
    const old = last.accounts.at(-1)
    if (old !== undefined && old.fromMs < ms && random.chance(this.#disorder.tripNewIdAtEnd)) {
      last.accounts.push({ ...old, fromMs: ms, key: this.#outbox.nextKey() })
      this.#withdraw(last, old, ms, random.chance(0.5))
    }
    this.#emit(last, ms)
    return ms
  }

  /** Writes a trip that has stopped, with the facts as they are. */
  stopped(
    random: Random,
    made: Omit<Trip, 'accounts' | 'nexts'>,
    facts: TripFacts,
    fate: TripFate,
    knownMs: number,
  ): void {
    const before = this.#last
    const phantom = this.#phantom
    const ms = Math.max(knownMs, this.#knownMs + 1000)
    const key = this.#outbox.nextKey()
    const first = fate.kind === 'plain' ? facts : fate.facts
    const trip: Trip = { ...made, accounts: [{ fromMs: -Infinity, key, facts: first }], nexts: [] }
    this.#last = trip
    this.#phantom = null
    this.#knownMs = ms
    if (fate.kind === 'shown' && fate.ms < ms - MINUTE) this.#emit(trip, fate.ms)
    if (fate.kind === 'shown') trip.accounts.push({ fromMs: ms, key, facts })
    this.#emit(trip, ms)
    if (fate.kind !== 'cut' && fate.kind !== 'shifted') return
    const corrected = ms + random.int(10, 240) * MINUTE
    const [wrong] = trip.accounts
    trip.accounts.push({ fromMs: corrected, key: this.#outbox.nextKey(), facts })
    if (wrong !== undefined) this.#withdraw(trip, wrong, corrected, fate.kind === 'cut' && random.chance(0.5))
    this.#emit(trip, corrected)
    if (fate.kind !== 'shifted' || before === null) return
    this.#phantom = phantom
    if (!this.#phantomEnds(facts.startMs, corrected)) {
      before.nexts.push({ fromMs: corrected, startMs: facts.startMs })
      this.#emit(before, corrected)
    }
    this.#phantom = null
  }

  /** Ends the stop of a trip that never was, if it is still believed then, and that of the one before it later. */
  #phantomEnds(startMs: number, ms: number): boolean {
    const phantom = this.#phantom
    if (phantom === null || ms >= phantom.untilMs) return false
    phantom.trip.nexts.push({ fromMs: ms, startMs })
    this.#emit(phantom.trip, ms)
    phantom.reopened.startMs = startMs
    return true
  }

  /** Writes a trip that never was, at most one per stop; it is withdrawn later. */
  phantom(random: Random, facts: TripFacts, knownMs: number): void {
    const last = this.#last
    if (last === null || this.#phantom !== null || knownMs <= this.#knownMs) return
    const untilMs = knownMs + random.int(30, 360) * MINUTE
    const account = { fromMs: -Infinity, key: this.#outbox.nextKey(), facts }
    const trip: Trip = { ...last, idleMs: 0, accounts: [account], nexts: [] }
    const reopened = { fromMs: untilMs, startMs: null }
    last.nexts.push({ fromMs: knownMs, startMs: facts.startMs }, reopened)
    this.#emit(last, knownMs)
    this.#emit(trip, knownMs)
    this.#withdraw(trip, account, untilMs, false)
    this.#emit(last, untilMs)
    this.#phantom = { trip, untilMs, reopened }
    this.#knownMs = knownMs
  }

  #emit(trip: Trip, ms: number): void {
    this.#outbox.send(ms, 'Trip', { trip })
  }

  #withdraw(trip: Trip, account: Trip['accounts'][number], ms: number, silently: boolean): void {
    this.#outbox.send(ms, 'Trip', { trip, withdrawn: { account, silently } })
  }
}
