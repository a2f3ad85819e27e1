import type { Random } from '../random.ts'
import type { ExceptionEvent } from './exception.ts'
import type { Draft } from './store.ts'
import type { Trip } from './trip.ts'
import { hexId } from './wire.ts'

/** What the newest position of a device says of it. */
export interface Sighting {
  ms: number
  lat: number
  lon: number
  speed: number
  bearing: number
  /** Whether it drives, and since when it has driven or stood. */
  driving: boolean
  sinceMs: number
  driver: unknown
}

type Content =
  | { draft: Draft; sighting?: Sighting }
  /** The trip as it is known at that instant, or the end of one account of it. */
  | { trip: Trip; withdrawn?: { account: Trip['accounts'][number]; silently: boolean } }
  | { event: ExceptionEvent }

/** Something that the vendor comes to know, and when. */
export type Publication = { ms: number; typeName: string; vehicle: number; order: number } & Content

/** Out of reach from one instant to another. */
export interface Outage {
  fromMs: number
  toMs: number
}

const SECOND = 1000

/** What a vehicle sends, and when it arrives: soon, or after an outage; records of one device never overtake. */
export class Outbox {
  readonly #vehicle: number
  readonly #vehicles: number
  readonly #firstKey: number
  #order = 0
  #keys = 0
  #reached = -Infinity
  #sent: Publication[] = []
  outages: Outage[] = []

  constructor(vehicle: number, vehicles: number, firstKey: number) {
    this.#vehicle = vehicle
    this.#vehicles = vehicles
    this.#firstKey = firstKey
  }

  /** A number that no other vehicle and no other row of this one has. */
  nextKey(): number {
    const key = this.#firstKey + this.#keys * this.#vehicles + this.#vehicle
    this.#keys += 1
    return key
  }

  nextId(): string {
    return hexId(this.nextKey())
  }

  /** When a record of an instant arrives. */
  arrive(random: Random, ms: number): number {
    const outage = this.outages.find(({ fromMs, toMs }) => ms >= fromMs && ms < toMs)
    const soonest = outage === undefined ? ms : outage.toMs + 20 * SECOND
    this.#reached = Math.max(this.#reached, soonest + random.int(2, 30) * SECOND)
    return this.#reached
  }

  send(ms: number, typeName: string, content: Content): void {
    this.#sent.push({ ms, typeName, vehicle: this.#vehicle, order: this.#order, ...content })
    this.#order += 1
  }

  /** Hands over what was sent so far. */
  empty(): Publication[] {
    const sent = this.#sent
    this.#sent = []
    return sent
  }
}
