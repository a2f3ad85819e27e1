import { randomBytes } from 'node:crypto'
import { inspect } from 'node:util'
import { sql, type KyselyPlugin } from 'kysely'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { Secret } from '../../../core/secret.ts'
import { openSftp } from '../../../core/sftp/session.ts'
import { systemClock } from '../../../core/clock.ts'
import type { Fault, Operation } from '../../../sandbox/sftp/fault.ts'
import type { SftpSandbox } from '../../../sandbox/sftp/server.ts'
import { dropDeliveredContent, readReceipts, requeueDeliveries } from '../../../load/sftp/ledger.ts'
import { deliverPending } from '../../../load/sftp/pending.ts'
import { createTestDatabase, type TestDatabase } from '../../support/database.ts'
import { sandboxServer, startSandbox } from './peer.ts'
import { AT_ONCE, startShipping } from './shipping.ts'

let database: TestDatabase
let sandbox: SftpSandbox
beforeAll(async () => {
  database = await createTestDatabase()
  sandbox = await startSandbox()
})
afterEach(() => sandbox.faults.clear())
afterAll(async () => {
  await sandbox.close()
  await database.drop()
})

const asked = (operation: Operation) => sandbox.requests.filter((request) => request.operation === operation).length
const partsOf = (fileName: string) => sandbox.files.names('Import').filter((name) => name.startsWith(`.${fileName}`))

test('a name is never given to two files, also before the first was sent', async () => {
  const shipping = startShipping(database)
  const file = await shipping.plan()
  await expect(shipping.plan({ ...file, content: Buffer.from('other') })).rejects.toMatchObject({
    code: 'SFTP_CONFLICT',
    retry: 'never',
  })
  expect(await shipping.plan({ ...file, folder: 'Export' })).not.toMatchObject({ deliveryId: file.deliveryId })
  expect(await shipping.receipts()).toHaveLength(2)
})

test('two that plan the same file at once plan one delivery', async () => {
  const shipping = startShipping(database)
  const file = { fileName: 'same.xls', content: Buffer.from('same') }
  const planned = await Promise.all(Array.from({ length: 8 }, () => shipping.plan(file)))
  expect(new Set(planned.map(({ deliveryId }) => deliveryId)).size).toBe(1)
})

test.for([
  ['a path in the name', { fileName: '../x.xls' }],
  ['a folder that leads out', { folder: '../Import' }],
  ['a name too long for its part file', { fileName: 'x'.repeat(240) }],
] as const)('%s is refused when it is planned', async ([, changes]) => {
  await expect(startShipping(database).plan(changes)).rejects.toMatchObject({ code: 'SFTP_NAME_INVALID' })
})

test('case 48: when the answer to the rename is lost, the next attempt finds the file delivered', async () => {
  const shipping = startShipping(database)
  const file = await shipping.plan()
  sandbox.faults.set({ fault: 'loseReply', operation: 'rename', times: 1 })
  expect(await shipping.send(sandboxServer(sandbox))).toMatchObject([
    { outcome: 'retry', error: { code: 'SFTP_CUT_OFF' } },
  ])
  const renames = asked('rename')
  expect(await shipping.send(sandboxServer(sandbox))).toMatchObject([{ outcome: 'was_there' }])
  expect(asked('rename')).toBe(renames)
  expect(sandbox.files.read(`Import/${file.fileName}`)).toEqual(file.content)
  expect(await shipping.receipts()).toMatchObject([{ status: 'delivered', was_there: true, attempts: 2 }])
})

test.for<[string, Fault, string]>([
  ['sizes that are told wrong', { fault: 'wrongSize', by: -1, path: '.part' }, 'SFTP_SIZE_WRONG'],
  ['bytes that change on the way', { fault: 'corrupt' }, 'SFTP_CONTENT_WRONG'],
  ['a failure without a reason', { fault: 'failure', operation: 'rename' }, 'SFTP_REFUSED'],
])('%s keep the file from getting its name, and it is tried again', async ([, fault, code]) => {
  const shipping = startShipping(database)
  const file = await shipping.plan()
  sandbox.faults.set(fault)
  expect(await shipping.send(sandboxServer(sandbox))).toMatchObject([{ outcome: 'retry', error: { code } }])
  expect(sandbox.files.read(`Import/${file.fileName}`)).toBeNull()
  expect(partsOf(file.fileName)).toEqual([])
  sandbox.faults.clear()
  expect(await shipping.send(sandboxServer(sandbox))).toMatchObject([{ outcome: 'delivered' }])
})

