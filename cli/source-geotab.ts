import type { Pool } from 'pg'
import type { Clock } from '../core/clock.ts'
import type { Config } from '../core/config.ts'
import type { GeotabDatabase } from '../core/config-geotab.ts'
import { Secret } from '../core/secret.ts'
import { configuredGeotab, geotabSource, type GeotabSource } from '../queue/geotab/source.ts'
import { demoGeotab } from '../sandbox/geotab/demo.ts'
import type { Fleet } from '../sandbox/geotab/fleet.ts'
import { startGeotabSandbox } from '../sandbox/geotab/server.ts'
import { rememberUpdates } from './sandbox-vehicles.ts'
import type { OpenSource } from './sources.ts'
import { usesStandIns } from './stand-ins.ts'

export interface OpenGeotab extends OpenSource<GeotabSource> {
  /** The stand-in's fleet; null when the databases are real. */
  fleet: Fleet | null
}

/** Opens the configured Geotab databases, or a stand-in within this process when no vendor is configured. */
export async function openGeotabSource(config: Config, pool: Pool, clock: Clock): Promise<OpenGeotab> {
  if (!usesStandIns(config)) {
    const source = configuredGeotab(config, pool, clock)
    return { source, ...described(config, source), fleet: null, close: async () => {} }
  }
  const now = () => clock.now()
  const demo = demoGeotab(now, await sandboxStart(pool, now))
  const fleet = demo.databases[0]?.fleet ?? null
  if (fleet !== null) await rememberUpdates(pool, demo.database, fleet)
  const server = await startGeotabSandbox({ databases: demo.databases, now })
  const source = geotabSource(config, [demoDatabase(demo, server.url)], { pool, clock, isSandbox: true })
  return {
    source,
    name: `sandbox: a made-up fleet in the stand-in Geotab database ${demo.database}, since ${demo.startDate}`,
    notice: 'Nothing is configured: reading the built-in sandbox of Geotab.',
    fleet,
    close: server.close,
  }
}

function described(config: Config, { databases }: GeotabSource): { name: string; notice: string | null } {
  const list = `Geotab, ${databases.length} database(s): ${databases.map(({ connection }) => connection).join(', ')}`
  if (databases.length > 0) return { name: list, notice: null }
  const isIdle = config.fullbay.shops.length === 0
  const without = `No Geotab database is configured: there is nothing to ${isIdle ? 'read, and nothing to ' : ''}deliver to Chevin.`
  return { name: 'Geotab: not configured, left out', notice: config.chevin.sftp === null ? null : without }
}

/**
 * The day on which the made-up fleet began to live, kept in the database that its data lands in: a stand-in that began
 * anew would tell lower versions than those that were read, as a vendor does after a loss of data.
 */
async function sandboxStart(pool: Pool, now: () => Date): Promise<string> {
  const { rows } = await pool.query<{ value: string }>(
    `insert into base.geotab__settings (connection, name, value) values ('demo', 'sandbox_start_date', $1)
     on conflict (connection, name) do update set value = base.geotab__settings.value
     returning value`,
    [demoGeotab(now).startDate],
  )
  return rows[0]?.value ?? demoGeotab(now).startDate
}

export function demoDatabase(
  demo: { database: string; userName: string; password: string },
  url: string,
): GeotabDatabase {
  return {
    id: demo.database,
    name: demo.database,
    server: url,
    database: demo.database,
    user_name: demo.userName,
    password: new Secret(demo.password),
    time_zone: 'America/New_York',
    trip_distance_unit: 'auto',
  }
}
