import type { Random } from '../random.ts'
import { HIDDEN_RULE, IDLING_RULE, ZONE_STOP_RULE } from './catalogue.ts'
import type { Disorder } from './disorder.ts'
import type { Outbox } from './outbox.ts'
import type { Fix } from './route.ts'
import type { Draft, Hidden } from './store.ts'
import { guidId, idOf, isoText, timeSpan, type Ref, type Row } from './wire.ts'

/** One state of an exception. */
export interface ExceptionEvent {
  id: string
  deviceId: string
  driver: Ref
  ruleId: string
  fromMs: number
  toMs: number
  metres: number
  createdMs: number
  state: 'valid' | Hidden
}

export interface ExceptionTruth {
  id: string
  deviceId: string
  driverId: string
  ruleId: string
  activeFrom: string
  activeTo: string
  distanceM: number
  state: 'valid' | Hidden
}

const STATES = {
  valid: 'ExceptionEventStateValidId',
  invalidated: 'ExceptionEventStateInvalidId',
  dismissed: 'ExceptionEventStateDismissedId',
  deleted: 'ExceptionEventStateInvalidId',
}

export function exceptionDraft(event: ExceptionEvent, ms: number): Draft {
  const row: Row = {
    id: event.id,
    device: { id: event.deviceId },
    driver: event.driver,
    rule: ruleRef(event.ruleId),
    activeFrom: isoText(event.fromMs),
    activeTo: isoText(event.toMs),
    duration: timeSpan(event.toMs - event.fromMs),
    distance: Math.fround(event.metres / 1000),
    diagnostic:
      event.ruleId === 'RuleHarshBrakingId' ? { id: 'DiagnosticAccelerationForwardBrakingId' } : 'NoDiagnosticId',
    state: STATES[event.state],
    createdDateTime: isoText(event.createdMs),
    lastModifiedDateTime: isoText(ms),
    ...(event.state === 'deleted' ? { deletedDateTime: isoText(ms) } : {}),
  }
  return {
    key: event.id,
    row,
    ms: event.fromMs,
    endMs: event.toMs,
    deviceId: event.deviceId,
    hidden: event.state === 'valid' ? undefined : event.state,
  }
}

const ruleRef = (id: string): Row =>
  id === 'RuleHarshBrakingId'
    ? { id, reason: 'ExceptionRuleReasonNoneId', state: 'ExceptionRuleStateActiveId' }
    : { id }

export function exceptionTruth(event: ExceptionEvent): ExceptionTruth {
  return {
    id: event.id,
    deviceId: event.deviceId,
    driverId: idOf(event.driver) ?? '',
    ruleId: event.ruleId,
    activeFrom: isoText(event.fromMs),
    activeTo: isoText(event.toMs),
    distanceM: event.metres,
    state: event.state,
  }
}

const SPEEDING_KMH = 100
const IDLING_MS = 300_000
const HOUR = 3_600_000

/** Writes the exceptions of one vehicle, with what becomes of them later. */
export class ExceptionWriter {
  readonly #outbox: Outbox
  readonly #deviceId: string
  readonly #disorder: Disorder

  constructor(outbox: Outbox, deviceId: string, disorder: Disorder) {
    this.#outbox = outbox
    this.#deviceId = deviceId
    this.#disorder = disorder
  }

  /** Speeding and harsh manoeuvres of a drive; `arrivals` tells when each fix arrived. */
  ofDrive(random: Random, driver: Ref, fixes: readonly Fix[], arrivals: readonly number[]): void {
    this.#speeding(random, driver, fixes, arrivals)
    for (const [ruleId, probability] of HARSH) {
      if (!random.chance(probability) || fixes.length < 3) continue
      const at = random.int(1, fixes.length - 2)
      const fix = fixes[at]
      if (fix === undefined || fix.speed < 10) continue
      const fromMs = fix.ms + random.int(1, 9_000)
      const lastsMs = random.int(2, 12) * 100
      const metres = (fix.speed / 3.6) * (lastsMs / 1000)
      const event = this.#open(random, driver, ruleId, { fromMs, toMs: fromMs + lastsMs, metres })
      this.#publish(random, event, (arrivals[at + 1] ?? fromMs) + 12_000)
    }
  }

