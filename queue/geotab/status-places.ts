import { sql } from 'kysely'
import { coordinateKey } from '../../transform/geotab/addresses.ts'
import type { ZoneIndex } from '../../transform/zones/zone-index.ts'
import type { PipelineContext } from '../context.ts'
import { assertRunning } from '../ledger.ts'
import { wantAddresses } from './addresses.ts'
import type { ContextsPass } from './contexts-stage.ts'

interface StatusRow {
  device_id: string
  recorded_ms: number | null
  latitude: number | null
  longitude: number | null
}

const BATCH_ROWS = 5000

/** Writes the zones of the place where each vehicle is now; all of them, since zones change too. */
export async function writeStatusPlaces(
  context: PipelineContext,
  { runId, connection, signal }: ContextsPass,
  zones: ZoneIndex,
): Promise<void> {
  for (let after = ''; ;) {
    signal.throwIfAborted()
    const { rows } = await sql<StatusRow>`
      select device_id, (extract(epoch from recorded_at) * 1000)::float8 as recorded_ms, latitude, longitude
      from base.geotab__device_status where connection = ${connection} and device_id > ${after}
      order by device_id limit ${BATCH_ROWS}
    `.execute(context.db)
    const last = rows.at(-1)
    if (last === undefined) return
    after = last.device_id
    const places = rows.map((row) => placeOf(row, zones, context.clock.now()))
    await context.db.transaction().execute(async (trx) => {
      await assertRunning(trx, runId)
      await wantAddresses(context, trx, connection, places)
      await sql`
        update base.geotab__device_status as d
        set zone_ids = p.zone_ids::text[], latitude_e5 = p.latitude_e5, longitude_e5 = p.longitude_e5
        from unnest(${places.map((place) => place.device_id)}::text[], ${places.map((place) => asArray(place.zone_ids))}::text[],
          ${places.map((place) => place.latitude_e5)}::integer[], ${places.map((place) => place.longitude_e5)}::integer[])
          as p (device_id, zone_ids, latitude_e5, longitude_e5)
        where d.connection = ${connection} and d.device_id = p.device_id
          and (d.zone_ids, d.latitude_e5, d.longitude_e5)
            is distinct from (p.zone_ids::text[], p.latitude_e5, p.longitude_e5)
      `.execute(trx)
    })
  }
}

function placeOf(row: StatusRow, zones: ZoneIndex, now: Date) {
  const { device_id, latitude, longitude, recorded_ms } = row
  if (latitude === null || longitude === null) {
    return { device_id, zone_ids: [], latitude_e5: null, longitude_e5: null }
  }
  return {
    device_id,
    zone_ids: zones.at(longitude, latitude, recorded_ms ?? now.getTime()),
    ...coordinateKey(latitude, longitude),
  }
}

const asArray = (ids: string[]) =>
  `{${ids.map((id) => `"${id.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`).join(',')}}`
