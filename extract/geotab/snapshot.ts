import { PipelineError } from '../../core/errors.ts'
import type { GeotabClient } from './client.ts'
import type { SnapshotEntityName } from './entities.ts'
import { getMax } from './limits.ts'

/**
 * Reads a kind that has no feed, whole: one page. Each kind has built-in members, so that an empty list is an error
 * (GEOTAB_UNAVAILABLE) and not the news that everything was deleted; so is one cut at the vendor's maximum
 * (GEOTAB_RESULT_LIMIT).
 */
export async function* readSnapshot(
  client: GeotabClient,
  entity: SnapshotEntityName,
  options: { signal: AbortSignal },
): AsyncGenerator<{ records: unknown[] }> {
  const { signal } = options
  const records = (await client.call('Get', { typeName: entity }, { signal, expect: 'list' })) as unknown[]
  const what = `Geotab ${client.connection}, Get ${entity}`
  if (records.length === 0) {
    const message = `${what}: the list is empty, though the vendor has built-in ones. Nothing was taken; it will be read again.`
    throw new PipelineError('GEOTAB_UNAVAILABLE', message, 'later')
  }
  if (records.length >= getMax(entity)) {
    const message = `${what}: ${records.length} came, the vendor's maximum, so that some may be missing. Nothing was taken.`
    throw new PipelineError('GEOTAB_RESULT_LIMIT', message, 'never')
  }
  yield { records }
}
