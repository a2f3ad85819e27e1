import { describe, expect, test } from 'vitest'
import { settled } from '../support/settled.ts'
import { useGeotab } from './geotab.ts'

const geotab = useGeotab()
const { insert, query, build } = geotab

type Row = Record<string, unknown>

const trip = (device_id: string, started_at: string, more: Row = {}) =>
  insert('trips', { device_id, started_at, driving_seconds: '60', distance_m: 1609.344, ...more })

const DAYS = `select device_id, activity_date, trips, exceptions, faults, distance_mi, driving_seconds, engine_hours
  from marts.fct_geotab_vehicle_days`
const daysOf = (device: string) =>
  query(`${DAYS} where device_id = $1 order by activity_date`, [device]).then((rows) =>
    rows.map((row) => [row.activity_date, row.trips, row.exceptions, row.faults, row.engine_hours]),
  )

describe('vehicle days', () => {
  test('are days on the clocks of the connection', async () => {
    await trip('clock', '2026-03-08T04:59:59Z') // the evening before, in winter time
    await trip('clock', '2026-03-08T05:00:00Z')
    await trip('clock', '2026-03-09T03:59:59Z') // the clocks went forward: still the 8th
    await trip('clock', '2026-03-09T04:00:00Z')
    await insert('trips', { connection: 'south', device_id: 'clock', started_at: '2026-03-08T05:00:00Z' })
    await insert('status_data', {
      device_id: 'clock',
      diagnostic_id: 'DiagnosticEngineHoursId',
      recorded_at: '2026-03-08T06:00:00Z',
      record_id: '1',
      value: 3600,
    })
    expect((await build()).published).toBe(true)
    expect(
      await query(`select connection, activity_date, trips, driving_seconds, engine_hours
        from marts.fct_geotab_vehicle_days where device_id = 'clock' order by 1, 2`),
    ).toEqual([
      { connection: 'north', activity_date: '2026-03-07', trips: 1, driving_seconds: 60, engine_hours: null },
      { connection: 'north', activity_date: '2026-03-08', trips: 2, driving_seconds: 120, engine_hours: null },
      { connection: 'north', activity_date: '2026-03-09', trips: 1, driving_seconds: 60, engine_hours: null },
      { connection: 'south', activity_date: '2026-03-07', trips: 1, driving_seconds: null, engine_hours: null },
    ])
  })

  test('tell by how much the engine hours grew, and nothing after the engine was changed', async () => {
    const read = (day: string, hour: string, value: number, diagnostic = 'DiagnosticEngineHoursId') =>
      insert('status_data', {
        device_id: 'engine',
        diagnostic_id: diagnostic,
        recorded_at: `2026-04-${day}T${hour}:00:00Z`,
        record_id: `${diagnostic}${day}${hour}`,
        value,
      })
    await read('01', '12', 3600)
    await read('01', '20', 12_600)
    await read('01', '15', 7200)
    await read('02', '12', 14_400)
    await read('03', '12', 50_000)
    await read('03', '13', 10)
    await read('04', '12', 0)
    await read('04', '13', 3600)
    await read('04', '12', 100, 'DiagnosticEngineHoursAdjustmentId')
    await read('04', '14', 7300, 'DiagnosticEngineHoursAdjustmentId')
    await build()
    expect(await daysOf('engine')).toEqual([
      ['2026-04-01', 0, 0, 0, 2.5],
      ['2026-04-04', 0, 0, 0, 2],
    ])
  })

  test('of a build that finds nothing new are left as they are', async () => {
    await settled(geotab.database.pool)
    await build()
    const before = await query('select ctid, xmin::text from intermediate.int_geotab_vehicle_days order by 1')
    const result = await build()
    expect(result.nodes.find((node) => node.name === 'int_geotab_vehicle_days')).toMatchObject({ status: 'unchanged' })
    expect(await query('select ctid, xmin::text from intermediate.int_geotab_vehicle_days order by 1')).toEqual(before)
  })

  // The whole of the base tables, added up without the models.
  const ORACLE = `
    with zones as (select connection, time_zone from ops.connections where source = 'geotab'),
    facts as (
      select connection, device_id, started_at as at, 1 as trips, 0 as exceptions, 0 as faults,
        driving_seconds::float8 as driving_seconds, distance_m
      from base.geotab__trips where deleted_at is null
      union all
      select connection, device_id, started_at, 0, 1, 0, null, null
      from base.geotab__exceptions where deleted_at is null and state = 'valid' and device_id is not null
      union all
      select connection, device_id, recorded_at, 0, 0, 1, null, null from base.geotab__faults where device_id is not null
    ),
    sums as (
      select connection, device_id, (at at time zone time_zone)::date as activity_date, sum(trips)::int as trips,
        sum(exceptions)::int as exceptions, sum(faults)::int as faults,
        round((sum(distance_m) / 1609.344)::numeric, 4)::float8 as distance_mi, sum(driving_seconds) as driving_seconds
      from facts join zones using (connection) group by 1, 2, 3
    ),
    readings as (
      select connection, device_id, (recorded_at at time zone time_zone)::date as activity_date, diagnostic_id,
        first_value(value) over first as first, first_value(value) over last as last,
        count(*) over (partition by connection, device_id, (recorded_at at time zone time_zone)::date, diagnostic_id) as rows
      from base.geotab__status_data join zones using (connection) where not is_future
      window first as (partition by connection, device_id, (recorded_at at time zone time_zone)::date, diagnostic_id order by recorded_at, record_id),
        last as (partition by connection, device_id, (recorded_at at time zone time_zone)::date, diagnostic_id order by recorded_at desc, record_id desc)
    ),
    hours as (
      select distinct on (connection, device_id, activity_date) connection, device_id, activity_date,
        round(((last - first) / 3600)::numeric, 2)::float8 as engine_hours
      from readings where rows > 1 and last >= first
      order by connection, device_id, activity_date, diagnostic_id
    )
    select connection, device_id, activity_date, coalesce(trips, 0) as trips, coalesce(exceptions, 0) as exceptions,
      coalesce(faults, 0) as faults, distance_mi, driving_seconds, engine_hours
    from sums full join hours using (connection, device_id, activity_date) order by 1, 2, 3`
  const BUILT = `select connection, device_id, activity_date, trips, exceptions, faults, distance_mi, driving_seconds,
    engine_hours from marts.fct_geotab_vehicle_days order by 1, 2, 3`

  test('are the same by increments and by a full refresh, whatever comes late, changes, moves or goes', async () => {
    // The same numbers each time, so that a failure can be seen again.
    let seed = 7
    const random = (below: number) => {
      seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648
      return Math.floor((seed / 2_147_483_648) * below)
    }
    const one = <T>(...list: T[]) => list[random(list.length)] as T
    // Around both changes of the clocks.
    const instant = () =>
      new Date(
        Date.parse(one('2026-03-06T00:00:00Z', '2026-10-30T00:00:00Z')) + random(4 * 24 * 60) * 60_000,
      ).toISOString()
    let number = 0
    const key = () => ({ connection: one('north', 'south'), device_id: `r${random(3)}` })
    const stamp = 'landed_xid = pg_current_xact_id(), changed_at = clock_timestamp()'
    const anyOf = (table: string) =>
      `ctid = (select ctid from base.geotab__${table} order by md5(ctid::text || ${random(1000)}) limit 1)`
    const changes: (() => Promise<unknown>)[] = [
      () => trip(`r${random(3)}`, instant(), { connection: one('north', 'south'), trip_id: String((number += 1)) }),
      () => trip(`r${random(3)}`, instant(), { driving_seconds: String(random(9000)), distance_m: random(90_000) }),
      () => query(`update base.trips_all set driving_seconds = ${random(9000)}, ${stamp} where ${anyOf('trips')}`),
      () => query(`update base.trips_all set deleted_at = now(), ${stamp} where ${anyOf('trips')}`),
      () => query(`update base.trips_all set deleted_at = null, ${stamp} where ${anyOf('trips')}`),
      () => insert('exceptions', { ...key(), exception_id: `x${(number += 1)}`, started_at: instant(), rule_id: 'r' }),
      () =>
        query(`update base.geotab__exceptions set started_at = '${instant()}', ${stamp} where ${anyOf('exceptions')}`),
      () =>
        query(`update base.geotab__exceptions set device_id = 'r${random(3)}', ${stamp} where ${anyOf('exceptions')}`),
      () =>
        query(
          `update base.geotab__exceptions set state = '${one('valid', 'invalid')}', ${stamp} where ${anyOf('exceptions')}`,
        ),
      () => insert('faults', { ...key(), fault_id: `f${(number += 1)}`, recorded_at: instant() }),
      () => query(`update base.geotab__faults set recorded_at = '${instant()}', ${stamp} where ${anyOf('faults')}`),
      () =>
        insert('status_data', {
          ...key(),
          diagnostic_id: one('DiagnosticEngineHoursId', 'DiagnosticEngineHoursAdjustmentId'),
          recorded_at: instant(),
          record_id: `s${(number += 1)}`,
          value: random(100) * 900,
        }),
    ]
    for (let step = 0; step < 60; step += 1) await one(...changes)()
    await build()
    for (let round = 0; round < 10; round += 1) {
      for (let step = random(12); step >= 0; step -= 1) await one(...changes)()
      // Another time zone in the configuration moves the records of every day.
      if (round === 5) await query(`update ops.connections set time_zone = 'Asia/Tokyo' where connection = 'south'`)
      const result = await build()
      expect(result.published).toBe(true)
      expect(await query(BUILT)).toEqual(await query(ORACLE))
      const days = result.nodes.find((node) => node.name === 'int_geotab_vehicle_days')
      expect(days?.replaced).not.toBeNull()
    }
    const byIncrements = await query(BUILT)
    expect((await build({ fullRefresh: true })).published).toBe(true)
    expect(await query(BUILT)).toEqual(byIncrements)
    expect(byIncrements.length).toBeGreaterThan(20)
  })

  test('case 24: tell engine hours over the day on which their diagnostic was given another id', async () => {
    const alias = { diagnostic_id: 'DiagnosticEngineHoursId', first_id: 'aEngineGu1d' }
    await insert('diagnostic_aliases', { ...alias, alias_id: 'aEngineGu1d', noticed_by: 'source' })
    for (const [hour, diagnostic_id, value] of [
      ['10', 'aEngineGu1d', 3600],
      ['12', 'aEngineGu1d', 7200],
      ['14', 'DiagnosticEngineHoursId', 10_800],
    ]) {
      const recorded_at = `2026-05-01T${hour}:00:00Z`
      await insert('status_data', { device_id: 'renamed', diagnostic_id, recorded_at, record_id: `r${hour}`, value })
    }
    expect((await build()).published).toBe(true)
    expect(await query(`select engine_hours from marts.fct_geotab_vehicle_days where device_id = 'renamed'`)).toEqual([
      { engine_hours: 2 },
    ])
  })
})

