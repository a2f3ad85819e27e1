import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Run } from '../../../queue/ledger.ts'
import { readSteps } from '../../../queue/ledger.ts'
import { isoText, type Row } from '../../../sandbox/geotab/wire.ts'
import { createTestDatabase, type TestDatabase } from '../../support/database.ts'
import { deliveredFiles, type DeliveredRow } from '../../support/delivered-reports.ts'
import { openGeotabPipeline, type GeotabPipeline } from '../../support/geotab-pipeline.ts'
import { tripKey } from '../../support/report-truth.ts'

let database: TestDatabase
let pipeline: GeotabPipeline
beforeAll(async () => {
  database = await createTestDatabase()
  pipeline = await openGeotabPipeline(database, { now: '2026-03-03T18:00:00Z' })
  await runAnHourLater()
})
afterAll(async () => {
  await pipeline.close()
  await database.drop()
})

async function runAnHourLater(): Promise<Run> {
  pipeline.setNow(new Date(pipeline.now().getTime() + 3_600_000))
  const run = await pipeline.run()
  expect(run.status, `${run.error_message}`).toBe('succeeded')
  return run
}

/** The rows of a report that the last run sent. */
function lastTold(report: string): DeliveredRow[] {
  return deliveredFiles(pipeline.sftp).findLast((file) => file.report === report)?.rows ?? []
}

async function retracted(run: Run, report: string): Promise<number | undefined> {
  const steps = await readSteps(database.db, run.run_id)
  const output = steps.find(({ kind }) => kind === 'deliver')?.output as {
    planned: { report: string; retracted: number }[]
  }
  return output.planned.find((one) => one.report === report)?.retracted
}

const keyOf = (row: DeliveredRow) => `${row['DeviceId']} ${row['StartDate']} ${row['StartTime']}`

function put(typeName: string, row: Row, ms = pipeline.now().getTime()): void {
  const device = row['device'] as { id: string } | undefined
  const more = device === undefined ? {} : { deviceId: device.id }
  pipeline.fleet().store.put(typeName, { key: String(row['id']), row, ms, ...more })
}

test('case 3: a trip whose time a newer one takes is retracted, though the source never withdrew it', async () => {
  const { store, truth } = pipeline.fleet()
  const trip = truth.trips().find(({ completed, drivingSeconds }) => completed && drivingSeconds > 600)
  const row = store.table('Trip').get(trip?.id ?? '')?.row ?? {}
  const start = isoText(Date.parse(String(row['start'])) + 120_000)
  put('Trip', { ...row, id: 'bFFFF0', start }, Date.parse(start))
  const run = await runAnHourLater()
  const told = lastTold('trips history').map(keyOf)
  expect(told).toContain(tripKey({ deviceId: trip?.deviceId ?? '', start }))
  expect(await retracted(run, 'trips_history')).toBe(1)
  const { rows } = await sql`
    select from intermediate.int_geotab_trips_reported where row_key = ${`${trip?.deviceId}|${trip?.start}`} and is_reportable
  `.execute(database.db)
  expect(rows).toHaveLength(0)
})

test('case 14: what was told without its names is told once more when the source knows them', async () => {
  const at = isoText(pipeline.now().getTime() - 60_000)
  const device = { id: 'bABC' }
  put('FaultData', {
    id: 'bFFFF1',
    device,
    diagnostic: { id: 'aLateDiagn0stic' },
    dateTime: at,
    controller: 'ControllerNoneId',
    failureMode: 'NoFailureModeId',
    faultState: 'Active',
  })
  put('ExceptionEvent', {
    id: 'aFFFF2',
    device,
    driver: { id: 'bDEF' },
    rule: { id: 'aLateRule' },
    activeFrom: at,
    activeTo: at,
    duration: '00:00:00',
    distance: 0,
    state: 'ExceptionEventStateValidId',
  })
  await runAnHourLater()
  expect(lastTold('engine faults')).toMatchObject([{ DeviceId: 'bABC', DeviceName: null, DiagnosticName: null }])
  expect(lastTold('exceptions details').filter((row) => row['DeviceId'] === 'bABC')).toMatchObject([
    { DeviceName: null, RuleName: null, DriverEmployeeNumber: null },
  ])

  const from = isoText(pipeline.now().getTime() - 86_400_000)
  const user = pipeline.fleet().store.table('User').get('b10')?.row ?? {}
  put('Device', {
    id: 'bABC',
    name: 'Newcomer',
    serialNumber: 'G90000000001',
    activeFrom: from,
    activeTo: '2050-01-01T00:00:00.000Z',
    groups: [],
  })
  put('Diagnostic', { id: 'aLateDiagn0stic', name: 'Oil pressure', code: 100, source: 'SourceJ1939Id' })
  put('Rule', { id: 'aLateRule', name: 'Night driving', comment: 'after ten' })
  put('User', { ...user, id: 'bDEF', employeeNo: '0007' })
  await runAnHourLater()
  expect(lastTold('engine faults')).toMatchObject([
    { DeviceName: 'Newcomer', DiagnosticName: 'Oil pressure', DiagnosticCode: 100 },
  ])
  expect(lastTold('exceptions details').filter((row) => row['DeviceId'] === 'bABC')).toMatchObject([
    { DeviceName: 'Newcomer', RuleName: 'Night driving', Details: 'after ten', DriverEmployeeNumber: '0007' },
  ])
})

