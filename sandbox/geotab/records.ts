import type { Random } from '../random.ts'
import { LATE_DIAGNOSTIC } from './catalogue.ts'
import type { Disorder } from './disorder.ts'
import type { Outbox, Sighting } from './outbox.ts'
import { MANAGER_ID } from './people.ts'
import { isoText, type Ref, type Row } from './wire.ts'

const HOUR = 3_600_000

/** A speed that is sent as a bare NaN: the one thing in a reply that is not JSON. */
export const BARE_NAN = '\u0001NaN\u0001'

/** Writes the records that a device sends: positions, measurements, faults and driver changes. */
export class RecordWriter {
  readonly #outbox: Outbox
  readonly #deviceId: string
  readonly #disorder: Disorder

  constructor(outbox: Outbox, deviceId: string, disorder: Disorder) {
    this.#outbox = outbox
    this.#deviceId = deviceId
    this.#disorder = disorder
  }

  /** A position; answers when it arrives. */
  log(random: Random, sighting: Sighting): number {
    const { ms, lat, lon } = sighting
    const arrives = this.#outbox.arrive(random, ms)
    const row = this.#logRow(ms, lat, lon, this.#speedAsSent(random, sighting.speed))
    const draft = this.#draft(row, ms)
    this.#outbox.send(arrives, 'LogRecord', { draft, sighting })
    if (random.chance(this.#disorder.duplicate)) {
      this.#outbox.send(arrives, 'LogRecord', { draft: { ...draft, row: { ...row }, again: true } })
    }
    if (random.chance(this.#disorder.nullIsland)) {
      const lost = this.#draft(this.#logRow(ms + 1000, 0, 0, 0), ms + 1000)
      this.#outbox.send(arrives, 'LogRecord', { draft: lost })
    }
    return arrives
  }

  /** A position dated days ahead, by a device whose clock is wrong. */
  futureLog(random: Random, { ms, lat, lon }: Sighting): void {
    const ahead = ms + random.int(30, 400) * HOUR
    const draft = this.#draft(this.#logRow(ahead, lat, lon, 0), ahead)
    this.#outbox.send(this.#outbox.arrive(random, ms), 'LogRecord', { draft })
  }

  #logRow(ms: number, latitude: number, longitude: number, speed: unknown): Row {
    return {
      id: this.#outbox.nextId(),
      device: { id: this.#deviceId },
      dateTime: isoText(ms),
      latitude,
      longitude,
      speed,
    }
  }

  #speedAsSent(random: Random, speed: number): unknown {
    if (random.chance(this.#disorder.bareNaN)) return BARE_NAN
    return random.chance(this.#disorder.invalidSpeed) ? random.pick([-1, null, 'NaN']) : speed
  }

  status(random: Random, ms: number, diagnostic: string, data: number): void {
    const row: Row = {
      id: this.#outbox.nextId(),
      device: { id: this.#deviceId },
      diagnostic: { id: diagnostic },
      dateTime: isoText(ms),
      data,
      controller: 'ControllerNoneId',
    }
    this.#outbox.send(this.#outbox.arrive(random, ms), 'StatusData', { draft: this.#draft(row, ms) })
  }

  driverChange(random: Random, ms: number, driver: Ref): number {
    const row: Row = {
      id: this.#outbox.nextId(),
      device: { id: this.#deviceId },
      driver,
      dateTime: isoText(ms),
      type: 'DriverKey',
    }
    const arrives = this.#outbox.arrive(random, ms)
    this.#outbox.send(arrives, 'DriverChange', { draft: this.#draft(row, ms) })
    return arrives
  }

  fault(random: Random, ms: number, kind: FaultKind): number {
    const lamp = kind.diagnostic !== 'DiagnosticDeviceHasBeenUnpluggedId'
    const row: Row = {
      id: this.#outbox.nextId(),
      device: { id: this.#deviceId },
      diagnostic: random.chance(0.85) ? { id: kind.diagnostic } : kind.diagnostic,
      dateTime: isoText(ms),
      controller: kind.controller,
      failureMode: kind.failureMode,
      faultState: random.chance(0.8) ? 'Active' : 'Pending',
      faultStates: { effectiveStatus: 'FaultStatusActiveId' },
      count: random.int(1, 4),
      malfunctionLamp: lamp && random.chance(0.5),
      amberWarningLamp: false,
      redStopLamp: false,
      protectWarningLamp: false,
    }
    const arrives = this.#outbox.arrive(random, ms)
    this.#outbox.send(arrives, 'FaultData', { draft: this.#draft(row, ms) })
    if (random.chance(0.25)) {
      const dismissed = arrives + random.int(3600, 100_000) * 1000
      const later = { ...row, dismissDateTime: isoText(dismissed), dismissUser: { id: MANAGER_ID } }
      this.#outbox.send(dismissed, 'FaultData', { draft: this.#draft(later, ms) })
    }
    return arrives
  }

  #draft(row: Row, ms: number) {
    return { key: String(row['id']), row, ms, deviceId: this.#deviceId }
  }
}

interface FaultKind {
  diagnostic: string
  controller: Ref
  failureMode: Ref
}

export const FAULTS: readonly FaultKind[] = [
  {
    diagnostic: 'DiagnosticDeviceHasBeenUnpluggedId',
    controller: { id: 'ControllerGoDeviceId' },
    failureMode: 'NoFailureModeId',
  },
  {
    diagnostic: 'DiagnosticLowBatteryId',
    controller: 'ControllerNoneId',
    failureMode: { id: 'aFm1Vo1tageBelowNormal0' },
  },
  { diagnostic: 'aP0420CatalystBelowThr0', controller: 'ControllerObdPowertrainId', failureMode: 'NoFailureModeId' },
  {
    diagnostic: 'aP0301CylinderOneMisf10',
    controller: { id: 'ControllerObdPowertrainId' },
    failureMode: 'NoFailureModeId',
  },
  {
    diagnostic: 'aSpn110C00lantTemperat0',
    controller: { id: 'aC0ntr0llerEngineNr1--0' },
    failureMode: { id: 'aFm0DataAboveNormal---0' },
  },
]

export const LATE_FAULT: FaultKind = {
  diagnostic: LATE_DIAGNOSTIC,
  controller: { id: 'aC0ntr0llerEngineNr1--0' },
  failureMode: 'NoFailureModeId',
}