test('dimensions tell archived and shared vehicles, whoever may drive, and the members of groups', async () => {
  const serial_number = 'GSHARED'
  await insert('devices', { device_id: 'd1', name: 'New', serial_number, group_ids: ['g1', 'g2'] })
  await insert('devices', {
    device_id: 'd2',
    name: 'Old',
    serial_number,
    group_ids: ['g1'],
    active_to: '2026-01-01T00:00:00Z',
  })
  await insert('devices', { connection: 'south', device_id: 'd3', serial_number })
  await insert('devices', { device_id: 'd4', serial_number: '' })
  await insert('devices', { device_id: 'd5', serial_number: '' })
  await insert('groups', { group_id: 'g1', name: 'One' })
  await insert('groups', { group_id: 'g2', name: 'Two' })
  await insert('users', { user_id: 'u1', name: 'a@x', first_name: 'Ann', last_name: 'Lee', is_driver: true })
  await insert('users', { user_id: 'u2', name: 'b@x', first_name: ' ', last_name: null })
  await insert('zones', { zone_id: 'z1', name: 'Yard' })
  await insert('zones', { zone_id: 'z2', name: 'Gone', deleted_at: '2026-01-01T00:00:00Z' })
  expect((await build()).published).toBe(true)
  expect(
    await query(`select vehicle_key, group_names, is_archived, is_serial_number_shared from marts.dim_geotab_vehicles
      where device_id ~ '^d[1-5]$' order by 1`),
  ).toEqual([
    { vehicle_key: 'north/d1', group_names: 'One, Two', is_archived: false, is_serial_number_shared: true },
    { vehicle_key: 'north/d2', group_names: 'One', is_archived: true, is_serial_number_shared: true },
    { vehicle_key: 'north/d4', group_names: null, is_archived: false, is_serial_number_shared: false },
    { vehicle_key: 'north/d5', group_names: null, is_archived: false, is_serial_number_shared: false },
    { vehicle_key: 'south/d3', group_names: null, is_archived: false, is_serial_number_shared: false },
  ])
  expect(await query('select driver_key, full_name, is_driver from marts.dim_geotab_drivers order by 1')).toEqual([
    { driver_key: 'north/u1', full_name: 'Ann Lee', is_driver: true },
    { driver_key: 'north/u2', full_name: 'b@x', is_driver: false },
  ])
  expect(await query('select group_key, vehicles from marts.dim_geotab_groups order by 1')).toEqual([
    { group_key: 'north/g1', vehicles: 2 },
    { group_key: 'north/g2', vehicles: 1 },
  ])
  expect(await query('select zone_id, is_active from marts.dim_geotab_zones order by 1')).toEqual([
    { zone_id: 'z1', is_active: true },
    { zone_id: 'z2', is_active: false },
  ])
})