  #speeding(random: Random, driver: Ref, fixes: readonly Fix[], arrivals: readonly number[]): void {
    const first = fixes.findIndex(({ speed }) => speed > SPEEDING_KMH)
    if (first < 0) return
    let last = first
    while ((fixes[last + 1]?.speed ?? 0) > SPEEDING_KMH) last += 1
    const [from, to, grown] = [fixes[first], fixes[last], fixes[first + 1]]
    if (from === undefined || to === undefined || grown === undefined || last === first) return
    const span = { fromMs: from.ms, toMs: grown.ms, metres: grown.metres - from.metres }
    const event = this.#open(random, driver, 'RulePostedSpeedingId', span)
    const seen = (arrivals[first + 1] ?? grown.ms) + 3000
    if (last > first + 1) this.#outbox.send(seen, 'ExceptionEvent', { event: { ...event, createdMs: seen } })
    const whole = { ...event, toMs: to.ms, metres: to.metres - from.metres, createdMs: seen }
    this.#publish(random, whole, Math.max(seen, (arrivals[last] ?? to.ms) + 5000))
  }

  idling(random: Random, driver: Ref, stopMs: number, idleMs: number, knownMs: number): void {
    if (idleMs < IDLING_MS) return
    const event = this.#open(random, driver, IDLING_RULE, { fromMs: stopMs, toMs: stopMs + idleMs, metres: 0 })
    this.#publish(random, event, knownMs)
  }

  /** Begins the stop in a zone; the writer ends it with `zoneLeft`. */
  zoneEntered(random: Random, driver: Ref, hidden: boolean, stopMs: number, knownMs: number): ExceptionEvent {
    const span = { fromMs: stopMs, toMs: stopMs, metres: 0 }
    const event = {
      ...this.#open(random, driver, hidden ? HIDDEN_RULE : ZONE_STOP_RULE, span),
      createdMs: knownMs,
    }
    this.#outbox.send(knownMs, 'ExceptionEvent', { event })
    return event
  }

  zoneLeft(random: Random, entered: ExceptionEvent, leftMs: number, knownMs: number): void {
    this.#publish(random, { ...entered, toMs: leftMs }, knownMs)
  }

  #open(
    random: Random,
    driver: Ref,
    ruleId: string,
    span: { fromMs: number; toMs: number; metres: number },
  ): ExceptionEvent {
    return { id: guidId(random), deviceId: this.#deviceId, driver, ruleId, ...span, createdMs: 0, state: 'valid' }
  }

  #publish(random: Random, made: ExceptionEvent, ms: number): void {
    const event = { ...made, createdMs: made.createdMs === 0 ? ms : made.createdMs }
    this.#outbox.send(ms, 'ExceptionEvent', { event })
    const later = ms + random.int(600, 72_000) * 1000
    const { exceptionInvalidated, exceptionDismissed, exceptionReprocessed } = this.#disorder
    const fate = random.next()
    if (fate < exceptionInvalidated) {
      this.#outbox.send(later, 'ExceptionEvent', { event: { ...event, state: 'invalidated' } })
    } else if (fate < exceptionInvalidated + exceptionDismissed) {
      this.#outbox.send(later, 'ExceptionEvent', { event: { ...event, state: 'dismissed' } })
    } else if (fate < exceptionInvalidated + exceptionDismissed + exceptionReprocessed) {
      this.#outbox.send(later + HOUR, 'ExceptionEvent', { event: { ...event, state: 'deleted' } })
      const again = { ...event, id: guidId(random), createdMs: later + HOUR }
      this.#outbox.send(later + HOUR, 'ExceptionEvent', { event: again })
    }
  }
}

const HARSH: [string, number][] = [
  ['RuleHarshBrakingId', 0.12],
  ['RuleHarshCorneringId', 0.07],
]
