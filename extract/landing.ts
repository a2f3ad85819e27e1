import { sql, type Transaction } from 'kysely'
import { PipelineError } from '../core/errors.ts'
import { sha256, storableJson } from '../core/json.ts'
import type { DateWindow } from '../core/date-window.ts'
import type { DB } from '../db/schema.ts'
import { batches, SEPARATOR } from './landing-batches.ts'
import { isOlder } from './landing-versions.ts'
import { attempt, LONGEST_KEY, quarantineReject, refusalOf, type Reject } from './landing-rejects.ts'

/** The raw table a feed lands in and how a record names itself. */
export interface LandingTarget {
  feed: string
  /** `raw.<source>__<entity>`. */
  table: string
  connection: string
  /** The record's natural key, or null when it has none (it then goes to quarantine). */
  keyOf: (record: unknown) => string | null
  /** The source's own version of a record, in hexadecimal: a record with a lower one than ours is stale. */
  versionOf?: (record: unknown) => string | null
}

export interface LandedPage {
  fetched: number
  /** Records of which a new version was written. */
  landed: number
  /** Records that equal the version we hold: nothing was written for them. */
  unchanged: number
  quarantined: number
  keys: string[]
}

interface Candidate {
  key: string
  payload: string
  hash: string
  sourceVersion: string | null
}

/**
 * Writes a page of records, verbatim, into its raw table, inside the caller's transaction: the newest version of each
 * key becomes the current one, earlier distinct versions stay, an equal record writes nothing. Readings of one
 * connection are serialised, so that two processes never write the same version twice.
 */
export async function landPage(
  trx: Transaction<DB>,
  target: LandingTarget,
  page: { runId: string; window: DateWindow | null; records: unknown[] },
): Promise<LandedPage> {
  await lockLanding(trx, target)
  const { candidates, rejects } = sortRecords(target, page.records)
  const { landed, refused } = await landWhatCan(trx, target, page, candidates)
  rejects.push(...refused.map(({ reject }) => reject))
  for (const reject of rejects) await quarantineReject(trx, target, page.runId, reject)
  const kept =
    refused.length === 0 ? candidates : candidates.filter((one) => !refused.some(({ candidate }) => candidate === one))
  const keys = [...new Set(kept.map((candidate) => candidate.key))]
  const fetched = page.records.length
  return { fetched, landed, unchanged: kept.length - landed, quarantined: rejects.length, keys }
}

