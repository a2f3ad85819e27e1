import { expect, test } from 'vitest'
import { groupTree } from '../../../transform/geotab/group-tree.ts'
import { aDevice, aRow, plan, planOne, VIN } from './fleet.ts'

test.for([
  { name: 'blank', vin: '', now: VIN, after: undefined },
  { name: 'blank for a device without one', vin: '  ', now: null, after: undefined },
  { name: "the engine's sign for unread", vin: '@@@@', now: VIN, after: undefined },
  { name: 'the same in small letters', vin: VIN.toLowerCase(), now: VIN, after: undefined },
  { name: 'the same with spaces around', vin: ` ${VIN} `, now: VIN, after: undefined },
  { name: 'another', vin: '1hgcm82633a004352', now: VIN, after: '1HGCM82633A004352' },
  { name: 'one where there was none', vin: VIN, now: null, after: VIN },
])('case 54, defect 22: a VIN that is $name', ({ vin, now, after }) => {
  const row = planOne({ vin }, { vin: now })
  expect(row.after?.vin).toBe(after)
  expect(row.decision).toBe(after === undefined ? 'unchanged' : 'change')
})

test('case 54, defect 22: a blank VIN clears only where that is set', () => {
  expect(planOne({ vin: '' }, {}, { blankVin: 'clear' })).toMatchObject({ before: { vin: VIN }, after: { vin: null } })
  expect(planOne({ vin: '' }, { vin: null }, { blankVin: 'clear' }).decision).toBe('unchanged')
  const [row] = plan({
    rows: [{ line: 2, values: { id: 'b1', name: 'Unit 1' } }],
    rules: { blankVin: 'clear', blankGroups: 'clear' },
  })
  expect(row, 'a column that is not there is not blank').toMatchObject({ decision: 'unchanged' })
})

test.for([
  { vin: 'TRAILER-7', says: '9 characters' },
  { vin: '1M8GDM9A1KP042788', says: 'check digit is 1, but would have to be X' },
  { vin: 'IOQ GDM9AXKP04278', says: 'characters that no VIN has' },
])('case 54: an odd VIN is a warning and no more: $says', ({ vin, says }) => {
  expect(planOne({ vin })).toMatchObject({ decision: 'change', warnings: [expect.stringContaining(says)] })
})

test.for([
  { name: 'blank', text: '', after: undefined },
  { name: 'the same with spaces around', text: '  Unit 1 ', after: undefined },
  { name: 'another', text: 'Unit 2', after: 'Unit 2' },
  { name: 'one of 50 characters', text: 'x'.repeat(50), after: 'x'.repeat(50) },
  { name: 'one with a line end', text: 'Unit 1\nspare', after: 'Unit 1 spare' },
  { name: 'one in parts that belong together', text: 'Zoe\u0308', after: 'Zoë' },
])('case 55, defect 23: a name that is $name', ({ text, after }) => {
  expect(planOne({ name: text }).after?.name).toBe(after)
})

test('case 55, defect 23: a blank name is the serial number only where that is set', () => {
  expect(planOne({ name: '' }, {}, { blankName: 'serial' }).after).toEqual({ name: 'G90000000001' })
  expect(planOne({ id: 'b1', serial: '' }, { serialNumber: null }, { blankName: 'serial' }).decision).toBe('unchanged')
})

test.for([
  { name: 'x'.repeat(51), reason: 'NAME_TOO_LONG' },
  { name: 'Unit\u202e1', reason: 'NAME_CHARACTERS' },
  { name: 'Unit\u0007', reason: 'NAME_CHARACTERS' },
])('case 55: a name that Geotab would not take rejects its row: $reason', ({ name, reason }) => {
  expect(planOne({ name, groups: 'c2' })).toMatchObject({ decision: 'reject', reasons: [reason], after: null })
})

test('case 55: two devices may have one name', () => {
  const devices = [aDevice(), aDevice({ deviceId: 'b2', serialNumber: 'G2', name: 'Unit 2' })]
  const rows = [aRow({ name: 'Same' }, 2), aRow({ serial: 'G2', name: 'Same' }, 3)]
  expect(plan({ devices, rows }).map(({ decision }) => decision)).toEqual(['change', 'change'])
})