test('a server without a folder that it had before fails the delivery, and a person can send it again', async () => {
  const shipping = startShipping(database)
  const file = await shipping.plan()
  const { id } = sandbox.faults.set({ fault: 'directoryMissing' })
  expect(await shipping.send(sandboxServer(sandbox))).toMatchObject([
    { outcome: 'failed', error: { code: 'SFTP_DIRECTORY_MISSING' } },
  ])
  sandbox.faults.clear(id)
  expect(await shipping.send(sandboxServer(sandbox))).toEqual([])
  const { destination } = shipping
  const requeue = () => database.db.transaction().execute((trx) => requeueDeliveries(trx, { destination }, systemClock))
  expect(await requeue()).toBe(1)
  expect(await shipping.send(sandboxServer(sandbox))).toMatchObject([{ outcome: 'delivered' }])
  expect(await requeue()).toBe(0)
  expect(await shipping.attempts(file.deliveryId)).toMatchObject([
    { attempt: 1, outcome: 'failed', error_code: 'SFTP_DIRECTORY_MISSING' },
    { attempt: 2, outcome: 'delivered', error_code: null },
  ])
})

test('case 50: what fails for a while is tried later and later, and after its last attempt it has failed', async () => {
  const shipping = startShipping(database)
  const file = await shipping.plan()
  sandbox.faults.set({ fault: 'diskFull', afterBytes: 0 })
  const policy = { attempts: 3, baseMs: 60_000, maxMs: 600_000, brokenConnections: 3 }
  let now = new Date()
  const send = () => shipping.send(sandboxServer(sandbox), { policy, clock: { now: () => now } })
  for (const longestMs of [60_000, 120_000]) {
    const [outcome] = await send()
    expect(outcome?.outcome).toBe('retry')
    const waitMs = (outcome?.nextAttemptAt ?? new Date(0)).getTime() - now.getTime()
    expect(waitMs).toBeGreaterThanOrEqual(0)
    expect(waitMs).toBeLessThanOrEqual(longestMs)
    now = new Date(now.getTime() + longestMs)
  }
  expect(await send()).toMatchObject([{ outcome: 'failed', error: { code: 'SFTP_DISK_FULL' } }])
  expect(await send()).toEqual([])
  expect((await shipping.attempts(file.deliveryId)).map(({ outcome }) => outcome)).toEqual(['retry', 'retry', 'failed'])
})

test('what is not due yet is not sent', async () => {
  const shipping = startShipping(database)
  await shipping.plan()
  const clock = { now: () => new Date(Date.now() - 60_000) }
  expect(await shipping.send(sandboxServer(sandbox), { clock })).toEqual([])
})

test('a file that fails does not hold up the others', async () => {
  const shipping = startShipping(database)
  const bad = await shipping.plan({ fileName: 'a-bad.xls' })
  await shipping.plan({ fileName: 'b-good.xls' })
  sandbox.faults.set({ fault: 'failure', operation: 'open', path: `${bad.deliveryId.slice(0, 8)}-1.part` })
  expect((await shipping.send(sandboxServer(sandbox))).map(({ outcome }) => outcome)).toEqual(['retry', 'delivered'])
})

test('twenty files go over one connection', async () => {
  const shipping = startShipping(database)
  for (let count = 0; count < 20; count += 1) await shipping.plan({ content: randomBytes(50) })
  const before = sandbox.connections().total
  expect(await shipping.send(sandboxServer(sandbox))).toHaveLength(20)
  expect(sandbox.connections().total - before).toBe(1)
})

test('a dead server is asked once per call, and then left alone until its time', async () => {
  const shipping = startShipping(database)
  for (let count = 0; count < 10; count += 1) await shipping.plan({ content: randomBytes(50) })
  sandbox.faults.set({ fault: 'mute' })
  const policy = { attempts: 8, baseMs: 60_000, maxMs: 600_000, brokenConnections: 3 }
  let now = new Date()
  const server = sandboxServer(sandbox, { connectTimeoutSeconds: 0.1 })
  const send = () => shipping.send(server, { policy, clock: { now: () => now } })
  const before = sandbox.connections().total
  const first = await send()
  expect(first.map(({ outcome }) => outcome)).toEqual(['retry', ...Array.from({ length: 9 }, () => 'waiting')])
  const again = await send()
  expect(new Set(again.map(({ outcome, error }) => `${outcome} ${error?.code}`))).toEqual(
    new Set(['waiting SFTP_TIMEOUT']),
  )
  expect(sandbox.connections().total - before).toBe(1)
  expect((await shipping.receipts()).filter(({ attempts }) => attempts === 0)).toHaveLength(9)

  now = new Date(now.getTime() + 60_000)
  await send()
  expect(sandbox.connections().total - before).toBe(2)
  sandbox.faults.clear()
  now = new Date(now.getTime() + 600_000)
  expect((await send()).map(({ outcome }) => outcome)).toEqual(Array.from({ length: 10 }, () => 'delivered'))
  const { rows } = await sql`
    select from ops.delivery_breakers where destination = ${shipping.destination}
  `.execute(database.db)
  expect(rows).toEqual([])
})

