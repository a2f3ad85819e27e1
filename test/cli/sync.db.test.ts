import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { tryLock } from '../../db/advisory-lock.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { startMilepost, type Ended } from '../support/milepost.ts'

let database: TestDatabase
let folder: string
beforeAll(async () => {
  database = await createTestDatabase()
  folder = mkdtempSync(join(tmpdir(), 'milepost-sync-'))
  writeFileSync(join(folder, 'milepost.yaml'), 'log_level: error\n')
})
afterAll(async () => {
  rmSync(folder, { recursive: true })
  await database.drop()
})

const milepost = (...args: string[]): Promise<Ended> =>
  startMilepost(['sync', ...args], { cwd: folder, env: { DATABASE_URL: database.url } }).ended
const inFolder = (path: string) => readdirSync(join(folder, '.milepost/sandbox-sftp/Export/geotab', path))
const drop = (rows: string) =>
  writeFileSync(
    join(folder, '.milepost/sandbox-sftp/Export/geotab/fwgeotabinfo.csv'),
    `Serial,ID,VIN,Name,Groups\r\n${rows}`,
  )

interface Shown {
  state: string
  plan: { plan_id: string; changes: number }
  rows: { line: number; result: string; changed: string[]; before: object; after: object }[]
}

test('a plan is shown as a table, as JSON and as CSV, and changes nothing', { timeout: 120_000 }, async () => {
  const table = await milepost('plan')
  expect(table.code).toBe(0)
  expect(table.out).toMatch(/name: Unit .* -> |groups: .* -> |vin: .* -> /)
  expect(table.out).toContain('Next       npx milepost sync apply')
  const json = JSON.parse((await milepost('apply', '--dry-run', '--json')).out) as Shown
  expect(json).toMatchObject({ state: 'planned', plan: { changes: 4 } })
  const csv = await milepost('plan', '--csv')
  expect(csv.out.split('\r\n')).toHaveLength(json.rows.length + 2)
  expect(csv.out).toMatch(/^line,serial_number,id,device_id,result,changed,name_before,name_after,/)
  expect(inFolder('processed')).toEqual([])
})

test('applying exits with 3 when rows were rejected, and the history tells of it', { timeout: 120_000 }, async () => {
  const applied = await milepost('apply', '--json')
  expect(applied.code).toBe(3)
  const { rows } = JSON.parse(applied.out) as Shown
  expect(rows.filter(({ result }) => result === 'applied')).toHaveLength(4)
  expect(rows.filter(({ result }) => result === 'rejected').length).toBeGreaterThan(5)
  expect(inFolder('processed')).toHaveLength(1)
  const history = JSON.parse((await milepost('history', '--json')).out) as { plans: object[]; updates: object[] }
  expect(history.plans).toMatchObject([{ rejected: rows.filter(({ result }) => result === 'rejected').length }])
  expect(history.updates).toHaveLength(4)
  expect((await milepost('apply')).out).toContain('is not there')
})

test(
  'too much exits with 5 and names the command that approves it, which changes them all',
  { timeout: 120_000 },
  async () => {
    drop(Array.from({ length: 9 }, (_, at) => `,b${at + 1},,Moved ${at},\r\n`).join(''))
    const stopped = await milepost('apply')
    expect(stopped.code).toBe(5)
    const [, planId = ''] = /sync apply --approve (\S+)/.exec(stopped.out) ?? []
    const approved = await milepost('apply', '--approve', planId, '--json')
    expect(approved.code).toBe(0)
    expect(JSON.parse(approved.out)).toMatchObject({ state: 'applied', results: { applied: 9 } })
    const again = await milepost('apply', '--approve', planId)
    expect(again.code).toBe(1)
    expect(again.err).toContain('SYNC_PLAN_UNKNOWN')
  },
)

test('the stand-in remembers what was changed in it', { timeout: 120_000 }, async () => {
  drop(',b1,,Moved 0,\r\n')
  const { state, rows } = JSON.parse((await milepost('plan', '--json')).out) as Shown
  expect([state, rows[0]?.result]).toEqual(['planned', 'unchanged'])
})

test('a plan of which the rows are no longer kept says so, and its changes are still told', async () => {
  const { plans } = JSON.parse((await milepost('history', '--json')).out) as { plans: { plan_id: string }[] }
  const [{ plan_id: planId } = { plan_id: '' }] = plans.toReversed()
  await database.pool.query('delete from ops.sync_plan_rows where plan_id = $1', [planId])
  const { code, err } = await milepost('history', '--plan', planId)
  expect([code, err]).toEqual([0, expect.stringContaining('no longer kept')])
  const history = JSON.parse((await milepost('history', '--json')).out) as { plans: object[]; updates: object[] }
  expect(history.plans.at(-1)).toMatchObject({ plan_id: planId, rejected: null })
  expect(history.updates.length).toBeGreaterThan(4)
})

test('while another process is at it, applying exits with 4 and changes nothing', { timeout: 120_000 }, async () => {
  const lock = await tryLock(database.pool, 'vehicle updates demo')
  const { code, err } = await milepost('apply')
  await lock?.release()
  expect([code, err]).toEqual([4, expect.stringContaining('SYNC_BUSY')])
  expect((await milepost('apply', '--json')).code).toBe(0)
})

test('the kill switch is kept to', { timeout: 120_000 }, async () => {
  writeFileSync(join(folder, 'milepost.yaml'), 'log_level: error\nchevin: { vehicle_updates: { enabled: false } }\n')
  const { code, err } = await milepost('apply')
  expect(code).toBe(1)
  expect(err).toContain('SYNC_OFF')
})

test('what is not the id of a plan is told at once', async () => {
  const { code, err } = await milepost('apply', '--approve', 'yes')
  expect(code).toBe(2)
  expect(err).toContain('takes the id of a plan')
})
