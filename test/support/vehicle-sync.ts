import { randomUUID } from 'node:crypto'
import { tmpdir } from 'node:os'
import type { z } from 'zod'
import { sql } from 'kysely'
import type { PgBoss } from 'pg-boss'
import { loadConfig, type Config } from '../../core/config.ts'
import type { chevinSchema } from '../../core/config-geotab-schema.ts'
import { createLogger } from '../../core/logger.ts'
import { Secret } from '../../core/secret.ts'
import { openGeotab } from '../../extract/geotab/client.ts'
import { geotabRateLimiter, type RateLimiter } from '../../extract/geotab/rate-limiter.ts'
import type { SftpServer } from '../../core/sftp/settings.ts'
import type { PipelineContext } from '../../queue/context.ts'
import type { GeotabSource } from '../../queue/geotab/source.ts'
import { planResults } from '../../queue/chevin/carry-out.ts'
import type { ChevinTarget } from '../../queue/chevin/target.ts'
import type { SyncOutput } from '../../queue/chevin/sync-output.ts'
import { applySync, approveSync, planSync, type SyncOptions } from '../../queue/chevin/vehicle-sync.ts'
import { requireVehicleSettings } from '../../queue/chevin/vehicle-settings.ts'
import type { GeotabDatabase } from '../../sandbox/geotab/database.ts'
import { createFleet, type Fleet } from '../../sandbox/geotab/fleet.ts'
import { startGeotabSandbox, type GeotabSandbox } from '../../sandbox/geotab/server.ts'
import type { Row } from '../../sandbox/geotab/wire.ts'
import type { SftpSandbox } from '../../sandbox/sftp/server.ts'
import { sandboxServer, startSandbox } from '../load/sftp/peer.ts'
import type { TestDatabase } from './database.ts'

export const FILE = 'Export/geotab/fwgeotabinfo.csv'
export const USER = { userName: 'svc@fleet.example', password: 'right-password' }

type VehicleUpdates = Partial<z.infer<typeof chevinSchema>['vehicle_updates']>

export interface TestDevice {
  id: string
  name?: string
  vin?: string
  groups?: string[]
  serial?: string
  isArchived?: boolean
}

export interface TestSync {
  context: PipelineContext
  connection: string
  geotab: GeotabSandbox
  sftp: SftpSandbox
  fleet: Fleet
  drop(content: string | Buffer): void
  plan(): Promise<SyncOutput>
  apply(options?: Partial<SyncOptions>): Promise<SyncOutput>
  approve(planId: string): Promise<SyncOutput>
  results(output: SyncOutput): ReturnType<typeof planResults>
  device(id: string): { name: string; vin: string; groups: string[] }
  /** Changes a device as a person would. */
  edit(id: string, changes: Row): void
  remove(id: string): void
  /** Set calls so far. */
  sets(): number
  audit(): Promise<
    { device_id: string; outcome: string | null; attempts: number; fields: string[]; left_alone: string[] }[]
  >
  /** Moves every clock on. */
  pass(seconds: number): void
  close(): Promise<void>
}

export interface TestSyncOptions {
  devices: TestDevice[]
  groups?: Record<string, string[]>
  updates?: VehicleUpdates
  limits?: GeotabDatabase['limits']
  limiter?: RateLimiter
  /** Chevin's server, where it is not the stand-in that is started anyhow. */
  server?: SftpServer
  /** Whether the vendors count as real ones. */
  isReal?: boolean
}

/** Two changeable roots and groups beside them. */
export const GROUPS: Record<string, string[]> = {
  GroupCompanyId: ['b1', 'b2', 'b2867', 'b27D4'],
  b1: [],
  b2: [],
  b2867: ['c1', 'c2', 'c3'],
  b27D4: ['d1'],
  c1: [],
  c2: [],
  c3: [],
  d1: [],
}

/** A fleet of given devices and groups in a stand-in of Geotab. */
export function fleetOf(devices: TestDevice[], groups: Record<string, string[]>): Fleet {
  const fleet = createFleet({ seed: 'sync', vehicles: 1, startDate: '2026-03-09' })
  for (const { key } of fleet.store.table('Device').rows()) fleet.store.table('Device').drop(key)
  for (const { key } of fleet.store.table('Group').rows()) fleet.store.table('Group').drop(key)
  for (const [id, children] of Object.entries(groups)) {
    const row = { id, name: `Group ${id}`, children: children.map((child) => ({ id: child })) }
    fleet.store.put('Group', { key: id, row, ms: 0 })
  }
  for (const device of devices) {
    const row = {
      id: device.id,
      name: device.name ?? `Unit ${device.id}`,
      serialNumber: device.serial ?? `S${device.id.toUpperCase()}`,
      vehicleIdentificationNumber: device.vin ?? '',
      groups: (device.groups ?? ['b1', 'c1']).map((id) => ({ id })),
      activeFrom: '2020-01-01T00:00:00.000Z',
      activeTo: device.isArchived === true ? '2021-01-01T00:00:00.000Z' : '2050-01-01T00:00:00.000Z',
      comment: 'kept',
    }
    fleet.store.put('Device', { key: device.id, row, ms: 0 })
  }
  return fleet
}

export const DATABASE_NAME = 'fleet'

