import { sql } from 'kysely'
import { createZoneIndex, type IndexedZone, type ZoneIndex } from '../../transform/zones/zone-index.ts'
import type { PipelineContext } from '../context.ts'

/** All zones of a connection, ready to be asked which of them hold a point at an instant. */
export async function loadZones(context: PipelineContext, connection: string): Promise<ZoneIndex> {
  const { rows } = await sql<IndexedZone>`
    select zone_id as "zoneId", name, ring,
      (extract(epoch from active_from) * 1000)::float8 as "activeFromMs",
      (extract(epoch from active_to) * 1000)::float8 as "activeToMs",
      (extract(epoch from deleted_at) * 1000)::float8 as "deletedAtMs"
    from base.geotab__zones
    where connection = ${connection} and invalid_reason is null
    order by zone_id
  `.execute(context.db)
  return createZoneIndex(rows)
}
