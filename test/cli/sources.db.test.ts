import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { openSources } from '../../cli/sources.ts'
import { systemClock } from '../../core/clock.ts'
import { aConfig } from '../support/a-config.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'

let database: TestDatabase
let dataDir: string
beforeAll(async () => {
  database = await createTestDatabase()
  dataDir = mkdtempSync(join(tmpdir(), 'milepost-sources-'))
})
afterAll(async () => {
  rmSync(dataDir, { recursive: true })
  await database.drop()
})

const VENDORS = {
  fullbay: { egress_ip: '203.0.113.7', start_date: '2026-01-01', shops: [{ id: 'DET', time_zone: 'UTC' }] },
  geotab: { databases: [{ id: 'fleet', database: 'fleet', user_name: 'a@b.example' }] },
  chevin: {
    sftp: { host: 'sftp.invalid', user: 'a', password: { env: 'SFTP' }, host_keys: [`SHA256:${'A'.repeat(43)}`] },
  },
}
const SECRETS = {
  FULLBAY_API_KEY_DET: 'canary-fullbay-key-88',
  GEOTAB_PASSWORD_FLEET: 'canary-geotab-88',
  SFTP: 'canary-sftp-88',
}

async function opened(names: (keyof typeof VENDORS)[]) {
  const chosen = Object.fromEntries(names.map((name) => [name, VENDORS[name]]))
  const sources = await openSources(aConfig({ data_dir: dataDir, ...chosen }, SECRETS), database.pool, systemClock)
  onTestFinished(() => sources.close())
  return sources
}

test('when nothing is configured, all three are stand-ins, and what is sent to them is not taken for sent to Chevin', async () => {
  const { fullbay, geotab, chevin, names, notices } = await opened([])
  expect([fullbay.isSandbox, geotab.isSandbox, chevin?.isSandbox]).toEqual([true, true, true])
  expect([fullbay.shops.length > 0, geotab.databases.length]).toEqual([true, 1])
  expect(chevin?.destination).toBe('sandbox')
  expect(names.every((name) => name.startsWith('sandbox: '))).toBe(true)
  expect(notices).toHaveLength(3)
})

const FULLBAY = 'Fullbay, 1 shop(s): DET'
const GEOTAB = 'Geotab, 1 database(s): fleet'
const CHEVIN = 'Chevin, sftp://sftp.invalid:22/Import'
const [NO_FULLBAY, NO_GEOTAB, NO_CHEVIN] = ['Fullbay', 'Geotab', 'Chevin'].map(
  (of) => `${of}: not configured, left out`,
)
const NOT_SENT = /^Reports are not sent: chevin\.sftp is not configured/
const NOTHING_TO_DELIVER = /nothing to deliver to Chevin/
const NOTHING_TO_READ = /nothing to read, and nothing to deliver/

test.for<{ configured: (keyof typeof VENDORS)[]; names: (string | undefined)[]; notice: RegExp | null }>([
  { configured: ['fullbay'], names: [FULLBAY, NO_GEOTAB, NO_CHEVIN], notice: null },
  { configured: ['geotab'], names: [NO_FULLBAY, GEOTAB, NO_CHEVIN], notice: NOT_SENT },
  { configured: ['chevin'], names: [NO_FULLBAY, NO_GEOTAB, CHEVIN], notice: NOTHING_TO_READ },
  { configured: ['fullbay', 'geotab'], names: [FULLBAY, GEOTAB, NO_CHEVIN], notice: NOT_SENT },
  { configured: ['fullbay', 'chevin'], names: [FULLBAY, NO_GEOTAB, CHEVIN], notice: NOTHING_TO_DELIVER },
  { configured: ['geotab', 'chevin'], names: [NO_FULLBAY, GEOTAB, CHEVIN], notice: null },
  { configured: ['fullbay', 'geotab', 'chevin'], names: [FULLBAY, GEOTAB, CHEVIN], notice: null },
])('with $configured configured, the others are left out and nothing is made up', async (one) => {
  const { fullbay, geotab, chevin, names, notices } = await opened(one.configured)
  const has = (vendor: keyof typeof VENDORS) => one.configured.includes(vendor)
  expect(fullbay.shops.map(({ connection }) => connection)).toEqual(has('fullbay') ? ['DET'] : [])
  expect(geotab.databases.map(({ connection }) => connection)).toEqual(has('geotab') ? ['fleet'] : [])
  expect([fullbay.isSandbox, geotab.isSandbox]).toEqual([false, false])
  if (has('chevin')) expect(chevin).toMatchObject({ isSandbox: false, destination: 'chevin' })
  else expect(chevin).toBeNull()
  expect(names).toEqual(one.names)
  expect(notices).toEqual(one.notice === null ? [] : [expect.stringMatching(one.notice)])
})
