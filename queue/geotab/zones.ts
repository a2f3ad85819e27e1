import { sql } from 'kysely'
import type { IndexedZone, ZoneIndex } from '../../transform/zones/zone-index.ts'
import type { PipelineContext } from '../context.ts'

/** All zones of a connection, ready to be asked which of them hold a point at an instant. */
export async function loadZones(context: PipelineContext, connection: string): Promise<ZoneIndex> {
  const { rows } = await sql<IndexedZone>`
    select zone_id as "zoneId", name, ring,
      (extract(epoch from active_from) * 1000)::float8 as "activeFromMs",
      (extract(epoch from active_to) * 1000)::float8 as "activeToMs",
      (extract(epoch from least(deleted_at, removed_at)) * 1000)::float8 as "deletedAtMs"
    from base.geotab__zones
    where connection = ${connection} and invalid_reason is null
    order by zone_id
  `.execute(context.db)
  // Loaded when it is needed: turf takes a fifth of a second.
  const { createZoneIndex } = await import('../../transform/zones/zone-index.ts')
  return createZoneIndex(rows)
}
