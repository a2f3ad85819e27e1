import { randomUUID } from 'node:crypto'
import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { GeotabClient } from '../../../extract/geotab/client.ts'
import { STAGES } from '../../../queue/catalogue.ts'
import type { PipelineContext } from '../../../queue/context.ts'
import { geotabFeed, landFound, type FeedName, type StageStep } from '../../../queue/geotab/land-found.ts'
import { insertRun, insertStep } from '../../../queue/ledger.ts'
import { prepareLanding } from '../../../queue/stream-reading.ts'
import type { Row } from '../../../sandbox/geotab/wire.ts'
import { createTestDatabase, type TestDatabase } from '../../support/database.ts'
import { openGeotabPipeline, type GeotabPipeline } from '../../support/geotab-pipeline.ts'

const [geotabFullRead] = STAGES.filter(({ name }) => name === 'geotab.full_read')

let database: TestDatabase
let pipeline: GeotabPipeline
beforeAll(async () => {
  database = await createTestDatabase()
  pipeline = await openGeotabPipeline(database, { now: '2026-03-03T18:00:00Z', pageRows: 10 })
  await pipeline.run()
})
afterAll(async () => {
  await pipeline.close()
  await database.drop()
})

const table = (entity: string) => pipeline.fleet().store.table(entity)

/** The same context, whose client lets something happen after the first answer of a kind to a call. */
function interrupted(of: { entity: string; meanwhile: () => Promise<void> }): PipelineContext {
  const { context } = pipeline
  let isDone = false
  const databases = context.geotab.databases.map((one) => {
    const client: GeotabClient = {
      ...one.client,
      async call(method, params, options) {
        const answer = await one.client.call(method, params, options)
        if (isDone || method !== 'Get' || params['typeName'] !== of.entity) return answer
        isDone = true
        await of.meanwhile()
        return answer
      },
    }
    return { ...one, client }
  })
  return { ...context, geotab: { ...context.geotab, databases } }
}

/** A run of its own, of which only the full read is done. */
async function readWholeADayLater(context: PipelineContext, step: StageStep): Promise<unknown> {
  pipeline.setNow(new Date(pipeline.now().getTime() + 24 * 3_600_000))
  return await geotabFullRead?.run(context, step, new AbortController().signal)
}

async function aStep(): Promise<StageStep> {
  const step = { runId: randomUUID(), step: 'enrich geotab.full_read demo', connection: 'demo' }
  await database.db.transaction().execute(async (trx) => {
    await sql`update ops.runs set status = 'interrupted' where status = 'running'`.execute(trx)
    await insertRun(trx, { runId: step.runId, lane: 'pipeline', trigger: 'manual', owner: 'test', retries: 0 })
    await insertStep(trx, { runId: step.runId, step: step.step, kind: 'enrich', feed: 'geotab.full_read' })
  })
  return step
}

/** Lands a record as its feed would in another process at that moment. */
async function arriveByFeed(step: StageStep, name: FeedName, row: Row): Promise<void> {
  const land = await prepareLanding(pipeline.context, geotabFeed(name), step, [row])
  await database.db.transaction().execute(async (trx) => void (await land(trx)))
}

const removedZones = async () => {
  const { rows } = await sql<{ zone_id: string }>`
    select zone_id from base.geotab__zones where removed_at is not null order by 1
  `.execute(database.db)
  return rows.map(({ zone_id }) => zone_id)
}
const cursors = async () =>
  (await sql`select feed, value, updated_at from ops.cursors order by feed`.execute(database.db)).rows

test('what its feed brings while the pages come is not marked, and what is gone is; no cursor moves', async () => {
  const step = await aStep()
  const before = await cursors()
  const [first, again, told, gone] = [...table('Zone').rows()]
  const rowOf = (entry: typeof first) => ({ ...entry?.row })
  const { store } = pipeline.fleet()
  for (const entry of [again, told, gone]) table('Zone').drop(entry?.key ?? '')
  const context = interrupted({
    entity: 'Zone',
    async meanwhile() {
      // One is there again, behind the page that is being read; of the other only the feed told.
      store.put('Zone', { key: again?.key ?? '', row: rowOf(again), ms: again?.ms ?? 0 })
      await arriveByFeed(step, 'zones', { ...rowOf(told), version: 'ffffffff' })
    },
  })
  const output = await readWholeADayLater(context, step)
  expect(output).toMatchObject({ zones: { removed: 1, in_doubt: false } })
  expect(await removedZones()).toEqual([gone?.key])
  expect(await cursors()).toEqual(before)
})

test('what its feed brings while the pages come is not put back to what a page had', async () => {
  const step = await aStep()
  const user = [...table('User').rows()][0]
  const context = interrupted({
    entity: 'User',
    meanwhile: () => arriveByFeed(step, 'users', { ...user?.row, employeeNo: '00077' }),
  })
  await readWholeADayLater(context, step)
  const { rows } = await sql<{ employee_number: string }>`
    select payload ->> 'employeeNo' as employee_number from raw.geotab__users where record_key = ${user?.key} and is_current
  `.execute(database.db)
  expect(rows).toEqual([{ employee_number: '00077' }])
})

test('a rule that no list shows, though it is known by its id, is not taken to be gone', async () => {
  const step = await aStep()
  const hidden = [...table('Rule').rows()].filter(({ row }) => row['baseType'] === 'ZoneStop').map(({ row }) => row)
  expect(hidden).toHaveLength(1)
  await landFound(pipeline.context, step, 'rules', hidden, { signal: new AbortController().signal })
  expect(await readWholeADayLater(pipeline.context, step)).toMatchObject({ rules: { removed: 0, in_doubt: false } })
})

test('two at once mark what is gone once, and a run that was replaced marks nothing', async () => {
  const step = await aStep()
  const zone = [...table('Zone').rows()].at(-1)?.key ?? ''
  table('Zone').drop(zone)
  const before = await removedZones()
  pipeline.setNow(new Date(pipeline.now().getTime() + 24 * 3_600_000))
  const { signal } = new AbortController()
  const both = await Promise.all([
    geotabFullRead?.run(pipeline.context, step, signal),
    geotabFullRead?.run(pipeline.context, step, signal),
  ])
  const outputs = both as Record<string, { removed: number } | undefined>[]
  expect(outputs.map(({ zones }) => zones?.removed ?? 0).toSorted((a, b) => a - b)).toEqual([0, 1])
  expect(await removedZones()).toEqual([...before, zone].toSorted())

  const [other] = [...table('Zone').rows()]
  table('Zone').drop(other?.key ?? '')
  const replaced = await aStep()
  await aStep()
  await expect(readWholeADayLater(pipeline.context, replaced)).rejects.toMatchObject({ code: 'RUN_SUPERSEDED' })
  expect(await removedZones()).toEqual([...before, zone].toSorted())
})
