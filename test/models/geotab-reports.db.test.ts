import { describe, expect, test } from 'vitest'
import { useGeotab } from './geotab.ts'

const geotab = useGeotab()
const { insert, query } = geotab

type Row = Record<string, unknown>

let number = 0
/** An id that no other test uses. */
const anId = (kind: string) => `${kind}${(number += 1)}`

const START = '2026-03-10T14:05:09.999Z'

/** A trip and its surroundings as the report has them, with the columns before those of the report. */
async function reportedTrip(trip: Row = {}, context: Row = {}): Promise<Row> {
  const key = { device_id: anId('b'), started_at: START, ...pick(trip, 'connection', 'device_id', 'started_at') }
  await insert('trips', { ...trip, ...key })
  await insert('trip_contexts', { ...context, ...key })
  const rows = await query('select * from intermediate.int_geotab_trips_reported where device_id = $1', [key.device_id])
  expect(rows).toHaveLength(1)
  return rows[0] as Row
}

async function reportedException(exception: Row = {}, context: Row = {}): Promise<Row> {
  const id = { exception_id: anId('e') }
  await insert('exceptions', { device_id: anId('b'), started_at: START, ...exception, ...id })
  await insert('exception_contexts', { ...context, ...id })
  const rows = await query(
    `select r.* from intermediate.int_geotab_exceptions_reported r
     join base.geotab__exceptions e on r.row_key like concat(e.device_id, '|%') where exception_id = $1`,
    [id.exception_id],
  )
  return rows[0] as Row
}

async function reportedFault(fault: Row = {}, context: Row = {}): Promise<Row> {
  const id = { fault_id: anId('f') }
  await insert('faults', { device_id: anId('b'), recorded_at: START, ...fault, ...id })
  await insert('fault_contexts', { ...context, ...id })
  const rows = await query('select * from intermediate.int_geotab_faults_reported where row_key = $1', [id.fault_id])
  return rows[0] as Row
}

async function reportedAsset(status: Row = {}, device: Row | null = {}): Promise<Row> {
  const id = { device_id: anId('b') }
  await insert('device_status', { recorded_at: START, ...status, ...id })
  if (device !== null) await insert('devices', { ...device, ...id })
  return assetOf(id.device_id)
}

async function assetOf(id: string): Promise<Row> {
  const rows = await query('select * from intermediate.int_geotab_asset_status_reported where device_id = $1', [id])
  expect(rows).toHaveLength(1)
  return rows[0] as Row
}

const pick = (row: Row, ...names: string[]) =>
  Object.fromEntries(Object.entries(row).filter(([name]) => names.includes(name)))

const COLUMNS = {
  rpt_asset_status:
    'DeviceName DeviceVIN DevicePlan CurrentOdometer DeviceGroup DrivingState Location LocationZones CurrentEngineHours ' +
    'ActiveFromDate ActiveFromTime ActiveToDate ActiveToTime SerialNumber DeviceId IsCommunicating LastTripDate ' +
    'LastTripTime LastGpsDate LastGpsTime DriverSerialNumber DriverEmployeeNumber DeviceSerialNumber EngineVIN VINMatch',
  rpt_trips_history:
    'DeviceName DeviceId DeviceIdHex DeviceGroup StartDate StartTime DrivingDuration StopDate StopTime Distance ' +
    'StopDuration Latitude Longitude Location LocationZones IdlingDuration MaximumSpeed IsStartWork IsStopWork ' +
    'WorkDistance WorkTripTime WorkStopTime OdometerAtStart DriverSerialNumber DriverEmployeeNumber DeviceSerialNumber',
  rpt_exceptions_details:
    'DeviceName DeviceIdHex DeviceId DeviceGroup RuleName Longitude Latitude Location LocationZones StartDate StartTime ' +
    'Duration Distance ExtraInfo Details DriverSerialNumber DriverEmployeeNumber DeviceSerialNumber',
  rpt_engine_faults:
    'DeviceName DeviceId DeviceIdHex DeviceGroup Date Time DiagnosticName SourceName ControllerName DiagnosticCode ' +
    'DriverSerialNumber DriverEmployeeNumber DeviceSerialNumber',
}

