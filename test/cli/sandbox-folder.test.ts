import { appendFileSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openSandboxFolder } from '../../cli/sandbox-folder.ts'
import { createFleet } from '../../sandbox/geotab/fleet.ts'
import { remember } from '../../sandbox/geotab/memory.ts'
import { aSandbox, NOW, ZERO } from '../sandbox/geotab/geotab-client.ts'

let path: string
beforeEach(() => void (path = mkdtempSync(join(tmpdir(), 'milepost-stand-ins-'))))
afterEach(() => rmSync(path, { recursive: true }))

test('key, beginning of the fleet and day of the vehicle file are those of the first start', () => {
  const first = openSandboxFolder(path)
  expect(first.fleetSince('2026-03-02')).toBe('2026-03-02')
  const laid: string[] = []
  const lay = (at: string, isLaid: boolean) => () => {
    laid.push(at)
    return isLaid
  }
  first.onceOn('2026-03-13', lay('not laid', false))
  first.onceOn('2026-03-13', lay('laid', true))
  const second = openSandboxFolder(path)
  second.onceOn('2026-03-13', lay('again', true))
  second.onceOn('2026-03-14', lay('next day', true))
  expect(laid).toEqual(['not laid', 'laid', 'next day'])
  expect(second.hostKey).toBe(first.hostKey)
  expect(second.fleetSince('2026-03-09')).toBe('2026-03-02')
  expect(statSync(join(path, 'sftp-host-key')).mode & 0o777).toBe(0o600)
})

const aFleet = () => createFleet({ seed: 7, vehicles: 5, startDate: '2026-03-09' })

test('a fleet that is started again tells every device as it was changed, under the version that it had', async () => {
  const folder = openSandboxFolder(path)
  await using first = await aSandbox({ fleet: aFleet(), onDeviceSet: (change) => folder.noteChange(change) })
  await first.call('Set', { typeName: 'Device', entity: { id: 'b1', name: 'Renamed', groups: [{ id: 'b2701' }] } })
  await first.call('Set', { typeName: 'Device', entity: { id: 'b2', comment: 'näw' } })
  const refused = first.call('Set', { typeName: 'Device', entity: { id: 'b1', name: '' } })
  await expect(refused).rejects.toThrow(/name of a device is required/)
  const fleet = aFleet()
  remember(fleet, openSandboxFolder(path).changes())
  await using second = await aSandbox({ fleet, now: NOW })
  for (const typeName of ['Device', 'Trip', 'LogRecord']) {
    const told = await second.feed(typeName, { fromVersion: ZERO })
    expect(told).toEqual(await first.feed(typeName, { fromVersion: ZERO }))
  }
  expect((await second.get('Device', { id: 'b1' }))[0]).toMatchObject({ name: 'Renamed', groups: [{ id: 'b2701' }] })
})

test('a journal that cannot be read says how to begin anew', () => {
  const folder = openSandboxFolder(path)
  appendFileSync(join(path, 'device-changes.jsonl'), '{"deviceId":')
  expect(() => folder.changes()).toThrow(new RegExp(`Remove ${path} to begin anew`))
})
