import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { loadConfig } from '../../core/config.ts'
import { withoutSecrets } from '../../core/secret.ts'

function folderWith(yaml: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'milepost-config-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  writeFileSync(join(folder, 'milepost.yaml'), yaml)
  return folder
}

const shop = `
fullbay:
  egress_ip: 203.0.113.7
  start_date: 2025-01-01
  shops:
    - { id: DET, time_zone: America/Detroit, key: { env: DET_KEY } }
`

test('an empty file means the defaults: no shop, the embedded database', () => {
  const config = loadConfig(folderWith(''), {})
  expect(config.databaseUrl).toBeNull()
  expect(config.fullbay.shops).toEqual([])
  expect(config.schedules.pipeline).toBe('15 * * * *')
})

test('a shop takes its key from the environment variable it names', () => {
  const config = loadConfig(folderWith(shop), { DET_KEY: 'aaaaaaaa-bbbb' })
  expect(config.fullbay.shops.map(({ id, timeZone }) => [id, timeZone])).toEqual([['DET', 'America/Detroit']])
  expect(config.fullbay.shops[0]?.key.reveal()).toBe('aaaaaaaa-bbbb')
})

test('a shop without a key setting takes FULLBAY_API_KEY_<ID>', () => {
  const yaml = shop.replace(', key: { env: DET_KEY }', '')
  const config = loadConfig(folderWith(yaml), { FULLBAY_API_KEY_DET: 'aaaaaaaa-bbbb' })
  expect(config.fullbay.shops[0]?.key.reveal()).toBe('aaaaaaaa-bbbb')
})

test('a key can be read from a file beside the configuration', () => {
  const folder = folderWith(shop.replace('{ env: DET_KEY }', '{ file: det.key }'))
  writeFileSync(join(folder, 'det.key'), 'from-a-file-0001\n')
  expect(loadConfig(folder, {}).fullbay.shops[0]?.key.reveal()).toBe('from-a-file-0001')
})

test.for([
  { name: 'a key that is not set', yaml: shop, env: {}, path: 'fullbay.shops[0].key', says: 'DET_KEY is not set' },
  {
    name: 'a placeholder',
    yaml: shop,
    env: { DET_KEY: 'your_key_here' },
    path: 'fullbay.shops[0].key',
    says: 'placeholder',
  },
  { name: 'a short key', yaml: shop, env: { DET_KEY: 'abc' }, path: 'fullbay.shops[0].key', says: 'shorter than 10' },
  { name: 'an unknown setting', yaml: 'fulbay: {}', env: {}, path: '(top level)', says: 'unknown setting fulbay' },
  {
    name: 'an unknown time zone',
    yaml: 'schedules: { time_zone: Mars/Base }',
    env: {},
    path: 'schedules.time_zone',
    says: 'IANA',
  },
  {
    name: 'a window that is too long',
    yaml: 'fullbay: { window_days: 8 }',
    env: {},
    path: 'fullbay.window_days',
    says: '7',
  },
  { name: 'no Postgres address', yaml: '', env: { DATABASE_URL: 'mysql://x' }, path: 'DATABASE_URL', says: 'Postgres' },
  {
    name: 'no address of ours',
    yaml: shop.replace('  egress_ip: 203.0.113.7\n', ''),
    env: { DET_KEY: 'aaaaaaaa-bbbb' },
    path: 'fullbay.egress_ip',
    says: 'missing',
  },
  {
    name: 'a secret in the file',
    yaml: 'fullbay: { shops: [{ id: A, time_zone: UTC, key: abcdefghijk }] }',
    env: {},
    path: 'fullbay.shops[0].key',
    says: 'never written here',
  },
  { name: 'broken YAML', yaml: 'a: [1', env: {}, path: 'line 1', says: 'YAML' },
])('$name is named with its path', ({ yaml, env, path, says }) => {
  const load = () => loadConfig(folderWith(yaml), env)
  expect(load).toThrow(path)
  expect(load).toThrow(says)
})

test('an address without a password is no secret, one with a password hides only that', () => {
  const config = loadConfig(folderWith(''), { DATABASE_URL: 'postgres://reader:pass-word-1@db.example:5432/fleet' })
  const shown = withoutSecrets(`cannot reach ${config.databaseUrl?.reveal()}`)
  expect(shown).toBe('cannot reach postgres://reader:[secret]@db.example:5432/fleet')
  expect(String(config.databaseUrl)).toBe('[secret]')
})

test('a key file that cannot be read is named with its setting', () => {
  const folder = folderWith(shop.replace('{ env: DET_KEY }', '{ file: . }'))
  expect(() => loadConfig(folder, {})).toThrow(/fullbay\.shops\[0\]\.key: \. cannot be read/)
})

test('every problem is named at once', () => {
  const yaml = 'log_level: loud\nschedules: { pipeline: often }\nfullbay: { start_date: yesterday }'
  expect(() => loadConfig(folderWith(yaml), {})).toThrow(/3 problem[\s\S]*log_level[\s\S]*pipeline[\s\S]*start_date/)
})

test('no error text carries a secret', () => {
  const env = { DET_KEY: 'very-secret-key-1', DATABASE_URL: 'postgres://u:hunter2hunter2@h/db' }
  try {
    loadConfig(folderWith(`${shop}\nbogus: 1`), env)
    expect.unreachable()
  } catch (error) {
    expect(String(error)).not.toMatch(/very-secret-key-1|hunter2hunter2/)
  }
})
