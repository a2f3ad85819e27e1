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

test('a trip whose time a newer one takes is retracted, though the source never withdrew it', async () => {
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

test('what was told without its names is told once more when the source knows them', async () => {
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
