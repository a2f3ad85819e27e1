import type { Stage } from '../stage.ts'
import { geotabConnections } from '../geotab/source.ts'
import { applySync, type SyncOutput } from './vehicle-sync.ts'
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
    return await applySync(context, requireVehicleSettings(context), { runId, signal, fleet: 'feeds' })
  },
}
