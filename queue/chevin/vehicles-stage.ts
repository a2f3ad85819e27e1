import { PipelineError } from '../../core/errors.ts'
import type { Stage } from '../stage.ts'
import { geotabConnections } from '../geotab/source.ts'
import { syncOutput, type SyncOutput } from './sync-output.ts'
import { dropOldVehicleFiles } from './vehicle-retention.ts'
import { applySync } from './vehicle-sync.ts'
import { requireVehicleSettings, vehicleSettings } from './vehicle-settings.ts'

/** Has Chevin's vehicle file change Geotab's devices; it comes last, so that reports never wait for it. */
export const chevinVehicles: Stage = {
  name: 'chevin.vehicles',
  kind: 'sync',
  source: 'geotab',
  needs: ['geotab.devices', 'geotab.groups'],
  connections(context) {
    const settings = vehicleSettings(context)
    if (settings === null || settings.offBecause !== null) return []
    return geotabConnections(context).filter(({ connection }) => connection === settings.connection)
  },
  async run(context, { runId }, signal): Promise<SyncOutput> {
    const settings = requireVehicleSettings(context)
    let output: SyncOutput
    try {
      output = await applySync(context, settings, { runId, signal, fleet: 'feeds' })
    } catch (error) {
      // Somebody is carrying the file out by hand: the work is done, if not by this run.
      if (!(error instanceof PipelineError) || error.code !== 'SYNC_BUSY') throw error
      return syncOutput('busy', error.message, {})
    }
    await dropOldVehicleFiles(context, settings.connection, signal)
    return output
  },
}
