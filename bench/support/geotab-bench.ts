import { fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { openBenchDatabase, type BenchDatabase } from './database.ts'
import type { HoursOptions } from './geotab-hours.ts'
import { peakMemoryMb } from './memory.ts'

export interface GeotabBench {
  database: BenchDatabase
  /** Has the vendor tell of more hours; answers how many rows that are. */
  addHours(options: HoursOptions): Promise<number>
  /** One run of the whole pipeline, in a process of its own. */
  run(): Promise<{ seconds: number; peakMb: number; summary: RunFigures }>
  close(): Promise<void>
}

export interface RunFigures {
  status: string
  fetched: number
  landed: number
  build: { seconds: number } | null
  deliveries: { files: { file: string; outcome: string }[]; planned: { report: string; rows: number }[] }
}

/** A vendor of pages in a process of its own, and a database for the pipeline. */
export async function openGeotabBench(fleet: { vehicles: number; zones: number }): Promise<GeotabBench> {
  const vendor = fork(resolve(import.meta.dirname, 'geotab-pages-server.ts'))
  const [{ url, sftp }] = (await once(vendor, 'message')) as [
    { url: string; sftp: { host: string; port: number; fingerprint: string } },
  ]
  const tell = async (order: object) => {
    vendor.send(order)
    const [{ rows }] = (await once(vendor, 'message')) as [{ rows: number }]
    return rows
  }
  await tell(fleet)
  const database = await openBenchDatabase()
  const folder = await mkdtemp(join(tmpdir(), 'milepost-bench-'))
  await writeFile(
    join(folder, 'milepost.yaml'),
    JSON.stringify({
      geotab: {
        pacing: 0,
        addresses: { per_run: 100_000, budget_seconds: 600 },
        databases: [
          {
            id: 'bench',
            server: url,
            database: 'bench',
            user_name: 'bench@example.com',
            password: { env: 'BENCH_PASSWORD' },
          },
        ],
      },
      chevin: {
        sftp: {
          host: sftp.host,
          port: sftp.port,
          user: 'bench',
          password: { env: 'BENCH_PASSWORD' },
          host_keys: [sftp.fingerprint],
        },
      },
    }),
  )
  return {
    database,
    addHours: tell,
    run: () => runMilepost(folder, database.url),
    async close() {
      vendor.send('stop')
      await once(vendor, 'close')
      await database.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

async function runMilepost(folder: string, databaseUrl: string) {
  const from = performance.now()
  const env = { ...process.env, DATABASE_URL: databaseUrl, BENCH_PASSWORD: 'bench-sftp-password' }
  const child = spawn(process.execPath, [resolve(import.meta.dirname, '../../cli/milepost.mjs'), 'run', '--json'], {
    cwd: folder,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  let said = ''
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()))
  let peakMb = 0
  const sampler = setInterval(() => {
    peakMb = Math.max(peakMb, peakMemoryMb(child.pid))
  }, 100)
  const [code] = (await once(child, 'close')) as [number | null]
  clearInterval(sampler)
  if (code !== 0) throw new Error(`milepost run ended with ${code}: ${said}${output}`)
  return { seconds: (performance.now() - from) / 1000, peakMb, summary: JSON.parse(output) as RunFigures }
}
