import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { allIdsOf, noteAliases } from '../../../queue/geotab/diagnostic-ids.ts'
import type { Run } from '../../../queue/ledger.ts'
import { isoText, type Row } from '../../../sandbox/geotab/wire.ts'
import { createTestDatabase, type TestDatabase } from '../../support/database.ts'
import { deliveredFiles, type DeliveredRow } from '../../support/delivered-reports.ts'
import { unaccounted } from '../../support/geotab-counts.ts'
import { openGeotabPipeline, type GeotabPipeline } from '../../support/geotab-pipeline.ts'

const CATALYST = 'aP0420CatalystBelowThr0'
const MISFIRE = 'aP0301CylinderOneMisf10'
const COOLANT = 'aSpn110C00lantTemperat0'
const DEVICE = 'b1'

let database: TestDatabase
let pipeline: GeotabPipeline
beforeAll(async () => {
  database = await createTestDatabase()
  pipeline = await openGeotabPipeline(database, { now: '2026-03-03T18:00:00Z' })
  pipeline.context.geotab.settings.diagnostics.push(COOLANT)
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
  expect(await unaccounted(database, run.run_id)).toEqual([])
  return run
}

let number = 0
function tell(typeName: 'FaultData' | 'StatusData', diagnostic: string, minutesAgo: number, more: Row = {}): string {
  const id = `bFFFF${(number += 1)}`
  const ms = pipeline.now().getTime() - minutesAgo * 60_000
  const row = { id, device: { id: DEVICE }, diagnostic: { id: diagnostic }, dateTime: isoText(ms), ...more }
  pipeline.fleet().store.put(typeName, { key: id, row, ms, deviceId: DEVICE })
  return id
}

const fault = (diagnostic: string, minutesAgo: number) =>
  tell('FaultData', diagnostic, minutesAgo, { controller: 'ControllerNoneId', faultState: 'Active' })
const reading = (diagnostic: string, minutesAgo: number, data: number) =>
  tell('StatusData', diagnostic, minutesAgo, { data })

const faultsTold = (): DeliveredRow[] =>
  deliveredFiles(pipeline.sftp).findLast(({ report }) => report === 'engine faults')?.rows ?? []

async function aliases(...ids: string[]) {
  const { rows } = await sql`
    select alias_id, diagnostic_id, first_id, noticed_by from base.geotab__diagnostic_aliases
    where alias_id = any(${ids}::text[]) order by noticed_by desc, alias_id
  `.execute(database.db)
  return rows
}

test.for([
  {
    how: 'the source answers for the old id',
    from: CATALYST,
    to: 'DiagnosticCatalystId',
    forgets: false,
    by: 'source',
  },
  { how: 'the source forgot the old id', from: MISFIRE, to: 'DiagnosticMisfireId', forgets: true, by: 'likeness' },
])('case 24: a diagnostic that was given another id is one under both ($how)', async ({ from, to, forgets, by }) => {
  const before = fault(from, 5)
  await runAnHourLater()
  expect(faultsTold()).toHaveLength(1)
  const [first] = faultsTold()
  pipeline.fleet().store.promoteDiagnostic(from, to, { forgets })
  const after = fault(from, 4)
  await runAnHourLater()
  expect(await aliases(from, to)).toEqual(
    [
      { alias_id: from, diagnostic_id: to, first_id: from, noticed_by: by },
      { alias_id: to, diagnostic_id: to, first_id: from, noticed_by: 'current' },
    ].toSorted((a, b) => b.noticed_by.localeCompare(a.noticed_by)),
  )
  const same = { DiagnosticName: first?.['DiagnosticName'], DiagnosticCode: first?.['DiagnosticCode'] }
  expect(first?.['DiagnosticName']).toMatch(/\w/)
  expect(faultsTold()).toMatchObject([same])
  const { rows } = await sql<{ own: string; known_as: string; diagnostic_code: number }>`
    select b.diagnostic_id as own, f.diagnostic_id as known_as, f.diagnostic_code
    from marts.fct_geotab_faults as f
    join base.geotab__faults as b on b.connection = f.connection and b.fault_id = f.fault_id
    where f.fault_id = any(${[before, after]}::text[]) order by f.recorded_at
  `.execute(database.db)
  const code = first?.['DiagnosticCode']
  expect(rows).toEqual([
    { own: from, known_as: to, diagnostic_code: code },
    { own: to, known_as: to, diagnostic_code: code },
  ])
  for (const id of [from, to]) {
    expect((await allIdsOf(database.db, 'demo', [id])).toSorted()).toEqual([from, to].toSorted())
  }
})

test('case 24: a fault that comes again under the new id is not told again', async () => {
  const { store } = pipeline.fleet()
  const [held] = [...store.table('FaultData').rows()].filter(({ row }) => (row['diagnostic'] as Row)['id'] === CATALYST)
  store.put('FaultData', { key: held?.key ?? '', row: { ...held?.row, count: 7 }, ms: held?.ms ?? 0, deviceId: DEVICE })
  await runAnHourLater()
  const { rows } = await sql`
    select diagnostic_id, occurrences from base.geotab__faults where fault_id = ${held?.key}
  `.execute(database.db)
  expect(rows).toEqual([{ diagnostic_id: 'DiagnosticCatalystId', occurrences: 7 }])
  expect(faultsTold()).toEqual([])
})

test('case 24: a former id that we never held is found to be another name of one we hold', async () => {
  pipeline.fleet().store.table('Diagnostic').nameAlso('aF0rmerLowBatteryId---0', 'DiagnosticLowBatteryId')
  fault('aF0rmerLowBatteryId---0', 3)
  await runAnHourLater()
  expect(faultsTold()).toMatchObject([{ DiagnosticName: 'Low battery voltage', DiagnosticCode: 131 }])
  expect(await aliases('aF0rmerLowBatteryId---0')).toMatchObject([{ diagnostic_id: 'DiagnosticLowBatteryId' }])
  const at = pipeline.vendor.requests.length
  fault('aF0rmerLowBatteryId---0', 2)
  await runAnHourLater()
  const asked = pipeline.vendor.requests
    .slice(at)
    .filter(({ method, typeName }) => method === 'Get' && typeName === 'Diagnostic')
  expect(asked).toEqual([])
  expect(faultsTold()).toMatchObject([{ DiagnosticName: 'Low battery voltage' }])
})

test('case 24: no reading of a chosen diagnostic is lost when it is given another id', async () => {
  const values = async () => {
    const { rows } = await sql<{ diagnostic_id: string; value: number }>`
      select diagnostic_id, value from base.geotab__status_data where diagnostic_id = any(${[COOLANT, 'DiagnosticCoolantId']}::text[])
      order by recorded_at
    `.execute(database.db)
    return rows.map(({ diagnostic_id, value }) => `${diagnostic_id} ${value}`)
  }
  reading(COOLANT, 9, 81)
  reading(COOLANT, 8, 82)
  await runAnHourLater()
  pipeline.fleet().store.promoteDiagnostic(COOLANT, 'DiagnosticCoolantId', { forgets: false })
  for (const data of [83, 84, 85]) reading(COOLANT, 90 - data, data)
  await runAnHourLater()
  const all = [`${COOLANT} 81`, `${COOLANT} 82`, ...[83, 84, 85].map((value) => `DiagnosticCoolantId ${value}`)]
  expect(await values()).toEqual(all)
  reading(COOLANT, 1, 86)
  await runAnHourLater()
  expect(await values()).toEqual([...all, 'DiagnosticCoolantId 86'])
})

test('case 24: readings of an odometer under another of its ids tell where a trip began', async () => {
  const guid = 'a0dometerAdjustmentGu1d'
  const now = pipeline.now()
  await database.db
    .transaction()
    .execute((trx) =>
      noteAliases(trx, { connection: 'demo', now }, [
        { aliasId: guid, diagnosticId: 'DiagnosticOdometerAdjustmentId', noticedBy: 'source' },
      ]),
    )
  const device = { id: 'bNEW' }
  const { store } = pipeline.fleet()
  const at = (minutes: number) => now.getTime() + minutes * 60_000
  for (const [key, minutes, data] of [
    ['bFFE1', 10, 1000],
    ['bFFE2', 30, 3000],
  ] as const) {
    const row = { id: key, device, diagnostic: { id: guid }, dateTime: isoText(at(minutes)), data }
    store.put('StatusData', { key, row, ms: at(minutes), deviceId: 'bNEW' })
  }
  const trip = { id: 'bFFE3', device, start: isoText(at(20)), stop: isoText(at(25)), nextTripStart: isoText(at(28)) }
  const row = { ...trip, distance: 1, stopDuration: '00:03:00', drivingDuration: '00:05:00' }
  store.put('Trip', { key: 'bFFE3', row, ms: at(20), endMs: at(25), deviceId: 'bNEW' })
  await runAnHourLater()
  const { rows } = await sql`
    select odometer_method, odometer_start_m from base.geotab__trip_contexts where device_id = 'bNEW'
  `.execute(database.db)
  expect(rows).toEqual([{ odometer_method: 'bracketed', odometer_start_m: 2000 }])
})

test('case 24: an id that changes twice, or back, still names one diagnostic', async () => {
  const now = pipeline.now()
  const note = (aliasId: string, diagnosticId: string) =>
    database.db
      .transaction()
      .execute((trx) => noteAliases(trx, { connection: 'demo', now }, [{ aliasId, diagnosticId, noticedBy: 'source' }]))
  await note('one', 'two')
  await note('two', 'three')
  await note('one', 'two')
  const all = ['one', 'three', 'two']
  for (const id of all) expect((await allIdsOf(database.db, 'demo', [id])).toSorted()).toEqual(all)
  await note('two', 'one')
  for (const id of all) expect((await allIdsOf(database.db, 'demo', [id])).toSorted()).toEqual(all)
  expect(await aliases(...all)).toHaveLength(3)
  expect(new Set((await aliases(...all)).map((row) => (row as { first_id: string }).first_id))).toEqual(
    new Set(['one']),
  )
  expect(await allIdsOf(database.db, 'south', ['one'])).toEqual(['one'])
})

test('of two diagnostics that are alike and both there, neither is taken for the other', async () => {
  const { store } = pipeline.fleet()
  const like = { code: 999, source: 'SourceObdId', diagnosticType: 'ObdFault', name: 'Twin' }
  const guid = 'aTw1nThatIsStillThere-0'
  store.put('Diagnostic', { key: guid, row: { ...like, id: guid }, ms: 0 })
  await runAnHourLater()
  store.put('Diagnostic', { key: 'DiagnosticTwinId', row: { ...like, id: 'DiagnosticTwinId' }, ms: 0 })
  await runAnHourLater()
  expect(await aliases(guid, 'DiagnosticTwinId')).toEqual([])
})
