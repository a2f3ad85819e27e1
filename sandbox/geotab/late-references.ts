import { LATE_DIAGNOSTIC, lateDiagnostic } from './catalogue.ts'
import type { Publication } from './outbox.ts'
import type { Draft } from './store.ts'
import { idOf, isoText, type Row } from './wire.ts'

const DEVICE_LATE_MS = 20 * 60_000
const DIAGNOSTIC_LATE_MS = 15 * 60_000

/** A row of reference data, as old as the instant. */
export const reference = (row: Row, ms: number): Draft => ({ key: String(row['id']), row, ms })

/** What is referred to before it is on its own feed gets there a while after the first reference. */
export class LateReferences {
  readonly #devices = new Map<number, Row>()
  #diagnosticIsLate: boolean

  constructor(diagnosticIsLate: boolean) {
    this.#diagnosticIsLate = diagnosticIsLate
  }

  /** Keeps the device of a vehicle back until its first measurement. */
  deviceIsLate(vehicle: number, row: Row): void {
    this.#devices.set(vehicle, row)
  }

  /** What follows the publications of a vehicle. */
  after(published: readonly Publication[]): Publication[] {
    return published.flatMap((each) => ('draft' in each ? this.#afterOne(each) : []))
  }

  #afterOne(each: Publication & { draft: Draft }): Publication[] {
    const device = each.typeName === 'StatusData' ? this.#devices.get(each.vehicle) : undefined
    if (device !== undefined) {
      this.#devices.delete(each.vehicle)
      const joined = reference({ ...device, activeFrom: isoText(each.draft.ms) }, each.ms)
      return [{ ...each, ms: each.ms + DEVICE_LATE_MS, typeName: 'Device', draft: joined }]
    }
    const meant = each.typeName === 'FaultData' && idOf(each.draft.row['diagnostic']) === LATE_DIAGNOSTIC
    if (!this.#diagnosticIsLate || !meant) return []
    this.#diagnosticIsLate = false
    const draft = reference(lateDiagnostic(), each.ms)
    return [{ ...each, ms: each.ms + DIAGNOSTIC_LATE_MS, typeName: 'Diagnostic', draft }]
  }
}
