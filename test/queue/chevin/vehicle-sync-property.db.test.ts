import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { changeableGroups } from '../../../transform/chevin/groups.ts'
import { groupTree } from '../../../transform/geotab/group-tree.ts'
import { createTestDatabase, type TestDatabase } from '../../support/database.ts'
import { openTestSync } from '../../support/vehicle-sync.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await createTestDatabase()
})
afterAll(() => database.drop())

const groupIds = ['b2867', 'b27D4', 'g1', 'g2', 'g3', 'g4', 'g5']
const someGroups = (least: number) => fc.uniqueArray(fc.constantFrom(...groupIds), { minLength: least, maxLength: 3 })
const aCase = fc.record({
  tree: fc.array(someGroups(0), { minLength: 7, maxLength: 7 }),
  fleet: fc.array(fc.record({ groups: someGroups(1), isArchived: fc.boolean() }), { minLength: 1, maxLength: 6 }),
  rows: fc.array(
    fc.record({
      id: fc.constantFrom('b10', 'b11', 'b12', 'b13', 'b19', ''),
      serial: fc.constantFrom('', '', 'SB11', 'SB14'),
      name: fc.constantFrom('', 'Renamed', 'Über "alles", ja', 'x'.repeat(51)),
      vin: fc.constantFrom('', '1M8GDM9AXKP042788', 'short'),
      groups: fc.oneof(
        someGroups(0).map((ids) => ids.join('|')),
        fc.constantFrom('', 'none'),
      ),
    }),
    { minLength: 1, maxLength: 8 },
  ),
  edits: fc.array(
    fc.record({ at: fc.nat(5), name: fc.option(fc.constant('A person')), groups: fc.option(someGroups(1)) }),
    {
      maxLength: 3,
    },
  ),
})

const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`

test(
  'through Geotab and Postgres: twice is once, nothing forbidden changes, nobody is overwritten',
  { timeout: 120_000 },
  async () => {
    await fc.assert(
      fc.asyncProperty(aCase, async ({ tree, fleet, rows, edits }) => {
        const devices = fleet.map((device, at) => ({ id: `b${at + 10}`, ...device }))
        const groups = Object.fromEntries(groupIds.map((id, at) => [id, tree[at] ?? []]))
        const updates = { max_devices: 1000, max_percent: 100 }
        const sync = await openTestSync(database, { devices, groups, updates })
        const all = groupTree(groupIds.map((group_id) => ({ group_id, name: null, child_ids: groups[group_id] ?? [] })))
        const changeable = changeableGroups(all, ['b2867', 'b27D4'], false)
        const kept = (ids: string[]) => ids.filter((id) => !changeable.has(id)).toSorted()
        const file = (note: string) =>
          `Serial,ID,VIN,Name,Groups,Note\n${rows.map((row) => `${[row.serial, row.id, row.vin, row.name, row.groups, note].map(quoted).join(',')}\n`).join('')}`
        try {
          sync.drop(file('first'))
          const { plan } = await sync.plan()
          const planned = await sync.results({ plan } as Awaited<ReturnType<typeof sync.plan>>)
          for (const { at, name, groups: theirs } of edits) {
            const id = devices[at]?.id
            if (id === undefined) continue
            sync.edit(id, {
              ...(name === null ? {} : { name }),
              ...(theirs === null ? {} : { groups: theirs.map((group) => ({ id: group })) }),
            })
          }
          const before = new Map(devices.map(({ id }) => [id, sync.device(id)]))
          await sync.approve(plan?.plan_id ?? '')
          for (const { id, isArchived } of devices) {
            const [was, is] = [before.get(id)!, sync.device(id)]
            expect(is.groups.length).toBeGreaterThan(0)
            expect(kept(is.groups)).toEqual(kept(was.groups))
            if (isArchived) expect(is).toEqual(was)
            const wish = planned.find((row) => row.device_id === id && row.result === 'planned')
            if (wish === undefined) expect(is).toEqual(was)
            else if (was.name !== (wish.before.name ?? was.name)) expect(is.name).toBe(was.name)
          }
          // The same wishes in a file of other bytes, twice: the second time there is nothing left to send.
          sync.drop(file('second'))
          await sync.apply()
          const sets = sync.sets()
          sync.drop(file('third'))
          await sync.apply()
          expect(sync.sets()).toBe(sets)
        } finally {
          await sync.close()
        }
      }),
      { numRuns: 25 },
    )
  },
)
