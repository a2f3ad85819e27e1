import { beforeAll, expect, test } from 'vitest'
import { useGeotab } from './geotab.ts'

const geotab = useGeotab()

// Enough rows that no planner reads all of them for a few.
beforeAll(async () => {
  await geotab.query(`insert into base.geotab__trips (connection, device_id, started_at, trip_id, stopped_at, is_completed,
      is_future, warnings, raw_version, material_hash, transform_fingerprint, landed_xid)
    select 'north', 'b' || n % 100, '2026-01-01'::timestamptz + n * interval '3 minutes', n,
      '2026-01-01'::timestamptz + n * interval '3 minutes', true, false, '{}', 1, n, 'f', (n + 3)::text::xid8
    from generate_series(1, 20000) as n`)
  await geotab.query(`insert into base.geotab__trip_contexts (connection, device_id, started_at, zone_ids, odometer_method,
      engine_method, landed_xid)
    select connection, device_id, started_at, '{}', 'none', 'none', landed_xid from base.geotab__trips`)
  await geotab.query(`insert into base.geotab__exceptions (connection, exception_id, device_id, started_at, state, is_ended,
      is_future, warnings, raw_version, material_hash, transform_fingerprint, landed_xid)
    select connection, trip_id, device_id, started_at, 'valid', true, false, '{}', 1, 'h', 'f', landed_xid
    from base.geotab__trips`)
  await geotab.query(`insert into base.geotab__exception_contexts (connection, exception_id, position_method, zone_ids, landed_xid)
    select connection, exception_id, 'none', '{}', landed_xid from base.geotab__exceptions`)
  await geotab.query('analyze')
})

interface Plan {
  'Node Type': string
  'Relation Name'?: string
  Plans?: Plan[]
}

/** The large tables that a query reads from end to end. */
async function readWhole(query: string): Promise<string[]> {
  const rows = (await geotab.query(`explain (format json) ${query}`)) as { 'QUERY PLAN': { Plan: Plan }[] }[]
  const look = (plan: Plan): string[] => [
    ...(plan['Node Type'].includes('Seq Scan') ? [plan['Relation Name'] ?? ''] : []),
    ...(plan.Plans ?? []).flatMap(look),
  ]
  const plans = rows.flatMap((row) => row['QUERY PLAN']).map((plan) => plan.Plan)
  return plans
    .flatMap(look)
    .filter((name) => /trips_all|trip_contexts_all|geotab__exceptions|geotab__exception_contexts/.test(name))
}

test.for([
  `select * from intermediate.int_geotab_trips_reported where connection = 'north' and landed_xid >= '19990' and is_reportable`,
  `select * from intermediate.int_geotab_exceptions_reported where connection = 'north' and landed_xid >= '19990' and is_reportable`,
  `select * from intermediate.int_geotab_trips_reported where connection = 'north' and device_id = 'b7' and occurred_at > '2026-02-10'`,
  `select * from marts.fct_geotab_trips where connection = 'north' and device_id = 'b7' and started_at > '2026-02-10'`,
  `select * from intermediate.int_geotab_vehicle_readings where device_id = 'b7'`,
])('%s goes through indexes', async (query) => {
  expect(await readWhole(query)).toEqual([])
})

test('a question for all of it does read whole tables, so that these tests could fail', async () => {
  expect(await readWhole('select * from intermediate.int_geotab_trips_reported')).not.toEqual([])
})
