import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { geotabRateLimiter } from '../../../extract/geotab/rate-limiter.ts'
import { createTestDatabase, type TestDatabase } from '../../support/database.ts'
import { csv, openTestSync } from '../../support/vehicle-sync.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await createTestDatabase()
})
afterAll(() => database.drop())

const ids = Array.from({ length: 130 }, (_, at) => `b${at + 100}`)
const devices = ids.map((id) => ({ id }))
const updates = { max_devices: 1000, max_percent: 100 }
const everybody = csv(...ids.map((id): [string, string] => [id, `New ${id}`]))

test("applying keeps to Geotab's limits by Geotab's clock: no call is ever one too many", async () => {
  const nextAt = new Map<string, number>()
  let nowMs = 0
  const slots = {
    async acquire(key: string, spanMs: number) {
      const at = Math.max(nowMs, nextAt.get(key) ?? 0)
      nextAt.set(key, at + spanMs)
      sync.pass((at - nowMs) / 1000)
      nowMs = at
    },
    async block() {
      throw new Error('Geotab said that a limit was reached')
    },
  }
  const sync = await openTestSync(database, {
    devices,
    updates,
    limits: 'vendor',
    limiter: geotabRateLimiter({ slots }),
  })
  onTestFinished(() => sync.close())
  sync.drop(everybody)
  expect(await sync.apply()).toMatchObject({ results: { applied: 130 } })
  expect(sync.geotab.requests.filter(({ error }) => error !== undefined && error !== null)).toEqual([])
  // 260 reads at 100 a minute.
  expect(nowMs).toBeGreaterThan(150_000)
})

test('a limit that is reached all the same ends the call, and the next one goes on where it ended', async () => {
  const sync = await openTestSync(database, { devices, updates, limits: { Set: 50, Get: 10_000 } })
  onTestFinished(() => sync.close())
  sync.drop(everybody)
  for (const done of [50, 100]) {
    await expect(sync.apply()).rejects.toMatchObject({ code: 'GEOTAB_BUSY', retryAfterSeconds: expect.any(Number) })
    expect((await sync.audit()).filter(({ outcome }) => outcome === 'applied')).toHaveLength(done)
    sync.pass(61)
  }
  expect(await sync.apply()).toMatchObject({ results: { applied: 130 } })
})
