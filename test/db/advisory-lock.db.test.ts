import { connect, createServer, type Socket } from 'node:net'
import { once } from 'node:events'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { lockId, transactionLock, tryLock, withLock } from '../../db/advisory-lock.ts'
import { createPool } from '../../db/pool.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'

describe('an advisory lock', () => {
  let database: TestDatabase
  beforeAll(async () => {
    database = await createTestDatabase()
    await database.pool.query('create table counter as select 0 as value')
  })
  afterAll(() => database.drop())

  test('is held by one at a time, per key, and free again when released', async () => {
    const held = await tryLock(database.pool, 'lane:hourly')
    expect(held).not.toBeNull()
    expect(await tryLock(database.pool, 'lane:hourly')).toBeNull()
    const other = await tryLock(database.pool, 'lane:backfill')
    expect(other?.key).toBe('lane:backfill')
    await held?.release()
    await held?.release()
    expect(held?.signal.aborted).toBe(false)
    const again = await tryLock(database.pool, 'lane:hourly')
    expect(again).not.toBeNull()
    await again?.release()
    await other?.release()
  })

  test('makes the ones who wait for it go one after the other, even more of them than the pool has connections', async () => {
    const small = createPool(database.url, { max: 1 })
    const addOne = () =>
      withLock(small, 'counter', async () => {
        const { rows } = await small.query<{ value: number }>('select value from counter')
        await small.query('update counter set value = $1', [(rows[0]?.value ?? 0) + 1])
      })
    await Promise.all(Array.from({ length: 8 }, addOne))
    const { rows } = await small.query('select value from counter')
    expect(rows).toEqual([{ value: 8 }])
    await small.end()
  })

  test('is released when the work fails, and the failure comes through', async () => {
    await expect(withLock(database.pool, 'failing', () => Promise.reject(new Error('no fuel')))).rejects.toThrow(
      'no fuel',
    )
    const lock = await tryLock(database.pool, 'failing')
    expect(lock).not.toBeNull()
    await lock?.release()
  })

  test('whose connection is cut tells its holder', async () => {
    const work = withLock(database.pool, 'cut', async (signal) => {
      const aborted = once(signal, 'abort')
      await database.pool.query(
        `select pg_terminate_backend(l.pid) from pg_locks as l
         where l.locktype = 'advisory' and l.database = (select oid from pg_database where datname = current_database())`,
      )
      await aborted
    })
    await expect(work).rejects.toMatchObject({ code: 'LOCK_LOST', retry: 'later' })
  })

  test('whose connection goes silent tells its holder after the heartbeat', async () => {
    const { hostname, port } = new URL(database.url)
    const sockets: Socket[] = []
    const proxy = createServer((near) => {
      const far = connect(Number(port || 5432), hostname)
      sockets.push(near, far)
      near.pipe(far).pipe(near)
    })
    proxy.listen(0, '127.0.0.1')
    await once(proxy, 'listening')
    const address = proxy.address()
    const url = new URL(database.url)
    url.port = String(typeof address === 'object' ? address?.port : '')
    const pool = createPool(url.href)

    const lock = await tryLock(pool, 'silent', { heartbeatMs: 30 })
    const lost = once(lock?.signal ?? new EventTarget(), 'abort')
    for (const socket of sockets) socket.unpipe().pause()
    await lost
    expect(lock?.signal.reason).toMatchObject({ code: 'LOCK_LOST' })
    for (const socket of sockets) socket.destroy()
    await lock?.release()
    proxy.close()
  })

  test('of a transaction is held until the transaction ends', async () => {
    await database.db.transaction().execute(async (trx) => {
      await transactionLock(trx, 'publish')
      expect(await tryLock(database.pool, 'publish')).toBeNull()
    })
    const lock = await tryLock(database.pool, 'publish')
    expect(lock).not.toBeNull()
    await lock?.release()
  })

  test('has a number that Postgres takes for every key', async () => {
    const keys = Array.from({ length: 500 }, (_value, index) => `key ${index}`)
    const { rows } = await database.pool.query(
      'select count(distinct id::bigint) as ids from unnest($1::text[]) as id',
      [keys.map(lockId)],
    )
    expect(rows).toEqual([{ ids: 500 }])
  })
})
