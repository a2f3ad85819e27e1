import { once } from 'node:events'
import { createServer, type Server } from 'node:net'
import { inspect } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createPool } from '../../db/pool.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await createTestDatabase()
})
afterAll(() => database.drop())

describe('a value from the database', () => {
  test.for([
    { sql: `9007199254740991::bigint`, value: 9007199254740991 },
    { sql: `array[1, null, -3]::bigint[]`, value: [1, null, -3] },
    { sql: `count(*)`, value: 1 },
    { sql: `123456789012345678.90::numeric`, value: '123456789012345678.90' },
    { sql: `array[0.10]::numeric[]`, value: ['0.10'] },
    { sql: `date '2026-02-28'`, value: '2026-02-28' },
    { sql: `array[date '2026-02-28']`, value: ['2026-02-28'] },
    { sql: `timestamp '2026-02-28 12:00'`, value: '2026-02-28 12:00:00' },
    { sql: `timestamptz '2026-02-28 12:00-06'`, value: new Date('2026-02-28T18:00:00Z') },
    { sql: `array[timestamptz '2026-02-28 12:00-06']`, value: [new Date('2026-02-28T18:00:00Z')] },
    { sql: `interval '90 minutes'`, value: '01:30:00' },
    { sql: `'{"id": 1.5}'::jsonb`, value: { id: 1.5 } },
    { sql: `array['{"id": 1}', 'null']::jsonb[]`, value: [{ id: 1 }, null] },
    { sql: `array[['a', 'b;"c']]`, value: [['a', 'b;"c']] },
    { sql: `null::bigint`, value: null },
  ])('$sql is $value', async ({ sql, value }) => {
    const { rows } = await database.pool.query(`select ${sql} as value`)
    expect(rows).toEqual([{ value }])
  })

  test.for([
    { sql: '9007199254740993::bigint' },
    { sql: 'array[9007199254740993]::bigint[]' },
    { sql: `timestamptz 'infinity'` },
  ])('$sql is refused rather than changed, and the connection goes on', async ({ sql }) => {
    await expect(database.pool.query(`select ${sql}`)).rejects.toMatchObject({ code: 'DATABASE_VALUE' })
    expect((await database.pool.query('select 1 as one')).rows).toEqual([{ one: 1 }])
  })

  test('a number in JSON keeps every digit', async () => {
    const { rows } = await database.pool.query<{ value: unknown }>(`select '[12345678901234567890]'::jsonb as value`)
    expect(JSON.stringify(rows[0]?.value)).toBe('[12345678901234567890]')
  })
})

describe('a failed connection', () => {
  let silent: Server
  beforeAll(async () => {
    silent = createServer().listen(0, '127.0.0.1')
    await once(silent, 'listening')
  })
  afterAll(() => silent.close())

  test.for<{ to: string; change: (url: URL) => void | Promise<void>; code: string; retry: string }>([
    {
      to: 'a port where nobody listens',
      change: async (url) => {
        const closed = createServer().listen(0, '127.0.0.1')
        await once(closed, 'listening')
        url.host = `127.0.0.1:${portOf(closed)}`
        closed.close()
        await once(closed, 'close')
      },
      code: 'DATABASE_UNREACHABLE',
      retry: 'later',
    },
    {
      to: 'a server that never answers',
      change: (url) => {
        url.host = `127.0.0.1:${portOf(silent)}`
      },
      code: 'DATABASE_UNREACHABLE',
      retry: 'later',
    },
    {
      to: 'a server that does not know the user',
      change: (url) => {
        url.username = 'nobody_of_that_name'
      },
      code: 'DATABASE_AUTH',
      retry: 'never',
    },
    {
      to: 'a database that does not exist',
      change: (url) => {
        url.pathname = '/no_such_database'
      },
      code: 'DATABASE_MISSING',
      retry: 'never',
    },
    {
      to: 'a server that does not speak TLS, asked for it,',
      change: async (url) => {
        const { rows } = await database.pool.query<{ ssl: string }>('show ssl')
        url.searchParams.set('sslmode', rows[0]?.ssl === 'on' ? 'verify-full' : 'require')
      },
      code: 'DATABASE_TLS',
      retry: 'never',
    },
  ])('to $to is $code, to be tried again $retry, and does not show the password', async ({ change, code, retry }) => {
    const url = new URL(database.url)
    const wrongPassword = 'w0rth-a-look'
    if (code === 'DATABASE_AUTH' || code === 'DATABASE_UNREACHABLE') url.password = wrongPassword
    await change(url)
    const pool = createPool(url.href, { connectTimeoutMs: 200 })
    const error: unknown = await pool.query('select 1').catch((caught: unknown) => caught)
    await pool.end()
    expect(error).toMatchObject({ code, retry, message: expect.stringContaining('DATABASE_URL') })
    expect(inspect(error)).not.toContain(url.password || wrongPassword)
  })
})

function portOf(server: Server): number {
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : 0
}

describe('a pool', () => {
  test('cancels statements that run longer than its limit', async () => {
    const pool = createPool(database.url, { statementTimeoutMs: 20 })
    await expect(pool.query('select pg_sleep(10)')).rejects.toMatchObject({ code: '57014' })
    await pool.end()
  })

  test('goes on after an idle connection was cut, and tells of it', async () => {
    const errors: Error[] = []
    const pool = createPool(database.url, { onIdleError: (error) => errors.push(error) })
    const { rows } = await pool.query<{ pid: number }>('select pg_backend_pid() as pid')
    const cut = once(pool, 'error')
    await database.pool.query('select pg_terminate_backend($1)', [rows[0]?.pid])
    await cut
    expect(errors).toHaveLength(1)
    expect((await pool.query('select 1 as one')).rows).toEqual([{ one: 1 }])
    await pool.end()
  })

  test('case 65: a connection that is cut while it is lent out fails its next query, and not the process', async () => {
    const pool = createPool(database.url)
    const client = await pool.connect()
    const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid')
    const cut = new Promise<void>((done) => client.once('end', done))
    await database.pool.query('select pg_terminate_backend($1)', [rows[0]?.pid])
    await cut
    await expect(client.query('select 1')).rejects.toThrow()
    client.release(true)
    expect((await pool.query('select 1 as one')).rows).toEqual([{ one: 1 }])
    await pool.end()
  })

  test('names its sessions by process and label', async () => {
    const pool = createPool(database.url, { label: 'worker' })
    const { rows } = await pool.query('show application_name')
    expect(rows).toEqual([{ application_name: `milepost:${process.pid} worker` }])
    await pool.end()
  })
})
