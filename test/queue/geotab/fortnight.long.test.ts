import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openAlerts } from '../../../queue/alerts.ts'
import { WILD } from '../../../sandbox/geotab/disorder.ts'
import { createTestDatabase, type TestDatabase } from '../../support/database.ts'
import { deliveredFiles } from '../../support/delivered-reports.ts'
import { unaccounted } from '../../support/geotab-counts.ts'
import { openGeotabPipeline, type GeotabPipeline } from '../../support/geotab-pipeline.ts'
import { ReportWitness } from '../../support/report-witness.ts'

let database: TestDatabase
let pipeline: GeotabPipeline
beforeAll(async () => {
  database = await createTestDatabase()
  // Dates of the future are left out: they are judged by the database's clock.
  const fleet = { id: 'demo', vehicles: 8, disorder: { ...WILD, futureRecord: 0 } }
  pipeline = await openGeotabPipeline(database, { fleets: [fleet], pageRows: 400 })
})
afterAll(async () => {
  await pipeline.close()
  await database.drop()
})

const HOUR = 3_600_000
const START = Date.parse('2026-03-02T05:00:00Z')

// With MILEPOST_EVERY_HOUR=1 a run takes place every hour, which takes minutes.
const EVERY_HOUR = process.env['MILEPOST_EVERY_HOUR'] === '1'

/** Hours since the beginning: hourly at noon of the second day, every two hours on the tenth, else twice a day. */
const SCHEDULE = Array.from({ length: 14 * 24 }, (_, index) => index + 1).filter((hour) => {
  const [day, time] = [Math.floor(hour / 24), hour % 24]
  return (
    EVERY_HOUR ||
    time === 8 ||
    time === 16 ||
    (day === 1 && time >= 9 && time <= 15) ||
    (day === 9 && (time === 12 || time === 14))
  )
})

/** What goes wrong outside, by hour; it is over an hour later unless told otherwise. */
const TROUBLE: Record<number, { begin: () => void; status: 'partial' | 'failed' }> = {
  34: { begin: () => void pipeline.vendor.faults.set({ fault: 'html', typeName: 'Trip' }), status: 'partial' },
  35: {
    begin: () => void pipeline.vendor.faults.set({ fault: 'nullResult', typeName: 'LogRecord' }),
    status: 'partial',
  },
  37: { begin: () => void pipeline.sftp.faults.set({ fault: 'refuseAuth' }), status: 'partial' },
  38: { begin: () => void pipeline.sftp.faults.set({ fault: 'cut', packets: 1 }), status: 'partial' },
  80: { begin: () => void pipeline.vendor.faults.set({ fault: 'dbUnavailable' }), status: 'failed' },
  88: {
    begin: () => void pipeline.vendor.faults.set({ fault: 'truncated', typeName: 'ExceptionEvent' }),
    status: 'partial',
  },
  160: { begin: () => void pipeline.sftp.faults.set({ fault: 'cut', packets: 12 }), status: 'partial' },
  176: { begin: () => void pipeline.sftp.faults.set({ fault: 'cut', packets: 1 }), status: 'partial' },
  230: {
    begin: () => void pipeline.vendor.faults.set({ fault: 'overLimit', typeName: 'StatusData', retryAfter: 1 }),
    status: 'partial',
  },
}

test(
  'case 7: for a fortnight every report tells what is true, all of it and once',
  { timeout: EVERY_HOUR ? 1_800_000 : 300_000 },
  async () => {
    const witness = new ReportWitness(pipeline.fleet())
    for (const hour of SCHEDULE) {
      const now = new Date(START + hour * HOUR)
      pipeline.setNow(now)
      witness.note(now)
      if (hour % 40 === 0) pipeline.vendor.expireSessions()
      const trouble = TROUBLE[hour]
      trouble?.begin()
      const run = await pipeline.run()
      pipeline.vendor.faults.clear()
      pipeline.sftp.faults.clear()
      expect(run.status, `hour ${hour}: ${run.error_message}`).toBe(trouble?.status ?? 'succeeded')
      expect(await unaccounted(database, run.run_id), `hour ${hour}`).toEqual([])
    }
    const files = deliveredFiles(pipeline.sftp)
    expect(witness.problems(files)).toEqual([])
    expect(await openAlerts(database.db)).toEqual([])
    const { rows } = await sql<{ status: string; files: number }>`
    select status, count(*) as files from ops.deliveries group by 1
  `.execute(database.db)
    expect(rows).toEqual([{ status: 'delivered', files: files.length }])
    expect(await retractedRows()).toEqual(witness.withdrawn(files))
    // Enough went on that the above means something.
    expect(witness.counts(files, 'trips history')).toMatchObject({
      keys: expect.toSatisfy((keys: number) => keys > 300),
    })
  },
)

async function retractedRows(): Promise<Record<string, number>> {
  const { rows } = await sql<{ report: string; retracted: number }>`
    select report, count(*) filter (where retracted_at is not null) as retracted from ops.report_rows
    group by 1 having count(*) filter (where retracted_at is not null) > 0 order by 1
  `.execute(database.db)
  return Object.fromEntries(rows.map(({ report, retracted }) => [report, retracted]))
}
