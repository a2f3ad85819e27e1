import type { Pool } from 'pg'
import type { Clock } from '../../core/clock.ts'
import type { Config } from '../../core/config.ts'
import type { GeotabConfig, GeotabDatabase } from '../../core/config-geotab.ts'
import { PipelineError } from '../../core/errors.ts'
import { databaseSlots } from '../../db/rate-limiter.ts'
import { openGeotab, type GeotabClient } from '../../extract/geotab/client.ts'
import { geotabRateLimiter } from '../../extract/geotab/rate-limiter.ts'
import type { PipelineContext } from '../context.ts'

export interface GeotabDatabaseSource {
  /** The database's id in the configuration: the connection under which all its rows stand. */
  connection: string
  name: string
  /** Its fleet is made up: the server is a stand-in, the built-in one or one on this machine. */
  isMadeUp: boolean
  /** Zone of the clocks that the reports show. */
  timeZone: string
  /** First instant (ISO, UTC) whose trips, positions, … are read; null: all that there is. */
  startAt: string | null
  tripDistanceUnit: 'auto' | 'km' | 'm'
  /** First part of the names of its report files. */
  reportPrefix: string
  client: GeotabClient
}

export interface GeotabSource {
  /** The databases are stand-ins and their fleets are made up. */
  isSandbox: boolean
  settings: Omit<GeotabConfig, 'databases'>
  databases: GeotabDatabaseSource[]
}

/** The databases of the configuration, none when none is configured. Nothing is sent before the first call. */
export function configuredGeotab(config: Config, pool: Pool, clock: Clock): GeotabSource {
  return geotabSource(config, config.geotab.databases, { pool, clock, isSandbox: false })
}

/** Databases as a source; `isSandbox` for stand-ins, whose `server` is then the whole address. */
export function geotabSource(
  config: Config,
  databases: GeotabDatabase[],
  { pool, clock, isSandbox }: { pool: Pool; clock: Clock; isSandbox: boolean },
): GeotabSource {
  const { databases: _, ...settings } = config.geotab
  const limiter = geotabRateLimiter({ slots: databaseSlots(pool), pacing: isSandbox ? 0 : settings.pacing })
  return {
    isSandbox,
    settings,
    databases: databases.map((entry) => ({
      connection: entry.id,
      name: entry.name ?? entry.id,
      isMadeUp: isSandbox || entry.server.startsWith('http://'),
      timeZone: entry.time_zone,
      startAt: entry.start_date === undefined ? null : `${entry.start_date}T00:00:00.000Z`,
      tripDistanceUnit: entry.trip_distance_unit,
      reportPrefix: entry.report_prefix ?? config.chevin.report_prefix,
      client: openGeotab({
        connection: entry.id,
        server: entry.server,
        allowedHostSuffixes: settings.allowed_hosts,
        database: entry.database,
        userName: entry.user_name,
        password: entry.password,
        timeoutSeconds: settings.timeout_seconds,
        feedTimeoutSeconds: settings.feed_timeout_seconds,
        maxReplyBytes: settings.max_reply_mb * 1_048_576,
        retry: {
          attempts: settings.retry.attempts,
          baseMs: settings.retry.base_ms,
          maxMs: settings.retry.max_ms,
        },
        limiter,
        clock,
      }),
    })),
  }
}

/** The connections of the source, as the ledger knows them. */
export const geotabConnections = ({ geotab }: PipelineContext) =>
  geotab.databases.map(({ connection, name, timeZone }) => ({
    connection,
    name,
    timeZone,
    isSandbox: geotab.isSandbox,
  }))

export function geotabDatabase(context: PipelineContext, connection: string): GeotabDatabaseSource {
  const database = context.geotab.databases.find((candidate) => candidate.connection === connection)
  if (database !== undefined) return database
  const message = `Geotab database ${connection} is not configured here, but a job for it is. Run this worker with the same milepost.yaml as the others.`
  throw new PipelineError('CONNECTION_UNKNOWN', message, 'later')
}
