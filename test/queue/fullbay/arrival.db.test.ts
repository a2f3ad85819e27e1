import { randomUUID } from 'node:crypto'
import { sql } from 'kysely'
import { Client } from 'pg'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { insertRun } from '../../../queue/ledger.ts'
import { createTestDatabase, type TestDatabase } from '../../support/database.ts'
import { openTestPipeline, type TestPipeline } from '../../support/pipeline.ts'
import { fullbayInvoices } from '../../../queue/fullbay/invoices-feed.ts'

let database: TestDatabase
let pipeline: TestPipeline
let runId: string
beforeAll(async () => {
  database = await createTestDatabase()
  pipeline = await openTestPipeline(database)
  runId = randomUUID()
  await database.db
    .transaction()
    .execute((trx) => insertRun(trx, { runId, lane: 'test', trigger: 'manual', owner: 'test', retries: null }))
})
afterAll(async () => {
  await pipeline.close()
  await database.drop()
})

const payload = (id: string) => JSON.stringify({ primaryKey: id, invoiceDate: '2026-03-03', total: 0 })

const insertRaw = async (client: Client, id: string, body = payload(id), version = 1) =>
  await client.query(
    `insert into raw.fullbay__invoices (connection, record_key, version, is_current, payload, content_hash, run_id)
     values ('DET', $1, $2, true, $3::text::jsonb, md5($3::text), $4)`,
    [id, version, body, runId],
  )

const flatten = () =>
  fullbayInvoices.transform(pipeline.context, { runId, connection: 'DET' }, new AbortController().signal)

async function connect(): Promise<Client> {
  const client = new Client({ connectionString: database.url })
  await client.connect()
  onTestFinished(() => client.end())
  return client
}

test('an invoice whose transaction began before a pass and commits after it is flattened by the next pass', async () => {
  const [late, early] = [await connect(), await connect()]
  await late.query('begin')
  await insertRaw(late, 'late')
  await insertRaw(early, 'early')
  const first = await flatten()
  await late.query('commit')
  const second = await flatten()
  const third = await flatten()

  expect(first).toMatchObject({ records: 1, rewritten: 1 })
  expect(second).toMatchObject({ records: 1, rewritten: 1 })
  expect(third).toMatchObject({ records: 0 })
})

test('only the volatile fields changed: the header follows and no line is rewritten', async () => {
  const client = await connect()
  const invoice = {
    primaryKey: 'v',
    invoiceDate: '2026-03-03',
    suppliesTotal: 5,
    subTotal: 5,
    total: 5,
    balance: 5,
    exported: '0',
  }
  await insertRaw(client, 'v', JSON.stringify(invoice))
  await flatten()
  const lines = async () =>
    (await sql`select ctid::text, * from base.fullbay__line_items where fullbay_invoice_id = 'v'`.execute(database.db))
      .rows
  const before = await lines()
  await client.query(`update raw.fullbay__invoices set is_current = false where record_key = 'v'`)
  await insertRaw(client, 'v', JSON.stringify({ ...invoice, balance: 0, exported: '1' }), 2)
  const counts = await flatten()

  expect(before).toHaveLength(1)
  expect(counts).toMatchObject({ records: 1, rewritten: 0, unchanged: 1 })
  expect(await lines()).toEqual(before)
  const { rows } = await sql<{ balance: string; exported: boolean; raw_version: number }>`
    select balance, exported, raw_version from base.fullbay__invoices where fullbay_invoice_id = 'v'
  `.execute(database.db)
  expect(rows).toEqual([{ balance: '0.00', exported: true, raw_version: 2 }])
})

test('edited classification rules re-flatten what is there', async () => {
  const client = await connect()
  const part = { primaryKey: '1', description: 'WIDGET', shopPartNumber: 'W1', quantity: 1, sellingPrice: 3, cost: 1 }
  const order = { primaryKey: 's', Complaints: [{ primaryKey: 1, Corrections: [{ primaryKey: 'c', Parts: [part] }] }] }
  await insertRaw(
    client,
    'rules',
    JSON.stringify({ primaryKey: 'rules', invoiceDate: '2026-03-03', ServiceOrder: order }),
  )
  await flatten()
  const typeOf = async () =>
    (
      await sql<{
        type: string
      }>`select line_item_type as type from base.fullbay__line_items where fullbay_invoice_id = 'rules'`.execute(
        database.db,
      )
    ).rows[0]?.type
  expect(await typeOf()).toBe('PART')
  await client.query(
    `insert into base.fullbay__classification_rules (rule_id, shop_id, priority, field, match, words, line_item_type)
     values ('widgets', 'DET', 1, 'description', 'any_word', '{WIDGET}', 'SUPPLY')`,
  )
  await flatten()
  expect(await typeOf()).toBe('SUPPLY')
  // And back again: rows made by other rules are never taken for rows of these.
  await client.query(`delete from base.fullbay__classification_rules where rule_id = 'widgets'`)
  await flatten()
  expect(await typeOf()).toBe('PART')
})

test('an invoice that Postgres refuses goes to quarantine alone; the others of its batch are written; a retry takes it up', async () => {
  const client = await connect()
  await client.query(`alter table base.fullbay__invoices add constraint no_zebra check (invoice_number <> 'ZEBRA')`)
  for (const id of ['q1', 'q2', 'q3']) {
    await insertRaw(
      client,
      id,
      JSON.stringify({ primaryKey: id, invoiceDate: '2026-03-03', invoiceNumber: id === 'q2' ? 'ZEBRA' : id }),
    )
  }
  const counts = await flatten()
  const held = await sql<{ quarantine_id: number; record_key: string; code: string; message: string }>`
    select quarantine_id, record_key, code, message from ops.quarantine where state = 'open'
  `.execute(database.db)
  expect(counts).toMatchObject({ records: 3, rewritten: 2, quarantined: 1 })
  expect(held.rows).toMatchObject([{ record_key: 'q2', code: 'NOT_STORABLE' }])
  expect(held.rows[0]?.message).toContain('no_zebra')
  expect(await flatten()).toMatchObject({ records: 0 })

  await client.query('alter table base.fullbay__invoices drop constraint no_zebra')
  await client.query(`update ops.quarantine set state = 'retry' where state = 'open'`)
  expect(await flatten()).toMatchObject({ records: 1, rewritten: 1 })
  const { rows } = await sql<{ state: string }>`select state from ops.quarantine where record_key = 'q2'`.execute(
    database.db,
  )
  expect(rows).toEqual([{ state: 'resolved' }])
})

test('a watermark of another cluster counts as none', async () => {
  await sql`select ops.advance_watermark('restored', '1000'::xid8)`.execute(database.db)
  const since = async () =>
    (await sql<{ since: string }>`select ops.watermark_of('restored')::text as since`.execute(database.db)).rows[0]
      ?.since
  expect(await since()).toBe('1000')
  await sql`update ops.consumers set system_identifier = system_identifier + 1 where consumer = 'restored'`.execute(
    database.db,
  )
  expect(await since()).toBe('0')
})
