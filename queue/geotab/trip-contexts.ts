import { sql, type RawBuilder } from 'kysely'
import { insertRecords, upsertRecords } from '../../db/insert-records.ts'
import { ensurePartitions } from '../../db/partitions.ts'
import { coordinateKey } from '../../transform/geotab/addresses.ts'
import { engineHoursAt, odometerAtTripStart, type MeterReading } from '../../transform/geotab/odometer.ts'
import type { ZoneIndex } from '../../transform/zones/zone-index.ts'
import type { PipelineContext } from '../context.ts'
import { assertRunning } from '../ledger.ts'
import { wantAddresses } from './addresses.ts'
import type { ContextsPass } from './contexts-stage.ts'
import { allIdsOf } from './diagnostic-ids.ts'

/** Calibrated odometer in metres: the engine's by Geotab's factor and offset, and the corrections made by hand. */
const ODOMETERS = ['DiagnosticOdometerId', 'DiagnosticOdometerAdjustmentId']
/** Engine hours, in seconds. */
const ENGINE_HOURS = ['DiagnosticEngineHoursId', 'DiagnosticEngineHoursAdjustmentId']

const BATCH_ROWS = 2000

interface TripBeside {
  device_id: string
  started_at: string
  stopped_at: string | null
  distance_m: number | null
  odometer_end_m: number | null
  stop_latitude: number | null
  stop_longitude: number | null
  /** When the drive before it stopped. */
  stood_since_ms: number | null
  has_arrived: boolean
  odometers: ReadingRow[] | null
  engine_hours: ReadingRow[] | null
}

/** The diagnostics whose readings count, by all of their ids. */
interface Meters {
  odometers: string[]
  engineHours: string[]
}

interface ReadingRow {
  at: number
  value: number
}

/** Writes zones, odometer and engine hours of every trip that arrived, or whose readings did. Returns how many changed. */
export async function writeTripContexts(
  context: PipelineContext,
  pass: ContextsPass,
  zones: ZoneIndex,
): Promise<number> {
  const meters: Meters = {
    odometers: await allIdsOf(context.db, pass.connection, ODOMETERS),
    engineHours: await allIdsOf(context.db, pass.connection, ENGINE_HOURS),
  }
  let written = 0
  let after = { device: '', at: '-infinity' }
  for (;;) {
    pass.signal.throwIfAborted()
    const batch = await readBatch(context, pass, meters, after)
    const last = batch.at(-1)
    if (last === undefined) return written
    after = { device: last.device_id, at: last.started_at }
    written += await writeBatch(context, pass, zones, batch)
  }
}

/** The next trips to look at, each with the readings on either side of its start. */
async function readBatch(
  context: PipelineContext,
  { connection, since }: ContextsPass,
  { odometers, engineHours }: Meters,
  after: { device: string; at: string },
): Promise<TripBeside[]> {
  const { rows } = await sql<TripBeside>`
    with arrived as (
      select device_id, started_at from base.geotab__trips
      where landed_xid >= ${since}::xid8 and connection = ${connection}
    ),
    readings as (
      select device_id, diagnostic_id = any(${odometers}::text[]) as is_odometer, min(recorded_at) as earliest, max(recorded_at) as latest
      from base.geotab__status_data
      where landed_xid >= ${since}::xid8 and connection = ${connection} and not is_future
        and diagnostic_id = any(${[...odometers, ...engineHours]}::text[])
      group by 1, 2
    ),
    touched as (
      -- Not settled: a reading on the side that was missing may have come. Settled: one between the two may have.
      select c.device_id, c.started_at from readings as r
      join base.geotab__trip_contexts as c
        on c.connection = ${connection} and c.device_id = r.device_id
          and c.started_at between r.earliest - interval '7 days' and r.latest + interval '7 days'
      where (c.odometer_method not in ('trip', 'bracketed') or c.engine_method <> 'bracketed')
        and (
          (r.is_odometer and c.odometer_method not in ('trip', 'bracketed'))
          or (not r.is_odometer and c.engine_method <> 'bracketed')
        )
      union
      select c.device_id, c.started_at from readings as r
      join base.geotab__trip_contexts as c
        on c.connection = ${connection} and c.device_id = r.device_id and c.started_at between r.earliest and r.latest
    ),
    wanted as (
      select device_id, started_at, bool_or(has_arrived) as has_arrived
      from (
        select device_id, started_at, true as has_arrived from arrived
        union all select device_id, started_at, false from touched
      ) as both_kinds
      where (device_id, started_at) > (${after.device}, ${after.at}::timestamptz)
      group by 1, 2
      order by 1, 2
      limit ${BATCH_ROWS}
    )
    select w.device_id, to_json(w.started_at) #>> '{}' as started_at, t.stopped_at::text, t.distance_m, t.odometer_end_m,
      t.stop_latitude, t.stop_longitude, w.has_arrived,
      (
        select (extract(epoch from coalesce(b.stopped_at, b.started_at)) * 1000)::float8 from base.geotab__trips as b
        where b.connection = ${connection} and b.device_id = w.device_id and b.started_at < w.started_at
          and b.deleted_at is null and not b.is_superseded
        order by b.started_at desc limit 1
      ) as stood_since_ms,
      ${readingsAround(connection, odometers)} as odometers,
      ${readingsAround(connection, engineHours)} as engine_hours
    from wanted as w
    join base.geotab__trips as t
      on t.connection = ${connection} and t.device_id = w.device_id and t.started_at = w.started_at
    order by 1, w.started_at
  `.execute(context.db)
  return rows
}