test('what changes without showing in a report is not told again', async () => {
  const { store, truth } = pipeline.fleet()
  const fault = store.table('FaultData').get('bFFFF1')?.row ?? {}
  put('FaultData', { ...fault, dismissDateTime: isoText(pipeline.now().getTime()), dismissUser: { id: 'b1' } })
  const trip = truth.trips().findLast(({ completed, deleted }) => completed && !deleted)
  const row = store.table('Trip').get(trip?.id ?? '')?.row ?? {}
  put('Trip', { ...row, averageSpeed: 11.5, isSeatBeltOff: true }, Date.parse(String(row['start'])))
  await runAnHourLater()
  expect(lastTold('engine faults')).toEqual([])
  expect(lastTold('trips history').map(keyOf)).not.toContain(tripKey(trip ?? { deviceId: '', start: '' }))
})

/** A device of its own, with a trip of ten minutes, told an hour ago. */
async function aTold(id: string, more: Row = {}): Promise<{ row: Row; start: string; ms: number }> {
  const ms = pipeline.now().getTime()
  const start = isoText(ms)
  const row = {
    id,
    device: { id: `b${id}` },
    driver: 'UnknownDriverId',
    start,
    stop: isoText(ms + 600_000),
    nextTripStart: isoText(ms + 1_200_000),
    drivingDuration: '00:10:00',
    stopDuration: '00:10:00',
    distance: 7,
    ...more,
  }
  put('Trip', row, ms)
  await runAnHourLater()
  return { row, start, ms }
}

const toldOf = (report: string, device: string) => lastTold(report).filter((row) => row['DeviceId'] === device)

async function tripsOf(device: string) {
  const { rows } = await sql<{ trip_id: string; is_deleted: boolean }>`
    select trip_id, deleted_at is not null as is_deleted from base.geotab__trips where device_id = ${device} order by 1
  `.execute(database.db)
  return rows
}

async function versionsOf(device: string): Promise<number> {
  const { rows } = await sql<{ versions: number }>`
    select count(*) as versions from raw.geotab__trips where device_id = ${device}
  `.execute(database.db)
  return rows[0]?.versions ?? 0
}

test('case 1: a trip that comes again under another id with another stop is one trip, told once more, its history kept', async () => {
  const { row, ms } = await aTold('cA1')
  expect(toldOf('trips history', 'bcA1')).toMatchObject([{ DrivingDuration: '00:10:00' }])
  pipeline.fleet().store.table('Trip').drop('cA1')
  put('Trip', { ...row, id: 'cA1-new', stop: isoText(ms + 900_000), drivingDuration: '00:15:00' }, ms)
  const run = await runAnHourLater()
  expect(toldOf('trips history', 'bcA1')).toMatchObject([{ DrivingDuration: '00:15:00' }])
  expect(await tripsOf('bcA1')).toEqual([{ trip_id: 'cA1-new', is_deleted: false }])
  expect(await versionsOf('bcA1')).toBe(2)
  expect(await retracted(run, 'trips_history')).toBe(0)
})

test('case 2: a trip that is withdrawn after it was told is kept, retracted and told no more', async () => {
  const { row, ms } = await aTold('cA2')
  put('Trip', { ...row, deletedDateTime: isoText(pipeline.now().getTime()) }, ms)
  const run = await runAnHourLater()
  expect(toldOf('trips history', 'bcA2')).toEqual([])
  expect(await tripsOf('bcA2')).toEqual([{ trip_id: 'cA2', is_deleted: true }])
  expect(await retracted(run, 'trips_history')).toBe(1)
})