test('facts leave out what was deleted, and keep what goes on', async () => {
  await trip('fact', '2026-05-01T10:00:00Z', { maximum_speed_kmh: 160.9344, odometer_end_m: 1609.344 })
  await trip('fact', '2026-05-01T11:00:00Z', { is_completed: false, stopped_at: null })
  await trip('fact', '2026-05-01T12:00:00Z', { deleted_at: '2026-05-02T00:00:00Z' })
  expect(
    await query(`select distance_mi, maximum_speed_mph, odometer_end_mi, odometer_start_mi, is_completed
      from marts.fct_geotab_trips where device_id = 'fact' order by started_at`),
  ).toEqual([
    { distance_mi: 1, maximum_speed_mph: 100, odometer_end_mi: 1, odometer_start_mi: null, is_completed: true },
    { distance_mi: 1, maximum_speed_mph: null, odometer_end_mi: null, odometer_start_mi: null, is_completed: false },
  ])
})

test('the freshness of a feed tells of its cursor and its pages', async () => {
  const run = '00000000-0000-4000-8000-000000000001'
  await query(
    `insert into ops.runs (run_id, lane, trigger, status, owner) values ($1, 'geotab', 'manual', 'succeeded', 'test')`,
    [run],
  )
  await query(`insert into ops.cursors (feed, connection, value, run_id, updated_at) values
    ('geotab.trips', 'north', '{}', '${run}', now() - interval '90 minutes'), ('fullbay.invoices', 'north', '{}', '${run}', now())`)
  for (const [feed, landed, ago] of [
    ['geotab.trips', 5, '2 hours'],
    ['geotab.trips', 7, '3 days'],
    ['geotab.trips', 0, '1 hour'],
    ['geotab.groups', 3, '10 days'],
  ]) {
    await query(
      `insert into ops.pages (run_id, feed, connection, page, fetched, landed, unchanged, quarantined, record_keys, landed_at)
       values ($1, $2, 'north', 1, 10, $3, 10 - $3::int, 0, '{}', date_trunc('hour', now()) - $4::interval)`,
      [run, feed, landed, ago],
    )
  }
  expect(
    await query(`select feed, round(cursor_age_minutes)::int as age, fetched_last_24h, landed_last_24h,
      (extract(epoch from date_trunc('hour', now()) - last_page_at) / 3600)::int as page_hours,
      (extract(epoch from date_trunc('hour', now()) - last_landed_at) / 3600)::int as landed_hours
      from marts.v_geotab_feed_freshness order by 1`),
  ).toEqual([
    { feed: 'geotab.groups', age: null, fetched_last_24h: 0, landed_last_24h: 0, page_hours: 240, landed_hours: 240 },
    { feed: 'geotab.trips', age: 90, fetched_last_24h: 20, landed_last_24h: 5, page_hours: 1, landed_hours: 2 },
  ])
})

