import { expect, test } from 'vitest'
import { remember } from '../../../sandbox/geotab/memory.ts'
import { aFleet, aSandbox, NOW, ZERO } from './geotab-client.ts'

test('a fleet that is made anew remembers what was set, tells it last, and tells no version lower than before', async () => {
  await using first = await aSandbox()
  const { toVersion } = await first.feed('Device', { fromVersion: ZERO })
  const before = await first.feed('Trip', { fromVersion: ZERO })
  await first.call('Set', { typeName: 'Device', entity: { id: 'b1', name: 'Renamed' } })
  const fleet = aFleet()
  remember(fleet, [{ deviceId: 'b1', changes: { name: 'Renamed' } }], { shift: 1, now: NOW })
  await using second = await aSandbox({ fleet })
  const { data } = await second.feed('Device', { fromVersion: toVersion })
  expect(data).toMatchObject([{ id: 'b1', name: 'Renamed' }])
  const after = await second.feed('Trip', { fromVersion: ZERO })
  expect(after.data).toHaveLength(before.data.length)
  expect(BigInt(`0x${after.toVersion}`)).toBeGreaterThanOrEqual(BigInt(`0x${before.toVersion}`))
})

test('a fleet that has nothing to remember is as it was', async () => {
  const fleet = aFleet()
  remember(fleet, [], { shift: 5, now: NOW })
  expect(fleet.store.version).toBe(aFleet().store.version)
})
