import { expect, test } from 'vitest'
import { idOf } from '../../../sandbox/geotab/wire.ts'
import { aFleet, aSandbox, NOW, ZERO } from './geotab-client.ts'

test('a row that is dropped is told by no feed, and found by no list or id', async () => {
  await using client = await aSandbox({ fleet: aFleet() })
  const { toVersion } = await client.feed('Zone', { fromVersion: ZERO })
  const zones = await client.get('Zone')
  const id = String(zones[0]?.['id'])
  client.database.fleet.store.table('Zone').drop(id)
  expect((await client.feed('Zone', { fromVersion: toVersion })).data).toEqual([])
  expect(await client.get('Zone')).toEqual(zones.slice(1))
  expect(await client.get('Zone', { id })).toEqual([])
})

test.for([
  { forgets: false, answered: ['DiagnosticCoolantId'] },
  { forgets: true, answered: [] },
])('a diagnostic under a new id is told by its feed; forgotten ($forgets), the old one finds $answered', async (of) => {
  const from = 'aSpn110C00lantTemperat0'
  await using client = await aSandbox({ fleet: aFleet() })
  const { fleet } = client.database
  fleet.advance(NOW)
  const { toVersion } = await client.feed('Diagnostic', { fromVersion: ZERO })
  fleet.store.promoteDiagnostic(from, 'DiagnosticCoolantId', { forgets: of.forgets })
  const { data } = await client.feed('Diagnostic', { fromVersion: toVersion })
  expect(data).toMatchObject([{ id: 'DiagnosticCoolantId', code: 110 }])
  expect((await client.get('Diagnostic', { id: from })).map(({ id }) => id)).toEqual(of.answered)
  expect((await client.get('Diagnostic')).map(({ id }) => id)).not.toContain(from)
  for (const diagnostic of [from, { id: from }]) {
    fleet.store.put('FaultData', { key: 'bFFFF', row: { id: 'bFFFF', diagnostic }, ms: NOW.getTime() })
    const [fault] = await client.get('FaultData', { id: 'bFFFF' })
    expect(idOf(fault?.['diagnostic'])).toBe('DiagnosticCoolantId')
  }
  expect(() => fleet.store.promoteDiagnostic('nothing', 'x', { forgets: false })).toThrow(RangeError)
})
