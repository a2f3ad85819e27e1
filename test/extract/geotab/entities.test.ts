import { expect, test } from 'vitest'
import { FEED_ENTITIES, SNAPSHOT_ENTITIES } from '../../../extract/geotab/entities.ts'
import { refId } from '../../../extract/geotab/ref-id.ts'

const start = '2026-03-02T10:00:00.000Z'

test.for([
  { value: { id: 'b12' }, id: 'b12' },
  { value: { id: 'b2D', isDriver: true }, id: 'b2D' },
  { value: 'UnknownDriverId', id: 'UnknownDriverId' },
  { value: { id: 'UnknownDriverId' }, id: 'UnknownDriverId' },
  { value: null, id: undefined },
  { value: undefined, id: undefined },
  { value: '', id: undefined },
  { value: { id: '' }, id: undefined },
  { value: { id: null }, id: undefined },
  { value: { id: { id: 'b1' } }, id: undefined },
  { value: {}, id: undefined },
  { value: 12, id: undefined },
  { value: [], id: undefined },
])('the reference $value is of $id', ({ value, id }) => {
  expect(refId(value)).toBe(id)
})

test.for([
  { entity: 'Device', record: { id: 'b27D4' }, key: 'b27D4' },
  { entity: 'LogRecord', record: { id: 'b1', device: { id: 'b2' } }, key: 'b1' },
  { entity: 'LogRecord', record: { device: { id: 'b2' } }, key: null },
  { entity: 'DeviceStatusInfo', record: { id: 'x', device: { id: 'b2' } }, key: 'b2' },
  { entity: 'DeviceStatusInfo', record: { device: 'NoDeviceId' }, key: 'NoDeviceId' },
  { entity: 'DeviceStatusInfo', record: { id: 'x' }, key: null },
  { entity: 'Trip', record: { id: 'x', device: { id: 'b2' }, start }, key: 'b2 2026-03-02T10:00:00Z' },
  { entity: 'Trip', record: { id: 'y', device: 'b2', start: '2026-03-02T10:00:00Z' }, key: 'b2 2026-03-02T10:00:00Z' },
  {
    entity: 'Trip',
    record: { device: 'b2', start: '2026-03-02T10:00:00.1200000Z' },
    key: 'b2 2026-03-02T10:00:00.12Z',
  },
  { entity: 'Trip', record: { device: 'b2', start: '2026-03-02' }, key: 'b2 2026-03-02' },
  { entity: 'Trip', record: { id: 'x', start }, key: null },
  { entity: 'Trip', record: { id: 'x', device: { id: 'b2' }, start: null }, key: null },
  { entity: 'Rule', record: null, key: null },
  { entity: 'Zone', record: 'text', key: null },
  { entity: 'User', record: { id: 7 }, key: null },
] as const)('the key of the $entity $record is $key', ({ entity, record, key }) => {
  expect(FEED_ENTITIES[entity].keyOf(record)).toBe(key)
})

test('a snapshot’s records are known by their ids', () => {
  expect(SNAPSHOT_ENTITIES.Group.keyOf({ id: 'GroupCompanyId' })).toBe('GroupCompanyId')
})
