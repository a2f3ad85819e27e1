import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { dropOldVehicleFiles } from '../../../queue/chevin/vehicle-retention.ts'
import { createTestDatabase, type TestDatabase } from '../../support/database.ts'
import { openThirty } from '../../support/thirty-devices.ts'
import { csv, type TestSync } from '../../support/vehicle-sync.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await createTestDatabase()
})
afterAll(() => database.drop())

const DAY = 86_400
const { signal } = new AbortController()
const drop = (sync: TestSync) => dropOldVehicleFiles(sync.context, sync.connection, signal)

/** What is held of each file, oldest first. */
async function held(sync: TestSync) {
  const { rows } = await sql<{ bytes: boolean; rows: number; planned: number; updates: number; result: boolean }>`
    select octet_length(f.content) > 0 as bytes,
      (select count(*) from raw.chevin__vehicle_rows as r
       where r.connection = f.connection and r.payload ->> 'file' = f.sha256) as rows,
      (select count(*) from ops.sync_plan_rows join ops.sync_plans as p using (plan_id) where p.file_id = f.file_id) as planned,
      (select count(*) from ops.device_updates join ops.sync_plans as p using (plan_id) where p.file_id = f.file_id) as updates,
      exists (select from ops.sync_plans as p where p.file_id = f.file_id and octet_length(p.result) > 0) as result
    from raw.chevin__vehicle_files as f where f.connection = ${sync.connection} order by f.file_number
  `.execute(database.db)
  return rows
}
const kept = (changes: object = {}) => ({ bytes: true, rows: 2, planned: 2, updates: 1, result: true, ...changes })
const dropped = { bytes: false, rows: 0, planned: 0, updates: 1, result: false }

async function take(sync: TestSync, name: string): Promise<void> {
  sync.drop(csv(['b100', name], ['b101', 'Unit b101']))
  expect(await sync.apply()).toMatchObject({ state: 'applied', results: { applied: 1, unchanged: 1 } })
}

test('bytes, rows and planned rows go after keep_days; the newest file stays however old, and the audit for ever', async () => {
  const sync = await openThirty(database, { updates: { keep_days: 400 } })
  await take(sync, 'One')
  sync.pass(300 * DAY)
  await take(sync, 'Two')
  expect(await drop(sync)).toBe(0)
  sync.pass(101 * DAY)
  expect(await drop(sync)).toBe(1)
  expect(await held(sync)).toEqual([dropped, kept()])
  sync.pass(5000 * DAY)
  expect(await drop(sync)).toBe(0)
  expect(await held(sync)).toEqual([dropped, kept()])
  expect(await sync.audit()).toHaveLength(2)
  const { rows } = await sql`
    select before, after, file_sha256 is not null as file from ops.device_updates where connection = ${sync.connection} order by update_id
  `.execute(database.db)
  expect(rows[0]).toEqual({ before: { name: 'Unit b100' }, after: { name: 'One' }, file: true })
})

test('a file that was taken stays while only rejected ones came after it', async () => {
  const sync = await openThirty(database)
  await take(sync, 'One')
  sync.drop(Buffer.from('PK\u0003\u0004 a workbook\n', 'latin1'))
  await sync.apply()
  sync.pass(1000 * DAY)
  expect(await drop(sync)).toBe(0)
  await take(sync, 'Two')
  expect(await drop(sync)).toBe(2)
  expect((await held(sync)).map(({ bytes }) => bytes)).toEqual([false, false, true])
})

test('a file whose plan waits for approval, or was ended late, stays', async () => {
  const sync = await openThirty(database, { updates: { max_devices: 0 } })
  sync.drop(csv(['b100', 'One'], ['b101', 'Unit b101']))
  const { plan } = await sync.apply()
  sync.pass(1000 * DAY)
  sync.drop(csv(['b100', 'Two'], ['b101', 'Unit b101']))
  await sql`insert into raw.chevin__vehicle_files (file_id, connection, path, sha256, bytes, modified_at, content, outcome, first_seen_at, last_seen_at)
    select gen_random_uuid(), connection, path, repeat('0', 64), 1, modified_at, 'x', 'taken', ${sync.context.clock.now()}, ${sync.context.clock.now()}
    from raw.chevin__vehicle_files where connection = ${sync.connection}`.execute(database.db)
  expect(await drop(sync)).toBe(0)
  await sync.approve(plan?.plan_id ?? '')
  expect(await drop(sync)).toBe(0)
  sync.pass(401 * DAY)
  expect(await drop(sync)).toBe(1)
})

test('the rows of a content that came back stay as long as the younger file', async () => {
  const sync = await openThirty(database)
  for (const name of ['One', 'Two', 'One']) {
    await take(sync, name)
    sync.pass(300 * DAY)
  }
  expect(await drop(sync)).toBe(1)
  expect(await held(sync)).toEqual([kept(), dropped, kept()])
  await take(sync, 'Three')
  sync.pass(401 * DAY)
  await take(sync, 'Four')
  expect(await drop(sync)).toBe(3)
  expect(await held(sync)).toEqual([dropped, dropped, dropped, dropped, kept()])
})

test('a hundred files go in a call, and the next one goes on', async () => {
  const sync = await openThirty(database)
  await take(sync, 'One')
  await sql`
    insert into raw.chevin__vehicle_files (file_id, connection, path, sha256, bytes, modified_at, content, outcome, first_seen_at, last_seen_at)
    select gen_random_uuid(), connection, path, repeat('0', 61) || to_char(at, 'FM000'), 1, modified_at, 'x', 'taken', first_seen_at, last_seen_at
    from raw.chevin__vehicle_files, generate_series(1, 150) as at where connection = ${sync.connection}
  `.execute(database.db)
  sync.pass(401 * DAY)
  expect(await drop(sync)).toBe(100)
  expect(await drop(sync)).toBe(50)
  expect(await drop(sync)).toBe(0)
})
