import type { Clock } from '../../core/clock.ts'
import { loadConfig, type Config } from '../../core/config.ts'
import { createLogger } from '../../core/logger.ts'
import { Secret } from '../../core/secret.ts'
import { runBackfill, type BackfillRequest } from '../../queue/backfill.ts'
import { openQueue } from '../../queue/boss.ts'
import type { ChevinTarget } from '../../queue/chevin/target.ts'
import type { PipelineContext } from '../../queue/context.ts'
import { geotabSource } from '../../queue/geotab/source.ts'
import type { Run } from '../../queue/ledger.ts'
import { runPipeline } from '../../queue/pipeline-run.ts'
import { startWorkers } from '../../queue/worker.ts'
import { ORDERLY, type Disorder } from '../../sandbox/geotab/disorder.ts'
import { createFleet, type Fleet } from '../../sandbox/geotab/fleet.ts'
import { startGeotabSandbox, type GeotabSandbox } from '../../sandbox/geotab/server.ts'
import { startSftpSandbox, type SftpSandbox } from '../../sandbox/sftp/server.ts'
import type { TestDatabase } from './database.ts'
import { geotabProject } from './geotab-project.ts'

/** Secrets of the stand-ins, unlike anything else, so that a test can look for them. */
export const CANARIES = { geotab: 'canary-geotab-pässword-71', sftp: 'canary-sftp-pässword-83' }
const USER = 'svc@fleet.example'

export interface TestFleet {
  /** The connection, and the name of the stand-in's database. */
  id: string
  vehicles: number
  seed?: string
  prefix?: string
  disorder?: Partial<Disorder>
}

export interface GeotabPipelineOptions {
  fleets?: TestFleet[]
  /** First day of the fleets' life, and the one from which they are read: the first by default. */
  startDate?: string
  readFrom?: string
  now?: string
  drain?: AbortSignal
  pageRows?: number
  /** Folder of the dbt project; by default one with the models of Geotab alone. */
  projectDir?: string
}

/** A whole Geotab line in this process: a test's database, its queue and workers, and stand-ins for both ends. */
export interface GeotabPipeline {
  context: PipelineContext
  vendor: GeotabSandbox
  sftp: SftpSandbox
  fleet(id?: string): Fleet
  /** The moment that the pipeline and the stand-ins take it to be. */
  now(): Date
  setNow(instant: string | Date): void
  run(): Promise<Run>
  backfill(request: Omit<BackfillRequest, 'connections'>): Promise<Run>
  close(): Promise<void>
}

export async function openGeotabPipeline(
  database: TestDatabase,
  options: GeotabPipelineOptions = {},
): Promise<GeotabPipeline> {
  const startDate = options.startDate ?? '2026-03-02'
  const wanted = options.fleets ?? [{ id: 'demo', vehicles: 5 }]
  let instant = new Date(options.now ?? '2026-03-03T17:00:00Z')
  const clock: Clock = { now: () => instant }
  const fleets = new Map(
    wanted.map(({ id, vehicles, seed = id, disorder = ORDERLY }) => [
      id,
      createFleet({ seed, vehicles, startDate, disorder }),
    ]),
  )
  const users = [{ userName: USER, password: CANARIES.geotab }]
  const vendor = await startGeotabSandbox({
    databases: [...fleets].map(([name, fleet]) => ({ name, fleet, users })),
    now: clock.now,
  })
  const sftp = await startSftpSandbox({ user: 'fleet', password: CANARIES.sftp, now: clock.now })
  const config = configOf(options)
  const logger = createLogger('silent')
  const project = await geotabProject()
  const boss = await openQueue(new Secret(database.url), logger, { schedules: false })
  const databases = wanted.map(({ id, prefix }) => ({
    id,
    name: id,
    server: vendor.url,
    database: id,
    user_name: USER,
    password: new Secret(CANARIES.geotab),
    time_zone: 'America/New_York',
    start_date: options.readFrom ?? startDate,
    trip_distance_unit: 'auto' as const,
    ...(prefix === undefined ? {} : { report_prefix: prefix }),
  }))
  const context: PipelineContext = {
    config,
    pool: database.pool,
    db: database.db,
    boss,
    logger,
    stepLogger: logger,
    clock,
    projectDir: options.projectDir ?? project.dir,
    drain: options.drain ?? new AbortController().signal,
    geotab: geotabSource(config, databases, { pool: database.pool, clock, isSandbox: true }),
    chevin: targetOf(sftp),
    fullbay: { isSandbox: true, startDate, windowDays: 7, repull: [], shops: [] },
  }
  let working = false
  const onAllowed = async () => {
    if (!working) await startWorkers(context)
    working = true
  }
  return {
    context,
    vendor,
    sftp,
    fleet(id = wanted[0]?.id ?? '') {
      const fleet = fleets.get(id)
      if (fleet === undefined) throw new RangeError(`no fleet ${id}`)
      return fleet
    },
    now: clock.now,
    setNow: (now) => void (instant = new Date(now)),
    run: () => runPipeline(context, { trigger: 'manual', retries: 0, onAllowed }),
    backfill: (request) => runBackfill(context, { ...request, connections: [] }, { retries: 0, onAllowed }),
    async close() {
      await boss.stop({ graceful: false })
      await vendor.close()
      await sftp.close()
      await project.remove()
    },
  }
}

function configOf({ pageRows }: GeotabPipelineOptions): Config {
  const config = loadConfig(import.meta.dirname, {})
  return {
    ...config,
    geotab: {
      ...config.geotab,
      ...(pageRows === undefined ? {} : { page_rows: pageRows }),
      retry: { attempts: 2, base_ms: 1, max_ms: 10 },
      timeout_seconds: 5,
      feed_timeout_seconds: 5,
    },
  }
}

function targetOf(sftp: SftpSandbox): ChevinTarget {
  return {
    isSandbox: true,
    isLocal: true,
    server: {
      name: 'chevin',
      host: sftp.host,
      port: sftp.port,
      user: 'fleet',
      password: new Secret(CANARIES.sftp),
      hostKeys: [sftp.fingerprint],
      connectTimeoutSeconds: 5,
      operationTimeoutSeconds: 5,
      keepaliveSeconds: 15,
      maxFileBytes: 50_000_000,
    },
    destination: 'chevin',
    importDir: 'Import',
    place: 'the stand-in',
  }
}
