import { expect, test } from 'vitest'
import { changeLimit, planVehicles } from '../../../transform/chevin/plan.ts'
import { groupTree } from '../../../transform/geotab/group-tree.ts'
import { aDevice, aRow, plan, planOne, RULES, TREE } from './fleet.ts'

const outcome = (rows: ReturnType<typeof plan>) =>
  rows.map(({ line, decision, reasons }) => [line, decision, ...reasons])

test('case 57, defect 27: equal rows for one device are one', () => {
  const rows = [aRow({ name: 'New', groups: 'c2|c1' }, 2), aRow({ id: 'b1', name: ' New', groups: 'c1|c2' }, 3)]
  expect(outcome(plan({ rows }))).toEqual([
    [2, 'change', 'NAME_DIFFERS', 'GROUPS_DIFFERS'],
    [3, 'unchanged', 'DUPLICATE_EQUAL'],
  ])
})

test('case 57, defect 27: different rows for one device are all rejected', () => {
  const rows = [aRow({ name: 'New' }, 2), aRow({ name: 'Newer' }, 3), aRow({ name: 'New' }, 4)]
  expect(outcome(plan({ rows }))).toEqual([2, 3, 4].map((line) => [line, 'reject', 'DUPLICATE_ROWS']))
  expect(plan({ rows })[0]?.explanation).toBe('lines 2, 3, 4 ask different things of one device')
})

test('case 57, defect 27: where the last is set to win, it does', () => {
  const rows = [aRow({ name: 'New' }, 2), aRow({ name: 'Newer' }, 3)]
  expect(outcome(plan({ rows, rules: { duplicates: 'last' } }))).toEqual([
    [2, 'reject', 'DUPLICATE_OVERRULED'],
    [3, 'change', 'NAME_DIFFERS'],
  ])
})

test('case 53: rows that could not be read are in the plan, at their line', () => {
  const bad = [{ line: 3, field: 'row', reason: '2 columns where 5 are expected' }]
  expect(outcome(plan({ bad, rows: [aRow({}, 2), aRow({ serial: 'G9' }, 4)] }))).toEqual([
    [2, 'unchanged', 'SAME'],
    [3, 'reject', 'ROW_UNREADABLE'],
    [4, 'reject', 'SERIAL_UNKNOWN'],
  ])
})

test('only what differs is in the plan, with its old and new values', () => {
  expect(planOne({ name: 'New', vin: '', groups: 'c1' })).toMatchObject({
    fields: ['name'],
    before: { name: 'Unit 1' },
    after: { name: 'New' },
  })
})

test('case 23, case 56: a group that was moved out of the changeable ones is kept from then on', () => {
  const row = { rows: [aRow({ groups: 'c2' })] }
  expect(plan(row)[0]?.after?.groups).toEqual(['fixed', 'c2'])
  const without = groupTree(
    [...TREE.groups.values()].map((one) => (one.group_id === 'root1' ? { ...one, child_ids: ['c2'] } : one)),
  )
  expect(plan({ ...row, tree: without })[0]?.after?.groups).toEqual(['fixed', 'c1', 'c2'])
})

test('a root that is no group is told', () => {
  const { warnings } = planVehicles({
    rows: [],
    bad: [],
    devices: [],
    tree: TREE,
    rules: { ...RULES, changeableRoots: ['bX'] },
  })
  expect(warnings).toEqual([
    'the changeable root bX is no group of this database',
    'no group may be changed: there is none below the changeable roots',
  ])
})

test.for([
  { fleet: 1000, limit: 50 },
  { fleet: 250, limit: 50 },
  { fleet: 249, limit: 49 },
  { fleet: 30, limit: 6 },
  { fleet: 4, limit: 0 },
  { fleet: 0, limit: 0 },
])('case 59, defect 29: of $fleet devices $limit may change without approval', ({ fleet, limit }) => {
  expect(changeLimit(fleet, { maxPercent: 20, maxDevices: 50 })).toBe(limit)
})

test('the fleet that the limit is taken of is that of the active devices', () => {
  const devices = [aDevice(), aDevice({ deviceId: 'b2', serialNumber: 'G2', isArchived: true })]
  expect(planVehicles({ rows: [], bad: [], devices, tree: TREE, rules: RULES }).fleet).toBe(1)
})

test('case 57: ten thousand rows for one device cost no more than as many for others', () => {
  const rows = Array.from({ length: 10_000 }, (_, at) => aRow({ name: `Name ${at}` }, at + 2))
  const planned = plan({ rows })
  expect(planned).toHaveLength(10_000)
  expect(planned[9999]?.explanation).toBe('lines 2, 3, 4, 5, 6, and 9995 more ask different things of one device')
})
