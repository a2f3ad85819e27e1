import { sql } from 'kysely'
import { readHistory } from '../../extract/geotab/history.ts'
import { fetchByIds } from '../../extract/geotab/lookup.ts'
import type { PipelineContext } from '../context.ts'
import type { ContextsPass } from './contexts-stage.ts'
import { allIdsOf, noteAliases, type Alias } from './diagnostic-ids.ts'
import { landFound } from './land-found.ts'
import { geotabDatabase } from './source.ts'

interface Pair {
  old_id: string
  new_id: string
}

const MOST_PAIRS = 500

/**
 * Finds diagnostics that were given another id: a new one is like one that we hold under a GUID. The source is asked for
 * the GUID: it answers with the new one, or no longer knows it; where it still has both, they are two.
 */
export async function noticePromotions(context: PipelineContext, pass: ContextsPass): Promise<void> {
  const pairs = await likePairs(context, pass)
  if (pairs.length === 0) return
  const { client } = geotabDatabase(context, pass.connection)
  const asked = pairs.map(({ old_id }) => old_id)
  const { found, renamed, missing } = await fetchByIds(client, 'Diagnostic', asked, pass.signal)
  const aliases: Alias[] = [
    ...renamed.map(({ asked: aliasId, id }): Alias => ({ aliasId, diagnosticId: id, noticedBy: 'source' })),
    ...onlyOnes(pairs.filter(({ old_id }) => missing.includes(old_id))),
  ]
  await keepAliases(context, pass, found, aliases)
}

/** Lands what was found and keeps the aliases, once what chosen diagnostics told under their new ids was fetched. */
export async function keepAliases(
  context: PipelineContext,
  pass: Omit<ContextsPass, 'since'>,
  found: unknown[],
  aliases: readonly Alias[],
): Promise<void> {
  if (found.length === 0 && aliases.length === 0) return
  for (const alias of aliases) await catchUp(context, pass, alias)
  const { connection, signal } = pass
  const also = (trx: Parameters<typeof noteAliases>[0]) =>
    noteAliases(trx, { connection, now: context.clock.now() }, aliases)
  await landFound(context, pass, 'diagnostics', found, { signal, also })
}

/** New diagnostics with the ones that they are like, which we held before under a GUID for an id. */
async function likePairs(context: PipelineContext, { connection, since }: ContextsPass): Promise<Pair[]> {
  const { rows } = await sql<Pair>`
    select o.diagnostic_id as old_id, n.diagnostic_id as new_id
    from base.geotab__diagnostics as n
    join base.geotab__diagnostics as o
      on o.connection = n.connection and o.code = n.code
        and (o.source_id, o.controller_id, o.diagnostic_type) is not distinct from (n.source_id, n.controller_id, n.diagnostic_type)
    where n.connection = ${connection} and n.landed_xid >= ${since}::xid8 and n.removed_at is null
      and (o.landed_xid < ${since}::xid8 or o.removed_at is not null)
      and o.diagnostic_id ~ '^a[A-Za-z0-9_-]{22}$' and n.diagnostic_id !~ '^a[A-Za-z0-9_-]{22}$'
      and not exists (
        select from base.geotab__diagnostic_aliases as a
        where a.connection = o.connection and a.alias_id = o.diagnostic_id and a.diagnostic_id = n.diagnostic_id
      )
    order by 1, 2 limit ${MOST_PAIRS}
  `.execute(context.db)
  return rows
}

/** Of pairs whose older half is gone, those in which neither half could be another's. */
function onlyOnes(pairs: readonly Pair[]): Alias[] {
  const times = (pick: (pair: Pair) => string, id: string) => pairs.filter((pair) => pick(pair) === id).length
  return pairs
    .filter((pair) => times((one) => one.old_id, pair.old_id) === 1 && times((one) => one.new_id, pair.new_id) === 1)
    .map(({ old_id, new_id }) => ({ aliasId: old_id, diagnosticId: new_id, noticedBy: 'likeness' }))
}

/**
 * Readings of a chosen diagnostic that came under its new id before that was known were left out by the feed, which has
 * gone on since: they are read again, from the last reading under the old one.
 */
async function catchUp(context: PipelineContext, pass: Omit<ContextsPass, 'since'>, alias: Alias): Promise<void> {
  const { connection, signal } = pass
  const { settings } = context.geotab
  const chosen = await allIdsOf(context.db, connection, settings.diagnostics)
  if (!chosen.includes(alias.aliasId) || chosen.includes(alias.diagnosticId)) return
  const now = context.clock.now()
  const { rows } = await sql<{ from: string }>`
    select to_json(coalesce(min(recorded_at), ${now}::timestamptz) - interval '1 day') #>> '{}' as from
    from base.geotab__latest_status
    where connection = ${connection} and diagnostic_id = ${alias.aliasId}
      and recorded_at between ${now}::timestamptz - interval '14 days' and ${now}::timestamptz
  `.execute(context.db)
  const pages = readHistory(geotabDatabase(context, connection).client, 'StatusData', {
    from: rows[0]?.from ?? now.toISOString(),
    to: now.toISOString(),
    resultsLimit: settings.page_rows,
    diagnostics: [alias.diagnosticId],
    signal,
  })
  for await (const { records } of pages) await landFound(context, pass, 'status_data', records, { signal })
}
