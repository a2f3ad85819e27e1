import { demoGeotab } from '../sandbox/geotab/demo.ts'
import type { Fleet } from '../sandbox/geotab/fleet.ts'
import { remember, type PastChange } from '../sandbox/geotab/memory.ts'
import { startGeotabSandbox } from '../sandbox/geotab/server.ts'
import type { SandboxFolder } from './sandbox-folder.ts'
import { onPort, type ServedVendor } from './sandbox-vendor.ts'

const PASSWORD_VARIABLE = 'GEOTAB_PASSWORD_DEMO'

export interface ServedGeotab extends ServedVendor {
  /** The connection's id in the settings. */
  id: string
  fleet: Fleet
}

/** Serves the demo database of MyGeotab, with the fleet that an earlier start in the folder had. */
export async function serveGeotab(port: number, folder: SandboxFolder): Promise<ServedGeotab> {
  const now = () => new Date()
  const demo = demoGeotab(now, folder.fleetSince(demoGeotab(now).startDate))
  const [database] = demo.databases
  if (database === undefined) throw new TypeError('The demo has no Geotab database.')
  const { fleet } = database
  remember(fleet, folder.changes())
  const databases = [{ ...database, onDeviceSet: (change: PastChange) => folder.noteChange(change) }]
  const server = await onPort('--geotab-port', port, () => startGeotabSandbox({ databases, now, port }))
  return {
    id: demo.database,
    fleet,
    config: {
      geotab: {
        pacing: 0,
        databases: [
          {
            id: demo.database,
            server: server.url,
            database: demo.database,
            user_name: demo.userName,
            password: { env: PASSWORD_VARIABLE },
            time_zone: fleet.zone,
            start_date: demo.startDate,
          },
        ],
      },
    },
    environment: { [PASSWORD_VARIABLE]: demo.password },
    facts: { url: server.url, faults_url: `${server.url}/sandbox/faults` },
    close: server.close,
  }
}
