import { PipelineError } from '../../core/errors.ts'
import type { GeotabClient } from './client.ts'
import { halvedUntilItWorks } from './halving.ts'

/** A point as the vendor names it: x is the longitude, y the latitude, in degrees. */
export interface Coordinate {
  x: number
  y: number
}

/** What asking for a point's address gave: the address as it came, the vendor's word that it knows none, or a failure. */
export type AddressAnswer =
  | { outcome: 'found'; address: unknown }
  | { outcome: 'none' }
  | { outcome: 'failed'; error: PipelineError }

// The vendor publishes no maximum.
const BATCH = 50

/**
 * Asks for the addresses of points, in their order; equal points are asked once. A point that fails, fails alone. What
 * concerns every call (no session, no network, too many calls) is thrown.
 */
export async function lookUpAddresses(
  client: GeotabClient,
  coordinates: readonly Coordinate[],
  signal: AbortSignal,
): Promise<AddressAnswer[]> {
  const answers = new Map<string, AddressAnswer>()
  const distinct = [...new Map(coordinates.map((point) => [keyOf(point), point])).values()]
  await halvedUntilItWorks(
    distinct,
    BATCH,
    async (batch) => {
      const params = { coordinates: batch.map(({ x, y }) => ({ x, y })) }
      return (await client.call('GetAddresses', params, { signal, expect: 'list' })) as unknown[]
    },
    (point, answer) => answers.set(keyOf(point), toAnswer(answer)),
  )
  return coordinates.map((point) => answers.get(keyOf(point)) ?? { outcome: 'none' })
}

function toAnswer(answer: unknown): AddressAnswer {
  if (answer instanceof PipelineError) return { outcome: 'failed', error: answer }
  return answer == null ? { outcome: 'none' } : { outcome: 'found', address: answer }
}

const keyOf = ({ x, y }: Coordinate) => `${x} ${y}`
