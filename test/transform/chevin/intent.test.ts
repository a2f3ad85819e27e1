import { expect, test } from 'vitest'
import { intentOf } from '../../../transform/chevin/intent.ts'

const changeable = new Set(['c1', 'c2', 'c3'])
const planned = {
  fields: ['name', 'vin', 'groups'] as const,
  before: { name: 'Old', vin: null, groups: ['fixed', 'c1'] },
  after: { name: 'New', vin: 'V', groups: ['fixed', 'c2'] },
}
const now = { name: 'Old', vin: null, groups: ['fixed', 'c1'] }

test.for([
  { name: 'as the plan found it', changes: {}, fields: ['name', 'vin', 'groups'], leftAlone: [], already: [] },
  {
    name: 'renamed by somebody',
    changes: { name: 'Theirs' },
    fields: ['vin', 'groups'],
    leftAlone: ['name'],
    already: [],
  },
  {
    name: 'renamed as was planned',
    changes: { name: 'New' },
    fields: ['vin', 'groups'],
    leftAlone: [],
    already: ['name'],
  },
  {
    name: 'given a VIN by somebody',
    changes: { vin: 'W' },
    fields: ['name', 'groups'],
    leftAlone: ['vin'],
    already: [],
  },
  {
    name: 'put into a changeable group by somebody',
    changes: { groups: ['fixed', 'c1', 'c3'] },
    fields: ['name', 'vin'],
    leftAlone: ['groups'],
    already: [],
  },
  {
    name: 'in the groups already',
    changes: { groups: ['c2', 'other'] },
    fields: ['name', 'vin'],
    leftAlone: [],
    already: ['groups'],
  },
])('case 58, defect 25: a device that is $name', ({ changes, fields, leftAlone, already }) => {
  expect(intentOf(planned, { ...now, ...changes }, changeable)).toMatchObject({ fields, leftAlone, already })
})

test('case 58, defect 25: groups that a file may not change are taken as they are now', () => {
  const intent = intentOf(planned, { ...now, groups: ['other', 'c1', 'fixed2'] }, changeable)
  expect(intent.after.groups).toEqual(['other', 'fixed2', 'c2'])
})

test('case 56: groups that would be none are told', () => {
  const removal = { fields: ['groups'] as const, before: { groups: ['fixed', 'c1'] }, after: { groups: ['fixed'] } }
  expect(intentOf(removal, { ...now, groups: ['c1'] }, changeable).isEmpty).toBe(true)
})
