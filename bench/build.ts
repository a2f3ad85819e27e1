import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { loadavg, tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { addDays, dayAt } from '../core/date-window.ts'
import { createShop } from '../sandbox/fullbay/generator.ts'
import { startFullbaySandbox } from '../sandbox/fullbay/server.ts'
import { findDbt } from '../test/differential/builders.ts'
import { openBenchDatabase } from './support/database.ts'
import { median, printFigures } from './support/figures.ts'

// The builder: trivial tables, parsing, and the project's own models beside real dbt on the same rows. Every figure is
// the wall time of a process, from its start to its end. usage: node bench/build.ts [models] [rounds] [invoices]
const models = Number(process.argv[2] ?? 1000)
const rounds = Number(process.argv[3] ?? 3)
const invoices = Number(process.argv[4] ?? 2000)
const CLI = resolve(import.meta.dirname, '../cli/milepost.mjs')
const OWN = resolve(import.meta.dirname, '..')
const KEY = 'bench-fullbay-key-0001'

const database = await openBenchDatabase()
const folder = await mkdtemp(join(tmpdir(), 'milepost-bench-'))
let peakMb = 0
try {
  await trivialModels()
  await ownModels()
  printFigures('memory', [['most that a process of ours took', `${peakMb} MB`, 'goal < 300 MB']])
} finally {
  await database.close()
  await rm(folder, { recursive: true, force: true })
}

async function trivialModels(): Promise<void> {
  const dir = join(folder, 'trivial')
  await mkdir(join(dir, 'models'), { recursive: true })
  await writeFile(join(dir, 'dbt_project.yml'), 'name: trivial\nmodels:\n  trivial:\n    +materialized: table\n')
  for (let n = 0; n < models; n += 1) await writeFile(join(dir, `models/m${n}.sql`), `select ${n} as id, 'x' as name\n`)
  const project = ['--project-dir', dir, '--schema', 'trivial']
  const seconds = await inRounds(
    rounds,
    {
      'listed, cold': () => milepost(['models', 'ls', '--json', ...project]),
      'checked, cold': () => milepost(['build', '--check', ...project]),
      'all built, in place of those that stand': () => milepost(['build', '--full-refresh', ...project]),
      'nothing to do': () => milepost(['build', ...project]),
    },
    async () => {
      const first = await milepost(['build', ...project])
      return { 'all built, the first time': first }
    },
  )
  const goals: Record<string, string> = { 'listed, cold': '0.5', 'checked, cold': '0.5' }
  printFigures(
    `${models} tables of one row, ${rounds} rounds${load()}`,
    Object.entries(seconds).map(([name, all]) => [name, figure(all), `goal ≤ ${goals[name] ?? '3'} s`]),
  )
}

async function ownModels(): Promise<void> {
  await loadInvoices()
  const dbt = findDbt()
  const vars = (prefix: string) => [
    '--vars',
    JSON.stringify({ schema_prefix: prefix, as_of_date: dayAt(new Date(), 'UTC') }),
  ]
  const ours = (...more: string[]) =>
    milepost([
      'build',
      '--project-dir',
      OWN,
      '--schema',
      'marts',
      '--target-path',
      join(folder, 'ours'),
      ...vars('a_'),
      ...more,
    ])
  const byDbt = (...more: string[]) =>
    run(
      dbt ?? '',
      [
        'build',
        '--project-dir',
        OWN,
        '--profiles-dir',
        OWN,
        '--target-path',
        join(folder, 'dbt'),
        '--log-path',
        join(folder, 'logs'),
        ...vars('b_'),
        ...more,
      ],
      connection(),
    )
  const all = {
    'Milepost, --full-refresh': () => ours('--full-refresh'),
    'dbt, --full-refresh': () => byDbt('--full-refresh'),
    'Milepost, again': () => ours(),
    'dbt, again': () => byDbt(),
  }
  const seconds = await inRounds(
    rounds,
    dbt === null
      ? { 'Milepost, --full-refresh': all['Milepost, --full-refresh'], 'Milepost, again': all['Milepost, again'] }
      : all,
  )
  const ratio = (kind: string) => {
    const [own, other] = [seconds[`Milepost, ${kind}`], seconds[`dbt, ${kind}`]]
    return own === undefined || other === undefined ? '' : `${(median(other) / median(own)).toFixed(1)} ×`
  }
  printFigures(`the project's own models and tests over ${invoices} invoices, ${rounds} rounds in turn${load()}`, [
    ...Object.entries(seconds).map(([name, times]) => [name, figure(times)]),
    ...(dbt === null
      ? [['dbt', 'none found', 'put dbt 1.9 with dbt-postgres on the PATH, or its path into DBT']]
      : [
          ['as fast as dbt, everything', ratio('--full-refresh'), 'goal ≥ 10 ×'],
          ['as fast as dbt, nothing changed', ratio('again'), 'goal ≥ 20 ×'],
        ]),
  ])
}

/** Runs all of them in turn, round by round, and returns their seconds. */
async function inRounds(
  count: number,
  commands: Record<string, () => Promise<number>>,
  before: () => Promise<Record<string, number>> = async () => ({}),
): Promise<Record<string, number[]>> {
  const seconds: Record<string, number[]> = Object.fromEntries(
    Object.entries(await before()).map(([name, one]) => [name, [one]]),
  )
  for (let round = 0; round < count; round += 1) {
    for (const [name, command] of Object.entries(commands)) {
      const one = await command()
      ;(seconds[name] ??= []).push(one)
    }
  }
  return seconds
}

/** Reads the sandbox's invoices into the database, once. */
async function loadInvoices(): Promise<void> {
  const days = 365
  const firstDate = addDays(dayAt(new Date(), 'UTC'), -days)
  const shop = createShop({
    seed: 'bench',
    shopId: 'BENCH',
    title: 'Bench',
    timeZone: 'UTC',
    firstDate,
    invoicesPerDay: invoices / (days + 1),
  })
  const vendor = await startFullbaySandbox({
    accounts: [{ key: KEY, egressIp: '203.0.113.7', shop }],
    pageSize: 200,
    compress: false,
  })
  try {
    const shops = [{ id: 'BENCH', time_zone: 'UTC' }]
    const fullbay = {
      base_url: vendor.baseUrl,
      egress_ip: '203.0.113.7',
      start_date: firstDate,
      request_interval_ms: 0,
      shops,
    }
    await writeFile(join(folder, 'milepost.yaml'), JSON.stringify({ fullbay }))
    await milepost(['run', '--json'])
  } finally {
    await vendor.close()
  }
}

function milepost(args: string[]): Promise<number> {
  const env = { DATABASE_URL: database.url, FULLBAY_API_KEY_BENCH: KEY }
  return run(process.execPath, [CLI, ...args], env, true)
}

/** Runs a command to its end and returns its seconds. Throws with what it said when it fails. */
async function run(command: string, args: string[], env: Record<string, string>, isOurs = false): Promise<number> {
  const from = performance.now()
  const child = spawn(command, args, {
    cwd: folder,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (said += chunk.toString()))
  const sampler = setInterval(() => {
    if (isOurs && args[1] !== 'run') peakMb = Math.max(peakMb, peakMemoryMb(child.pid))
  }, 20)
  const [code] = (await once(child, 'close')) as [number | null]
  const seconds = (performance.now() - from) / 1000
  clearInterval(sampler)
  if (code !== 0) throw new Error(`${[command, ...args].join(' ')} ended with ${code}:\n${said.slice(-2000)}`)
  return seconds
}

/** The database as dbt's profile is told of it. */
function connection(): Record<string, string> {
  const { hostname, port, username, password, pathname } = new URL(database.url)
  return {
    PGHOST: hostname,
    PGPORT: port === '' ? '5432' : port,
    PGUSER: decodeURIComponent(username),
    PGPASSWORD: decodeURIComponent(password),
    PGDATABASE: decodeURIComponent(pathname.slice(1)),
    DBT_SEND_ANONYMOUS_USAGE_STATS: 'false',
  }
}

function figure(seconds: number[]): string {
  const middle = `${median(seconds).toFixed(2)} s`
  if (seconds.length === 1) return middle
  return `${middle} (${Math.min(...seconds).toFixed(2)}-${Math.max(...seconds).toFixed(2)})`
}

function load(): string {
  return `, load ${loadavg()[0]?.toFixed(1)}`
}

/** The kernel's own high-water mark of a process's memory (Linux). */
function peakMemoryMb(pid: number | undefined): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8')
    return Math.round(Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1] ?? 0) / 1024)
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ESRCH')) return 0
    throw error
  }
}
