import type { Pool } from 'pg'
import type { DeviceValues } from '../load/geotab/device.ts'
import { deviceChange } from '../load/geotab/device.ts'
import { demoVehicleFile } from '../sandbox/chevin/demo.ts'
import type { Fleet } from '../sandbox/geotab/fleet.ts'
import { remember } from '../sandbox/geotab/memory.ts'
import type { SftpSandbox } from '../sandbox/sftp/server.ts'

const DAY_MS = 86_400_000

/** Has the stand-in's fleet know the changes that earlier processes made in it: it lives in memory, the audit does not. */
export async function rememberUpdates(pool: Pool, connection: string, fleet: Fleet): Promise<void> {
  const { rows } = await pool.query<{
    device_id: string
    fields: ('name' | 'vin' | 'groups')[]
    after: DeviceValues
    attempts: number
    at: Date
  }>(
    `select device_id, fields, after, attempts, coalesce(ended_at, intended_at) as at from ops.device_updates
     where connection = $1 and attempts > 0 and coalesce(outcome, 'applied') = 'applied' order by 5, update_id`,
    [connection],
  )
  const past = rows.map(({ device_id, fields, after, attempts, at }) => {
    const { id, ...changes } = deviceChange(device_id, fields, after)
    return { deviceId: id, changes, at, times: attempts }
  })
  remember(fleet, past)
}

/** Lays a vehicle file for the made-up fleet on the stand-in's server, one a day. */
export async function dropVehicleFile(
  pool: Pool,
  of: { connection: string; path: string; fleet: Fleet; server: SftpSandbox; now: Date },
): Promise<void> {
  const { connection, path, fleet, server, now } = of
  const { rows } = await pool.query(
    'select from raw.chevin__vehicle_files where connection = $1 and first_seen_at > $2 limit 1',
    [connection, new Date(now.getTime() - DAY_MS)],
  )
  if (rows.length > 0 || server.files.read(path) !== null) return
  fleet.advance(now)
  server.files.put(path, demoVehicleFile(fleet, now.toISOString().slice(0, 10), now.getTime()))
}