/** Keeps other readings of a connection from landing until the transaction ends. */
export async function lockLanding(
  trx: Transaction<DB>,
  { feed, connection }: Pick<LandingTarget, 'feed' | 'connection'>,
): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtextextended(${`land:${feed}:${connection}`}, 0))`.execute(trx)
}

/** Lands all records; where Postgres refuses a value among them, each on its own, and hands back those at fault. */
async function landWhatCan(trx: Transaction<DB>, target: LandingTarget, page: LandedFrom, candidates: Candidate[]) {
  const refused: { candidate: Candidate; reject: Reject }[] = []
  const whole = await attempt(trx, () => landInOrder(trx, target, page, candidates))
  if ('value' in whole) return { landed: whole.value, refused }
  let landed = 0
  for (const candidate of candidates) {
    const alone = await attempt(trx, () => landInOrder(trx, target, page, [candidate]))
    if ('value' in alone) landed += alone.value
    else {
      // The record as a text: what jsonb cannot hold is still kept to the letter.
      const payload = storableJson(candidate.payload)
      const message = `Postgres cannot store the record: ${alone.refusal}`
      refused.push({ candidate, reject: { payload, code: 'NOT_STORABLE', message } })
    }
  }
  return { landed, refused }
}

/** A key that occurs twice lands in the order of the page, one round for each occurrence. */
async function landInOrder(trx: Transaction<DB>, target: LandingTarget, page: LandedFrom, candidates: Candidate[]) {
  let landed = 0
  for (let round = candidates; round.length > 0;) {
    const later: Candidate[] = []
    const batch = new Map<string, Candidate>()
    for (const candidate of round) {
      if (batch.has(candidate.key)) later.push(candidate)
      else batch.set(candidate.key, candidate)
    }
    landed += await landDistinct(trx, target, page, [...batch.values()])
    round = later
  }
  return landed
}

interface LandedFrom {
  runId: string
  window: DateWindow | null
}

function sortRecords(target: LandingTarget, records: unknown[]) {
  const candidates: Candidate[] = []
  const rejects: Reject[] = []
  for (const record of records) {
    const payload = storableJson(record)
    const key = target.keyOf(record)?.replaceAll('\0', '').toWellFormed() ?? null
    if (key !== null && key !== '' && key.length <= LONGEST_KEY) {
      candidates.push({ key, payload, hash: sha256(payload), sourceVersion: target.versionOf?.(record) ?? null })
    } else rejects.push({ payload, ...refusalOf(record, key) })
  }
  return { candidates, rejects }
}

/** Lands records with distinct keys; returns how many were new or changed. */
async function landDistinct(
  trx: Transaction<DB>,
  target: LandingTarget,
  page: LandedFrom,
  candidates: Candidate[],
): Promise<number> {
  if (candidates.length === 0) return 0
  const held = await sql<{ record_key: string; version: number; content_hash: string; source_version: string | null }>`
    select record_key, version, content_hash, payload ->> 'version' as source_version from ${sql.table(target.table)}
    where connection = ${target.connection} and is_current
      and record_key = any(${candidates.map((candidate) => candidate.key)}::text[])
  `.execute(trx)
  const current = new Map(held.rows.map((row) => [row.record_key, row]))
  const changed = candidates.filter(({ key, hash, sourceVersion }) => {
    const ours = current.get(key)
    return ours?.content_hash !== hash && !isOlder(sourceVersion, ours?.source_version ?? null)
  })
  const retired = await retiredVersions(
    trx,
    target,
    changed.filter(({ key }) => !current.has(key)),
  )
  const versions = changed.map((candidate) => ({
    ...candidate,
    version: current.get(candidate.key)?.version ?? retired.get(candidate.key) ?? 0,
  }))
  const equal = await equalRecords(trx, target, versions)
  const fresh = equal.size === 0 ? versions : versions.filter((candidate) => !equal.has(candidate.key))
  await retireVersions(trx, target, fresh)
  // The next batch's text is made while Postgres works on the last one.
  let underWay: Promise<void> = Promise.resolve()
  for (const batch of batches(fresh)) {
    const rows = asRelation(batch)
    await underWay
    underWay = insertVersions(trx, target, page, rows)
  }
  await underWay
  return fresh.length
}

type Version = Candidate & { version: number }

/** The newest version of records that were there once, of those that are not there now: one that returns goes on from it. */
async function retiredVersions(
  trx: Transaction<DB>,
  target: LandingTarget,
  candidates: Candidate[],
): Promise<Map<string, number>> {
  if (candidates.length === 0) return new Map()
  const { rows } = await sql<{ record_key: string; version: number }>`
    select record_key, max(version) as version from ${sql.table(target.table)}
    where connection = ${target.connection} and record_key = any(${candidates.map(({ key }) => key)}::text[])
    group by 1
  `.execute(trx)
  return new Map(rows.map(({ record_key, version }) => [record_key, version]))
}

/** A batch as a relation `i (k, v, h, p)`: key, version held, hash, payload. */
function asRelation(versions: Version[]) {
  return sql`rows from (
    unnest(${versions.map((candidate) => candidate.key)}::text[]),
    unnest(${versions.map((candidate) => candidate.version)}::integer[]),
    unnest(${versions.map((candidate) => candidate.hash)}::text[]),
    string_to_table(${versions.map((candidate) => candidate.payload).join(SEPARATOR)}, ${SEPARATOR})
  ) as i (k, v, h, p)`
}

/**
 * The keys of records that equal what we hold although their texts differ: the source only ordered its members
 * otherwise or spelled a number otherwise (1.50 for 1.5), which jsonb does not tell apart.
 */
async function equalRecords(trx: Transaction<DB>, target: LandingTarget, versions: Version[]): Promise<Set<string>> {
  const equal = new Set<string>()
  for (const batch of batches(versions.filter((candidate) => candidate.version > 0))) {
    const { rows } = await sql<{ record_key: string }>`
      select held.record_key from ${sql.table(target.table)} as held
      join ${asRelation(batch)}
        on held.connection = ${target.connection} and held.record_key = i.k and held.version = i.v
      where held.is_current and held.payload = i.p::jsonb
    `.execute(trx)
    for (const row of rows) equal.add(row.record_key)
  }
  return equal
}

async function retireVersions(trx: Transaction<DB>, target: LandingTarget, versions: Version[]): Promise<void> {
  const keys = versions.filter((candidate) => candidate.version > 0).map((candidate) => candidate.key)
  if (keys.length === 0) return
  await sql`
    update ${sql.table(target.table)} set is_current = false
    where connection = ${target.connection} and is_current and record_key = any(${keys}::text[])
  `.execute(trx)
}

async function insertVersions(
  trx: Transaction<DB>,
  target: LandingTarget,
  page: LandedFrom,
  rows: ReturnType<typeof asRelation>,
): Promise<void> {
  await sql`
    insert into ${sql.table(target.table)}
      (connection, record_key, version, is_current, payload, content_hash, window_start, window_end, run_id)
    select ${target.connection}, i.k, i.v + 1, true, i.p::jsonb, i.h,
      ${page.window?.start ?? null}::date, ${page.window?.end ?? null}::date, ${page.runId}::uuid
    from ${rows}
  `.execute(trx)
}

/** Throws when a page's records do not all have an outcome: fetched = landed + unchanged + quarantined. */
export function assertAccounted(page: LandedPage, what: string): void {
  if (page.fetched === page.landed + page.unchanged + page.quarantined) return
  throw new PipelineError(
    'COUNTS_DISAGREE',
    `${what}: ${page.fetched} records were fetched, but ${page.landed} landed, ${page.unchanged} were unchanged and ` +
      `${page.quarantined} were quarantined. Nothing of the page was kept.`,
    'never',
  )
}

/**
 * After a source was read whole: records that it no longer has are no longer current. Throws SOURCE_EMPTY when it has
 * none at all although it had some: that is a source in trouble, not an empty one.
 */
export async function retireMissing(
  trx: Transaction<DB>,
  target: { feed: string; table: string; connection: string },
  seen: ReadonlySet<string>,
): Promise<{ retired: number }> {
  const { rows } = await sql<{ record_key: string }>`
    select record_key from ${sql.table(target.table)} where connection = ${target.connection} and is_current
  `.execute(trx)
  const gone = rows.map((row) => row.record_key).filter((key) => !seen.has(key))
  if (gone.length === 0) return { retired: 0 }
  if (seen.size === 0) {
    const message = `${target.feed} ${target.connection}: the source has no record at all, but had ${rows.length}. Nothing was changed; look at the source.`
    throw new PipelineError('SOURCE_EMPTY', message, 'later')
  }
  await sql`
    update ${sql.table(target.table)} set is_current = false
    where connection = ${target.connection} and is_current and record_key = any(${gone}::text[])
  `.execute(trx)
  return { retired: gone.length }
}
