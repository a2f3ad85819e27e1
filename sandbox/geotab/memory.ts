import type { Fleet } from './fleet.ts'
import type { Row } from './wire.ts'

/** A change of a device that an earlier life of the stand-in was told. */
export interface PastChange {
  deviceId: string
  changes: Row
  at: Date
  /** How often it was told: each time took a version. */
  times: number
}

/**
 * Has a fleet that was made anew live through the changes that it was told before, oldest first, each at its time: so
 * every record has the version that it had then, and none is lower than one that was told.
 */
export function remember(fleet: Fleet, past: readonly PastChange[]): void {
  const devices = fleet.store.table('Device')
  for (const { deviceId, changes, at, times } of past) {
    fleet.advance(at)
    const held = devices.get(deviceId)
    if (held === undefined) continue
    const draft = { key: deviceId, row: { ...held.row, ...changes }, ms: at.getTime() }
    fleet.store.put('Device', draft, times)
  }
}