test.for(Object.entries(COLUMNS))('%s has exactly the columns of the contract, in order', async ([name, columns]) => {
  const { fields } = await geotab.database.pool.query(`select * from reports.${name} limit 0`)
  expect(fields.map((field) => field.name)).toEqual(columns.split(' '))
})

test('case 41, case 42: a trip with all that surrounds it is told cell by cell', async () => {
  await insert('devices', {
    device_id: 'full',
    name: 'Van 7',
    serial_number: 'G9A000000007',
    group_ids: ['gb', 'nameless', 'ga', 'unknown'],
  })
  await insert('groups', { group_id: 'ga', name: 'Alpha' })
  await insert('groups', { group_id: 'gb', name: 'Beta' })
  await insert('groups', { group_id: 'nameless', name: '' })
  await insert('users', { user_id: 'u1', name: 'ann@x', employee_number: '007', key_serial_number: '0012345' })
  for (const [zone_id, name] of Object.entries({ z1: 'Yard', z2: 'Depot, east', z3: 'Yard', z4: null })) {
    await insert('zones', { zone_id, name, deleted_at: zone_id === 'z2' ? START : null })
  }
  await insert('addresses', { latitude_e5: 4012345, longitude_e5: -7512345, address: '1 Main St' })
  const row = await reportedTrip(
    {
      device_id: 'full',
      driver_id: 'u1',
      stopped_at: '2026-03-10T16:00:00.5Z',
      distance_m: 1609.344,
      work_distance_m: 0,
      driving_seconds: '3725.9',
      idling_seconds: '0',
      stop_seconds: '360000',
      work_driving_seconds: null,
      work_stop_seconds: '59.999999',
      maximum_speed_kmh: 100,
      stop_latitude: 40.123449,
      stop_longitude: 0,
      is_after_hours_start: false,
      is_after_hours_end: true,
    },
    {
      zone_ids: ['z2', 'z1', 'z3', 'z4', 'gone'],
      odometer_start_m: 160_934.4,
      odometer_method: 'trip',
      latitude_e5: 4012345,
      longitude_e5: -7512345,
    },
  )
  expect(row).toMatchObject({
    connection: 'north',
    row_key: 'full|2026-03-10T14:05:09.999000Z',
    is_reportable: true,
    device_id: 'full',
    occurred_at: new Date(START),
  })
  expect(await query(`select * from reports.rpt_trips_history where "DeviceId" = 'full'`)).toEqual([
    {
      DeviceName: 'Van 7',
      DeviceId: 'full',
      DeviceIdHex: 'full',
      DeviceGroup: 'Beta, Alpha',
      StartDate: '03/10/2026',
      StartTime: '10:05:09 AM',
      DrivingDuration: '01:02:05',
      StopDate: '03/10/2026',
      StopTime: '12:00:00 PM',
      Distance: 1,
      StopDuration: '100:00:00',
      Latitude: 40.123449,
      Longitude: 0,
      Location: '1 Main St',
      LocationZones: 'Depot, east, Yard',
      IdlingDuration: '00:00:00',
      MaximumSpeed: 62.1371,
      IsStartWork: 1,
      IsStopWork: 0,
      WorkDistance: 0,
      WorkTripTime: null,
      WorkStopTime: '00:00:59',
      OdometerAtStart: 100,
      DriverSerialNumber: '0012345',
      DriverEmployeeNumber: '007',
      DeviceSerialNumber: 'G9A000000007',
    },
  ])
})

test('case 14, case 16: a trip that refers to nothing that is known is told with blanks', async () => {
  const row = await reportedTrip(
    { driver_id: 'nobody', stopped_at: null },
    { zone_ids: ['gone'], latitude_e5: 1, longitude_e5: 2 },
  )
  const { DeviceId, DeviceIdHex, StartDate, StartTime, ...rest } = Object.fromEntries(
    Object.entries(row).filter(([name]) => name !== name.toLowerCase()),
  )
  expect([DeviceIdHex, StartDate, StartTime]).toEqual([DeviceId, '03/10/2026', '10:05:09 AM'])
  const { IsStartWork, IsStopWork, ...blank } = rest
  expect([IsStartWork, IsStopWork]).toEqual([0, 0])
  expect(new Set(Object.values(blank))).toEqual(new Set([null]))
  expect(row['is_reportable']).toBe(true)
})

