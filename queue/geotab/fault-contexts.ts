import { sql } from 'kysely'
import { upsertRecords } from '../../db/insert-records.ts'
import { driverAt } from '../../transform/geotab/driver.ts'
import type { PipelineContext } from '../context.ts'
import { assertRunning } from '../ledger.ts'
import type { ContextsPass } from './contexts-stage.ts'

const BATCH_ROWS = 2000

interface FaultBeside {
  fault_id: string
  recorded_ms: number
  has_arrived: boolean
  trip: { start_ms: number; next_ms: number | null; driver_id: string | null } | null
  change: { at: number; driver_id: string | null } | null
}

/** Writes who drove when each fault was recorded. Returns how many changed. */
export async function writeFaultContexts(context: PipelineContext, pass: ContextsPass): Promise<number> {
  let written = 0
  let after = ''
  for (;;) {
    pass.signal.throwIfAborted()
    const batch = await readBatch(context, pass, after)
    const last = batch.at(-1)
    if (last === undefined) return written
    after = last.fault_id
    written += await writeBatch(context, pass, batch)
  }
}

/** The next faults to look at, each with the trip that began before it and the last change of drivers before it. */
async function readBatch(
  context: PipelineContext,
  { connection, since }: ContextsPass,
  after: string,
): Promise<FaultBeside[]> {
  const { rows } = await sql<FaultBeside>`
    with arrived as (
      select fault_id from base.geotab__faults where landed_xid >= ${since}::xid8 and connection = ${connection}
    ),
    -- Times in which somebody else may have driven than was thought: a trip's own, and those after a change of drivers.
    spans as (
      select device_id, min(started_at) as earliest, max(coalesce(next_trip_started_at, started_at + interval '1 day')) as latest
      from base.geotab__trips where landed_xid >= ${since}::xid8 and connection = ${connection}
      group by 1
      union all
      select device_id, min(changed_at), max(changed_at) + interval '14 days'
      from base.geotab__driver_changes where landed_xid >= ${since}::xid8 and connection = ${connection} and not is_future
      group by 1
    ),
    touched as (
      select f.fault_id from spans as s
      join base.geotab__faults as f
        on f.connection = ${connection} and f.device_id = s.device_id and f.recorded_at between s.earliest and s.latest
    ),
    wanted as (
      select fault_id, bool_or(has_arrived) as has_arrived
      from (select fault_id, true as has_arrived from arrived union all select fault_id, false from touched) as both_kinds
      where fault_id > ${after}
      group by 1
      order by 1
      limit ${BATCH_ROWS}
    )
    select w.fault_id, w.has_arrived, (extract(epoch from f.recorded_at) * 1000)::float8 as recorded_ms,
      (
        select json_build_object('start_ms', (extract(epoch from t.started_at) * 1000)::float8,
          'next_ms', (extract(epoch from t.next_trip_started_at) * 1000)::float8, 'driver_id', t.driver_id)
        from base.geotab__trips as t
        where t.connection = ${connection} and t.device_id = f.device_id and t.deleted_at is null
          and not t.is_superseded and t.started_at <= f.recorded_at
        order by t.started_at desc limit 1
      ) as trip,
      (
        select json_build_object('at', (extract(epoch from c.changed_at) * 1000)::float8, 'driver_id', c.driver_id)
        from base.geotab__driver_changes as c
        where c.connection = ${connection} and c.device_id = f.device_id and not c.is_future
          and c.changed_at <= f.recorded_at
        order by c.changed_at desc, c.change_id desc limit 1
      ) as change
    from wanted as w
    join base.geotab__faults as f on f.connection = ${connection} and f.fault_id = w.fault_id
    order by 1
  `.execute(context.db)
  return rows
}

async function writeBatch(
  context: PipelineContext,
  { runId, connection }: ContextsPass,
  batch: FaultBeside[],
): Promise<number> {
  const rows = batch.map(({ fault_id, recorded_ms, trip, change }) => {
    const trips = trip === null ? [] : [{ startMs: trip.start_ms, nextStartMs: trip.next_ms, driverId: trip.driver_id }]
    const changes = change === null ? [] : [{ atMs: change.at, driverId: change.driver_id }]
    const { driverId, method } = driverAt(recorded_ms, trips, changes)
    return { connection, fault_id, driver_id: driverId, driver_method: method }
  })
  return await context.db.transaction().execute(async (trx) => {
    await assertRunning(trx, runId)
    const rule = { keys: ['connection', 'fault_id'], changes: 'whole' } as const
    const written = await upsertRecords(trx, 'base.geotab__fault_contexts', rule, rows)
    // The context's arrival stands for the fault's: also where the driver is the same.
    const arrived = batch.filter((one) => one.has_arrived).map((one) => one.fault_id)
    await sql`
      update base.geotab__fault_contexts set landed_xid = pg_current_xact_id()
      where connection = ${connection} and fault_id = any(${arrived}::text[]) and landed_xid <> pg_current_xact_id()
    `.execute(trx)
    return written
  })
}