describe('what is wrong is told by the data tests', () => {
  const now = (minutes: number) => new Date(Date.now() - minutes * 60_000).toISOString()
  const statusOf = async (name: string) => (await build()).tests.find((item) => item.name === name)?.status

  test('trips of a vehicle that overlap, an odometer that runs backwards, facts without surroundings', async () => {
    await trip('lap', now(300), { stopped_at: now(200), odometer_end_m: 1000, changed_at: now(180) })
    await trip('lap', now(250), { stopped_at: now(190), changed_at: now(180) })
    expect(await statusOf('assert_geotab_trips_do_not_overlap')).toBe('warn')
    expect(await statusOf('assert_recent_geotab_facts_have_contexts')).toBe('warn')
    const { rows } = await geotab.database.pool.query<{ started_at: Date }>(
      `select started_at from base.geotab__trips where device_id = 'lap'`,
    )
    for (const { started_at } of rows) {
      await insert('trip_contexts', { device_id: 'lap', started_at, odometer_method: 'before', odometer_start_m: 5000 })
    }
    expect(await statusOf('assert_geotab_odometers_do_not_run_backwards')).toBe('warn')
    expect(await statusOf('assert_recent_geotab_facts_have_contexts')).toBe('pass')
    await query(
      `update base.trips_all set deleted_at = now(), landed_xid = pg_current_xact_id() where device_id = 'lap'`,
    )
    expect(await statusOf('assert_geotab_trips_do_not_overlap')).toBe('pass')
  })

  test('days that do not add up hold the generation back', async () => {
    await trip('sum', now(120), { stopped_at: now(100), changed_at: now(90) })
    expect(await statusOf('assert_geotab_vehicle_days_add_up_to_their_trips')).toBe('pass')
    // Not stamped, so it does not arrive.
    await trip('sum', now(130), { stopped_at: now(125), changed_at: now(90), landed_xid: '3' })
    const result = await build()
    const failed = result.tests.filter((item) => item.status === 'fail').map((item) => item.name)
    expect(failed).toEqual(['assert_geotab_vehicle_days_add_up_to_their_trips'])
    expect(result.groups.find((group) => group.name === 'geotab')).toMatchObject({ isPublished: false })
    expect((await build({ fullRefresh: true })).published).toBe(true)
  })
})
