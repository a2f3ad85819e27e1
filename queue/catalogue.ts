import type { Queue, QueuePolicy } from 'pg-boss'
import type { Feed } from './feed.ts'
import { chevinReports } from './chevin/reports-stage.ts'
import { chevinVehicles } from './chevin/vehicles-stage.ts'
import { fullbayInvoices } from './fullbay/invoices-feed.ts'
import { geotabContexts } from './geotab/contexts-stage.ts'
import { geotabFeeds } from './geotab/feeds.ts'
import { geotabFullRead } from './geotab/full-read-stage.ts'
import type { Stage } from './stage.ts'

/** Every stream Milepost reads. A new source is one more line here (docs/add-a-source.md). */
export const FEEDS: readonly Feed[] = [fullbayInvoices, ...geotabFeeds]

/** What is done once per run and connection: after its feeds, after the models, or last of all. */
export const STAGES: readonly Stage[] = [geotabFullRead, geotabContexts, chevinReports, chevinVehicles]

export type QueueName = 'pipeline' | 'extract' | 'transform' | 'enrich' | 'build' | 'deliver' | 'resend' | 'sync'

/** Where jobs end that failed for good, with their error. */
export const DEAD_LETTERS = 'dead-letters'

interface QueueSettings extends Omit<Queue, 'name' | 'policy' | 'deadLetter' | 'partition' | 'notify'> {
  policy: QueuePolicy
  /** Workers of this queue in one process. */
  concurrency: number
}

/**
 * Every queue: what runs, how often it is tried again and how long it may take. Errors that waiting cannot heal go to
 * the dead letters at once; the others are tried again with doubling, jittered waits. A worker that dies is noticed
 * when its heartbeat stops.
 */
export const QUEUES: Record<QueueName, QueueSettings> = {
  /** Begins a scheduled run. */
  pipeline: { policy: 'exclusive', retryLimit: 0, expireInSeconds: 6 * 3600, heartbeatSeconds: 60, concurrency: 1 },
  /** Reads one connection of one feed; one at a time for each, since a vendor's key serves one request at a time. */
  extract: {
    policy: 'exclusive',
    retryLimit: 4,
    retryDelay: 30,
    retryBackoff: true,
    retryDelayMax: 900,
    expireInSeconds: 6 * 3600,
    heartbeatSeconds: 60,
    concurrency: 4,
  },
  /**
   * Turns what landed into base rows; requests that wait are merged. (A policy that limits active jobs too would let
   * the job of a killed worker block the next one's until its heartbeat is missed.)
   */
  transform: {
    policy: 'short',
    retryLimit: 4,
    retryDelay: 5,
    retryBackoff: true,
    retryDelayMax: 300,
    expireInSeconds: 6 * 3600,
    heartbeatSeconds: 60,
    concurrency: 2,
  },
  /** Lays the feeds of a connection beside each other; asks the vendor for what is still missing. */
  enrich: {
    policy: 'exclusive',
    retryLimit: 3,
    retryDelay: 15,
    retryBackoff: true,
    retryDelayMax: 300,
    expireInSeconds: 2 * 3600,
    heartbeatSeconds: 60,
    concurrency: 1,
  },
  /** Builds, tests and publishes the models. */
  build: {
    policy: 'exclusive',
    retryLimit: 2,
    retryDelay: 15,
    retryBackoff: true,
    retryDelayMax: 300,
    expireInSeconds: 2 * 3600,
    heartbeatSeconds: 60,
    concurrency: 1,
  },
  /** Renders the reports and sends what is due. Files that could not be sent wait in ops.deliveries for a later run. */
  deliver: {
    policy: 'exclusive',
    retryLimit: 2,
    retryDelay: 30,
    retryBackoff: true,
    retryDelayMax: 300,
    expireInSeconds: 2 * 3600,
    heartbeatSeconds: 60,
    concurrency: 1,
  },
  /** Sends files whose time to be tried again has come. */
  resend: { policy: 'exclusive', retryLimit: 0, expireInSeconds: 3600, heartbeatSeconds: 60, concurrency: 1 },
  /** Has Chevin's vehicle file change devices in Geotab. One that was cut off goes on from its last device. */
  sync: {
    policy: 'exclusive',
    retryLimit: 2,
    retryDelay: 30,
    retryBackoff: true,
    retryDelayMax: 300,
    expireInSeconds: 2 * 3600,
    heartbeatSeconds: 60,
    concurrency: 1,
  },
}
