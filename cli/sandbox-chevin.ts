import { demoVehicleFile } from '../sandbox/chevin/demo.ts'
import { CHANGEABLE_ROOTS } from '../sandbox/geotab/groups.ts'
import { startSftpFaultServer } from '../sandbox/sftp/fault-server.ts'
import { startSftpSandbox, type SftpSandbox } from '../sandbox/sftp/server.ts'
import type { SandboxFolder } from './sandbox-folder.ts'
import type { ServedGeotab } from './sandbox-geotab.ts'
import { onPort, type ServedVendor } from './sandbox-vendor.ts'

const USER = 'chevin'
// Of a server on this machine that keeps made-up files.
const PASSWORD = 'sandbox-sftp-password'
const PASSWORD_VARIABLE = 'CHEVIN_SFTP_PASSWORD'
const VEHICLE_FILE = 'Export/geotab/fwgeotabinfo.csv'
// The file is written at once, so that nobody has to wait until its writer is done.
const SETTLE_SECONDS = 1
const HOUR_MS = 3_600_000

/** Serves Chevin's SFTP, where a vehicle file for the fleet is laid once a day, and the switches of its faults. */
export async function serveChevin(
  ports: { sftp: number; faults: number },
  folder: SandboxFolder,
  geotab: ServedGeotab,
): Promise<ServedVendor> {
  const login = { user: USER, password: PASSWORD, root: folder.files, hostKey: folder.hostKey }
  const server = await onPort('--sftp-port', ports.sftp, () => startSftpSandbox({ ...login, port: ports.sftp }))
  const switches = await onPort('--sftp-faults-port', ports.faults, () =>
    startSftpFaultServer(server, { port: ports.faults }),
  ).catch(async (error: unknown) => {
    await server.close()
    throw error
  })
  layVehicleFile(server, folder, geotab)
  const daily = setInterval(() => layVehicleFile(server, folder, geotab), HOUR_MS)
  return {
    config: {
      chevin: {
        sftp: {
          host: server.host,
          port: server.port,
          user: USER,
          password: { env: PASSWORD_VARIABLE },
          host_keys: [server.fingerprint],
        },
        vehicle_updates: {
          enabled: true,
          database: geotab.id,
          changeable_roots: [...CHANGEABLE_ROOTS],
          file: VEHICLE_FILE,
          settle_seconds: SETTLE_SECONDS,
        },
      },
    },
    environment: { [PASSWORD_VARIABLE]: PASSWORD },
    facts: {
      url: `sftp://${USER}@${server.host}:${server.port}`,
      faults_url: `${switches.url}/sandbox/faults`,
      host_key_url: `${switches.url}/sandbox/host-key`,
      files: folder.files,
    },
    async close() {
      clearInterval(daily)
      await switches.close()
      await server.close()
    },
  }
}

/** Lays the day's vehicle file down, unless one still lies there. */
function layVehicleFile({ files }: SftpSandbox, folder: SandboxFolder, { fleet }: ServedGeotab): void {
  const now = new Date()
  const day = now.toISOString().slice(0, 10)
  folder.onceOn(day, () => {
    if (files.read(VEHICLE_FILE) !== null) return false
    fleet.advance(now)
    files.put(VEHICLE_FILE, demoVehicleFile(fleet, day, now.getTime()))
    return true
  })
}
