import { z } from 'zod'
import type { DateWindow } from '../../core/date-window.ts'
import { PipelineError } from '../../core/errors.ts'
import {
  FEED_ENTITIES,
  SNAPSHOT_ENTITIES,
  type FeedEntityName,
  type SnapshotEntityName,
} from '../../extract/geotab/entities.ts'
import { readFeed } from '../../extract/geotab/feed.ts'
import { readHistory } from '../../extract/geotab/history.ts'
import { readSnapshot } from '../../extract/geotab/snapshot.ts'
import type { Place } from '../../extract/landing-timed.ts'
import type { PipelineContext } from '../context.ts'
import type { FeedPage, StreamFeed, StreamPage, WindowReader } from '../feed.ts'
import { GEOTAB_TRANSFORMS } from './entity-transforms.ts'
import { allIdsOf } from './diagnostic-ids.ts'
import { placeBy, sourceVersion } from './record.ts'
import { bringBack, VANISHING_KINDS } from './removed.ts'
import { geotabConnections, geotabDatabase } from './source.ts'

/** The feeds of Geotab that tell what changed since a version. */
const FEEDS: {
  entity: FeedEntityName
  name: keyof typeof GEOTAB_TRANSFORMS
  placeOf?: (record: unknown) => Place | null
}[] = [
  { entity: 'Device', name: 'devices' },
  { entity: 'User', name: 'users' },
  { entity: 'Zone', name: 'zones' },
  { entity: 'Rule', name: 'rules' },
  { entity: 'Diagnostic', name: 'diagnostics' },
  { entity: 'Trip', name: 'trips', placeOf: placeBy('start') },
  { entity: 'ExceptionEvent', name: 'exception_events' },
  { entity: 'FaultData', name: 'fault_data' },
  { entity: 'LogRecord', name: 'log_records', placeOf: placeBy('dateTime') },
  { entity: 'StatusData', name: 'status_data', placeOf: placeBy('dateTime') },
  { entity: 'DeviceStatusInfo', name: 'device_status_info' },
  { entity: 'DriverChange', name: 'driver_changes' },
]

/** What has no feed and is read whole. */
const SNAPSHOTS: { entity: SnapshotEntityName; name: keyof typeof GEOTAB_TRANSFORMS }[] = [
  { entity: 'Group', name: 'groups' },
  { entity: 'Controller', name: 'controllers' },
  { entity: 'Source', name: 'sources' },
  { entity: 'FailureMode', name: 'failure_modes' },
  { entity: 'UnitOfMeasure', name: 'units_of_measure' },
]

export const geotabFeeds: StreamFeed[] = [
  ...FEEDS.map(({ entity, name, placeOf }): StreamFeed => ({
    ...common(name),
    keyOf: FEED_ENTITIES[entity].keyOf,
    versionOf: sourceVersion,
    ...(placeOf === undefined ? {} : { placeOf }),
    isWhole: false,
    ...broughtBack(name),
    read: (context, connection, cursor, signal) => readVersions(context, connection, entity, cursor, signal),
    history: FEED_ENTITIES[entity].history === null ? null : historyOf(entity),
  })),
  ...SNAPSHOTS.map(({ entity, name }): StreamFeed => ({
    ...common(name),
    keyOf: SNAPSHOT_ENTITIES[entity].keyOf,
    isWhole: true,
    read: (context, connection, _cursor, signal) => readWhole(context, connection, entity, signal),
    history: null,
  })),
]

function common(
  name: keyof typeof GEOTAB_TRANSFORMS,
): Pick<StreamFeed, 'kind' | 'name' | 'source' | 'table' | 'connections' | 'transform'> {
  return {
    kind: 'stream',
    name: `geotab.${name}`,
    source: 'geotab',
    table: `raw.geotab__${name}`,
    connections: geotabConnections,
    transform: GEOTAB_TRANSFORMS[name],
  }
}

function broughtBack(name: string): Pick<StreamFeed, 'arrived'> {
  const kind = VANISHING_KINDS.find(({ feed }) => feed === name)
  return kind === undefined ? {} : { arrived: bringBack(kind) }
}

const VersionCursor = z.object({ version: z.string() })

async function* readVersions(
  context: PipelineContext,
  connection: string,
  entity: FeedEntityName,
  cursor: unknown,
  signal: AbortSignal,
): AsyncGenerator<StreamPage> {
  const { client, startAt } = geotabDatabase(context, connection)
  const { settings } = context.geotab
  const from = VersionCursor.nullable().parse(cursor)?.version ?? null
  const pages = readFeed(client, entity, from, {
    resultsLimit: settings.page_rows,
    ...(startAt === null ? {} : { seedFromDate: startAt }),
    ...(entity === 'StatusData'
      ? { diagnostics: new Set(await allIdsOf(context.db, connection, settings.diagnostics)) }
      : {}),
    signal,
  })
  for await (const { records, skipped, toVersion } of pages) {
    yield { records, skipped, cursor: { version: toVersion } }
  }
}

async function* readWhole(
  context: PipelineContext,
  connection: string,
  entity: SnapshotEntityName,
  signal: AbortSignal,
): AsyncGenerator<StreamPage> {
  const { client } = geotabDatabase(context, connection)
  for await (const { records } of readSnapshot(client, entity, { signal })) yield { records, skipped: 0, cursor: null }
}

/** The days of a backfill are days of UTC. */
function historyOf(entity: FeedEntityName): WindowReader {
  return {
    async *extract(context, connection, window, progress, signal): AsyncGenerator<FeedPage> {
      const { client } = geotabDatabase(context, connection)
      const { settings } = context.geotab
      const pages = readHistory(client, entity, {
        ...instantsOf(window),
        resultsLimit: settings.page_rows,
        diagnostics: await allIdsOf(context.db, connection, settings.diagnostics),
        signal,
      })
      // Pages are not numbered at the source: a window that was cut off is read from its start, which changes nothing.
      let page = progress.nextPage
      let fetched = progress.fetched
      let held: unknown[] | undefined
      for await (const { records } of pages) {
        if (held !== undefined)
          yield { records: held, page: page++, totalCount: fetched, restarted: false, last: false }
        held = records
        fetched += records.length
      }
      yield { records: held ?? [], page, totalCount: fetched, restarted: false, last: true }
    },
    windowDone: async () => {},
    isTooHeavy: (error) =>
      error instanceof PipelineError && /^GEOTAB_(TIMEOUT|TOO_LARGE|RESULT_LIMIT)$/.test(error.code),
    mustRestart: () => false,
  }
}

const instantsOf = ({ start, end }: DateWindow) => ({
  from: `${start}T00:00:00.000Z`,
  to: new Date(Date.parse(`${end}T00:00:00.000Z`) + 86_400_000).toISOString(),
})
