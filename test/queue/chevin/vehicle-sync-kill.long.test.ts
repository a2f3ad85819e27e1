import { setTimeout as delay } from 'node:timers/promises'
import fc from 'fast-check'
import { sql } from 'kysely'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { requireChevin } from '../../../queue/chevin/target.ts'
import { startCommand } from '../../support/command.ts'
import { createTestDatabase } from '../../support/database.ts'
import { csv, openTestSync } from '../../support/vehicle-sync.ts'

const DEVICES = 500
const KILLS = 20

test(
  'SEC-16, case 60: killed with -9 at twenty moments of a change of 500 devices, each device is set once and the audit is whole',
  { timeout: 180_000 },
  async () => {
    const database = await createTestDatabase()
    const ids = Array.from({ length: DEVICES }, (_, at) => `b${at + 1000}`)
    const sync = await openTestSync(database, { devices: ids.map((id) => ({ id, groups: ['b1', 'c1', 'c2'] })) })
    const sets = new Map<string, number>()
    let [made, target] = [0, Infinity]
    let reached = Promise.withResolvers<void>()
    const put = sync.fleet.store.put.bind(sync.fleet.store)
    sync.fleet.store.put = (typeName, draft, gap) => {
      if (typeName === 'Device') {
        sets.set(draft.key, (sets.get(draft.key) ?? 0) + 1)
        made += 1
        if (made >= target) reached.resolve()
      }
      put(typeName, draft, gap)
    }
    // Every third is renamed, every third loses a group, every third gets another group and a name.
    sync.drop(
      csv(
        ...ids.map((id, at): [string, string, string] => [
          id,
          at % 3 === 1 ? '' : `New ${at}`,
          at % 3 === 0 ? '' : at % 3 === 1 ? 'c1' : 'c3',
        ]),
      ),
    )
    const { password, ...server } = requireChevin(sync.context).server
    const start = () =>
      startCommand(
        './apply-vehicles.ts',
        database.url,
        sync.connection,
        sync.geotab.url,
        JSON.stringify(server),
        password?.reveal() ?? '',
      )
    const [seed] = fc.sample(fc.integer(), 1)
    // So many devices further, and so many milliseconds into what is done then; few enough that some are left for the end.
    const moments = fc.sample(
      fc.record({ devices: fc.integer({ min: 1, max: 18 }), ms: fc.integer({ min: 0, max: 8 }) }),
      {
        seed: seed!,
        numRuns: KILLS,
      },
    )
    const open = async () => {
      const { rows } = await sql<{ done: number; open: number }>`
        select count(*) filter (where outcome is not null) as done, count(*) filter (where outcome is null) as open
        from ops.device_updates
      `.execute(database.db)
      return rows[0] ?? { done: 0, open: 0 }
    }
    try {
      let midway = 0
      for (const { devices, ms } of moments) {
        target = made + devices
        reached = Promise.withResolvers()
        const command = start()
        await command.answer(z.object({ ready: z.boolean() }))
        await reached.promise
        await delay(ms)
        await command.kill()
        const { done } = await open()
        if (done > 0 && done < DEVICES) midway += 1
      }
      const command = start()
      await command.answer(z.object({ ready: z.boolean() }))
      const { output } = await command.answer(z.object({ output: z.looseObject({ state: z.string() }) }))
      await command.kill()
      expect(midway, `seed ${seed}: kills in the middle`).toBeGreaterThan(15)
      expect(output, `seed ${seed}`).toMatchObject({ state: 'applied', results: { applied: DEVICES, failed: 0 } })
      expect(
        [...sets.values()].filter((times) => times !== 1),
        `seed ${seed}`,
      ).toEqual([])
      expect(sets.size).toBe(DEVICES)
      expect(await open()).toEqual({ done: DEVICES, open: 0 })
      const { rows } = await sql<{ device_id: string; after: { name?: string; groups?: string[] } }>`
        select r.device_id, r.after from ops.sync_plan_rows as r
        join ops.device_updates as u using (plan_id, line)
        where r.decision = 'change' and u.outcome = 'applied' and u.after = r.after and u.read_back @> r.after
      `.execute(database.db)
      expect(rows).toHaveLength(DEVICES)
      for (const { device_id, after } of rows) expect(sync.device(device_id)).toMatchObject(after)
    } finally {
      await sync.close()
      await database.drop()
    }
  },
)
