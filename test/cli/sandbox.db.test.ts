import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { parse } from 'yaml'
import { z } from 'zod'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { startMilepost, type Ended, type Running } from '../support/milepost.ts'

const FREE = ['--port', '--geotab-port', '--sftp-port', '--sftp-faults-port'].flatMap((option) => [option, '0'])
const Printed = z.object({
  milepost_yaml: z.string(),
  config: z.record(z.string(), z.unknown()),
  environment: z.record(z.string(), z.string()),
  vendors: z.object({
    fullbay: z.object({ faults_url: z.string() }),
    geotab: z.object({ faults_url: z.string() }),
    chevin: z.object({ faults_url: z.string(), host_key_url: z.string(), files: z.string() }),
  }),
})

let database: TestDatabase
let folder: string
let sandbox: Running
let printed: z.infer<typeof Printed>
beforeAll(async () => {
  database = await createTestDatabase()
  folder = mkdtempSync(join(tmpdir(), 'milepost-sandbox-'))
  await start()
}, 60_000)
afterAll(async () => {
  await stop()
  rmSync(folder, { recursive: true })
  await database.drop()
})

/** Waits until a command has said something; rejects when it ends instead. */
async function saying({ child, said, ended }: Running, what: RegExp): Promise<void> {
  const end = ended.then(({ code, out, err }) => {
    throw new Error(`the command ended with ${code}: ${out}${err}`)
  })
  end.catch(() => 'told by the race, if anybody still waits')
  while (!what.test(said())) await Promise.race([once(child.stdout ?? child, 'data'), end])
}

/** Starts the stand-ins on free ports and writes the milepost.yaml that they print. */
async function start(): Promise<void> {
  sandbox = startMilepost(['sandbox', ...FREE, '--json'], { cwd: folder })
  await saying(sandbox, /^}$/m)
  printed = Printed.parse(JSON.parse(sandbox.said()))
  writeFileSync(join(folder, 'milepost.yaml'), printed.milepost_yaml)
}

async function stop(): Promise<Ended> {
  sandbox.child.kill('SIGTERM')
  return sandbox.ended
}

function milepost(...args: string[]): Promise<Ended> {
  const env = { DATABASE_URL: database.url, ...printed.environment }
  return startMilepost(args, { cwd: folder, env }).ended
}

const imported = () => readdirSync(join(printed.vendors.chevin.files, 'Import'))
const inGeotabFolder = () => readdirSync(join(printed.vendors.chevin.files, 'Export/geotab'))
const count = async (relation: string) => {
  const { rows } = await database.pool.query<{ n: number }>(`select count(*)::int as n from ${relation}`)
  return rows[0]?.n
}
const ask = async (url: string, method: string, body?: object) => {
  const reply = await fetch(url, { method, ...(body === undefined ? {} : { body: JSON.stringify(body) }) })
  return reply.status
}

interface Examined {
  healthy: boolean
  findings: { check: string; status: string; found: string }[]
}

test('the printed settings are what the YAML says, and doctor finds everything well', async () => {
  expect(parse(printed.milepost_yaml)).toEqual(printed.config)
  const { code, out } = await milepost('doctor', '--json')
  const { healthy, findings } = JSON.parse(out) as Examined
  expect(findings.filter(({ status }) => status === 'problem')).toEqual([])
  expect({ code, healthy }).toEqual({ code: 0, healthy: true })
  expect(findings.filter(({ status }) => status === 'ok').map(({ check }) => check)).toEqual(
    expect.arrayContaining([
      'fullbay network',
      'geotab demo',
      'geotab demo clock',
      'geotab demo rights',
      'geotab demo groups',
      'sftp',
      'sftp import folder',
      'sftp export folder',
      'sftp archive folders',
      'vehicle updates',
    ]),
  )
  for (const secret of Object.values(printed.environment)) expect(out).not.toContain(secret)
  expect(imported()).toEqual([])
})

test(
  'a run by the printed settings reads all three vendors, delivers four files and applies the vehicle file',
  { timeout: 180_000 },
  async () => {
    expect(inGeotabFolder()).toContain('fwgeotabinfo.csv')
    const { code, out, err } = await milepost('run')
    expect(code).toBe(0)
    expect(out + err).not.toContain('sandbox:')
    for (const relation of [
      'fullbay_line_items',
      'base.geotab__trips',
      'fct_geotab_trips',
      'raw.chevin__vehicle_files',
    ]) {
      expect(await count(relation)).toBeGreaterThan(0)
    }
    const files = imported()
    expect(files).toHaveLength(4)
    for (const report of ['asset status', 'trips history', 'exceptions details', 'engine faults']) {
      expect(files.filter((name) => name.includes(`_${report} report_`) && name.endsWith('.xls'))).toHaveLength(1)
    }
    expect(await count(`ops.device_updates where outcome = 'applied'`)).toBe(4)
    expect(inGeotabFolder()).toEqual(['processed', 'rejected'])
  },
)

