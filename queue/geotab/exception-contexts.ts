import { sql } from 'kysely'
import { upsertRecords } from '../../db/insert-records.ts'
import { positionsAt } from '../../extract/geotab/lookup.ts'
import { coordinateKey } from '../../transform/geotab/addresses.ts'
import { toLogRecordRow } from '../../transform/geotab/log-record.ts'
import { positionAt, type Fix } from '../../transform/geotab/position.ts'
import type { ZoneIndex } from '../../transform/zones/zone-index.ts'
import type { PipelineContext } from '../context.ts'
import { assertRunning } from '../ledger.ts'
import { wantAddresses } from './addresses.ts'
import type { ContextsPass } from './contexts-stage.ts'
import { geotabDatabase } from './source.ts'

const BATCH_ROWS = 2000

interface FixRow {
  at: number
  latitude: number
  longitude: number
}

interface ExceptionBeside {
  exception_id: string
  device_id: string | null
  started_at: string
  start_ms: number
  has_arrived: boolean
  before: FixRow | null
  after: FixRow | null
  held_method: string | null
}

interface Found {
  latitude: number | null
  longitude: number | null
  method: string
  gapSeconds: number | null
}

/** Writes where the vehicle was when each exception began, and the zones of that place. Returns how many changed. */
export async function writeExceptionContexts(
  context: PipelineContext,
  pass: ContextsPass,
  zones: ZoneIndex,
): Promise<number> {
  let written = 0
  let after = ''
  let mayAsk = context.geotab.settings.positions.vendor_per_run
  for (;;) {
    pass.signal.throwIfAborted()
    const batch = await readBatch(context, pass, after)
    const last = batch.at(-1)
    if (last === undefined) return written
    after = last.exception_id
    const { max_gap_seconds: maxGapSeconds, nearest_seconds: nearestSeconds } = context.geotab.settings.positions
    const found = batch.map((one): Found =>
      positionAt(one.start_ms, fix(one.before), fix(one.after), { maxGapSeconds, nearestSeconds }),
    )
    mayAsk -= await askVendor(context, pass, batch, found, mayAsk)
    written += await writeBatch(context, pass, zones, batch, found)
  }
}

const fix = (row: FixRow | null): Fix | null =>
  row === null ? null : { atMs: row.at, latitude: row.latitude, longitude: row.longitude }

/** The next exceptions to look at, each with the positions on either side of its beginning. */
async function readBatch(
  context: PipelineContext,
  { connection, since }: ContextsPass,
  after: string,
): Promise<ExceptionBeside[]> {
  const now = sql`${context.clock.now()}::timestamptz`
  const near = (comparison: string, order: string) => sql`(
    select json_build_object('at', (extract(epoch from p.recorded_at) * 1000)::float8, 'latitude', p.latitude, 'longitude', p.longitude)
    from base.geotab__positions as p
    where p.connection = ${connection} and p.device_id = e.device_id and p.latitude is not null and not p.is_future
      and p.recorded_at ${sql.raw(comparison)} e.started_at
    order by p.recorded_at ${sql.raw(order)} limit 1
  )`
  const { rows } = await sql<ExceptionBeside>`
    with arrived as (
      select exception_id from base.geotab__exceptions
      where landed_xid >= ${since}::xid8 and connection = ${connection}
    ),
    positions as (
      select device_id, min(recorded_at) as earliest, max(recorded_at) as latest from base.geotab__positions
      where landed_xid >= ${since}::xid8 and connection = ${connection} and not is_future
      group by 1
    ),
    touched as (
      select e.exception_id from positions as p
      join base.geotab__exceptions as e
        on e.connection = ${connection} and e.device_id = p.device_id
          and e.started_at between p.earliest - interval '10 minutes' and p.latest + interval '10 minutes'
      union
      -- Not found by our own positions, which had time to come: Geotab is asked.
      select c.exception_id from base.geotab__exception_contexts as c
      join base.geotab__exceptions as e on e.connection = c.connection and e.exception_id = c.exception_id
      where c.connection = ${connection} and c.position_method = 'none'
        and e.started_at between ${now} - interval '14 days' and ${now} - interval '1 hour'
    ),
    wanted as (
      select exception_id, bool_or(has_arrived) as has_arrived
      from (
        select exception_id, true as has_arrived from arrived union all select exception_id, false from touched
      ) as both_kinds
      where exception_id > ${after}
      group by 1
      order by 1
      limit ${BATCH_ROWS}
    )
    select w.exception_id, e.device_id, to_json(e.started_at) #>> '{}' as started_at,
      (extract(epoch from e.started_at) * 1000)::float8 as start_ms, w.has_arrived,
      ${near('<=', 'desc')} as before, ${near('>=', 'asc')} as after, c.position_method as held_method
    from wanted as w
    join base.geotab__exceptions as e on e.connection = ${connection} and e.exception_id = w.exception_id
    left join base.geotab__exception_contexts as c on c.connection = ${connection} and c.exception_id = w.exception_id
    order by 1
  `.execute(context.db)
  return rows
}

