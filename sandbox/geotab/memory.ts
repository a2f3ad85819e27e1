import type { Fleet } from './fleet.ts'
import type { Row } from './wire.ts'

/**
 * Has a fleet remember how devices were set in an earlier life of the stand-in, which made it anew. Versions begin
 * `shift` higher, so that none of them is lower than one that was told before; what is remembered comes last.
 */
export function remember(
  fleet: Fleet,
  past: readonly { deviceId: string; changes: Row }[],
  { shift, now }: { shift: number; now: Date },
): void {
  const devices = fleet.store.table('Device')
  const [first] = devices.rows()
  if (first === undefined || past.length === 0) return
  fleet.store.put('Device', { key: first.key, row: first.row, ms: first.ms }, shift)
  fleet.advance(now)
  for (const { deviceId, changes } of past) {
    const held = devices.get(deviceId)
    if (held === undefined) continue
    fleet.store.put('Device', { key: deviceId, row: { ...held.row, ...changes }, ms: now.getTime() })
  }
}
