import type { Place } from '../../extract/landing-timed.ts'
import { writtenId } from '../../transform/geotab/ref-id.ts'

/** A member of a record as the source wrote it; undefined where there is none. */
function member(record: unknown, name: string): unknown {
  return typeof record === 'object' && record !== null ? (record as Record<string, unknown>)[name] : undefined
}

/** The source's version of a record: 16 hexadecimal digits of a counter. */
export function sourceVersion(record: unknown): string | null {
  const version = member(record, 'version')
  return typeof version === 'string' ? version : null
}

/** Where a record stands in a table that is partitioned by the time in one of its members. */
export function placeBy(time: 'start' | 'dateTime'): (record: unknown) => Place | null {
  return (record) => {
    const written = member(record, time)
    const at = typeof written === 'string' ? Date.parse(written) : NaN
    // What names no device is kept under the empty name: it belongs to no vehicle, but nothing is lost.
    return Number.isNaN(at) ? null : { device: writtenId(member(record, 'device')) ?? '', at }
  }
}
