import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { loadConfig } from '../../core/config.ts'

function load(yaml: string) {
  const folder = mkdtempSync(join(tmpdir(), 'milepost-config-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  writeFileSync(join(folder, 'milepost.yaml'), yaml)
  return loadConfig(folder, { SECRET: 'a secret of the test' })
}

const database = (id: string) =>
  `{ id: ${id}, database: ${id}, user_name: u, password: { env: SECRET }, report_prefix: ${id} }`
const sftp = `sftp: { host: h, user: u, password: { env: SECRET }, host_keys: ['SHA256:${'a'.repeat(43)}'] }`
const both = (ids: string[], updates: string, server = sftp) =>
  `geotab: { databases: [${ids.map(database).join(', ')}] }\nchevin: { ${[server, `vehicle_updates: ${updates}`].filter(Boolean).join(', ')} }\n`

test('case 55, case 59: without settings the limits are a fifth of the fleet and fifty devices, and blank cells change nothing', () => {
  expect(load('').chevin.vehicle_updates).toMatchObject({
    file: 'Export/geotab/fwgeotabinfo.csv',
    include_roots: false,
    fields: ['name', 'vin', 'groups'],
    blank_name: 'unchanged',
    blank_vin: 'unchanged',
    blank_groups: 'unchanged',
    duplicates: 'reject',
    max_percent: 20,
    max_devices: 50,
    deliver_result: false,
    keep_days: 400,
  })
  expect(load('').chevin.vehicle_updates.enabled).toBeUndefined()
})

test('a real fleet is changed once it is said which, by whom and below which groups', () => {
  const { chevin } = load(both(['a', 'b'], '{ enabled: true, database: b, changeable_roots: [b1] }'))
  expect(chevin.vehicle_updates).toMatchObject({ enabled: true, database: 'b', changeable_roots: ['b1'] })
})

test.for([
  {
    name: 'no database of several',
    yaml: both(['a', 'b'], '{ enabled: true, changeable_roots: [b1] }'),
    says: 'database: missing',
  },
  { name: 'an unknown database', yaml: both(['a'], '{ database: c }'), says: 'there is no Geotab database c' },
  { name: 'no roots', yaml: both(['a'], '{ enabled: true }'), says: 'changeable_roots: missing' },
  {
    name: 'no server',
    yaml: both(['a'], '{ enabled: true, changeable_roots: [b1] }', ''),
    says: 'there is no chevin.sftp',
  },
  { name: 'a field that is never changed', yaml: both(['a'], '{ fields: [serialNumber] }'), says: 'fields' },
  { name: 'a single look', yaml: both(['a'], '{ polls: 1 }'), says: 'polls' },
])('$name is a problem', ({ yaml, says }) => {
  expect(() => load(yaml)).toThrow(says)
})