test('after three broken connections in a row the rest of the files wait', async () => {
  const shipping = startShipping(database)
  for (let count = 0; count < 6; count += 1) await shipping.plan({ content: randomBytes(50) })
  sandbox.faults.set({ fault: 'loseReply', operation: 'write' })
  const before = sandbox.connections().total
  const outcomes = await shipping.send(sandboxServer(sandbox))
  expect(outcomes.map(({ outcome }) => outcome)).toEqual(['retry', 'retry', 'retry', 'waiting', 'waiting', 'waiting'])
  expect(sandbox.connections().total - before).toBe(3)
})

test('a refused login fails all that is due with one try to log in', async () => {
  const shipping = startShipping(database)
  for (let count = 0; count < 5; count += 1) await shipping.plan({ content: randomBytes(50) })
  const before = sandbox.logins.length
  sandbox.faults.set({ fault: 'refuseAuth' })
  const outcomes = await shipping.send(sandboxServer(sandbox))
  expect(outcomes.map(({ outcome, error }) => `${outcome} ${error?.code}`)).toEqual(
    Array.from({ length: 5 }, () => 'failed SFTP_AUTH'),
  )
  expect(sandbox.logins.length - before).toBe(1)
})

test('told to stop in the middle, it stops, and the attempt does not count', async () => {
  const shipping = startShipping(database)
  const file = await shipping.plan()
  sandbox.faults.set({ fault: 'hang', operation: 'rename' })
  const stop = new AbortController()
  const reason = new Error('the worker stops')
  const sending = shipping.send(sandboxServer(sandbox), { signal: stop.signal, policy: { ...AT_ONCE, attempts: 1 } })
  const before = asked('rename')
  await expect.poll(() => asked('rename')).toBe(before + 1)
  stop.abort(reason)
  await expect(sending).rejects.toBe(reason)
  sandbox.faults.clear()
  const outcomes = await shipping.send(sandboxServer(sandbox), { policy: { ...AT_ONCE, attempts: 1 } })
  expect(outcomes).toMatchObject([{ outcome: 'delivered' }])
  expect(await shipping.attempts(file.deliveryId)).toMatchObject([{ outcome: 'interrupted' }, { outcome: 'delivered' }])
})

test('when the lock is lost with its connection, the delivery stops and another call finishes it', async () => {
  const shipping = startShipping(database)
  await shipping.plan()
  sandbox.faults.set({ fault: 'hang', operation: 'rename' })
  const before = asked('rename')
  const sending = shipping.send(sandboxServer(sandbox))
  await expect.poll(() => asked('rename')).toBe(before + 1)
  await sql`
    select pg_terminate_backend(pid) from pg_locks
    where locktype = 'advisory' and database = (select oid from pg_database where datname = current_database())
  `.execute(database.db)
  await expect(sending).rejects.toMatchObject({ code: 'LOCK_LOST' })
  sandbox.faults.clear()
  expect(await shipping.send(sandboxServer(sandbox))).toMatchObject([{ outcome: 'delivered' }])
})

test('a file that is planned when a worker has just found nothing more to do is not left lying', async () => {
  const shipping = startShipping(database)
  const first = await shipping.plan({ content: randomBytes(50) })
  let ofTheOther: unknown[] | null = null
  // Comes in between: after the worker's last look, before it lets go of the lock.
  const comesBetween: KyselyPlugin = {
    transformQuery: ({ node }) => node,
    async transformResult({ result }) {
      const [sent] = await readReceipts(database.db, { destination: shipping.destination })
      if (ofTheOther === null && result.rows.length === 0 && sent?.status === 'delivered') {
        ofTheOther = []
        await shipping.plan({ content: randomBytes(50) })
        ofTheOther = await shipping.send(sandboxServer(sandbox))
      }
      return result
    },
  }
  const outcomes = await deliverPending(
    { pool: database.pool, db: database.db.withPlugin(comesBetween) },
    sandboxServer(sandbox),
    { destination: shipping.destination, signal: new AbortController().signal, policy: AT_ONCE },
  )
  expect(ofTheOther).toEqual([])
  expect(outcomes).toHaveLength(2)
  expect(outcomes[0]).toMatchObject({ deliveryId: first.deliveryId })
  expect((await shipping.receipts()).map(({ status }) => status)).toEqual(['delivered', 'delivered'])
})

