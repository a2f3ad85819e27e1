import { PipelineError } from '../../core/errors.ts'
import type { GeotabClient } from './client.ts'
import { FEED_ENTITIES, type FeedEntity, type FeedEntityName } from './entities.ts'
import type { FeedResult } from './exchange.ts'
import { refId } from './ref-id.ts'

export interface FeedOptions {
  /** Most rows of a page; the kind's own maximum where that is less. */
  resultsLimit: number
  /** Without a version: rows of this instant (ISO, UTC) and later. Kinds that know no such start begin at the beginning. */
  seedFromDate?: string
  /** Of StatusData: the diagnostics that are kept. */
  diagnostics?: ReadonlySet<string>
  signal: AbortSignal
}

/** A page of a feed, verbatim, its rows in the order of their versions. */
export interface FeedPage {
  records: unknown[]
  /** Rows left out because their diagnostic is not among those that are kept. */
  skipped: number
  /** Where to go on after this page; store it in the commit that lands the rows. */
  toVersion: string
  /** The page was full, so that more may follow. */
  full: boolean
  /** The page was full but its version does not lead on: reading it again would give the same rows for ever. */
  stuck: boolean
}

const BEGINNING = '0000000000000000'

/**
 * Reads a feed from a version on (null: from `seedFromDate`, else from the beginning), page by page, up to the first
 * page that is not full. Throws what the client throws, and GEOTAB_FEED_BACKWARDS when the vendor's version is lower
 * than ours.
 */
export async function* readFeed(
  client: GeotabClient,
  entity: FeedEntityName,
  fromVersion: string | null,
  options: FeedOptions,
): AsyncGenerator<FeedPage> {
  const kind: FeedEntity = FEED_ENTITIES[entity]
  const { signal, diagnostics } = options
  const resultsLimit = Math.min(kind.max, Math.max(1, Math.trunc(options.resultsLimit)))
  const seed = fromVersion === null && kind.seedsByDate ? options.seedFromDate : undefined
  let from = fromVersion ?? (seed === undefined ? BEGINNING : null)
  for (;;) {
    signal.throwIfAborted()
    // A date with a version would be ignored, so it goes with the first call alone.
    const search = from === null ? { ...kind.search, fromDate: seed } : kind.search
    const params = {
      typeName: entity,
      resultsLimit,
      ...(from === null ? {} : { fromVersion: from }),
      ...(search === null || Object.keys(search).length === 0 ? {} : { search }),
    }
    const { data, toVersion } = (await client.call('GetFeed', params, { signal, expect: 'feed' })) as FeedResult
    assertForward(client, entity, from, toVersion)
    const full = data.length >= resultsLimit
    const stuck = full && from !== null && versionOf(toVersion) === versionOf(from)
    const kept = diagnostics === undefined ? data : data.filter((row) => isKept(row, diagnostics))
    yield { records: inVersionOrder(kept), skipped: data.length - kept.length, toVersion, full, stuck }
    if (!full || stuck) return
    from = toVersion
  }
}

/** A version is a 64-bit counter in hexadecimal digits: kept as text, compared as a number. */
function versionOf(text: string): bigint {
  return BigInt(`0x${text}`)
}

function assertForward(client: GeotabClient, entity: string, from: string | null, to: string): void {
  if (from === null || versionOf(to) >= versionOf(from)) return
  throw new PipelineError(
    'GEOTAB_FEED_BACKWARDS',
    `Geotab ${client.connection}, feed ${entity}: we are at version ${from}, but the vendor is at ${to}, as after a ` +
      'restore of its database. Nothing was taken. Find out what was restored, then reset the feed with ' +
      '`npx milepost state reset`.',
    'never',
  )
}

/** A row without a readable diagnostic is kept: it is for the quarantine to say what is wrong with it. */
function isKept(row: unknown, diagnostics: ReadonlySet<string>): boolean {
  const reference = typeof row === 'object' && row !== null && 'diagnostic' in row ? row.diagnostic : undefined
  const id = refId(reference)
  return id === undefined || diagnostics.has(id)
}

/**
 * Rows in the order of their versions, so that of two rows about one thing the newer is landed last. Rows of equal
 * version keep their order, and rows without one keep their place.
 */
function inVersionOrder(rows: unknown[]): unknown[] {
  const places: number[] = []
  const versioned: { row: unknown; version: string }[] = []
  let isSorted = true
  for (const [place, row] of rows.entries()) {
    const version = rowVersion(row)
    if (version === undefined) continue
    isSorted &&= (versioned.at(-1)?.version ?? '') <= version
    places.push(place)
    versioned.push({ row, version })
  }
  if (isSorted) return rows
  const ordered = [...rows]
  versioned.sort((a, b) => (a.version < b.version ? -1 : a.version > b.version ? 1 : 0))
  for (const [i, place] of places.entries()) ordered[place] = versioned[i]?.row
  return ordered
}

/** Padded to 16 small digits, so that texts compare as the numbers do. */
function rowVersion(row: unknown): string | undefined {
  const version = typeof row === 'object' && row !== null && 'version' in row ? row.version : undefined
  return typeof version === 'string' && /^[0-9a-f]{1,16}$/i.test(version)
    ? version.toLowerCase().padStart(16, '0')
    : undefined
}