/** The last reading before and the first after the trip's start, of each of these diagnostics, as a JSON list. */
function readingsAround(connection: string, diagnostics: string[]): RawBuilder<unknown> {
  const near = diagnostics.flatMap((diagnostic) => {
    const side = (comparison: RawBuilder<unknown>, order: RawBuilder<unknown>) => sql`
      (select s.recorded_at, s.value from base.geotab__status_data as s
       where s.connection = ${connection} and s.device_id = w.device_id and s.diagnostic_id = ${diagnostic}
         and not s.is_future and s.recorded_at ${comparison} w.started_at
       order by s.recorded_at ${order} limit 1)`
    return [side(sql`<=`, sql`desc`), side(sql`>`, sql`asc`)]
  })
  return sql`(
    select json_agg(json_build_object('at', extract(epoch from r.recorded_at) * 1000, 'value', r.value) order by r.recorded_at)
    from (${sql.join(near, sql` union all `)}) as r
  )`
}

async function writeBatch(
  context: PipelineContext,
  { runId, connection }: ContextsPass,
  zones: ZoneIndex,
  batch: TripBeside[],
): Promise<number> {
  const rows = batch.map((trip) => ({ trip, row: contextOf(trip, connection, zones) }))
  await ensurePartitions(
    context.pool,
    'base.geotab__trip_contexts',
    batch.map((trip) => Date.parse(trip.started_at)),
  )
  return await context.db.transaction().execute(async (trx) => {
    await assertRunning(trx, runId)
    const waiting = await wantAddresses(
      context,
      trx,
      connection,
      rows.map(({ row }) => row),
    )
    const all = rows.map(({ trip, row }) => ({ trip, row: { ...row, is_waiting: waiting.has(row) } }))
    const keys = ['connection', 'device_id', 'started_at']
    const written = await upsertRecords(
      trx,
      'base.geotab__trip_contexts',
      { keys, changes: 'whole' },
      all.map(({ row }) => row),
    )
    // The context's arrival stands for the trip's: also where the context came out the same.
    await touch(
      trx,
      connection,
      all.filter(({ trip }) => trip.has_arrived).map(({ row }) => row),
    )
    return written
  })
}

type Trx = Parameters<typeof insertRecords>[0]

async function touch(trx: Trx, connection: string, rows: { device_id: string; started_at: string }[]): Promise<void> {
  if (rows.length === 0) return
  await sql`
    update base.geotab__trip_contexts as c set landed_xid = pg_current_xact_id()
    from unnest(${rows.map((row) => row.device_id)}::text[], ${rows.map((row) => row.started_at)}::timestamptz[])
      as r (device_id, started_at)
    where c.connection = ${connection} and c.device_id = r.device_id and c.started_at = r.started_at
      and c.landed_xid <> pg_current_xact_id()
  `.execute(trx)
}

function contextOf(trip: TripBeside, connection: string, zones: ZoneIndex) {
  const startMs = Date.parse(trip.started_at)
  const odometer = odometerAtTripStart(
    { startMs, odometerEndM: trip.odometer_end_m, distanceM: trip.distance_m, stoodSinceMs: trip.stood_since_ms },
    readings(trip.odometers),
  )
  const engine = engineHoursAt(readings(trip.engine_hours), startMs)
  const { stop_latitude: latitude, stop_longitude: longitude } = trip
  const hasPlace = latitude !== null && longitude !== null
  const stopMs = trip.stopped_at === null ? startMs : Date.parse(trip.stopped_at)
  return {
    connection,
    device_id: trip.device_id,
    started_at: trip.started_at,
    zone_ids: hasPlace ? zones.at(longitude, latitude, stopMs) : [],
    odometer_start_m: odometer.meters,
    odometer_method: odometer.method,
    odometer_gap_seconds: odometer.gapSeconds,
    engine_start_seconds: engine.seconds,
    engine_method: engine.method,
    ...(hasPlace ? coordinateKey(latitude, longitude) : NO_PLACE),
  }
}

const NO_PLACE = { latitude_e5: null, longitude_e5: null }

function readings(rows: ReadingRow[] | null): MeterReading[] {
  return (rows ?? []).map(({ at, value }) => ({ atMs: at, value }))
}