// Instant, date and time on the clocks of New York.
test.for([
  ['2024-03-10T06:59:59Z', '03/10/2024', '01:59:59 AM'],
  ['2024-03-10T07:00:00Z', '03/10/2024', '03:00:00 AM'],
  ['2024-11-03T05:30:00Z', '11/03/2024', '01:30:00 AM'],
  ['2024-11-03T06:30:00Z', '11/03/2024', '01:30:00 AM'],
  ['2026-01-02T05:00:00Z', '01/02/2026', '12:00:00 AM'],
  ['2026-01-02T04:59:59.999999Z', '01/01/2026', '11:59:59 PM'],
  ['2026-01-02T17:00:00Z', '01/02/2026', '12:00:00 PM'],
  ['2026-01-02T17:59:59.9Z', '01/02/2026', '12:59:59 PM'],
] as const)('case 35, case 36: %s is printed %s %s', async ([started_at, date, time]) => {
  expect(await reportedTrip({ started_at })).toMatchObject({ StartDate: date, StartTime: time })
})

test('each connection has its own clocks, names and places', async () => {
  await insert('devices', { device_id: 'both', name: 'Northern' })
  await insert('devices', { connection: 'south', device_id: 'both', name: 'Southern' })
  for (const connection of ['north', 'south']) {
    await insert('trips', { connection, device_id: 'both', started_at: START })
    await insert('trip_contexts', { connection, device_id: 'both', started_at: START })
  }
  expect(
    await query(`select connection, row_key, "DeviceName", "StartTime" from intermediate.int_geotab_trips_reported
      where device_id = 'both' order by 1`),
  ).toEqual([
    {
      connection: 'north',
      row_key: 'both|2026-03-10T14:05:09.999000Z',
      DeviceName: 'Northern',
      StartTime: '10:05:09 AM',
    },
    {
      connection: 'south',
      row_key: 'both|2026-03-10T14:05:09.999000Z',
      DeviceName: 'Southern',
      StartTime: '09:05:09 AM',
    },
  ])
})

// Seconds, and how they are printed.
test.for([
  [null, null],
  ['0', '00:00:00'],
  ['0.999999', '00:00:00'],
  ['59.9', '00:00:59'],
  ['3599', '00:59:59'],
  ['93784', '26:03:04'],
  ['360000', '100:00:00'],
  ['36000000', '10000:00:00'],
] as const)('case 34: %s seconds are printed %s', async ([driving_seconds, printed]) => {
  expect((await reportedTrip({ driving_seconds }))['DrivingDuration']).toBe(printed)
})

test.for<[string, Row, boolean]>([
  ['has ended', {}, true],
  ['goes on', { is_completed: false }, false],
  ['was deleted', { deleted_at: START }, false],
])('case 2, case 4: a trip that %s is told: %s', async ([, trip, isTold]) => {
  const row = await reportedTrip(trip)
  expect(row['is_reportable']).toBe(isTold)
  expect(await query('select from reports.rpt_trips_history where "DeviceId" = $1', [row['device_id']])).toHaveLength(
    isTold ? 1 : 0,
  )
})

