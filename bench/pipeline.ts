import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { addDays, dayAt } from '../core/date-window.ts'
import { createShop } from '../sandbox/fullbay/generator.ts'
import { startFullbaySandbox } from '../sandbox/fullbay/server.ts'
import { openBenchDatabase } from './support/database.ts'
import { printFigures } from './support/figures.ts'
import { peakMemoryMb } from './support/memory.ts'

// From the sandbox over HTTP to published views: the vendor in this process, `milepost run` in another, whose wall time
// and peak memory are what counts. usage: node bench/pipeline.ts [invoices]
const invoices = Number(process.argv[2] ?? 28_000)
const DAYS = 365
const KEY = 'bench-fullbay-key-0001'

const today = dayAt(new Date(), 'UTC')
const firstDate = addDays(today, -DAYS)
const shop = createShop({
  seed: 'bench',
  shopId: 'BENCH',
  title: 'Bench',
  timeZone: 'UTC',
  firstDate,
  invoicesPerDay: invoices / (DAYS + 1),
})
const vendor = await startFullbaySandbox({
  accounts: [{ key: KEY, egressIp: '203.0.113.7', shop }],
  pageSize: 200,
  compress: false,
})
const database = await openBenchDatabase()
const folder = await mkdtemp(join(tmpdir(), 'milepost-bench-'))
try {
  await writeFile(
    join(folder, 'milepost.yaml'),
    JSON.stringify({
      fullbay: {
        base_url: vendor.baseUrl,
        egress_ip: '203.0.113.7',
        start_date: firstDate,
        request_interval_ms: 0,
        shops: [{ id: 'BENCH', time_zone: 'UTC' }],
      },
    }),
  )
  const first = await milepostRun()
  const second = await milepostRun()
  printFigures(`${first.summary.fetched} invoices, ${first.lines} lines, from the sandbox to published views`, [
    ['first run', `${first.seconds.toFixed(1)} s`, `${Math.round(first.summary.fetched / first.seconds)} invoices/s`],
    ['  peak memory of the worker', `${first.peakMb} MB`],
    [
      '  models and tests',
      `${first.summary.build.seconds.toFixed(1)} s`,
      `${first.summary.build.models} models, ${first.summary.build.tests_passed} tests`,
    ],
    [
      'run after it',
      `${second.seconds.toFixed(1)} s`,
      `${second.summary.fetched} read again, ${second.summary.landed} landed`,
    ],
  ])
} finally {
  await database.close()
  await vendor.close()
  await rm(folder, { recursive: true, force: true })
}

interface Summary {
  fetched: number
  landed: number
  lines: { lines: number }[]
  build: { seconds: number; models: number; tests_passed: number }
}

async function milepostRun() {
  const from = performance.now()
  const env = { ...process.env, DATABASE_URL: database.url, FULLBAY_API_KEY_BENCH: KEY }
  const child = spawn(process.execPath, [resolve(import.meta.dirname, '../cli/milepost.mjs'), 'run', '--json'], {
    cwd: folder,
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let output = ''
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
  let peakMb = 0
  const sampler = setInterval(() => {
    peakMb = Math.max(peakMb, peakMemoryMb(child.pid))
  }, 100)
  const [code] = (await once(child, 'close')) as [number | null]
  clearInterval(sampler)
  if (code !== 0) throw new Error(`milepost run ended with ${code}`)
  const summary = JSON.parse(output) as Summary
  const lines = summary.lines.reduce((sum, row) => sum + row.lines, 0)
  return { seconds: (performance.now() - from) / 1000, peakMb, summary, lines }
}
