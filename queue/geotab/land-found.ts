import { sql, type Transaction } from 'kysely'
import { PipelineError } from '../../core/errors.ts'
import { withLock } from '../../db/advisory-lock.ts'
import type { DB } from '../../db/schema.ts'
import type { LandedPage } from '../../extract/landing.ts'
import type { PipelineContext } from '../context.ts'
import type { StreamFeed } from '../feed.ts'
import { assertRunning } from '../ledger.ts'
import { prepareLanding } from '../stream-reading.ts'
import { GEOTAB_TRANSFORMS } from './entity-transforms.ts'
import { geotabFeeds } from './feeds.ts'

/** The step of a stage in which records are read beside the feeds. */
export interface StageStep {
  runId: string
  step: string
  connection: string
}

export type FeedName = keyof typeof GEOTAB_TRANSFORMS

/** The feed of this name, without the source's. */
export function geotabFeed(name: FeedName): StreamFeed {
  const feed = geotabFeeds.find((candidate) => candidate.name === `geotab.${name}`)
  if (feed !== undefined) return feed
  throw new PipelineError('FEED_UNKNOWN', `There is no feed geotab.${name}.`, 'never')
}

/** Lands records that were asked for beside a feed, counts them with the step, and makes base rows of them. */
export async function landFound(
  context: PipelineContext,
  of: StageStep,
  name: FeedName,
  records: unknown[],
  options: { signal: AbortSignal; also?: (trx: Transaction<DB>) => Promise<void> },
): Promise<void> {
  const land = await prepareLanding(context, geotabFeed(name), of, records)
  await context.db.transaction().execute(async (trx) => {
    await assertRunning(trx, of.runId)
    await countLanded(trx, of, await land(trx))
    await options.also?.(trx)
  })
  if (records.length > 0) await transformFound(context, of, name, options.signal)
}

/** Adds what was landed to the counts of a step. */
export async function countLanded(trx: Transaction<DB>, { runId, step }: StageStep, landed: LandedPage): Promise<void> {
  await sql`
    update ops.steps set fetched = fetched + ${landed.fetched}, landed = landed + ${landed.landed},
      unchanged = unchanged + ${landed.unchanged}, quarantined = quarantined + ${landed.quarantined}
    where run_id = ${runId}::uuid and step = ${step}
  `.execute(trx)
}

/** Makes base rows of what landed, when no other pass of the same transform is under way. */
export async function transformFound(
  context: PipelineContext,
  of: StageStep,
  name: FeedName,
  signal: AbortSignal,
): Promise<void> {
  await withLock(context.pool, `transform geotab.${name} ${of.connection}`, () =>
    GEOTAB_TRANSFORMS[name](context, of, signal),
  )
}
