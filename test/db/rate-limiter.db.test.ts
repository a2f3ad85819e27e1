import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { createPool } from '../../db/pool.ts'
import { databaseSlots } from '../../db/rate-limiter.ts'
import { geotabRateLimiter } from '../../extract/geotab/rate-limiter.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'

const signal = new AbortController().signal
const now = () => performance.now()

let database: TestDatabase
beforeAll(async () => {
  database = await createTestDatabase()
})
afterAll(() => database.drop())

/** Pools of their own, as so many processes have them. */
async function withClients<T>(count: number, work: (slots: ReturnType<typeof databaseSlots>[]) => Promise<T>) {
  const pools = Array.from({ length: count }, () => createPool(database.url, { max: 2 }))
  try {
    return await work(pools.map(databaseSlots))
  } finally {
    await Promise.all(pools.map((pool) => pool.end()))
  }
}

/** Asserts that the first was given no earlier than `first` ms, and each of the others a span later. */
function expectSpaced(given: number[], first: number, spanMs: number): void {
  const ordered = given.toSorted((a, b) => a - b)
  for (const [i, at] of ordered.entries()) expect(at).toBeGreaterThanOrEqual(first + i * spanMs)
}

test('clients of several processes never read one feed twice within 1,010 ms, and each has its turn', async () => {
  await database.pool.query(`
    create table slots (next_at timestamptz);
    create function note_slot() returns trigger language plpgsql as
      $$ begin insert into slots values (new.next_at); return null; end $$;
    create trigger note_slot after insert or update on ops.rate_limits
      for each row when (new.key like '%GetFeed%') execute function note_slot()`)
  const key = { account: 'demo/1', method: 'GetFeed', entity: 'Trip' }
  const given: { client: number; at: number }[] = []
  await withClients(4, async (clients) => {
    const from = now()
    // With the first slot gone, all four ask before any of them has a turn.
    await geotabRateLimiter({ slots: clients[0]! }).acquire(key, signal)
    await Promise.all(
      clients.map(async (slots, client) => {
        const limiter = geotabRateLimiter({ slots })
        for (let i = 0; i < 2; i += 1) {
          await limiter.acquire(key, signal)
          given.push({ client, at: now() - from })
        }
      }),
    )
  })
  const { rows } = await database.pool.query<{ gap: number | null }>(`
    select extract(epoch from next_at - lag(next_at) over (order by next_at))::float8 * 1000 as gap from slots`)
  expect(rows).toHaveLength(9)
  // By the database's clock each slot is this far from the one before, and nobody was given one before its time.
  for (const { gap } of rows.slice(1)) expect(gap).toBeGreaterThanOrEqual(1_050)
  expectSpaced(
    given.map(({ at }) => at),
    1_050,
    1_050,
  )
  // Nobody has a second turn before everybody had one.
  expect(new Set(given.slice(0, 4).map(({ client }) => client)).size).toBe(4)
})

test('however many ask at once, slots are a span apart', async () => {
  await withClients(3, async (clients) => {
    const from = now()
    const given: number[] = []
    await Promise.all(
      Array.from({ length: 60 }, async (_, i) => {
        await clients[i % 3]!.acquire('busy', 20, signal)
        given.push(now() - from)
      }),
    )
    expect(given).toHaveLength(60)
    expectSpaced(given, 0, 20)
  })
})

test('a key that is free costs one round trip and no wait', async () => {
  const query = vi.spyOn(database.pool, 'query')
  try {
    await databaseSlots(database.pool).acquire('free', 60_000, signal)
    expect(query).toHaveBeenCalledTimes(1)
  } finally {
    query.mockRestore()
  }
})

test('keys do not wait for each other', async () => {
  const slots = databaseSlots(database.pool)
  await slots.acquire('one', 60_000, signal)
  await expect(slots.acquire('other', 60_000, AbortSignal.timeout(2_000))).resolves.toBeUndefined()
})

test('case 28: a block holds every client, those that wait already and those that come, and spaces them when it ends', async () => {
  await withClients(3, async ([one, two, three]) => {
    await one!.acquire('blocked', 100, signal)
    const given: number[] = []
    const from = now()
    const waiting = [one!, two!].map((slots) =>
      slots.acquire('blocked', 100, signal).then(() => given.push(now() - from)),
    )
    await three!.block('blocked', 600)
    const coming = three!.acquire('blocked', 100, signal).then(() => given.push(now() - from))
    await Promise.all([...waiting, coming])
    expectSpaced(given, 600, 100)
    expect(Math.max(...given)).toBeLessThan(3_000)
  })
})

test('many blocks at once end with the longest, and nobody starves', async () => {
  await withClients(3, async (clients) => {
    const from = now()
    await Promise.all(Array.from({ length: 30 }, (_, i) => clients[i % 3]!.block('storm', 100 + i * 10)))
    await Promise.all(Array.from({ length: 12 }, (_, i) => clients[i % 3]!.acquire('storm', 10, signal)))
    const took = now() - from
    expect(took).toBeGreaterThanOrEqual(390 + 11 * 10)
    expect(took).toBeLessThan(5_000)
  })
})

test('whoever stops waiting leaves its slot, and the next has the one after', async () => {
  const slots = databaseSlots(database.pool)
  await slots.acquire('left', 150, signal)
  const stop = new AbortController()
  const from = now()
  const waiting = slots.acquire('left', 150, stop.signal)
  await vi.waitFor(async () => {
    const { rows } = await database.pool.query(
      `select from ops.rate_limits where key = 'left' and next_at > clock_timestamp() + interval '150 milliseconds'`,
    )
    expect(rows).toHaveLength(1)
  })
  stop.abort(new Error('stop'))
  await expect(waiting).rejects.toMatchObject({ name: 'AbortError' })
  await slots.acquire('left', 150, signal)
  expect(now() - from).toBeGreaterThanOrEqual(250)
})

test('a table that is emptied while one waits holds nobody for ever', async () => {
  const slots = databaseSlots(database.pool)
  await slots.acquire('emptied', 200, signal)
  const waiting = slots.acquire('emptied', 200, signal)
  await database.pool.query('truncate ops.rate_limits')
  await expect(waiting).resolves.toBeUndefined()
})
