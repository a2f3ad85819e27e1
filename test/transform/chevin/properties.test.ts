import fc from 'fast-check'
import { expect, test } from 'vitest'
import { changeableGroups } from '../../../transform/chevin/groups.ts'
import { intentOf } from '../../../transform/chevin/intent.ts'
import type { PlanDevice } from '../../../transform/chevin/match.ts'
import { planVehicles } from '../../../transform/chevin/plan.ts'
import { UPDATED_FIELDS, type VehicleRules } from '../../../transform/chevin/rules.ts'
import { groupTree } from '../../../transform/geotab/group-tree.ts'

const groupIds = Array.from({ length: 10 }, (_, at) => `g${at}`)
const someGroups = fc.uniqueArray(fc.constantFrom(...groupIds), { maxLength: 4 })
const aTree = fc
  .array(someGroups, { minLength: 10, maxLength: 10 })
  .map((children) =>
    groupTree(groupIds.map((group_id, at) => ({ group_id, name: `Name ${at % 8}`, child_ids: children[at] ?? [] }))),
  )
const aFleet = fc.array(
  fc.record({
    serialNumber: fc.constantFrom('S0', 'S1', 'S2', 'S3', 'S4', null),
    name: fc.constantFrom('A', 'B', null),
    vin: fc.constantFrom('V', 'W', null),
    groupIds: fc.uniqueArray(fc.constantFrom(...groupIds), { minLength: 1, maxLength: 4 }),
    isArchived: fc.boolean(),
  }),
  { maxLength: 8 },
)
const cell = fc.option(fc.constantFrom('', 'A', 'B', 'V', 'C', 'x'.repeat(51)), { nil: undefined })
const someRows = fc.array(
  fc.record(
    {
      serial: fc.constantFrom('', 'S0', 's1', 'S2', 'S9'),
      id: fc.constantFrom('', 'b0', 'b1', 'b2', 'b3', 'b9'),
      vin: cell,
      name: cell,
      groups: fc.oneof(
        someGroups.map((ids) => ids.join('|')),
        fc.constantFrom('', 'nope', 'Name 1|g2', 'G3', undefined),
      ),
    },
    { requiredKeys: ['serial', 'id'] },
  ),
  { maxLength: 12 },
)
const someRules = fc.record({
  fields: fc.subarray([...UPDATED_FIELDS], { minLength: 1 }),
  changeableRoots: fc.uniqueArray(fc.constantFrom(...groupIds, 'none'), { minLength: 1, maxLength: 2 }),
  includeRoots: fc.boolean(),
  blankName: fc.constantFrom('unchanged', 'serial'),
  blankVin: fc.constantFrom('unchanged', 'clear'),
  blankGroups: fc.constantFrom('unchanged', 'clear'),
  unknownGroup: fc.constantFrom('ignore', 'reject'),
  duplicates: fc.constantFrom('reject', 'last'),
} as const) as fc.Arbitrary<VehicleRules>

const editOf = fc.record({
  device: fc.nat(7),
  name: fc.option(fc.constantFrom('Theirs', 'A')),
  groups: fc.option(fc.uniqueArray(fc.constantFrom(...groupIds), { minLength: 1, maxLength: 3 })),
})

test('whatever the fleet, the groups and the file: nothing forbidden changes, nobody is overwritten, and twice is once', () => {
  fc.assert(
    fc.property(
      aFleet,
      aTree,
      someRows,
      someRules,
      fc.array(editOf, { maxLength: 3 }),
      (made, tree, values, rules, edits) => {
        const fleet = made.map((device, at): PlanDevice => ({ deviceId: `b${at}`, ...device }))
        const rows = values.map((of, at) => ({ line: at + 1, values: of as Record<string, string> }))
        const planNow = () => planVehicles({ rows, bad: [], devices: fleet, tree, rules })
        const changeable = changeableGroups(tree, rules.changeableRoots, rules.includeRoots)
        const kept = (groups: readonly string[]) => groups.filter((id) => !changeable.has(id))
        const { rows: plan } = planNow()
        expect(plan).toHaveLength(rows.length)
        const edited = new Map<string, (typeof edits)[number]>()
        for (const edit of edits) {
          const device = fleet[edit.device]
          if (device === undefined) continue
          if (edit.name !== null) device.name = edit.name
          if (edit.groups !== null) device.groupIds = edit.groups
          edited.set(device.deviceId, edit)
        }
        const apply = (planned: typeof plan) => {
          let sets = 0
          for (const row of planned.filter(({ decision }) => decision === 'change')) {
            const device = fleet.find(({ deviceId }) => deviceId === row.deviceId)!
            expect(device.isArchived).toBe(false)
            const before = { name: device.name, vin: device.vin, groups: [...device.groupIds] }
            const intent = intentOf({ fields: row.fields, before: row.before!, after: row.after! }, before, changeable)
            if (intent.isEmpty || intent.fields.length === 0) continue
            sets += 1
            expect(rules.fields).toEqual(expect.arrayContaining(intent.fields))
            if (intent.fields.includes('name')) device.name = intent.after.name ?? null
            if (intent.fields.includes('vin')) device.vin = intent.after.vin ?? null
            if (intent.fields.includes('groups')) device.groupIds = intent.after.groups ?? []
            expect(device.groupIds.length).toBeGreaterThan(0)
            expect(kept(device.groupIds)).toEqual(kept(before.groups))
            // A name that somebody gave between plan and change stands, unless it is the one that the plan found.
            const theirs = edited.get(device.deviceId)?.name ?? null
            if (theirs !== null && row.fields.includes('name') && theirs !== row.before?.name)
              expect(device.name).toBe(theirs)
          }
          return sets
        }
        apply(plan)
        if (edited.size > 0) apply(planNow().rows)
        expect(apply(planNow().rows), 'the second time').toBe(0)
        expect(planNow().rows.filter(({ decision }) => decision === 'change')).toEqual([])
      },
    ),
    { numRuns: 400 },
  )
})