test(
  'stand-ins that are started again go on with the fleet, the key and the files that they had',
  { timeout: 180_000 },
  async () => {
    const before = printed
    expect(await stop()).toMatchObject({ code: 0, signal: null })
    await start()
    const sftpOf = ({ config }: typeof printed) =>
      (config['chevin'] as { sftp: { host_keys: string[] } }).sftp.host_keys
    expect(sftpOf(printed)).toEqual(sftpOf(before))
    const { code, out } = await milepost('run', '--json')
    expect(code).toBe(0)
    expect(JSON.parse(out)).toMatchObject({ status: 'succeeded', failures: [] })
    // The fleet still has what the vehicle file had changed.
    expect(await count(`fct_vehicle_updates where status = 'held'`)).toBeGreaterThan(0)
    expect(await count(`fct_vehicle_updates where status <> 'held'`)).toBe(0)
    expect(inGeotabFolder()).toEqual(['processed', 'rejected'])
  },
)

test('faults of each vendor are switched on over HTTP, and doctor tells of them', { timeout: 60_000 }, async () => {
  const { fullbay, geotab, chevin } = printed.vendors
  expect(await ask(fullbay.faults_url, 'POST', { fault: 'status', status: 503 })).toBe(200)
  expect(await ask(fullbay.faults_url, 'DELETE')).toBe(200)
  expect(await ask(geotab.faults_url, 'POST', { fault: 'error', type: 'InvalidUserException' })).toBe(200)
  expect(await ask(chevin.faults_url, 'POST', { fault: 'readOnly' })).toBe(200)
  const { code, out } = await milepost('doctor')
  expect(code).toBe(5)
  expect(out).toMatch(/PROBLEM +geotab demo +.*InvalidUserException/)
  expect(out).toMatch(/PROBLEM +sftp import folder +.*can only be read/)
  expect(await ask(geotab.faults_url, 'DELETE')).toBe(200)
  expect(await ask(chevin.faults_url, 'DELETE')).toBe(200)
  expect(await ask(chevin.host_key_url, 'POST')).toBe(200)
  expect((await milepost('doctor')).out).toMatch(
    /PROBLEM +sftp +.*shows the ssh-ed25519 host key SHA256:.*but pinned: SHA256:/,
  )
})

test('what is printed for a person is that YAML and comments', async () => {
  const other = mkdtempSync(join(tmpdir(), 'milepost-sandbox-'))
  const running = startMilepost(['sandbox', ...FREE, '--dir', 'stand-ins'], { cwd: other })
  await saying(running, /chevin files .*\n/)
  running.child.kill('SIGINT')
  const { code, out } = await running.ended
  expect(code).toBe(0)
  expect(parse(out)).toMatchObject({ data_dir: join(other, 'stand-ins'), fullbay: {}, geotab: {}, chevin: {} })
  expect(readFileSync(join(other, 'stand-ins/sftp/Export/geotab/fwgeotabinfo.csv')).length).toBeGreaterThan(1000)
  rmSync(other, { recursive: true })
})

test.for(['--port', '--geotab-port', '--sftp-port', '--sftp-faults-port'])(
  'a port of %s that is taken is named, and nothing is left running',
  async (option) => {
    const holder = createServer().listen(0, '127.0.0.1')
    await once(holder, 'listening')
    const address = holder.address()
    const port = typeof address === 'object' && address !== null ? String(address.port) : ''
    const args = FREE.map((arg, at) => (FREE[at - 1] === option ? port : arg))
    const { code, err } = await startMilepost(['sandbox', ...args, '--dir', 'taken'], { cwd: folder }).ended
    holder.close()
    expect(code).toBe(1)
    expect(err).toContain(`SANDBOX_PORT: Port ${port} is in use. Give another with ${option}`)
  },
)

test.for(['x', '-1', '65536', '4180.5'])('%s is no port', async (port) => {
  const { code, err } = await startMilepost(['sandbox', `--sftp-port=${port}`], { cwd: folder }).ended
  expect(code).toBe(2)
  expect(err).toContain('--sftp-port takes a port number')
})