describe('the hash of a row', () => {
  const hash = async (trip: Row = {}, context: Row = {}) => (await reportedTrip(trip, context))['content_hash']

  test.for<[string, Row, Row]>([
    ['the trip itself', { driving_seconds: '1' }, {}],
    ['the driver', { driver_id: 'u2' }, {}],
    ['the zones', {}, { zone_ids: ['z9'] }],
    ['the odometer', {}, { odometer_start_m: 0 }],
    ['the place', { stop_latitude: 1 }, {}],
  ])('changes with %s', async ([, trip, context]) => {
    expect(await hash(trip, context)).not.toBe(await hash())
  })

  test('does not change with an odometer that differs by a few metres', async () => {
    expect(await hash({}, { odometer_start_m: 500_010 })).toBe(await hash({}, { odometer_start_m: 500_020 }))
  })

  test('does not change when the session is in another time zone', async () => {
    const row = await reportedTrip()
    const client = await geotab.database.pool.connect()
    try {
      await client.query(`set time zone 'Asia/Tokyo'`)
      const { rows } = await client.query<Row>(
        'select * from intermediate.int_geotab_trips_reported where device_id = $1',
        [row['device_id']],
      )
      expect(rows).toEqual([row])
    } finally {
      client.release(true)
    }
  })

  test('case 21: stays when the vehicle, its group or its driver is renamed, and changes once when the address is known', async () => {
    await insert('devices', { device_id: 'named', name: 'Old', group_ids: ['gn'] })
    await insert('groups', { group_id: 'gn', name: 'Old group' })
    await insert('users', { user_id: 'un', name: 'old@x', employee_number: '8' })
    const before = await reportedTrip({ device_id: 'named', driver_id: 'un' }, { latitude_e5: 77, longitude_e5: 77 })
    await query(`update base.geotab__devices set name = 'New' where device_id = 'named'`)
    await query(`update base.geotab__groups set name = 'New group' where group_id = 'gn'`)
    await query(`update base.geotab__users set employee_number = '9' where user_id = 'un'`)
    const told = async () =>
      (await query(`select * from intermediate.int_geotab_trips_reported where device_id = 'named'`))[0] as Row
    const renamed = await told()
    expect(renamed).toMatchObject({ DeviceName: 'New', DeviceGroup: 'New group', DriverEmployeeNumber: '9' })
    expect(renamed['content_hash']).toBe(before['content_hash'])
    await insert('addresses', { latitude_e5: 77, longitude_e5: 77, status: 'wanted', address: null })
    expect((await told())['content_hash']).toBe(before['content_hash'])
    await query(`update base.geotab__addresses set status = 'found', address = '7 Elm St' where latitude_e5 = 77`)
    const known = await told()
    expect(known).toMatchObject({ Location: '7 Elm St' })
    expect(known['content_hash']).not.toBe(before['content_hash'])
  })
})

