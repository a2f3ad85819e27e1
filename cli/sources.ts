import type { Pool } from 'pg'
import type { Clock } from '../core/clock.ts'
import type { Config } from '../core/config.ts'
import type { ChevinTarget } from '../queue/chevin/target.ts'
import type { FullbaySource } from '../queue/fullbay/source.ts'
import type { GeotabSource } from '../queue/geotab/source.ts'
import { dropVehicleFile } from './sandbox-vehicles.ts'
import { openChevin } from './source-chevin.ts'
import { openFullbay } from './source-fullbay.ts'
import { openGeotabSource } from './source-geotab.ts'

/** A source or destination: configured, a stand-in, or left out. */
export interface OpenSource<Source> {
  source: Source
  /** In a line, for the summary. */
  name: string
  /** What a person must know before the work begins; null when nothing. */
  notice: string | null
  close: () => Promise<void>
}

export interface OpenSources {
  fullbay: FullbaySource
  geotab: GeotabSource
  /** Null when it is left out. */
  chevin: ChevinTarget | null
  /** Each source in a line, for the summary. */
  names: string[]
  /** What a person must know before the work begins: which sources are stand-ins, and what cannot be done. */
  notices: string[]
  close: () => Promise<void>
}

/**
 * Opens every source and destination that is configured; the others are left out. When none is, opens their stand-ins
 * within this process.
 */
export async function openSources(config: Config, pool: Pool, clock: Clock): Promise<OpenSources> {
  const opened: OpenSource<unknown>[] = []
  const close = async () => {
    for (const one of opened.toReversed()) await one.close()
  }
  const keep = <Source>(one: OpenSource<Source>) => {
    opened.push(one)
    return one.source
  }
  try {
    const fullbay = keep(await openFullbay(config, clock))
    const openGeotab = await openGeotabSource(config, pool, clock)
    const geotab = keep(openGeotab)
    const openedChevin = await openChevin(config)
    const chevin = keep(openedChevin)
    const connection = geotab.databases[0]?.connection
    if (openGeotab.fleet !== null && openedChevin.sandbox !== null && connection !== undefined) {
      const path = config.chevin.vehicle_updates.file
      const place = { connection, path, fleet: openGeotab.fleet, server: openedChevin.sandbox, now: clock.now() }
      await dropVehicleFile(pool, place)
    }
    return {
      fullbay,
      geotab,
      chevin,
      names: opened.map(({ name }) => name),
      notices: opened.flatMap(({ notice }) => notice ?? []),
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}
