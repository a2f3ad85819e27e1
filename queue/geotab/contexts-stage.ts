import { withLock } from '../../db/advisory-lock.ts'
import { analyzeStale } from '../../db/statistics.ts'
import type { PipelineContext } from '../context.ts'
import type { Stage } from '../stage.ts'
import { advanceWatermark, readWatermark } from '../watermark.ts'
import { lookUpAddresses } from './addresses.ts'
import { writeExceptionContexts } from './exception-contexts.ts'
import { writeFaultContexts } from './fault-contexts.ts'
import { noticePromotions } from './promotions.ts'
import { geotabConnections } from './source.ts'
import { writeStatusPlaces } from './status-places.ts'
import { markSupersededTrips } from './superseded-trips.ts'
import { writeTripContexts } from './trip-contexts.ts'
import { lookUpUnknown } from './unknown-references.ts'
import { loadZones } from './zones.ts'

/** What a run keeps of this stage. */
export interface ContextsOutput {
  trips: number
  exceptions: number
  faults: number
  superseded_trips: number
  looked_up: number
  addresses: { found: number; none: number; failed: number; waiting: number }
}

/** One connection's pass: what arrived at or after `since` is laid beside the other feeds. */
export interface ContextsPass {
  runId: string
  step: string
  connection: string
  since: string
  signal: AbortSignal
}

/**
 * Lays the feeds of a Geotab database beside each other: zones, odometer and engine hours of trips, places of
 * exceptions, drivers of faults, addresses. Work is chosen by arrival, and a fact is looked at again when what stands
 * beside it arrives late. A pass that is cut off is begun again.
 */
export const geotabContexts: Stage = {
  name: 'geotab.contexts',
  kind: 'enrich',
  source: 'geotab',
  connections: geotabConnections,
  run: (context, { runId, step, connection }, signal) =>
    withLock(context.pool, contextsLock(connection), () => writeContexts(context, { runId, step, connection, signal })),
}

/** Held by whoever reads beside the feeds of a connection. */
export const contextsLock = (connection: string) => `contexts geotab ${connection}`

async function writeContexts(context: PipelineContext, of: Omit<ContextsPass, 'since'>): Promise<ContextsOutput> {
  await analyzeStale(context.pool, ['base'])
  const consumer = `contexts geotab ${of.connection}`
  const { next, since } = await readWatermark(context.db, consumer)
  const pass = { ...of, since }
  await noticePromotions(context, pass)
  const looked_up = await lookUpUnknown(context, pass)
  const zones = await loadZones(context, of.connection)
  const superseded_trips = await markSupersededTrips(context, pass)
  const trips = await writeTripContexts(context, pass, zones)
  const exceptions = await writeExceptionContexts(context, pass, zones)
  const faults = await writeFaultContexts(context, pass)
  await writeStatusPlaces(context, pass, zones)
  const addresses = await lookUpAddresses(context, pass)
  await advanceWatermark(context.db, consumer, next)
  // The build comes next, and joins what was just written.
  await analyzeStale(context.pool, ['base'])
  return { trips, exceptions, faults, superseded_trips, looked_up, addresses }
}