test('a file whose process died in every attempt fails, and is not tried for ever', async () => {
  const shipping = startShipping(database)
  const file = await shipping.plan()
  await sql`
    update ops.deliveries set status = 'sending', attempts = 3 where delivery_id = ${file.deliveryId}::uuid
  `.execute(database.db)
  const outcomes = await shipping.send(sandboxServer(sandbox), { policy: { ...AT_ONCE, attempts: 3 } })
  expect(outcomes).toMatchObject([{ outcome: 'failed', error: { code: 'DELIVERY_INTERRUPTED' } }])
  expect(sandbox.files.read(`Import/${file.fileName}`)).toBeNull()
})

test('bytes that were changed in the ledger are not sent', async () => {
  const shipping = startShipping(database)
  const file = await shipping.plan()
  await sql`
    update ops.delivery_files set content = 'tampered'::bytea where delivery_id = ${file.deliveryId}::uuid
  `.execute(database.db)
  expect(await shipping.send(sandboxServer(sandbox))).toMatchObject([
    { outcome: 'failed', error: { code: 'DELIVERY_CONTENT_MISSING' } },
  ])
})

test('the bytes are dropped some days after they arrived, and the receipt stays', async () => {
  const shipping = startShipping(database)
  const file = await shipping.plan()
  await shipping.send(sandboxServer(sandbox))
  const unsent = await shipping.plan()
  const inDays = (days: number) => ({ now: () => new Date(Date.now() + days * 86_400_000) })
  const held = async () => {
    const { rows } = await sql<{ delivery_id: string }>`
      select delivery_id from ops.delivery_files
      where delivery_id = any(${[file.deliveryId, unsent.deliveryId]}::uuid[])
    `.execute(database.db)
    return rows.map((row) => row.delivery_id)
  }
  await dropDeliveredContent(database.db, 30, inDays(29))
  expect(await held()).toContain(file.deliveryId)
  expect(await dropDeliveredContent(database.db, 30, inDays(31))).toBeGreaterThan(0)
  expect(await held()).toEqual([unsent.deliveryId])
  expect(await readReceipts(database.db, { destination: shipping.destination, status: 'delivered' })).toMatchObject([
    { sha256: expect.stringMatching(/^[0-9a-f]{64}$/), remote_size: 20_000 },
  ])
})

test('neither password nor key is in an error with all its causes, in an outcome or in a table', async () => {
  const canary = 'canary-7f3a91c2-Password'
  const key = 'canary-key-c0ffee-PRIVATE'
  const secrets = { password: new Secret(canary), passphrase: new Secret('canary-passphrase-1') }
  const shipping = startShipping(database)
  const told: string[] = []
  for (const changes of [
    secrets,
    { ...secrets, privateKey: new Secret(key) },
    { ...secrets, hostKeys: [] },
    { ...secrets, port: 1 },
  ]) {
    await shipping.plan({ content: randomBytes(10) })
    const outcomes = await shipping.send(sandboxServer(sandbox, changes), { policy: { ...AT_ONCE, attempts: 1 } })
    expect(outcomes.length).toBeGreaterThan(0)
    told.push(JSON.stringify(outcomes))
    const server = sandboxServer(sandbox, changes)
    const error: unknown = await openSftp(server, { signal: new AbortController().signal }).catch((it: unknown) => it)
    told.push(inspect({ error, server }, { depth: 20, showHidden: true }), JSON.stringify(server))
  }
  const tables = ['deliveries', 'delivery_attempts', 'delivery_breakers']
  for (const table of tables) {
    const { rows } = await sql<{ text: string }>`select t::text as text from ${sql.table(`ops.${table}`)} as t`.execute(
      database.db,
    )
    expect(rows.length).toBeGreaterThan(0)
    told.push(...rows.map((row) => row.text))
  }
  expect(told.join('\n')).toContain('SFTP_AUTH')
  expect(told.join('\n')).toContain('SFTP_KEY_INVALID')
  expect(told.join('\n')).not.toMatch(/canary/i)
})
