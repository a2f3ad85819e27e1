import { sql, type Transaction } from 'kysely'
import { storableJson } from '../core/json.ts'
import type { DB } from '../db/schema.ts'
import { batches, SEPARATOR } from './landing-batches.ts'
import type { LandedPage } from './landing.ts'
import { attempt, LONGEST_KEY, quarantineReject, refusalOf, type Reject } from './landing-rejects.ts'
import { isOlder } from './landing-versions.ts'

/** Where in a table that is partitioned by time a record stands. */
export interface Place {
  device: string
  /** Milliseconds since 1970. */
  at: number
}

/** A raw table that is partitioned by time (keys: connection, device, time, record). */
export interface TimedTarget {
  feed: string
  table: string
  connection: string
  keyOf: (record: unknown) => string | null
  /** Null when the record does not tell: it then goes to quarantine. */
  placeOf: (record: unknown) => Place | null
  versionOf?: (record: unknown) => string | null
}

interface TimedRecord {
  key: string
  device: string
  at: string
  payload: string
  sourceVersion: string | null
}

export interface SortedPage {
  records: TimedRecord[]
  rejects: Reject[]
  /** The times of all records, for which partitions must stand before they land. */
  instants: number[]
}

// A record from before trucks had computers, or of the next century, is a wrong date rather than history.
const EARLIEST = Date.UTC(1990, 0, 1)
const LATEST = Date.UTC(2100, 0, 1)

/** Reads of each record of a page where it belongs; those that do not tell are the rejects. */
export function sortTimed(target: TimedTarget, page: readonly unknown[]): SortedPage {
  const records: TimedRecord[] = []
  const rejects: Reject[] = []
  const instants: number[] = []
  for (const record of page) {
    const payload = storableJson(record)
    const key = target.keyOf(record)
    const place = target.placeOf(record)
    if (key === null || key === '' || key.length > LONGEST_KEY) rejects.push({ payload, ...refusalOf(record, key) })
    else if (place === null) {
      rejects.push({ payload, code: 'NO_TIME', message: 'the record carries no date that can be read' })
    } else if (place.at < EARLIEST || place.at >= LATEST) {
      const message = `the record's date ${new Date(place.at).toISOString()} lies outside of 1990 to 2100`
      rejects.push({ payload, code: 'TIME_IMPLAUSIBLE', message })
    } else {
      const sourceVersion = target.versionOf?.(record) ?? null
      records.push({ key, device: place.device, at: new Date(place.at).toISOString(), payload, sourceVersion })
      instants.push(place.at)
    }
  }
  return { records, rejects, instants }
}

/**
 * Writes a sorted page, verbatim, in the caller's transaction, as `landPage` does for tables of moderate size: new
 * records cost one statement per thousand and no question beforehand. Their partitions must stand already.
 */
export async function landTimed(
  trx: Transaction<DB>,
  target: TimedTarget,
  page: { runId: string; sorted: SortedPage },
): Promise<LandedPage> {
  await sql`select pg_advisory_xact_lock(hashtextextended(${`land:${target.feed}:${target.connection}`}, 0))`.execute(
    trx,
  )
  const { records } = page.sorted
  const rejects = [...page.sorted.rejects]
  let landed = 0
  let kept = records.length
  const whole = await attempt(trx, () => landInOrder(trx, target, page.runId, records))
  if ('value' in whole) landed = whole.value
  else {
    for (const record of records) {
      const alone = await attempt(trx, () => landInOrder(trx, target, page.runId, [record]))
      if ('value' in alone) landed += alone.value
      else {
        kept -= 1
        const message = `Postgres cannot store the record: ${alone.refusal}`
        rejects.push({ payload: storableJson(record.payload), code: 'NOT_STORABLE', message })
      }
    }
  }
  for (const reject of rejects) await quarantineReject(trx, target, page.runId, reject)
  const fetched = records.length + page.sorted.rejects.length
  return { fetched, landed, unchanged: kept - landed, quarantined: rejects.length, keys: [] }
}

