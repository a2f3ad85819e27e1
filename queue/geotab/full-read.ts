import { sql } from 'kysely'
import { lockLanding } from '../../extract/landing.ts'
import { fetchByIds } from '../../extract/geotab/lookup.ts'
import { readWholeKind } from '../../extract/geotab/whole.ts'
import { endAlert, raiseAlert } from '../alerts.ts'
import type { PipelineContext } from '../context.ts'
import { assertRunning } from '../ledger.ts'
import { prepareLanding } from '../stream-reading.ts'
import { countLanded, geotabFeed, landFound, transformFound, type StageStep } from './land-found.ts'
import { keepAliases } from './promotions.ts'
import { markRemoved, type VanishingKind } from './removed.ts'
import { geotabDatabase } from './source.ts'

/** What a full read of a kind came to. */
export interface FullRead {
  records: number
  removed: number
  /** The answer had too little of what is known: nothing was taken to be gone. */
  in_doubt: boolean
}

/** Each that is missing is asked for by its id before it counts as gone; what is more waits for the next run. */
const MOST_ASKED = 1000
/** Of so few, any number may go at once. */
const FEW = 10

/** Whether a kind was not read whole within the last day, or as the settings say. */
export async function isDue(context: PipelineContext, connection: string, { feed }: VanishingKind): Promise<boolean> {
  const { rows } = await sql<{ read_at: Date }>`
    select read_at from ops.full_reads where feed = ${`geotab.${feed}`} and connection = ${connection}
  `.execute(context.db)
  const last = rows[0]?.read_at.getTime()
  const everyMs = context.geotab.settings.full_read.every_hours * 3_600_000
  return last === undefined || context.clock.now().getTime() - last >= everyMs
}

/**
 * Reads a kind whole, lands what is newer than ours, and marks what was known before the reading began and is no longer
 * there. Cursors stay where they are.
 */
export async function readWhole(
  context: PipelineContext,
  of: StageStep,
  kind: VanishingKind,
  signal: AbortSignal,
): Promise<FullRead> {
  const began = context.clock.now()
  const mark = await markOfNow(context)
  const known = await knownIds(context, of.connection, kind)
  const seen = await landAll(context, of, { kind, mark, signal })
  const gone = known.filter((id) => !seen.has(id))
  if (isInDoubt(context, { known: known.length, kept: known.length - gone.length, answered: seen.size })) {
    await tellDoubt(context, of, kind, `${known.length - gone.length} of ${known.length} known`)
    return { records: seen.size, removed: 0, in_doubt: true }
  }
  const removed = await removeGone(context, of, kind, { gone: gone.slice(0, MOST_ASKED), began, mark, signal })
  await context.db.transaction().execute(async (trx) => {
    await assertRunning(trx, of.runId)
    await endAlert(trx, alertOf(of, kind))
    if (gone.length > MOST_ASKED) return
    await sql`
      insert into ops.full_reads (feed, connection, read_at, run_id, records, removed)
      values (${`geotab.${kind.feed}`}, ${of.connection}, ${began}, ${of.runId}::uuid, ${seen.size}, ${removed})
      on conflict (feed, connection) do update set read_at = excluded.read_at, run_id = excluded.run_id,
        records = excluded.records, removed = excluded.removed
    `.execute(trx)
  })
  return { records: seen.size, removed, in_doubt: false }
}

/** The transaction below which everything had settled: what lands from now on is at or above it. */
async function markOfNow(context: PipelineContext): Promise<string> {
  const { rows } = await sql<{ mark: string }>`select ops.next_watermark()::text as mark`.execute(context.db)
  return rows[0]?.mark ?? '0'
}

async function knownIds(context: PipelineContext, connection: string, kind: VanishingKind): Promise<string[]> {
  const listed = kind.unlisted === undefined ? sql`` : sql`and (${sql.raw(kind.unlisted)}) is not true`
  const { rows } = await sql<{ id: string }>`
    select ${sql.ref(kind.key)} as id from ${sql.table(`base.geotab__${kind.feed}`)}
    where connection = ${connection} and removed_at is null ${listed}
    order by 1
  `.execute(context.db)
  return rows.map(({ id }) => id)
}

