import { PipelineError } from '../../core/errors.ts'
import type { GeotabClient } from './client.ts'
import { FEED_ENTITIES, type FeedEntityName } from './entities.ts'
import { getMax } from './limits.ts'

/** Kinds whose feed does not always tell that a record is gone. */
export const VANISHING_ENTITIES = ['Device', 'User', 'Zone', 'Rule', 'Diagnostic'] as const satisfies FeedEntityName[]

export type VanishingEntity = (typeof VANISHING_ENTITIES)[number]

/**
 * Reads all records of a kind with Get, in the order of their ids, page by page. A record may come twice. Throws
 * GEOTAB_PAGING when the vendor does not go on after a full page: what came is then not all there is.
 */
export async function* readWholeKind(
  client: GeotabClient,
  entity: VanishingEntity,
  options: { resultsLimit: number; signal: AbortSignal },
): AsyncGenerator<{ records: unknown[] }> {
  const { signal } = options
  const resultsLimit = Math.min(getMax(entity), Math.max(1, Math.trunc(options.resultsLimit)))
  const seen = new Set<string>()
  for (let last: string | undefined; ;) {
    signal.throwIfAborted()
    const offset = last === undefined ? {} : { offset: last, lastId: last }
    const params = { typeName: entity, resultsLimit, sort: { sortBy: 'id', sortDirection: 'asc', ...offset } }
    const records = (await client.call('Get', params, { signal, expect: 'list' })) as unknown[]
    const ids = records.map(FEED_ENTITIES[entity].keyOf).filter((id) => id !== null)
    const isNew = ids.some((id) => !seen.has(id))
    for (const id of ids) seen.add(id)
    yield { records }
    last = ids.at(-1)
    // A whole number of thousands may have been cut by a maximum that we do not know of.
    const mayGoOn = records.length >= resultsLimit || (records.length > 0 && records.length % 1_000 === 0)
    if (!mayGoOn || (!isNew && records.length < resultsLimit)) return
    if (!isNew || last === undefined) {
      const message = `Geotab ${client.connection}, Get ${entity}: a page of ${records.length} is followed by the same, so that some may be missing. Nothing was taken to be gone.`
      throw new PipelineError('GEOTAB_PAGING', message, 'never')
    }
  }
}
