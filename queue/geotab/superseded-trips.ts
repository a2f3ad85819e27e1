import { sql } from 'kysely'
import { feedVersion, resolveTrips, type LiveTrip } from '../../transform/geotab/trip-lives.ts'
import type { PipelineContext } from '../context.ts'
import { assertRunning } from '../ledger.ts'
import type { ContextsPass } from './contexts-stage.ts'

interface TripRow {
  device_id: string
  started_at: string
  start_ms: number
  stop_ms: number | null
  next_ms: number | null
  source_version: string | null
  is_superseded: boolean
}

// No drive lasts longer: what begins earlier cannot reach into the one that is looked at.
const LONGEST_DRIVE = '2 days'

/**
 * Leaves one live trip for each instant of a vehicle: a recalculation can shift a trip's start, and where the source
 * does not say that the trip of before is gone, the newer of the two stands. Returns how many trips changed.
 */
export async function markSupersededTrips(context: PipelineContext, pass: ContextsPass): Promise<number> {
  const trips = await tripsInDoubt(context, pass)
  const byDevice = Map.groupBy(trips, (trip) => trip.device_id)
  const changed: { trip: TripRow; is_superseded: boolean }[] = []
  for (const device of byDevice.values()) {
    const lives = resolveTrips(device.map(asLive))
    const stale = new Set(lives.stale.map(({ trip }) => trip.row))
    for (const trip of device) {
      if (stale.has(trip) !== trip.is_superseded) changed.push({ trip, is_superseded: stale.has(trip) })
    }
  }
  if (changed.length === 0) return 0
  await context.db.transaction().execute(async (trx) => {
    await assertRunning(trx, pass.runId)
    await sql`
      update base.geotab__trips as t
      set is_superseded = r.is_superseded, changed_at = now(), landed_xid = pg_current_xact_id()
      from unnest(${changed.map(({ trip }) => trip.device_id)}::text[], ${changed.map(({ trip }) => trip.started_at)}::timestamptz[],
        ${changed.map((one) => one.is_superseded)}::boolean[]) as r (device_id, started_at, is_superseded)
      where t.connection = ${pass.connection} and t.device_id = r.device_id and t.started_at = r.started_at
    `.execute(trx)
  })
  return changed.length
}

const asLive = (row: TripRow): LiveTrip & { row: TripRow } => ({
  row,
  startMs: row.start_ms,
  stopMs: row.stop_ms,
  nextStartMs: row.next_ms,
  version: feedVersion(row.source_version) ?? 0n,
})

/** The live trips around those that arrived, of the devices where two overlap or one was found superseded before. */
async function tripsInDoubt(context: PipelineContext, { connection, since }: ContextsPass): Promise<TripRow[]> {
  const { rows } = await sql<TripRow>`
    with arrived as (
      select device_id, started_at, coalesce(stopped_at, started_at) as stopped_at, deleted_at
      from base.geotab__trips where landed_xid >= ${since}::xid8 and connection = ${connection}
    ),
    doubts as (
      select a.device_id, a.started_at, a.stopped_at
      from arrived as a
      where exists (
          select from base.geotab__trips as s
          where s.connection = ${connection} and s.device_id = a.device_id and s.is_superseded
            and s.started_at between a.started_at - ${LONGEST_DRIVE}::interval and a.stopped_at + ${LONGEST_DRIVE}::interval
        )
        or a.deleted_at is null and (
          coalesce((
            select b.stopped_at > a.started_at from base.geotab__trips as b
            where b.connection = ${connection} and b.device_id = a.device_id and b.deleted_at is null
              and b.started_at < a.started_at and b.started_at > a.started_at - ${LONGEST_DRIVE}::interval
            order by b.started_at desc limit 1
          ), false)
          or exists (
            select from base.geotab__trips as b
            where b.connection = ${connection} and b.device_id = a.device_id and b.deleted_at is null
              and b.started_at > a.started_at and b.started_at < a.stopped_at
          )
        )
    )
    select distinct t.device_id, to_json(t.started_at) #>> '{}' as started_at,
      (extract(epoch from t.started_at) * 1000)::float8 as start_ms,
      (extract(epoch from t.stopped_at) * 1000)::float8 as stop_ms,
      (extract(epoch from t.next_trip_started_at) * 1000)::float8 as next_ms,
      r.payload ->> 'version' as source_version, t.is_superseded
    from doubts as d
    join base.geotab__trips as t
      on t.connection = ${connection} and t.device_id = d.device_id and t.deleted_at is null
        and t.started_at between d.started_at - ${LONGEST_DRIVE}::interval and d.stopped_at + ${LONGEST_DRIVE}::interval
    left join raw.geotab__trips as r
      on r.connection = ${connection} and r.device_id = t.device_id
        and r.occurred_at = date_trunc('milliseconds', t.started_at) and r.is_current
    order by 1, 3
  `.execute(context.db)
  return rows
}
