import { resolve } from 'node:path'
import { expect, test } from 'vitest'
import { createTestDatabase } from '../support/database.ts'
import { openTestPipeline } from '../support/pipeline.ts'
import { buildByDbt, buildByMilepost, findDbt, SIX_BUILDS_MS, WITHOUT_DBT } from './builders.ts'
import { compareBuilds } from './comparison.ts'
import { differencesOf } from './findings.ts'

const dbt = findDbt()
const note = dbt === null ? ` ${WITHOUT_DBT}` : ''
const PROJECT = resolve(import.meta.dirname, '../..')

test.skipIf(dbt === null)(
  `our models are what dbt makes of them, also after invoices came, changed and lost a line${note}`,
  { timeout: SIX_BUILDS_MS },
  async () => {
    const database = await createTestDatabase()
    const pipeline = await openTestPipeline(database, { shops: ['DET', 'WIX'] })
    const invoiceOf = async (date: string) => {
      const { rows } = await database.pool.query<{ id: string }>(
        `select fullbay_invoice_id as id from base.fullbay__invoices where shop_id = 'DET' and invoice_date = $1 order by 1`,
        [date],
      )
      return rows[0]!.id
    }
    const side = (prefix: string) => ({
      schema: 'marts',
      prefix,
      vars: { schema_prefix: prefix, as_of_date: '2026-03-20' },
    })
    try {
      await pipeline.run()
      pipeline.sandbox.faults.set({
        fault: 'changed',
        invoice: await invoiceOf('2026-03-19'),
        amount: 12.34,
        shop: 'DET',
      })
      await pipeline.run()
      const passes = await compareBuilds({
        projectDir: PROJECT,
        databaseUrl: database.url,
        ours: { build: buildByMilepost, ...side('a_') },
        dbt: { build: buildByDbt(dbt!), ...side('b_') },
        async change() {
          // The charge that the first fault added is gone again, and another invoice has one.
          pipeline.sandbox.faults.set({
            fault: 'changed',
            invoice: await invoiceOf('2026-03-20'),
            amount: 56.78,
            shop: 'DET',
          })
          pipeline.setNow('2026-03-22T12:00:00Z')
          await pipeline.run()
        },
      })
      expect(passes.flatMap(differencesOf)).toEqual([])
      expect(passes.map(({ findings }) => findings.counts.rows > 1000)).toEqual([true, true, true])
    } finally {
      await pipeline.close()
      await database.drop()
    }
  },
)