/** Chevin's server, a Geotab database and Milepost between them, with a connection of its own in the test's database. */
export async function openTestSync(database: TestDatabase, options: TestSyncOptions): Promise<TestSync> {
  let offset = 0
  const clock = { now: () => new Date(Date.UTC(2026, 2, 20, 12) + offset * 1000) }
  const fleet = fleetOf(options.devices, options.groups ?? GROUPS)
  const sftp = await startSandbox()
  const stored: GeotabDatabase = { name: DATABASE_NAME, users: [USER], fleet, limits: options.limits ?? 'off' }
  const geotab = await startGeotabSandbox({ databases: [stored], now: clock.now })
  const connection = `fleet-${randomUUID().slice(0, 8)}`
  const context = syncContext(database, {
    connection,
    geotabUrl: geotab.url,
    sftp: options.server ?? sandboxServer(sftp),
    isSandbox: options.isReal !== true,
    clock,
    ...(options.updates === undefined ? {} : { updates: options.updates }),
    ...(options.limiter === undefined ? {} : { limiter: options.limiter }),
  })
  const settings = requireVehicleSettings(context)
  const { signal } = new AbortController()
  const call = (more: Partial<SyncOptions> = {}): SyncOptions => ({
    runId: randomUUID(),
    signal,
    fleet: 'now',
    ...more,
  })
  const rowOf = (id: string) => {
    const entry = fleet.store.table('Device').get(id)
    if (entry === undefined) throw new Error(`there is no device ${id}`)
    return entry.row
  }
  return {
    context,
    connection,
    geotab,
    sftp,
    fleet,
    drop: (content) => sftp.files.put(FILE, content),
    plan: () => planSync(context, settings, call()),
    apply: (more) => applySync(context, settings, call(more)),
    approve: (planId) => approveSync(context, settings, { planId, by: 'tester' }, call()),
    results: (output) => planResults(context, output.plan?.plan_id ?? ''),
    device(id) {
      const row = rowOf(id)
      return {
        name: String(row['name']),
        vin: String(row['vehicleIdentificationNumber']),
        groups: (row['groups'] as { id: string }[]).map((group) => group.id),
      }
    },
    edit: (id, changes) => fleet.store.put('Device', { key: id, row: { ...rowOf(id), ...changes }, ms: 0 }),
    remove: (id) => fleet.store.table('Device').drop(id),
    sets: () => geotab.requests.filter(({ method }) => method === 'Set').length,
    async audit() {
      const { rows } = await sql<Awaited<ReturnType<TestSync['audit']>>[number]>`
        select device_id, outcome, attempts, fields, left_alone from ops.device_updates
        where connection = ${connection} order by update_id
      `.execute(database.db)
      return rows
    },
    pass: (seconds) => void (offset += seconds),
    async close() {
      await sftp.close()
      await geotab.close()
    },
  }
}

/** What the vehicle sync needs of a context; nothing in it uses the queue. */
export function syncContext(
  database: Pick<TestDatabase, 'pool' | 'db'>,
  of: {
    connection: string
    geotabUrl: string
    sftp: ChevinTarget['server']
    clock: PipelineContext['clock']
    updates?: VehicleUpdates
    limiter?: RateLimiter
    isSandbox?: boolean
  },
): PipelineContext {
  const logger = createLogger('silent')
  const loaded = loadConfig(tmpdir(), {})
  const { isSandbox = true } = of
  const real = isSandbox ? {} : { enabled: true, changeable_roots: ['b2867', 'b27D4'] }
  const updates = { ...loaded.chevin.vehicle_updates, settle_seconds: 0, ...real, ...of.updates }
  const retry = { attempts: 3, base_ms: 1, max_ms: 20 }
  const config: Config = {
    ...loaded,
    geotab: { ...loaded.geotab, retry },
    chevin: { ...loaded.chevin, vehicle_updates: updates },
  }
  const client = openGeotab({
    connection: of.connection,
    server: of.geotabUrl,
    allowedHostSuffixes: ['geotab.com'],
    database: DATABASE_NAME,
    userName: USER.userName,
    password: new Secret(USER.password),
    timeoutSeconds: 5,
    feedTimeoutSeconds: 5,
    maxReplyBytes: 50_000_000,
    retry: { attempts: 3, baseMs: 1, maxMs: 20 },
    limiter: of.limiter ?? geotabRateLimiter({ pacing: 0 }),
    clock: of.clock,
  })
  const geotab: GeotabSource = {
    isSandbox,
    settings: config.geotab,
    databases: [
      {
        connection: of.connection,
        name: 'Fleet',
        isMadeUp: true,
        timeZone: 'UTC',
        startAt: null,
        tripDistanceUnit: 'auto',
        reportPrefix: 'fleet',
        client,
      },
    ],
  }
  return {
    config,
    pool: database.pool,
    db: database.db,
    boss: {} as PgBoss,
    logger,
    stepLogger: logger,
    clock: of.clock,
    projectDir: tmpdir(),
    fullbay: { isSandbox: true, startDate: '2026-01-01', windowDays: 7, repull: [], shops: [] },
    geotab,
    chevin: {
      isSandbox,
      isLocal: true,
      server: of.sftp,
      destination: of.connection,
      importDir: 'Import',
      place: 'stand-in',
    },
    drain: new AbortController().signal,
  }
}

/** A vehicle file with a header. */
export function csv(...rows: [id: string, name?: string, groups?: string, vin?: string][]): string {
  const lines = rows.map(([id, name = '', groups = '', vin = '']) => `,${id},${vin},${name},${groups}\r\n`)
  return `Serial,ID,VIN,Name,Groups\r\n${lines.join('')}`
}
