import { sql } from 'kysely'
import { insertRecords } from '../../db/insert-records.ts'
import type { PositionRow } from '../../transform/geotab/log-record.ts'
import type { StatusDataRow } from '../../transform/geotab/status-data.ts'
import type { PipelineContext } from '../context.ts'
import type { TransformPass } from './transform-landed.ts'

/** Keeps the newest position of each device, so that "now" costs no search through history. */
export function latestPositions(context: PipelineContext): TransformPass<PositionRow> {
  const newest = new Map<string, PositionRow>()
  return {
    see(rows) {
      for (const row of rows) if (!row.is_future && row.latitude !== null) keepNewer(newest, row.device_id, row)
    },
    finish: () =>
      writeNewest(
        context,
        'base.geotab__latest_positions',
        [...newest.values()].map(({ connection, device_id, recorded_at, latitude, longitude }) => ({
          connection,
          device_id,
          recorded_at,
          latitude,
          longitude,
        })),
        ['connection', 'device_id'],
      ),
  }
}

/** Keeps the newest reading of each device and diagnostic. */
export function latestStatus(context: PipelineContext): TransformPass<StatusDataRow> {
  const newest = new Map<string, StatusDataRow>()
  return {
    see(rows) {
      for (const row of rows) if (!row.is_future) keepNewer(newest, `${row.device_id} ${row.diagnostic_id}`, row)
    },
    finish: () =>
      writeNewest(
        context,
        'base.geotab__latest_status',
        [...newest.values()].map(({ connection, device_id, diagnostic_id, recorded_at, value }) => ({
          connection,
          device_id,
          diagnostic_id,
          recorded_at,
          value,
        })),
        ['connection', 'device_id', 'diagnostic_id'],
      ),
  }
}

function keepNewer<Row extends { recorded_at: string }>(newest: Map<string, Row>, key: string, row: Row): void {
  const held = newest.get(key)
  if (held === undefined || Date.parse(row.recorded_at) >= Date.parse(held.recorded_at)) newest.set(key, row)
}

/** Writes rows that are newer than the ones held, or as old and different (a correction). */
async function writeNewest(
  context: PipelineContext,
  table: string,
  rows: { recorded_at: string }[],
  keys: string[],
): Promise<void> {
  const first = rows[0]
  if (first === undefined) return
  const values = Object.keys(first).filter((column) => !keys.includes(column))
  // By a name of its own for each table: the types of a table's columns are remembered by its name.
  const aside = `newest_${table.replace('base.geotab__', '')}`
  await context.db.transaction().execute(async (trx) => {
    await sql`create temporary table ${sql.table(aside)} on commit drop as select ${sql.join(Object.keys(first).map((c) => sql.ref(c)))} from ${sql.table(table)} limit 0`.execute(
      trx,
    )
    await insertRecords(trx, `pg_temp.${aside}`, rows)
    await sql`
      insert into ${sql.table(table)} as held (${sql.join(Object.keys(first).map((column) => sql.ref(column)))})
      select * from ${sql.table(`pg_temp.${aside}`)}
      on conflict (${sql.join(keys.map((key) => sql.ref(key)))}) do update
        set ${sql.join([...values.map((c) => sql`${sql.ref(c)} = ${sql.ref(`excluded.${c}`)}`), sql`landed_xid = pg_current_xact_id()`])}
        where excluded.recorded_at >= held.recorded_at
          and (${sql.join(values.map((c) => sql.ref(`held.${c}`)))}) is distinct from (${sql.join(values.map((c) => sql.ref(`excluded.${c}`)))})
    `.execute(trx)
  })
}
