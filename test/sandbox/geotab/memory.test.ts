import { expect, test } from 'vitest'
import { remember } from '../../../sandbox/geotab/memory.ts'
import { aFleet, aSandbox, NOW, ZERO } from './geotab-client.ts'

const LATER = new Date(NOW.getTime() + 3 * 3_600_000)

test('a fleet that is made anew and remembers what was set tells every record under the version that it had', async () => {
  const lived = aFleet()
  await using first = await aSandbox({ fleet: lived })
  await first.call('Set', { typeName: 'Device', entity: { id: 'b1', name: 'Renamed' } })
  lived.advance(LATER)
  const fleet = aFleet()
  remember(fleet, [{ deviceId: 'b1', changes: { name: 'Renamed' }, at: NOW, times: 1 }])
  fleet.advance(LATER)
  await using second = await aSandbox({ fleet })
  for (const typeName of ['Device', 'Trip', 'LogRecord', 'ExceptionEvent']) {
    expect(await second.feed(typeName, { fromVersion: ZERO }), `the feed of ${typeName}`).toEqual(
      await first.feed(typeName, { fromVersion: ZERO }),
    )
  }
  expect(fleet.store.table('Device').get('b1')?.row['name']).toBe('Renamed')
})

test('what was told more than once took as many versions', () => {
  const [once, twice] = [aFleet(), aFleet()]
  remember(once, [{ deviceId: 'b1', changes: {}, at: NOW, times: 1 }])
  remember(twice, [{ deviceId: 'b1', changes: {}, at: NOW, times: 3 }])
  expect(twice.store.version).toBe(once.store.version + 2)
})

test('a fleet that has nothing to remember is as it was', () => {
  const fleet = aFleet()
  remember(fleet, [])
  expect(fleet.store.version).toBe(aFleet().store.version)
})