interface Pass {
  kind: VanishingKind
  mark: string
  signal: AbortSignal
}

/** Lands every page, and tells the keys that came. What its feed brought meanwhile is newer, and is left as it is. */
async function landAll(context: PipelineContext, of: StageStep, { kind, mark, signal }: Pass): Promise<Set<string>> {
  const feed = geotabFeed(kind.feed)
  const { client } = geotabDatabase(context, of.connection)
  const seen = new Set<string>()
  let hasLanded = false
  const resultsLimit = context.geotab.settings.page_rows
  for await (const { records } of readWholeKind(client, kind.entity, { resultsLimit, signal })) {
    const keys = records.map(feed.keyOf)
    for (const key of keys) if (key !== null) seen.add(key)
    const landed = await context.db.transaction().execute(async (trx) => {
      await assertRunning(trx, of.runId)
      await lockLanding(trx, { feed: feed.name, connection: of.connection })
      const { rows } = await sql<{ record_key: string }>`
        select record_key from ${sql.table(feed.table)}
        where connection = ${of.connection} and is_current and landed_xid >= ${mark}::xid8
          and record_key = any(${keys.filter((key) => key !== null)}::text[])
      `.execute(trx)
      const newer = new Set(rows.map(({ record_key }) => record_key))
      const wanted = records.filter((_, index) => !newer.has(keys[index] ?? ''))
      const land = await prepareLanding(context, feed, of, wanted)
      const page = await land(trx)
      await countLanded(trx, of, page)
      return page.landed
    })
    hasLanded ||= landed > 0
  }
  if (hasLanded) await transformFound(context, of, kind.feed, signal)
  return seen
}

function isInDoubt(context: PipelineContext, of: { known: number; kept: number; answered: number }): boolean {
  const { least_share } = context.geotab.settings.full_read
  if (of.known === 0 || least_share === 0) return false
  return of.answered === 0 || (of.known > FEW && of.kept < of.known * least_share)
}

const alertOf = ({ connection }: StageStep, { feed }: VanishingKind) => ({
  kind: 'full_read_in_doubt',
  subject: `geotab.${feed} ${connection}`,
})

async function tellDoubt(context: PipelineContext, of: StageStep, kind: VanishingKind, share: string): Promise<void> {
  await raiseAlert(context.db, {
    ...alertOf(of, kind),
    severity: 'warning',
    message: `geotab.${kind.feed} ${of.connection}: read whole, the source has ${share} records. Nothing was taken to be gone; the next run reads them again.`,
    nextStep:
      'See what the service user may see in MyGeotab. If they are gone in truth, set geotab.full_read.least_share to 0 for one run.',
    runId: of.runId,
  })
}

/** Asks for each by its id, lands those that are there after all, and marks those that are not. */
async function removeGone(
  context: PipelineContext,
  of: StageStep,
  kind: VanishingKind,
  { gone, began, mark, signal }: { gone: string[]; began: Date; mark: string; signal: AbortSignal },
): Promise<number> {
  if (gone.length === 0) return 0
  const { client } = geotabDatabase(context, of.connection)
  const { found, renamed, missing } = await fetchByIds(client, kind.entity, gone, signal)
  if (kind.entity === 'Diagnostic') {
    const aliases = renamed.map(({ asked, id }) => ({ aliasId: asked, diagnosticId: id, noticedBy: 'source' as const }))
    await keepAliases(context, { ...of, signal }, [], aliases)
  }
  await landFound(context, of, kind.feed, found, { signal })
  return await context.db.transaction().execute(async (trx) => {
    await assertRunning(trx, of.runId)
    await lockLanding(trx, { feed: `geotab.${kind.feed}`, connection: of.connection })
    const ids = [...missing, ...renamed.map(({ asked }) => asked)]
    return (await markRemoved(trx, kind, { connection: of.connection, ids, removedAt: began, mark })).length
  })
}
