import { type InvalidRing, readRing } from '../zones/ring.ts'
import { finite, flag, isFields, text } from './fields.ts'
import { instant } from './instant.ts'
import { ownId, refIds } from './ref-id.ts'
import { type RowContext, type RowResult, idMissing, notAnObject } from './row-result.ts'

/** A row of base.geotab__zones. */
export interface ZoneRow {
  connection: string
  zone_id: string
  name: string | null
  comment: string | null
  external_reference: string | null
  zone_types: string[]
  group_ids: string[]
  /** JSON text of [[longitude, latitude], ...], closed. */
  ring: string
  area: number | null
  is_displayed: boolean | null
  must_identify_stops: boolean | null
  invalid_reason: InvalidRing | null
  active_from: string | null
  active_to: string | null
  deleted_at: string | null
  raw_version: number
}

/** Zone: a place with a name, a single ring of corners. A zone that is read is not deleted. */
export function toZoneRow(payload: unknown, context: RowContext): RowResult<ZoneRow> {
  if (!isFields(payload)) return notAnObject()
  const id = ownId(payload)
  if (id === null) return idMissing('zone')
  const corners = cornersOf(payload['points'])
  const { area, invalidReason } = readRing(corners)
  return {
    kind: 'row',
    row: {
      connection: context.connection,
      zone_id: id,
      name: text(payload['name']),
      comment: text(payload['comment']),
      external_reference: text(payload['externalReference']),
      zone_types: refIds(payload['zoneTypes']),
      group_ids: refIds(payload['groups']),
      ring: JSON.stringify(closed(corners.filter(([x, y]) => !Number.isNaN(x) && !Number.isNaN(y)))),
      area: invalidReason === null ? area : null,
      is_displayed: flag(payload['displayed']),
      must_identify_stops: flag(payload['mustIdentifyStops']),
      invalid_reason: invalidReason,
      active_from: instant(payload['activeFrom']),
      active_to: instant(payload['activeTo']),
      deleted_at: instant(payload['deletedDateTime']),
      raw_version: context.rawVersion,
    },
  }
}

/** The corners; one that cannot be read is NaN, so that it is not passed over in silence. */
function cornersOf(value: unknown): [number, number][] {
  if (!Array.isArray(value)) return []
  return value.map((point) => (isFields(point) ? [finite(point['x']) ?? NaN, finite(point['y']) ?? NaN] : [NaN, NaN]))
}

function closed(corners: [number, number][]): [number, number][] {
  const ring = corners.filter(
    ([x, y], index) => index === 0 || x !== corners[index - 1]?.[0] || y !== corners[index - 1]?.[1],
  )
  const [first] = ring
  const last = ring.at(-1)
  if (first === undefined || last === undefined) return []
  return first[0] === last[0] && first[1] === last[1] && ring.length > 1 ? ring : [...ring, first]
}