test.for([
  { name: 'a blank cell', now: ['fixed', 'c1'], cell: '', after: undefined },
  { name: 'separators alone', now: ['fixed', 'c1'], cell: ' | |', after: undefined },
  { name: 'what it has', now: ['fixed', 'c1'], cell: 'c1', after: undefined },
  { name: 'what it has in another order', now: ['c2', 'fixed', 'c1'], cell: 'c1|c2', after: undefined },
  { name: 'one more', now: ['fixed', 'c1'], cell: 'c1|c2', after: ['fixed', 'c1', 'c2'] },
  { name: 'another instead', now: ['fixed', 'c1'], cell: 'c2', after: ['fixed', 'c2'] },
  { name: 'one less, and nothing else (defect 21)', now: ['c1', 'fixed', 'c2'], cell: 'c2', after: ['fixed', 'c2'] },
  { name: 'none of the changeable ones', now: ['fixed', 'c1'], cell: 'fixed', after: ['fixed'] },
  { name: 'a group twice', now: ['fixed'], cell: 'c2|c2| c2 ', after: ['fixed', 'c2'] },
  { name: 'a group by its name', now: ['fixed'], cell: 'south', after: ['fixed', 'c2'] },
  { name: 'an id in another case (defect 30)', now: ['fixed'], cell: 'B27d4', after: ['fixed', 'b27D4'] },
  { name: 'a group in a cycle', now: ['fixed'], cell: 'c3', after: ['fixed', 'c3'] },
  {
    name: 'a changeable and an unknown one',
    now: ['fixed'],
    cell: 'c2|bDEAD',
    after: ['fixed', 'c2'],
    warns: 'no group bDEAD',
  },
  { name: 'an unknown one alone', now: ['fixed', 'c1'], cell: 'bDEAD', after: undefined, warns: 'no group bDEAD' },
  {
    name: 'a name of two groups',
    now: ['fixed'],
    cell: 'Pool',
    after: undefined,
    warns: 'several groups are called Pool',
  },
  {
    name: 'a group that may not be given',
    now: ['fixed', 'c1'],
    cell: 'c1|fixed2',
    after: undefined,
    warns: 'may not be given',
  },
  { name: 'a root', now: ['fixed', 'c1'], cell: 'c1|root1', after: undefined, warns: 'may not be given' },
])('case 56: groups: $name', ({ now, cell, after, warns }) => {
  const row = planOne({ groups: cell }, { groupIds: now })
  expect(row.after?.groups).toEqual(after)
  expect(row.decision).toBe(after === undefined ? 'unchanged' : 'change')
  expect(row.warnings).toEqual(warns === undefined ? [] : [expect.stringContaining(warns)])
})

const alike = groupTree([
  { group_id: 'root1', name: 'Root', child_ids: ['bA', 'ba', 'south', 'c1'] },
  { group_id: 'fixed', name: 'Region', child_ids: [] },
  { group_id: 'c1', name: 'North', child_ids: [] },
  { group_id: 'bA', name: 'South', child_ids: [] },
  { group_id: 'ba', name: 'Zoë', child_ids: [] },
  { group_id: 'south', name: 'Depot', child_ids: [] },
])

test.for([
  { name: 'its id', cell: 'bA', group: 'bA' },
  { name: 'its id where another differs in case only', cell: 'ba', group: 'ba' },
  { name: "an id that is another group's name", cell: 'south', group: 'south' },
  { name: "an id that in any case is another group's name", cell: 'SOUTH', group: 'south' },
  { name: 'an id that two differ from in case', cell: 'BA', group: null },
  { name: 'its name in any case', cell: 'dEPOT', group: 'south' },
  { name: 'its name in parts that belong together', cell: 'zoe\u0308', group: 'ba' },
  { name: 'part of its name', cell: 'Dep', group: null },
])('case 56, defect 30: a group is named by $name', ({ cell, group }) => {
  const [row] = plan({ rows: [aRow({ groups: cell })], devices: [aDevice({ groupIds: ['fixed'] })], tree: alike })
  expect(row?.after?.groups ?? null).toEqual(group === null ? null : ['fixed', group])
  expect(row?.warnings.length).toBe(group === null ? 1 : 0)
})

test('case 56: of many groups that are ignored a few are told', () => {
  const { warnings } = planOne({ groups: Array.from({ length: 1000 }, (_, at) => `none${at}`).join('|') })
  expect(warnings).toHaveLength(6)
  expect(warnings.at(-1)).toBe('and 995 more')
})

test.for([
  ['bDEAD', 'GROUP_UNKNOWN'],
  ['Pool', 'GROUP_AMBIGUOUS'],
  ['fixed2', 'GROUP_NOT_CHANGEABLE'],
] as const)('case 56: where unknown groups reject, %s rejects the row as %s', ([cell, reason]) => {
  expect(planOne({ groups: `c2|${cell}` }, {}, { unknownGroup: 'reject' })).toMatchObject({
    decision: 'reject',
    reasons: [reason],
  })
})

test('case 56: naming a group that may not be given and that it has is no mistake', () => {
  expect(planOne({ groups: 'c2|fixed' }, {}, { unknownGroup: 'reject' }).after?.groups).toEqual(['fixed', 'c2'])
})

test('case 56, defect 21: a device is never left without a group', () => {
  const only = { groupIds: ['c1'] }
  expect(planOne({ groups: 'fixed', name: 'New' }, only)).toMatchObject({
    decision: 'reject',
    reasons: ['GROUPS_EMPTY'],
  })
  expect(planOne({ groups: '' }, only, { blankGroups: 'clear' })).toMatchObject({ reasons: ['GROUPS_EMPTY'] })
  expect(planOne({ groups: '' }, {}, { blankGroups: 'clear' }).after?.groups).toEqual(['fixed'])
})

test('case 56: roots may be given where that is set', () => {
  expect(planOne({ groups: 'root1' }, {}, { includeRoots: true }).after?.groups).toEqual(['fixed', 'root1'])
})

test('a field that is not allowed is not looked at', () => {
  expect(planOne({ name: 'x'.repeat(60), groups: 'c2' }, {}, { fields: ['groups'] })).toMatchObject({
    decision: 'change',
    fields: ['groups'],
  })
})
