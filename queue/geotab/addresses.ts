import { sql, type Transaction } from 'kysely'
import { messageOf } from '../../core/errors.ts'
import type { DB } from '../../db/schema.ts'
import { lookUpAddresses as askForAddresses, type AddressAnswer } from '../../extract/geotab/addresses.ts'
import type { PipelineContext } from '../context.ts'
import { assertRunning } from '../ledger.ts'
import type { ContextsOutput, ContextsPass } from './contexts-stage.ts'
import { geotabDatabase } from './source.ts'

interface Placed {
  latitude_e5: number | null
  longitude_e5: number | null
}

/** Asks for the addresses of places to be looked up, and tells which places have none yet. */
export async function wantAddresses<Place extends Placed>(
  context: PipelineContext,
  trx: Transaction<DB>,
  connection: string,
  places: Place[],
): Promise<Set<Place>> {
  const { enabled, keep_days } = context.geotab.settings.addresses
  const placed = places.filter((place) => place.latitude_e5 !== null && place.longitude_e5 !== null)
  if (!enabled || placed.length === 0) return new Set()
  // In one order everywhere, so that two who want the same never wait for each other.
  const keys = [...new Map(placed.map((place) => [keyOf(place), place])).values()].sort(byKey)
  const { rows } = await sql<{ latitude_e5: number; longitude_e5: number }>`
    with wanted (latitude_e5, longitude_e5) as (
      select * from unnest(${keys.map((key) => key.latitude_e5)}::integer[], ${keys.map((key) => key.longitude_e5)}::integer[])
    ),
    asked as (
      insert into base.geotab__addresses as held (connection, latitude_e5, longitude_e5, status)
      select ${connection}, latitude_e5, longitude_e5, 'wanted' from wanted
      on conflict (connection, latitude_e5, longitude_e5) do update set status = 'wanted', attempts = 0, wanted_at = now()
        where held.status in ('found', 'none') and held.asked_at < now() - make_interval(days => ${keep_days})
    )
    select w.latitude_e5, w.longitude_e5 from wanted as w
    left join base.geotab__addresses as a
      on a.connection = ${connection} and a.latitude_e5 = w.latitude_e5 and a.longitude_e5 = w.longitude_e5
    where a.status is null or (a.status in ('wanted', 'failed') and a.address is null)
  `.execute(trx)
  const open = new Set(rows.map(keyOf))
  return new Set(placed.filter((place) => open.has(keyOf(place))))
}

const keyOf = ({ latitude_e5, longitude_e5 }: Placed) => `${latitude_e5} ${longitude_e5}`
const byKey = (a: Placed, b: Placed) =>
  (a.latitude_e5 ?? 0) - (b.latitude_e5 ?? 0) || (a.longitude_e5 ?? 0) - (b.longitude_e5 ?? 0)

const BATCH = 200
/** A coordinate that failed so often is not asked for again before its address would be renewed anyway. */
const MOST_ATTEMPTS = 10

/**
 * Looks up addresses that are wanted, the newest first, within the budget of a run; what is left waits for the next
 * one. A vendor that cannot be reached costs the addresses of this run, and nothing else.
 */
export async function lookUpAddresses(
  context: PipelineContext,
  pass: ContextsPass,
): Promise<ContextsOutput['addresses']> {
  const { per_run, budget_seconds, enabled } = context.geotab.settings.addresses
  const counts = { found: 0, none: 0, failed: 0, waiting: 0 }
  const deadline = performance.now() + budget_seconds * 1000
  const { client } = geotabDatabase(context, pass.connection)
  let left = enabled ? per_run : 0
  while (left > 0 && performance.now() < deadline) {
    pass.signal.throwIfAborted()
    const batch = await wanted(context, pass.connection, Math.min(BATCH, left))
    if (batch.length === 0) break
    left -= batch.length
    let answers: AddressAnswer[]
    try {
      const points = batch.map((key) => ({ x: key.longitude_e5 / 1e5, y: key.latitude_e5 / 1e5 }))
      answers = await askForAddresses(client, points, pass.signal)
    } catch (error) {
      pass.signal.throwIfAborted()
      context.stepLogger.warn(
        { connection: pass.connection, reason: messageOf(error) },
        'addresses wait: Geotab does not answer',
      )
      break
    }
    await keep(context, pass, batch, answers, counts)
  }
  await settle(context, pass)
  const { rows } = await sql<{ waiting: number }>`
    select count(*) as waiting from base.geotab__addresses
    where connection = ${pass.connection} and status in ('wanted', 'failed')
  `.execute(context.db)
  return { ...counts, waiting: rows[0]?.waiting ?? 0 }
}

interface AddressKey {
  latitude_e5: number
  longitude_e5: number
}

async function wanted(context: PipelineContext, connection: string, most: number): Promise<AddressKey[]> {
  const { rows } = await sql<AddressKey>`
    select latitude_e5, longitude_e5 from base.geotab__addresses
    where connection = ${connection} and status in ('wanted', 'failed')
      and (
        status = 'wanted'
        or (attempts < ${MOST_ATTEMPTS} and asked_at < now() - make_interval(mins => 5 * attempts * attempts))
      )
    order by wanted_at desc limit ${most}
  `.execute(context.db)
  return rows
}

async function keep(
  context: PipelineContext,
  { runId, connection }: ContextsPass,
  batch: AddressKey[],
  answers: AddressAnswer[],
  counts: { found: number; none: number; failed: number },
): Promise<void> {
  const rows = batch.map((key, index) => {
    const answer = answers[index] ?? { outcome: 'failed' as const }
    const text = answer.outcome === 'found' ? formatted(answer.address) : null
    const status = answer.outcome === 'found' && text === null ? 'none' : answer.outcome
    counts[status] += 1
    return { ...key, status, text }
  })
  await context.db.transaction().execute(async (trx) => {
    await assertRunning(trx, runId)
    await sql`
      update base.geotab__addresses as a
      set status = r.status, address = coalesce(r.address, case when r.status = 'failed' then a.address end),
        attempts = a.attempts + 1, asked_at = now(), landed_xid = pg_current_xact_id()
      from unnest(${rows.map((row) => row.latitude_e5)}::integer[], ${rows.map((row) => row.longitude_e5)}::integer[],
        ${rows.map((row) => row.status)}::text[], ${rows.map((row) => row.text)}::text[])
        as r (latitude_e5, longitude_e5, status, address)
      where a.connection = ${connection} and a.latitude_e5 = r.latitude_e5 and a.longitude_e5 = r.longitude_e5
    `.execute(trx)
  })
}

function formatted(address: unknown): string | null {
  const text =
    typeof address === 'object' && address !== null ? (address as Record<string, unknown>)['formattedAddress'] : null
  return typeof text === 'string' && text.trim() !== '' ? text.trim().replaceAll('\0', '').toWellFormed() : null
}

/** Has what waited for an address count as arrived again, now that it is known. */
async function settle(context: PipelineContext, { runId, connection }: ContextsPass): Promise<void> {
  await context.db.transaction().execute(async (trx) => {
    await assertRunning(trx, runId)
    for (const table of ['base.geotab__trip_contexts', 'base.geotab__exception_contexts']) {
      await sql`
        update ${sql.table(table)} as c set is_waiting = false, landed_xid = pg_current_xact_id()
        from base.geotab__addresses as a
        where c.connection = ${connection} and c.is_waiting and a.connection = c.connection
          and a.latitude_e5 = c.latitude_e5 and a.longitude_e5 = c.longitude_e5 and a.status in ('found', 'none')
      `.execute(trx)
    }
  })
}
