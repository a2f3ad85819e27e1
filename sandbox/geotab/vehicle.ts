import { Random, seedOf } from '../random.ts'
import type { Calendar } from './calendar.ts'
import type { VehicleSpec } from './devices.ts'
import type { Disorder } from './disorder.ts'
import { ExceptionWriter, type ExceptionEvent } from './exception.ts'
import { drawStay, planDay } from './itinerary.ts'
import { bearing, movedBy, type Point } from './geodesy.ts'
import { Odometer } from './odometer.ts'
import { Outbox, type Publication, type Sighting } from './outbox.ts'
import { driverId } from './people.ts'
import { DEPOTS, type Place } from './places.ts'
import { FAULTS, LATE_FAULT, RecordWriter } from './records.ts'
import { drawDrive, nearby, type Fix } from './route.ts'
import { drawFate } from './trip-fate.ts'
import { Timeline } from './timeline.ts'
import { factsOf } from './trip.ts'
import { TripWriter } from './trip-writer.ts'
import { idOf, type Ref } from './wire.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const RAW_EVERY_M = 12_000
const DRIFT_M = 35

/** What vehicles share. */
export interface World {
  seed: number
  calendar: Calendar
  customers: readonly Place[]
  disorder: Disorder
  vehicles: number
}

interface Identification {
  ms: number
  driver: Ref
}

/** One vehicle: lives day after day and tells what the vendor comes to know of it. */
export class Vehicle {
  readonly spec: VehicleSpec
  readonly timeline = new Timeline()
  readonly odometer: Odometer
  /** Who identified himself, oldest first. */
  readonly drivers: Identification[] = []
  readonly outbox: Outbox
  readonly #world: World
  readonly #records: RecordWriter
  readonly #trips: TripWriter
  readonly #exceptions: ExceptionWriter
  #random: Random
  #place: Point
  #metres = 0
  #engineMs = 0
  /** The end of the last trip, and until when its stop has been told. */
  #stoppedMs = 0
  #stoodUntil = 0
  #zoneStop: ExceptionEvent | null = null
  #rawToldM = -Infinity

  constructor(spec: VehicleSpec, world: World) {
    this.spec = spec
    this.#world = world
    this.#random = new Random(seedOf(world.seed, spec.index, 'birth'))
    this.outbox = new Outbox(spec.index, world.vehicles, 0x200000)
    this.odometer = new Odometer(spec, this.timeline)
    this.#records = new RecordWriter(this.outbox, spec.id, world.disorder)
    this.#trips = new TripWriter(this.outbox, world.disorder)
    this.#exceptions = new ExceptionWriter(this.outbox, spec.id, world.disorder)
    this.#place = nearby(this.#random, this.#depot.point, DRIFT_M)
  }