/** Asks Geotab where the vehicle was, for exceptions that our positions leave open. Returns how many were asked for. */
async function askVendor(
  context: PipelineContext,
  { connection, signal }: ContextsPass,
  batch: ExceptionBeside[],
  found: Found[],
  most: number,
): Promise<number> {
  const isOld = (one: ExceptionBeside) => one.start_ms < context.clock.now().getTime() - 3_600_000
  const open = batch
    .map((one, index) => ({ one, index }))
    .filter(({ one, index }) => found[index]?.method === 'none' && one.device_id !== null && isOld(one))
    .filter(({ one }) => one.held_method !== 'unknown')
    .slice(0, Math.max(0, most))
  if (open.length === 0) return 0
  const asked = open.map(({ one }) => ({ deviceId: one.device_id ?? '', at: one.started_at }))
  const answers = await positionsAt(geotabDatabase(context, connection).client, asked, signal)
  for (const [at, answer] of answers.entries()) {
    const { one, index } = open[at]!
    if (answer.outcome === 'failed') continue
    found[index] = { latitude: null, longitude: null, method: 'unknown', gapSeconds: null }
    if (answer.outcome === 'none') continue
    const row = toLogRecordRow(
      { ...(answer.record as object), id: 'interpolated', device: one.device_id, dateTime: one.started_at },
      { connection, rawVersion: 1, readAt: context.clock.now().getTime(), fingerprint: '' },
    )
    if (row.kind === 'row' && row.row.latitude !== null) {
      found[index] = { latitude: row.row.latitude, longitude: row.row.longitude, method: 'vendor', gapSeconds: null }
    }
  }
  return open.length
}

async function writeBatch(
  context: PipelineContext,
  { runId, connection }: ContextsPass,
  zones: ZoneIndex,
  batch: ExceptionBeside[],
  found: Found[],
): Promise<number> {
  const rows = batch.flatMap((one, index) => {
    const { latitude = null, longitude = null, method = 'none', gapSeconds = null } = found[index] ?? {}
    // What Geotab said stays until our own positions say more.
    if (method === 'none' && (one.held_method === 'vendor' || one.held_method === 'unknown') && !one.has_arrived)
      return []
    const hasPlace = latitude !== null && longitude !== null
    return {
      connection,
      exception_id: one.exception_id,
      latitude,
      longitude,
      position_method: method,
      position_gap_seconds: gapSeconds,
      zone_ids: hasPlace ? zones.at(longitude, latitude, one.start_ms) : [],
      ...(hasPlace ? coordinateKey(latitude, longitude) : NO_PLACE),
    }
  })
  return await context.db.transaction().execute(async (trx) => {
    await assertRunning(trx, runId)
    const waiting = await wantAddresses(context, trx, connection, rows)
    const written = await upsertRecords(
      trx,
      'base.geotab__exception_contexts',
      { keys: ['connection', 'exception_id'], changes: 'whole' },
      rows.map((row) => ({ ...row, is_waiting: waiting.has(row) })),
    )
    // The context's arrival stands for the exception's: also where the context came out the same.
    const arrived = batch.filter((one) => one.has_arrived).map((one) => one.exception_id)
    await sql`
      update base.geotab__exception_contexts set landed_xid = pg_current_xact_id()
      where connection = ${connection} and exception_id = any(${arrived}::text[]) and landed_xid <> pg_current_xact_id()
    `.execute(trx)
    return written
  })
}

const NO_PLACE = { latitude_e5: null, longitude_e5: null }
