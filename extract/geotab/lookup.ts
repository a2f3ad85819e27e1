import { PipelineError } from '../../core/errors.ts'
import type { GeotabClient } from './client.ts'
import type { Request } from './request.ts'
import { halvedUntilItWorks } from './halving.ts'
import { MULTI_CALL_MAX } from './limits.ts'

/** What looking up ids gave. */
export interface Lookup {
  found: unknown[]
  /** Ids that the vendor answers with a record of another id: it is the same thing under a newer one. */
  renamed: { asked: string; id: string }[]
  /** Ids that the vendor knows nothing of. */
  missing: string[]
  /** Ids that the vendor refuses to look up, and why. */
  refused: { id: string; error: PipelineError }[]
}

/**
 * Fetches records by id, such as references to what is not held yet; each id once. An id that makes its batch fail is
 * found by halving the batch, so that it fails alone.
 */
export async function fetchByIds(
  client: GeotabClient,
  entity: string,
  ids: readonly string[],
  signal: AbortSignal,
): Promise<Lookup> {
  const lookup: Lookup = { found: [], renamed: [], missing: [], refused: [] }
  const asked = [...new Set(ids)]
  const callOf = (id: string): Request => ({ method: 'Get', params: { typeName: entity, search: { id } } })
  await eachAnswer(client, asked, callOf, signal, (id, answer) => {
    if (answer instanceof PipelineError) lookup.refused.push({ id, error: answer })
    else if (answer.length === 0) lookup.missing.push(id)
    else {
      lookup.found.push(...answer)
      const answered = answer.map(idOf)
      const [other] = answered
      if (typeof other === 'string' && !answered.includes(id)) lookup.renamed.push({ asked: id, id: other })
    }
  })
  return lookup
}

const idOf = (record: unknown) => (typeof record === 'object' && record !== null && 'id' in record ? record.id : null)

/** A device at an instant (ISO, UTC). */
export interface DeviceInstant {
  deviceId: string
  at: string
}

/** What asking for a position gave: the record as it came, the vendor's word that it knows none, or a failure. */
export type PositionAnswer =
  | { outcome: 'found'; record: unknown }
  | { outcome: 'none' }
  | { outcome: 'failed'; error: PipelineError }

/**
 * Where devices were at instants, in their order: the LogRecord that the vendor has there or interpolates (such a one
 * has no id, and is not to be landed). An instant that fails, fails alone.
 */
export async function positionsAt(
  client: GeotabClient,
  instants: readonly DeviceInstant[],
  signal: AbortSignal,
): Promise<PositionAnswer[]> {
  const callOf = ({ deviceId, at }: DeviceInstant): Request => ({
    method: 'Get',
    params: { typeName: 'LogRecord', search: { deviceSearch: { id: deviceId }, fromDate: at, toDate: at } },
  })
  const positions = new Map<DeviceInstant, PositionAnswer>()
  await eachAnswer(client, instants, callOf, signal, (asked, answer) => {
    if (answer instanceof PipelineError) positions.set(asked, { outcome: 'failed', error: answer })
    else positions.set(asked, answer.length === 0 ? { outcome: 'none' } : { outcome: 'found', record: answer[0] })
  })
  return instants.map((asked) => positions.get(asked) ?? { outcome: 'none' })
}

/** Asks one question for each item, many to a request, and tells what came: rows, or the refusal of that item alone. */
async function eachAnswer<T>(
  client: GeotabClient,
  items: readonly T[],
  callOf: (item: T) => Request,
  signal: AbortSignal,
  tell: (item: T, answer: unknown[] | PipelineError) => void,
): Promise<void> {
  await halvedUntilItWorks(
    items,
    MULTI_CALL_MAX,
    async (batch) => {
      const answers = await client.multiCall(batch.map(callOf), { signal })
      return answers.map((answer) => {
        if (Array.isArray(answer)) return answer as unknown[]
        const message = `Geotab ${client.connection}, lookup: an answer is not a list. Nothing of it was taken.`
        throw new PipelineError('GEOTAB_UNAVAILABLE', message, 'later')
      })
    },
    tell,
  )
}