test.for([
  { first: 'the withdrawal', order: ['cA3', 'cA3-new'] },
  { first: 'the replacement', order: ['cA3-new', 'cA3'] },
])('case 2: withdrawn and replaced in one page, $first first, the higher version counts', async ({ order }) => {
  const device = `b${order.join('')}`
  const { row, ms } = await aTold('cA3', { device: { id: device } })
  for (const id of order) {
    const withdrawn = id === 'cA3' ? { deletedDateTime: isoText(ms + 1) } : { drivingDuration: '00:12:00' }
    put('Trip', { ...row, id, ...withdrawn }, ms)
  }
  await runAnHourLater()
  const last = order.at(-1) ?? ''
  expect(await tripsOf(device)).toEqual([{ trip_id: last, is_deleted: last === 'cA3' }])
  expect(toldOf('trips history', device).map((one) => one['DrivingDuration'])).toEqual(
    last === 'cA3' ? [] : ['00:12:00'],
  )
})

test('case 4: a trip in progress is kept and not told, and told once when it has ended', async () => {
  const open = { stopDuration: '00:00:00', nextTripStart: undefined }
  const { row, ms } = await aTold('cA4', open)
  expect(await tripsOf('bcA4')).toHaveLength(1)
  expect(toldOf('trips history', 'bcA4')).toEqual([])
  put('Trip', { ...row, stopDuration: '00:20:00', nextTripStart: isoText(ms + 1_800_000) }, ms)
  await runAnHourLater()
  expect(toldOf('trips history', 'bcA4')).toMatchObject([{ StopDuration: '00:20:00' }])
  await runAnHourLater()
  expect(toldOf('trips history', 'bcA4')).toEqual([])
})

test('case 5: an exception that grows is told as it ended; dismissed after it was told, it is retracted', async () => {
  const ms = pipeline.now().getTime()
  const event = {
    id: 'aCase5',
    device: { id: 'bcA5' },
    driver: 'UnknownDriverId',
    rule: { id: 'RulePostedSpeedingId' },
    activeFrom: isoText(ms),
    activeTo: isoText(ms + 60_000),
    duration: '00:01:00',
    distance: 1,
    state: 'ExceptionEventStateValidId',
  }
  put('ExceptionEvent', event)
  await runAnHourLater()
  expect(toldOf('exceptions details', 'bcA5')).toMatchObject([{ Duration: '00:01:00' }])
  put('ExceptionEvent', { ...event, activeTo: isoText(ms + 120_000), duration: '00:02:00' })
  await runAnHourLater()
  expect(toldOf('exceptions details', 'bcA5')).toMatchObject([{ Duration: '00:02:00' }])
  put('ExceptionEvent', { ...event, state: 'ExceptionEventStateDismissedId' })
  const run = await runAnHourLater()
  expect(toldOf('exceptions details', 'bcA5')).toEqual([])
  expect(await retracted(run, 'exceptions_details')).toBe(1)
})

test('case 25: what is dated days ahead is kept and flagged, and is never the newest', async () => {
  const now = pipeline.now().getTime()
  for (const [id, ms, latitude] of [
    ['bA6', now, 38.5],
    // Ahead of the clock of the database, which says when a record was read.
    ['bA7', Date.now() + 3 * 86_400_000, 38.9],
  ] as const) {
    put('LogRecord', { id, device: { id: 'bcA6' }, dateTime: isoText(ms), latitude, longitude: -77, speed: 0 }, ms)
    const diagnostic = { id: 'DiagnosticOdometerId' }
    put('StatusData', { id: `${id}s`, device: { id: 'bcA6' }, diagnostic, dateTime: isoText(ms), data: latitude }, ms)
  }
  await runAnHourLater()
  const { rows } = await sql`
    select (select count(*) from base.geotab__positions where device_id = 'bcA6') as positions,
      (select count(*) from base.geotab__status_data where device_id = 'bcA6' and is_future) as of_the_future,
      (select latitude from base.geotab__latest_positions where device_id = 'bcA6') as latitude,
      (select value from base.geotab__latest_status where device_id = 'bcA6') as reading
  `.execute(database.db)
  expect(rows).toEqual([{ positions: 2, of_the_future: 1, latitude: 38.5, reading: 38.5 }])
})