describe('exceptions', () => {
  test('one with all that surrounds it is told cell by cell', async () => {
    await insert('devices', { device_id: 'speeder', name: 'Van 8', serial_number: 'G8', group_ids: [] })
    await insert('rules', { rule_id: 'r1', name: 'Speeding', comment: 'Over 75' })
    await insert('users', { user_id: 'u8', name: 'bob@x', employee_number: '8', key_serial_number: null })
    await reportedException(
      { device_id: 'speeder', rule_id: 'r1', driver_id: 'u8', duration_seconds: '61.7', distance_m: 804.672 },
      { latitude: 0, longitude: -75.5, position_method: 'interpolated', latitude_e5: 0, longitude_e5: -7550000 },
    )
    expect(await query(`select * from reports.rpt_exceptions_details where "DeviceId" = 'speeder'`)).toEqual([
      {
        DeviceName: 'Van 8',
        DeviceIdHex: 'speeder',
        DeviceId: 'speeder',
        DeviceGroup: null,
        RuleName: 'Speeding',
        Longitude: -75.5,
        Latitude: 0,
        Location: null,
        LocationZones: null,
        StartDate: '03/10/2026',
        StartTime: '10:05:09 AM',
        Duration: '00:01:01',
        Distance: 0.5,
        ExtraInfo: null,
        Details: 'Over 75',
        DriverSerialNumber: null,
        DriverEmployeeNumber: '8',
        DeviceSerialNumber: 'G8',
      },
    ])
  })

  test.for<[string, Row, boolean]>([
    ['is valid and over', {}, true],
    ['goes on', { is_ended: false }, false],
    ['is invalid', { state: 'invalid' }, false],
    ['was dismissed', { state: 'dismissed' }, false],
    ['is in a state that nobody knows', { state: 'ExceptionEventStatePending' }, false],
    ['was deleted', { deleted_at: START }, false],
  ])('case 5: one that %s is told: %s', async ([, exception, isTold]) => {
    const row = await reportedException(exception)
    expect(row['is_reportable']).toBe(isTold)
  })

  test('case 15: one without a device is kept and not told', async () => {
    const id = { exception_id: anId('e') }
    await insert('exceptions', { device_id: null, started_at: '2020-01-01T00:00:00Z', ...id })
    await insert('exception_contexts', id)
    expect(
      await query(
        `select is_reportable, row_key from intermediate.int_geotab_exceptions_reported where device_id is null`,
      ),
    ).toEqual([{ is_reportable: false, row_key: '||2020-01-01T00:00:00.000000Z' }])
  })

  test('case 6: one that came again under another id is told once, as it is now', async () => {
    const base = { device_id: 'again', rule_id: 'r9', started_at: START, source_modified_at: '2026-03-10T15:00:00Z' }
    for (const [exception_id, more] of [
      ['z-old', { duration_seconds: '1' }],
      ['a-new', { duration_seconds: '2', source_modified_at: '2026-03-10T16:00:00Z' }],
      ['b-bad', { duration_seconds: '3', source_modified_at: '2026-03-10T17:00:00Z', state: 'invalid' }],
    ] as const) {
      await insert('exceptions', { ...base, ...more, exception_id })
      await insert('exception_contexts', { exception_id })
    }
    expect(await query(`select "Duration" from reports.rpt_exceptions_details where "DeviceId" = 'again'`)).toEqual([
      { Duration: '00:00:02' },
    ])
    // Withdrawn, it gives way to the one before, under the same key.
    await query(`update base.geotab__exceptions set deleted_at = now() where exception_id = 'a-new'`)
    expect(await query(`select "Duration" from reports.rpt_exceptions_details where "DeviceId" = 'again'`)).toEqual([
      { Duration: '00:00:01' },
    ])
  })
})

describe('engine faults', () => {
  test('one is told with the names of what it refers to', async () => {
    await insert('diagnostics', {
      diagnostic_id: 'd1',
      name: 'Low oil',
      code: 100,
      source_id: 's1',
      controller_id: 'c1',
    })
    await insert('references', { entity: 'source', reference_id: 's1', name: 'J1939' })
    await insert('references', { entity: 'controller', reference_id: 'c1', name: 'Engine' })
    await insert('references', { entity: 'controller', reference_id: 'c2', name: 'Brakes' })
    // The same id of another kind must not answer for it.
    await insert('references', { entity: 'failure_mode', reference_id: 'c1', name: 'Wrong' })
    await insert('users', { user_id: 'uf', name: 'x', key_serial_number: 'K1', employee_number: 'E1' })
    expect(await reportedFault({ diagnostic_id: 'd1' }, { driver_id: 'uf' })).toMatchObject({
      Date: '03/10/2026',
      Time: '10:05:09 AM',
      DiagnosticName: 'Low oil',
      SourceName: 'J1939',
      ControllerName: 'Engine',
      DiagnosticCode: 100,
      DriverSerialNumber: 'K1',
      DriverEmployeeNumber: 'E1',
    })
    expect(await reportedFault({ diagnostic_id: 'd1', controller_id: 'c2' })).toMatchObject({
      ControllerName: 'Brakes',
    })
  })

  test('case 24: one is named under either id of its diagnostic, and its hash stays when the id is changed', async () => {
    await insert('diagnostics', { diagnostic_id: 'aOldGu1d', name: 'Old name', code: 55 })
    const before = await reportedFault({ diagnostic_id: 'aOldGu1d' })
    expect(before).toMatchObject({ DiagnosticName: 'Old name' })
    await insert('diagnostics', { diagnostic_id: 'DiagnosticNewId', name: 'New name', code: 55 })
    for (const [alias_id, noticed_by] of [
      ['aOldGu1d', 'source'],
      ['DiagnosticNewId', 'current'],
    ]) {
      const alias = { alias_id, noticed_by, diagnostic_id: 'DiagnosticNewId', first_id: 'aOldGu1d' }
      await insert('diagnostic_aliases', alias)
    }
    const [kept] = await query('select * from intermediate.int_geotab_faults_reported where row_key = $1', [
      before['row_key'],
    ])
    expect(kept).toMatchObject({ DiagnosticName: 'New name', content_hash: before['content_hash'] })
    await query(`update base.geotab__faults set diagnostic_id = 'DiagnosticNewId' where fault_id = $1`, [
      before['row_key'],
    ])
    const [again] = await query('select * from intermediate.int_geotab_faults_reported where row_key = $1', [
      before['row_key'],
    ])
    expect(again).toMatchObject({ DiagnosticName: 'New name', content_hash: before['content_hash'] })
  })

  test.for<[string, Row]>([
    ['a diagnostic that is not known', { diagnostic_id: 'GoneId', controller_id: 'ControllerNoneId' }],
    ['no diagnostic', {}],
  ])('one of %s is told with blanks', async ([, fault]) => {
    expect(await reportedFault(fault)).toMatchObject({
      is_reportable: true,
      DeviceName: null,
      DiagnosticName: null,
      SourceName: null,
      ControllerName: null,
      DiagnosticCode: null,
      DriverSerialNumber: null,
    })
  })

  test('case 15: one without a device is kept and not told', async () => {
    expect(await reportedFault({ device_id: null })).toMatchObject({ is_reportable: false })
  })
})