  get #depot(): Place {
    return DEPOTS[this.spec.depot % DEPOTS.length] ?? DEPOTS[0]!
  }

  /** Lives through one day of the calendar; the days have to be asked for in order. */
  live(index: number): Publication[] {
    const { joins } = this.spec
    if (index < joins) return []
    const day = this.#world.calendar.day(index)
    const random = new Random(seedOf(this.#world.seed, this.spec.index, index))
    this.#random = random
    if (index === joins) this.#begin(day.start)
    this.#drawOutages(day.start)
    const stops = planDay(random, this.spec, {
      day,
      customers: this.#world.customers,
      must: index === joins && joins > 0,
    })
    const latest = day.start + 20 * HOUR
    let start = Math.max(day.start + random.int(310, 520) * MINUTE + random.int(0, 59_999), this.#stoodUntil)
    for (const [at, stop] of stops.entries()) {
      if (start > latest) break
      this.#stand(start)
      const idleMs = this.#drive(stop, start, index === joins + 1 && at === 0)
      start = this.#stoppedMs + idleMs + drawStay(random, this.spec.kind)
    }
    this.#stand(day.end)
    return this.outbox.empty()
  }

  #begin(ms: number): void {
    this.timeline.add(ms, { ...this.#place, metres: 0, engineSeconds: 0 })
    this.#stoppedMs = ms
    this.#stoodUntil = ms
    const sighting = this.#standing(ms)
    this.#records.log(this.#random, sighting)
  }

  #drawOutages(dayStart: number): void {
    const random = this.#random
    this.outbox.outages = this.outbox.outages.filter(({ toMs }) => toMs > dayStart)
    if (!random.chance(this.#world.disorder.offline)) return
    const fromMs = dayStart + random.int(360, 900) * MINUTE
    this.outbox.outages.push({ fromMs, toMs: fromMs + random.int(100, 1800) * MINUTE })
  }

  /** Tells of a stop up to an instant: a position now and then, a trip that never was, a corrected odometer. */
  #stand(until: number): void {
    const random = this.#random
    if (until - this.#stoodUntil > 45 * MINUTE) this.#surprises(this.#stoodUntil)
    for (let ms = this.#stoodUntil + random.int(50, 170) * MINUTE; ms < until; ms += random.int(50, 170) * MINUTE) {
      this.#records.log(random, this.#standing(ms))
      if (random.chance(this.#world.disorder.futureRecord)) this.#records.futureLog(random, this.#standing(ms))
    }
    if (until <= this.#stoodUntil) return
    this.#stoodUntil = until
    this.timeline.add(until, this.#moment)
  }

  get #moment() {
    return { ...this.#place, metres: this.#metres, engineSeconds: this.#engineMs / 1000 }
  }

  #surprises(ms: number): void {
    const random = this.#random
    const { disorder, calendar } = this.#world
    if (random.chance(disorder.odometerCorrection) && this.spec.kind !== 'trailer') {
      const at = ms + 8 * MINUTE
      const shown = this.odometer.correct(at, this.#metres, random.int(-9_000, 14_000))
      this.#records.status(random, at, 'DiagnosticOdometerAdjustmentId', shown)
    }
    if (!random.chance(disorder.phantomTrip) || this.drivers.length === 0) return
    const start = ms + random.int(10, 25) * MINUTE
    const drifted = movedBy(this.#place, random.int(20, 60), random.int(-40, 40))
    const fixes = drawDrive(random, this.#place, drifted, start).slice(0, 2)
    if (fixes.length < 2) return
    const odometerM = this.odometer.shownFrom(start, this.#metres)
    const facts = factsOf(fixes, calendar, { odometerM, engineS: this.#engineS() })
    this.#trips.phantom(random, facts, this.outbox.arrive(random, facts.stopMs) + 30_000)
  }

  #standing(ms: number): Sighting {
    const driver = this.drivers.at(-1)?.driver ?? 'UnknownDriverId'
    return { ...this.#place, ms, speed: 0, bearing: -1, driving: false, sinceMs: this.#stoppedMs, driver }
  }

  /** Engine seconds shown; null for what has no engine. */
  #engineS(): number | null {
    return this.spec.kind === 'trailer' ? null : this.spec.startEngineS + this.#engineMs / 1000
  }

  /** Drives to a place; answers how long the engine ran after the stop. */
  #drive(to: Place, start: number, withLateFault: boolean): number {
    const random = this.#random
    const fixes = drawDrive(random, this.#place, nearby(random, to.point, DRIFT_M), start)
    const driver = this.#identify(start)
    const before = {
      metres: this.#metres,
      engineS: this.#engineS(),
      odometerM: this.odometer.shownFrom(start, this.#metres),
    }
    const fate = drawFate(random, this.#world, fixes, before)
    const firstKnown = fate.kind === 'shifted' ? fate.facts.startMs : start
    const arrivals = fixes.map((fix, at) => this.#pass(fix, fixes[at + 1], start, driver))
    const startKnown = (arrivals[0] ?? start) + random.int(5, 25) * 1000
    const knownMs = this.#trips.nextStarts(random, firstKnown, startKnown)
    this.#leaveZone(random, start, knownMs)
    if (fate.kind === 'shown')
      fate.ms = (arrivals[fixes.findIndex(({ ms }) => ms === fate.facts.stopMs)] ?? start) + 9000
    const idleMs = this.#stop(fixes.at(-1)!)
    const facts = factsOf(fixes, this.#world.calendar, { odometerM: before.odometerM, engineS: before.engineS })
    const made = { deviceId: this.spec.id, driver, idleMs, shows: this.#shows() }
    const stopKnown = Math.max(arrivals.at(-1) ?? 0, startKnown) + random.int(5, 40) * 1000
    this.#trips.stopped(random, made, facts, fate, stopKnown)
    this.#exceptions.ofDrive(random, driver, fixes, arrivals)
    this.#exceptions.idling(random, driver, facts.stopMs, idleMs, stopKnown + idleMs)
    this.#enterZone(random, to, driver, facts.stopMs, stopKnown)
    this.#faults(fixes, withLateFault)
    return idleMs
  }

  #shows() {
    const random = this.#random
    const { tripOdometer, tripEngineHours } = this.spec
    return {
      odometer: tripOdometer && !random.chance(0.03),
      engineHours: tripEngineHours && !random.chance(0.03),
      seatBelt: random.chance(0.05),
    }
  }

  /** The driver of a drive, who may have shown a key just before it. */
  #identify(start: number): Ref {
    const { driver, index } = this.spec
    const random = this.#random
    if (this.spec.kind === 'trailer') return 'UnknownDriverId'
    const last = this.drivers.at(-1)
    if (last !== undefined && !random.chance(driver === null ? 0.1 : 0.35)) return last.driver
    const id = random.chance(0.12) ? driverId((index + random.int(1, 5)) % this.#world.vehicles) : driver
    const shown: Ref = driver === null || id === null ? 'UnknownDriverId' : { id, isDriver: true }
    const ms = start - random.int(1, 4) * 1000
    this.drivers.push({ ms, driver: shown })
    this.#records.driverChange(random, ms, typeof shown === 'string' ? shown : { id: idOf(shown) ?? '' })
    return shown
  }

  /** Tells of one fix; answers when it arrives. */
  #pass(fix: Fix, next: Fix | undefined, start: number, driver: Ref): number {
    const random = this.#random
    const metres = this.#metres + fix.metres
    const engineMs = this.spec.kind === 'trailer' ? 0 : this.#engineMs + fix.ms - start
    this.timeline.add(fix.ms, { lat: fix.lat, lon: fix.lon, metres, engineSeconds: engineMs / 1000 })
    const towards = next === undefined ? -1 : bearing(fix, next)
    const { lat, lon, speed, ms } = fix
    const driving = next !== undefined
    const since = driving ? start : ms
    const arrives = this.#records.log(random, {
      ms,
      lat,
      lon,
      speed,
      bearing: towards,
      driving,
      sinceMs: since,
      driver,
    })
    if (fix.ms === start) this.#measure(ms, metres, engineMs, 'on')
    else if (metres - this.#rawToldM > RAW_EVERY_M) this.#measure(ms, metres, engineMs, 'underWay')
    return arrives
  }

  #measure(ms: number, metres: number, engineMs: number, when: 'on' | 'underWay' | 'off'): void {
    const { kind, ecmOdometer, startEngineS } = this.spec
    if (kind === 'trailer') return
    const random = this.#random
    const tell = (diagnostic: string, data: number) => this.#records.status(random, ms, diagnostic, data)
    this.#rawToldM = metres
    if (when !== 'underWay') tell('DiagnosticIgnitionId', when === 'on' ? 1 : 0)
    if (ecmOdometer) tell('DiagnosticRawOdometerId', Math.round(this.odometer.raw(metres)))
    if (ecmOdometer && when !== 'underWay')
      tell('DiagnosticOdometerId', Math.round(this.odometer.shownFrom(ms, metres)))
    if (when === 'underWay' && random.chance(0.5)) tell('DiagnosticEngineSpeedId', random.int(1100, 2600))
    if (when !== 'off') return
    tell('DiagnosticEngineHoursId', startEngineS + engineMs / 1000)
    tell('DiagnosticFuelLevelId', Math.round((20 + 75 * random.next()) * 10) / 10)
  }

  /** Ends a drive at its last fix; answers how long the engine goes on. */
  #stop(last: Fix): number {
    const random = this.#random
    const trailer = this.spec.kind === 'trailer'
    const idleMs = trailer ? 0 : random.chance(0.3) ? random.int(60, 840) * 1000 : random.int(5, 59) * 1000
    this.#metres += last.metres
    this.#place = { lat: last.lat, lon: last.lon }
    this.#stoppedMs = last.ms
    this.#engineMs = trailer ? 0 : this.timeline.at(last.ms).engineSeconds * 1000 + idleMs
    this.#stoodUntil = last.ms + idleMs
    if (idleMs > 0) this.timeline.add(this.#stoodUntil, this.#moment)
    this.#measure(this.#stoodUntil, this.#metres, this.#engineMs, 'off')
    return idleMs
  }

  #enterZone(random: Random, to: Place, driver: Ref, stopMs: number, knownMs: number): void {
    const customer = this.#world.customers.indexOf(to)
    const hidden = to === DEPOTS[0]
    if (!hidden && (customer < 0 || customer > 25)) return
    this.#zoneStop = this.#exceptions.zoneEntered(random, driver, hidden, stopMs, knownMs)
  }

  #leaveZone(random: Random, leftMs: number, knownMs: number): void {
    if (this.#zoneStop === null) return
    this.#exceptions.zoneLeft(random, this.#zoneStop, leftMs, knownMs)
    this.#zoneStop = null
  }

  #faults(fixes: readonly Fix[], withLateFault: boolean): void {
    const random = this.#random
    const ms = fixes.at(-1)?.ms ?? 0
    if (random.chance(0.04) && this.spec.kind !== 'trailer')
      this.#records.fault(random, ms - 15_000, random.pick(FAULTS))
    if (withLateFault && this.spec.index === 1) this.#records.fault(random, ms - 5000, LATE_FAULT)
  }
}
