import type { VehicleSpec } from './devices.ts'
import type { Timeline } from './timeline.ts'

/** The odometers of a vehicle: the engine's own, and the one shown, which is ahead of it and may be corrected. */
export class Odometer {
  readonly #spec: VehicleSpec
  readonly #timeline: Timeline
  readonly #corrections: { ms: number; aheadM: number }[] = []

  constructor(spec: VehicleSpec, timeline: Timeline) {
    this.#spec = spec
    this.#timeline = timeline
  }

  /** Metres that the engine tells after so many metres in the fleet. */
  raw(metres: number): number {
    return this.#spec.startOdometerM + metres
  }

  shownFrom(ms: number, metres: number): number {
    const aheadM = this.#corrections.findLast((each) => each.ms <= ms)?.aheadM ?? this.#spec.odometerOffsetM
    return this.raw(metres) + aheadM
  }

  /** Corrects the odometer shown by so many metres; answers what it shows then, in whole metres. */
  correct(ms: number, metres: number, byM: number): number {
    const shown = Math.round(this.shownFrom(ms, metres) + byM)
    this.#corrections.push({ ms, aheadM: shown - this.raw(metres) })
    return shown
  }

  /** Metres shown at an instant. */
  shownAt(ms: number): number {
    return this.shownFrom(ms, this.#timeline.at(ms).metres)
  }

  rawAt(ms: number): number {
    return this.raw(this.#timeline.at(ms).metres)
  }

  engineSecondsAt(ms: number): number {
    return this.#spec.startEngineS + this.#timeline.at(ms).engineSeconds
  }
}