const placeKey = ({ device, at, key }: TimedRecord) => `${device} ${at} ${key}`

/** A record that occurs twice lands in the order of the page, one round for each occurrence. */
async function landInOrder(trx: Transaction<DB>, target: TimedTarget, runId: string, records: TimedRecord[]) {
  let landed = 0
  for (let round = records; round.length > 0;) {
    const later: TimedRecord[] = []
    const seen = new Set<string>()
    const distinct = round.filter((record) => {
      const key = placeKey(record)
      if (seen.has(key)) later.push(record)
      else return seen.add(key)
      return false
    })
    for (const batch of batches(distinct)) landed += await landBatch(trx, target, runId, batch)
    round = later
  }
  return landed
}

async function landBatch(trx: Transaction<DB>, target: TimedTarget, runId: string, batch: TimedRecord[]) {
  const { numAffectedRows = 0n } = await sql`
    insert into ${sql.table(target.table)}
      (connection, device_id, occurred_at, record_key, version, is_current, payload, run_id)
    select ${target.connection}, i.d, i.t, i.k, i.v + 1, true, i.p::jsonb, ${runId}::uuid from ${asRelation(batch)}
    on conflict do nothing
  `.execute(trx)
  if (Number(numAffectedRows) === batch.length) return batch.length
  return Number(numAffectedRows) + (await landChanged(trx, target, runId, batch))
}

/** A batch as a relation `i (d, t, k, v, p)`: device, time, key, version held (0: none), payload. */
function asRelation(batch: (TimedRecord & { version?: number })[]) {
  return sql`rows from (
    unnest(${batch.map((record) => record.device)}::text[]),
    unnest(${batch.map((record) => record.at)}::timestamptz[]),
    unnest(${batch.map((record) => record.key)}::text[]),
    unnest(${batch.map((record) => record.version ?? 0)}::integer[]),
    string_to_table(${batch.map((record) => record.payload).join(SEPARATOR)}, ${SEPARATOR})
  ) as i (d, t, k, v, p)`
}

/** Writes the next version of the records that differ from the one we hold and are not older than it. */
async function landChanged(trx: Transaction<DB>, target: TimedTarget, runId: string, batch: TimedRecord[]) {
  const { rows } = await sql<{ d: string; t: string; k: string; version: number; source_version: string | null }>`
    select i.d, to_json(i.t) #>> '{}' as t, i.k, held.version, held.payload ->> 'version' as source_version
    from ${asRelation(batch)}
    join ${sql.table(target.table)} as held
      on held.connection = ${target.connection} and held.device_id = i.d and held.occurred_at = i.t
        and held.record_key = i.k and held.is_current
    where held.payload <> i.p::jsonb
  `.execute(trx)
  const held = new Map(rows.map((row) => [placeKey({ device: row.d, at: iso(row.t), key: row.k, ...REST }), row]))
  const changed = batch.flatMap((record) => {
    const ours = held.get(placeKey(record))
    return ours === undefined || isOlder(record.sourceVersion, ours.source_version)
      ? []
      : [{ ...record, version: ours.version }]
  })
  if (changed.length === 0) return 0
  await sql`
    update ${sql.table(target.table)} as held set is_current = false
    from ${asRelation(changed)}
    where held.connection = ${target.connection} and held.device_id = i.d and held.occurred_at = i.t
      and held.record_key = i.k and held.is_current
  `.execute(trx)
  await sql`
    insert into ${sql.table(target.table)}
      (connection, device_id, occurred_at, record_key, version, is_current, payload, run_id)
    select ${target.connection}, i.d, i.t, i.k, i.v + 1, true, i.p::jsonb, ${runId}::uuid from ${asRelation(changed)}
  `.execute(trx)
  return changed.length
}

const REST = { payload: '', sourceVersion: null }
const iso = (text: string) => new Date(text).toISOString()