describe('the asset status', () => {
  test('is told cell by cell', async () => {
    await insert('devices', {
      device_id: 'asset',
      name: 'Van 9',
      serial_number: 'G9',
      vin: ' 1FT ',
      engine_vin: '1ft',
      device_plans: ['ProPlus', 'Base'],
      active_from: '2020-06-01T12:00:00Z',
      active_to: '2999-01-01T05:00:00Z',
    })
    await insert('device_status', { device_id: 'asset', recorded_at: START, is_driving: true, is_communicating: true })
    await insert('latest_positions', { device_id: 'asset', recorded_at: '2026-03-10T13:00:00Z' })
    await insert('latest_status', {
      device_id: 'asset',
      diagnostic_id: 'DiagnosticRawOdometerId',
      value: 99_999_999,
      recorded_at: '2026-03-11T00:00:00Z',
    })
    await insert('latest_status', {
      device_id: 'asset',
      diagnostic_id: 'DiagnosticOdometerId',
      value: 160_934.4,
      recorded_at: START,
    })
    await insert('latest_status', {
      device_id: 'asset',
      diagnostic_id: 'DiagnosticEngineHoursId',
      value: 4_500,
      recorded_at: START,
    })
    for (const trip of [
      { started_at: '2024-01-05T12:00:00Z' },
      { started_at: '2024-02-05T12:00:00Z', deleted_at: START },
      { started_at: '2999-02-05T12:00:00Z', is_future: true },
    ]) {
      await insert('trips', { device_id: 'asset', ...trip })
    }
    expect(await query(`select * from reports.rpt_asset_status where "DeviceId" = 'asset'`)).toEqual([
      {
        DeviceName: 'Van 9',
        DeviceVIN: ' 1FT ',
        DevicePlan: 'ProPlus',
        CurrentOdometer: 100,
        DeviceGroup: null,
        DrivingState: 'Driving',
        Location: null,
        LocationZones: null,
        CurrentEngineHours: 1.25,
        ActiveFromDate: '06/01/2020',
        ActiveFromTime: '08:00:00 AM',
        ActiveToDate: '01/01/2999',
        ActiveToTime: '12:00:00 AM',
        SerialNumber: 'G9',
        DeviceId: 'asset',
        IsCommunicating: 'OK',
        LastTripDate: '01/05/2024',
        LastTripTime: '07:00:00 AM',
        LastGpsDate: '03/10/2026',
        LastGpsTime: '09:00:00 AM',
        DriverSerialNumber: null,
        DriverEmployeeNumber: null,
        DeviceSerialNumber: 'G9',
        EngineVIN: '1ft',
        VINMatch: true,
      },
    ])
  })

  test('case 32, case 33, case 37: is blank where nothing is known, and dates without end are blank', async () => {
    expect(await reportedAsset()).toMatchObject({
      is_reportable: true,
      CurrentOdometer: null,
      CurrentEngineHours: null,
      DrivingState: 'Stopped',
      IsCommunicating: 'Device is not downloading data',
      ActiveToDate: null,
      ActiveToTime: null,
      LastTripDate: null,
      LastGpsDate: '03/10/2026',
      VINMatch: true,
    })
  })

  test('takes zero for a value, and of two readings of a moment the adjusted one', async () => {
    const { device_id } = await reportedAsset()
    await insert('latest_status', { device_id, diagnostic_id: 'DiagnosticOdometerId', value: 5 })
    await insert('latest_status', { device_id, diagnostic_id: 'DiagnosticOdometerAdjustmentId', value: 0 })
    await insert('latest_status', { device_id, diagnostic_id: 'DiagnosticEngineHoursId', value: 0 })
    expect(await assetOf(String(device_id))).toMatchObject({ CurrentOdometer: 0, CurrentEngineHours: 0 })
  })

  test('case 24: takes readings under any id of their diagnostic', async () => {
    for (const [alias_id, diagnostic_id] of [
      ['aMeterGu1d', 'DiagnosticOdometerId'],
      ['aHoursGu1d', 'DiagnosticEngineHoursId'],
    ]) {
      await insert('diagnostic_aliases', { alias_id, diagnostic_id, first_id: alias_id, noticed_by: 'source' })
    }
    const { device_id } = await reportedAsset()
    await insert('latest_status', { device_id, diagnostic_id: 'aMeterGu1d', value: 1609.344 })
    await insert('latest_status', { device_id, diagnostic_id: 'aHoursGu1d', value: 7200 })
    expect(await assetOf(String(device_id))).toMatchObject({ CurrentOdometer: 1, CurrentEngineHours: 2 })
  })

  test.for<[string, Row | null, boolean]>([
    ['that is active', { active_to: '2999-01-01T00:00:00Z' }, true],
    ['that is active for ever', {}, true],
    ['that is archived', { active_to: '2026-01-01T00:00:00Z' }, false],
    ['that a full read no longer found', { removed_at: '2026-01-01T00:00:00Z' }, false],
    ['that is not known', null, false],
  ])('case 20: of a device %s is told: %s', async ([, device, isTold]) => {
    expect(await reportedAsset({}, device)).toMatchObject({ is_reportable: isTold })
  })

  test.for<[string | null, string | null, boolean]>([
    ['1FTX', '1ftx ', true],
    ['1FTX', null, false],
    ['', null, true],
    ['1FTX', '@@@@', false],
  ])('the numbers %s and %s match: %s', async ([vin, engine_vin, isMatch]) => {
    expect(await reportedAsset({}, { vin, engine_vin })).toMatchObject({ VINMatch: isMatch })
  })

  test('case 20: tells of archived vehicles when the variable says so, and still resolves their names for trips', async () => {
    const { device_id } = await reportedAsset({}, { name: 'Retired', active_to: '2026-01-01T00:00:00Z' })
    expect(await reportedTrip({ device_id })).toMatchObject({ DeviceName: 'Retired', is_reportable: true })
    expect((await geotab.build({ vars: { include_archived: true } })).published).toBe(true)
    expect(await assetOf(String(device_id))).toMatchObject({ is_reportable: true })
    expect((await geotab.build()).published).toBe(true)
    expect(await assetOf(String(device_id))).toMatchObject({ is_reportable: false })
  })
})

test('no cell of any report is an empty text', async () => {
  for (const report of Object.keys(COLUMNS)) {
    const rows = await query(`select * from reports.${report}`)
    expect(rows.flatMap((row) => Object.entries(row).filter(([, cell]) => cell === ''))).toEqual([])
  }
})
